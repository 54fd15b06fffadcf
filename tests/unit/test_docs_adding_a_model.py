"""The model in docs/adding-a-model.md is run as printed."""

import re
from pathlib import Path

import numpy as np

from tests.unit.fake_videos import make_videos, read_png, square
from vosbench.models.interface import Session, VideoInfo
from vosbench.models.predict import predict

PAGE = Path(__file__).parents[2] / "docs/adding-a-model.md"


def test_the_model_of_the_page_works(tmp_path):
    code, check, _ = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len([line for line in code.splitlines() if line.strip()]) <= 40
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)
    exec(compile(check, str(PAGE), "exec"), names)
    names["test_colour"]()
    model = names["colour"](weights=None, device="cpu")
    assert isinstance(model.open(VideoInfo(name="v", frames=1, height=8, width=8)), Session)
    maps = {"a": [square(48, 64, 4, 2 + 2 * t, side=20) for t in range(5)]}
    maps["b"] = [
        np.maximum(m, square(48, 64, 26, 40, side=20, label=2)) if t > 1 else m for t, m in enumerate(maps["a"])
    ]
    videos = make_videos(tmp_path / "data", names=("a", "b"), size=(48, 64), maps=maps)
    predict(videos, split="val", models=[model], out=tmp_path / "out")
    for name in "ab":
        for frame, truth in videos.truth.maps[name].items():
            found = read_png(tmp_path / f"out/{name}/{frame}.png")
            for identity in np.unique(truth)[1:]:
                hit = (found == identity) & (truth == identity)
                either = (found == identity) | (truth == identity)
                assert hit.sum() / either.sum() > 0.9
