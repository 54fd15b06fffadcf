"""MeViS, Ref-YouTube-VOS and Ref-DAVIS: masks that expressions refer to."""

import json
from pathlib import Path

import numpy as np
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.testing import SHAPE, check_benchmark, draw, write_label_maps

mask_coder = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")


def encode(mask: np.ndarray) -> dict[str, object]:
    encoded = mask_coder.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def mevis(root: Path) -> Path:
    """Expression 0 means both objects, 1 the second, which is late, 2 one that is never there."""
    looks = {"10": ("xxxx", 0), "11": ("..x.", 1), "12": ("....", 2)}
    masks = {
        key: [encode(draw(look, place)) if look != "." else None for look in timeline]
        for key, (timeline, place) in looks.items()
    }
    expressions = {"0": {"anno_id": [10, 11]}, "1": {"anno_id": [11]}, "2": {"anno_id": [12]}}
    meta = {"videos": {"v": {"expressions": expressions, "frames": [f"{t:05d}" for t in range(4)]}}}
    (root / "valid_u").mkdir(parents=True)
    (root / "valid_u/mask_dict.json").write_text(json.dumps(masks))
    (root / "valid_u/meta_expressions.json").write_text(json.dumps(meta))
    return root


def test_mevis(tmp_path: Path) -> None:
    root = mevis(tmp_path / "data")
    check_benchmark("mevis", data=root)
    # 0: three frames right, on frame 2 one of two squares; 1: first frame false, frame 2 right; 2: always empty
    write_label_maps(tmp_path / "preds", {"v/0": {1: "xxxx"}, "v/2": {1: "...."}})
    empty, second = np.zeros(SHAPE, bool), draw("x", 1)
    from vosbench.masks.write import write_label_map

    for t, mask in enumerate([draw("x", 3), empty, second, empty]):
        write_label_map(tmp_path / f"preds/v/1/{t:05d}.png", mask.astype(np.uint8))
    run = vosbench.score(tmp_path / "preds", benchmark="mevis", data=root)
    values = run.objects[run.objects.measure == "J"].set_index("sequence").value.to_dict()
    assert values == pytest.approx({"v/0": (3 + 0.5) / 4, "v/1": 3 / 4, "v/2": 1.0})


def test_mevis_missing_expression_counts_zero(tmp_path: Path) -> None:
    """The reference gives 0, 0 to what is not there, also where nothing was to be found."""
    root = mevis(tmp_path / "data")
    write_label_maps(tmp_path / "preds", {"v/0": {1: "xxxx", 2: "..x."}, "v/1": {1: "...."}})
    with pytest.raises(InputError, match="missing-sequence"):
        vosbench.score(tmp_path / "preds", benchmark="mevis", data=root)
    run = vosbench.score(tmp_path / "preds", benchmark="mevis", data=root, missing="empty")
    values = run.objects[run.objects.measure == "J&F"].set_index("sequence").value.to_dict()
    assert values == pytest.approx({"v/0": 1.0, "v/1": 3 / 4, "v/2": 0.0})


def test_ref_youtube_vos(tmp_path: Path) -> None:
    write_label_maps(tmp_path / "data/valid/Annotations", {"v/0": {1: "xxx."}, "v/1": {1: "..xx"}})
    check_benchmark("ref-youtube-vos", data=tmp_path / "data")
    write_label_maps(tmp_path / "preds", {"v/0": {255: "xwxx"}, "v/1": {1: "...."}})
    run = vosbench.score(tmp_path / "preds", benchmark="ref-youtube-vos", data=tmp_path / "data")
    assert run.value("J&F") == pytest.approx((2 / 4 + 2 / 4) / 2)


def test_ref_davis_forgives_swapped_identities(tmp_path: Path) -> None:
    root = tmp_path / "data"
    write_label_maps(root / "Annotations_unsupervised/480p", {"dog": {1: "xxxx", 2: "xx.x"}})
    (root / "ImageSets/2017").mkdir(parents=True)
    (root / "ImageSets/2017/val.txt").write_text("dog\n")
    check_benchmark("ref-davis2017", data=root)
    runs = []
    for annotator, looks in {"anno_0": {5: "xxxx", 6: "xx.x"}, "anno_1": {3: "xxww"}}.items():
        write_label_maps(tmp_path / annotator, {"dog": looks})
        runs.append(vosbench.score(tmp_path / annotator, benchmark="ref-davis2017", data=root).value("J&F"))
    # all four frames count; object 2 without a mask is rightly empty on one of them
    assert runs == pytest.approx([1.0, (2 / 4 + 1 / 4) / 2])
