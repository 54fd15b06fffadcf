"""Temporal stability T of eight DAVIS-2016 sequences, frame by frame.

``davis2016_gt_T_raw.csv`` holds the values the DAVIS toolkit's authors published for the ground truth;
``davis2016_osvos_T_raw.csv`` those of OSVOS's masks, by an implementation that reproduces all published values.
"""

import csv
import math
from functools import lru_cache

import numpy as np
import pytest
from PIL import Image

from vosbench.kernel import stability_twin
from vosbench.measures import stability

pytestmark = pytest.mark.realdata

SEQUENCES = ("blackswan", "camel", "car-shadow", "dance-twirl", "goat", "kite-surf", "libby", "soapbox")


@lru_cache
def golden(path):
    values = {}
    with path.open(newline="") as lines:
        for row in csv.DictReader(lines):
            values.setdefault(row["sequence"], []).append(float(row["T_raw"] or "nan"))
    return values


def mask(folder, sequence, frame):
    return np.asarray(Image.open(folder / sequence / f"{frame:05d}.png")) > 0  # every object is foreground


def values(gt, pred, sequence, n):
    """T of frames 1 to n of a sequence; before frame 1 stands the ground truth of frame 0."""
    previous = stability.describe(mask(gt, sequence, 0))
    for frame in range(1, n + 1):
        current = stability.describe(mask(pred, sequence, frame))
        yield stability.instability(previous, current)
        previous = current


@pytest.fixture
def gt(realdata):
    return realdata / "davis2016" / "Annotations" / "480p"


@pytest.fixture
def osvos(realdata):
    return realdata / "predictions" / "osvos_semisupervised"


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_published_values_of_the_ground_truth(realdata, gt, sequence):
    expected = golden(realdata / "golden" / "davis2016_gt_T_raw.csv")[sequence]
    n_frames = len(list((gt / sequence).glob("*.png")))
    assert len(expected) == n_frames - 2
    np.testing.assert_allclose(list(values(gt, gt, sequence, len(expected))), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_values_of_a_method(realdata, gt, osvos, sequence):
    expected = golden(realdata / "golden" / "davis2016_osvos_T_raw.csv")[sequence]
    np.testing.assert_allclose(list(values(gt, osvos, sequence, len(expected))), expected, rtol=0, atol=1e-9)


PUBLISHED = {"blackswan": 0.01392369, "camel": 0.07516034, "car-shadow": 0.05224545, "dance-twirl": 0.23697942}


@pytest.mark.parametrize("sequence", PUBLISHED)
def test_published_sequence_scores(realdata, sequence):
    per_frame = golden(realdata / "golden" / "davis2016_gt_T_raw.csv")[sequence]
    assert stability.DISPLAY_FACTOR * np.nanmean(per_frame) == pytest.approx(PUBLISHED[sequence], abs=5e-9)


# Equally good paths in the first and last; junctions in the first two; start orders of both kinds.
@pytest.mark.parametrize(("sequence", "frame"), [("car-shadow", 5), ("car-shadow", 6), ("libby", 3)])
def test_twin_on_published_values(realdata, gt, monkeypatch, sequence, frame):
    monkeypatch.setattr(stability, "kernel", stability_twin)
    expected = golden(realdata / "golden" / "davis2016_gt_T_raw.csv")[sequence][frame - 1]
    found = stability.temporal_instability(mask(gt, sequence, frame - 1), mask(gt, sequence, frame))
    assert math.isclose(found, expected, rel_tol=0, abs_tol=1e-12)
