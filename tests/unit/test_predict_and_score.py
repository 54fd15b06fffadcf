"""Predictions all the way: from a dataset on disk through the runner to the score."""

import numpy as np
import pytest
from PIL import Image

from vosbench import score
from vosbench.datasets.davis import Davis
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.models.predict import predict
from vosbench.models.predictors import OpticalFlow
from vosbench.models.propagators import copy_first_mask, optical_flow
from vosbench.synthetic import make_dataset


def plain_loop(data):
    """Every predicted label map, by video and frame: masks are given on the frame an object is first listed on."""
    dataset = YouTubeVOS(data)
    for sequence in dataset.sequences("valid"):
        predictor = OpticalFlow()
        for frame in sequence.frames:
            (truth,) = dataset.masks("valid").read(sequence.name, frame)
            entering = [o.id for o in sequence.objects if o.frames[0] == frame]
            given = np.where(np.isin(truth, entering), truth, 0).astype(np.uint8) if entering else None
            with Image.open(sequence.images / f"{frame}.jpg") as picture:
                yield sequence.name, frame, predictor.step(np.asarray(picture.convert("RGB")), given)


def test_the_runner_predicts_what_the_plain_loop_does(tmp_path):
    """Objects that enter late, leave and return: the runner knows them from meta.json, as the loop does."""
    make_dataset(tmp_path / "data", sequences=2, frames=12, shape=(96, 160))
    flow = optical_flow(weights=None, device="cpu")
    predict(YouTubeVOS(tmp_path / "data"), split="valid", models=[flow], out=tmp_path / "runner")
    expected = list(plain_loop(tmp_path / "data"))
    assert len(expected) == 24
    for name, frame, labels in expected:
        with Image.open(tmp_path / "runner" / name / f"{frame}.png") as written:
            assert (np.asarray(written) == labels).all(), (name, frame)
    run = score(tmp_path / "runner", data=tmp_path / "data", split="valid")
    assert 0 < run.value("J") < 1


@pytest.mark.realdata
def test_copying_the_first_mask_on_davis(realdata, tmp_path):
    """The mean J over frames 1 to n - 2 of each sequence, as counted once without this package."""
    golden = {"blackswan": 0.545, "goat": 0.210, "soapbox": 0.134}
    (tmp_path / "three.txt").write_text("\n".join(golden) + "\n")
    root, split = realdata / "davis2016", str(tmp_path / "three.txt")
    dataset = Davis(root, "Annotations", "2016")
    predict(dataset, split=split, models=[copy_first_mask(weights=None, device="cpu")], out=tmp_path / "out")
    run = score(tmp_path / "out", benchmark="davis2016", data=root, split=split, measures=["J"])
    columns = run.objects_columns
    found = {
        sequence: value
        for sequence, measure, statistic, value in zip(
            columns["sequence"], columns["measure"], columns["statistic"], columns["value"], strict=True
        )
        if (measure, statistic) == ("J", "mean")
    }
    assert found == pytest.approx(golden, abs=5e-4)
