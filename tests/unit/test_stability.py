"""Temporal stability T on drawn masks: values confirmed with the DAVIS toolkit's own contour and matching code."""

import math

import numpy as np
import pytest

from vosbench.kernel import BACKEND, stability_twin
from vosbench.measures import stability, temporal_instability

SHAPE = (120, 160)
ROW, COLUMN = np.ogrid[: SHAPE[0], : SHAPE[1]]


@pytest.fixture(params=["compiled", "twin"], autouse=True)
def backend(request, monkeypatch):
    """Every test runs on the compiled kernel and on its twin."""
    if request.param == "twin":
        monkeypatch.setattr(stability, "kernel", stability_twin)
    elif BACKEND != "compiled":
        pytest.skip("the extension is not built")


def disk(y, x, r):
    return (ROW - y) ** 2 + (COLUMN - x) ** 2 <= r * r


def ellipse(y, x, a, b):
    return (ROW - y) ** 2 * b * b + (COLUMN - x) ** 2 * a * a <= a * a * b * b


def rect(top, left, height, width):
    mask = np.zeros(SHAPE, bool)
    mask[top : top + height, left : left + width] = True
    return mask


def notched(y, x, r, k):
    return disk(y, x, r) & ~(((ROW + COLUMN) % k == 0) & ~disk(y, x, r - 6))


FULL, EMPTY = np.ones(SHAPE, bool), np.zeros(SHAPE, bool)
TOUCHING = rect(20, 20, 30, 30) | rect(50, 50, 40, 40)  # at one corner
RING = disk(60, 80, 50) & ~disk(60, 80, 20)

# fmt: off
VECTORS = {  # previous, current, areas, stored vertices, samples, T
    "same": (disk(60, 80, 40), disk(60, 80, 40), (5025, 5025), (16, 16), (90, 90), 0.0),
    "shifted": (disk(60, 80, 40), disk(65, 73, 40), (5025, 5025), (16, 16), (90, 90), 0.0),
    "smaller": (disk(60, 80, 40), disk(60, 80, 30), (5025, 2821), (16, 14), (90, 72), 0.014902042174105894),
    "flattened": (disk(60, 80, 40), ellipse(60, 80, 20, 50), (5025, 3125), (16, 14), (90, 84), 0.36855961312937147),
    "squared": (ellipse(60, 80, 20, 50), rect(40, 30, 40, 100), (3125, 4000), (14, 5), (84, 97), 0.190070543992389),
    "wider": (rect(10, 10, 30, 40), rect(10, 10, 30, 44), (1200, 1320), (5, 5), (49, 51), 0.018738469118525003),
    "tiny": (rect(50, 50, 3, 3), rect(60, 70, 5, 5), (9, 25), (5, 5), (5, 9), 0.29549763737406715),
    "full frame": (FULL, rect(30, 30, 60, 100), (19200, 6000), (5, 5), (189, 109), 0.02262760053316827),
    "at the border": (disk(0, 0, 50), disk(0, 5, 50), (2012, 2262), (8, 8), (63, 66), 0.016560844982250952),
    "hole": (RING, disk(60, 82, 50) & ~disk(60, 82, 24), (6588, 6052), (18, 18), (115, 115), 0.0),
    "two blobs": (disk(40, 40, 25) | disk(70, 110, 35), disk(40, 45, 25), (5814, 1961), (17, 13), (82, 61),
                  0.03072782832187907),
    "touching": (TOUCHING, rect(20, 22, 30, 28) | rect(50, 50, 40, 38), (2500, 2360), (5, 5), (41, 41),
                 0.004787996962601844),
    "notches": (notched(60, 80, 45, 7), notched(61, 82, 44, 7), (6119, 5856), (29, 23), (114, 103),
                0.030656310507013434),
}
# fmt: on


@pytest.mark.parametrize("name", VECTORS)
def test_vector(name):
    previous, current, areas, vertices, samples, expected = VECTORS[name]
    a, b = stability.describe(previous), stability.describe(current)
    assert (previous.sum(), current.sum()) == areas
    assert (len(a.vertices), len(b.vertices)) == vertices
    assert (len(a.samples), len(b.samples)) == samples
    assert stability.instability(a, b) == pytest.approx(expected, rel=0, abs=1e-12)


@pytest.mark.parametrize(
    "empty", [EMPTY, rect(5, 5, 2, 2), rect(5, 5, 1, 1), rect(5, 5, 1, 90), np.zeros((0, 7), bool)]
)
def test_a_mask_without_a_triangle_has_no_descriptor(empty):
    assert stability.describe(empty) is None
    a = stability.describe(disk(60, 80, 40))
    assert all(math.isnan(stability.instability(*pair)) for pair in [(None, a), (a, None), (None, None)])


def test_polygon_of_a_rectangle_is_its_corners_clockwise():
    found = stability.describe(rect(10, 10, 30, 40))
    assert found.vertices.tolist() == [[10, 10], [10, 50], [40, 50], [40, 10], [10, 10]]


def test_polygon_of_a_disk():
    found = stability.describe(disk(20, 20, 4))
    assert found.vertices.tolist() == [[16, 20], [18, 24], [24, 23], [23, 17], [16, 20]]


def test_of_equal_polygons_the_first_found_is_chosen():
    found = stability.describe(TOUCHING)
    assert found.vertices.tolist() == [[50, 50], [50, 20], [20, 20], [20, 50], [50, 50]]


def test_a_hole_can_be_the_polygon_and_runs_the_other_way_round():
    vertices = stability.describe(rect(10, 10, 60, 60) & ~disk(40, 40, 20)).vertices
    assert vertices.min() >= 20
    assert len(vertices) > 5
    area = np.sum(np.diff(vertices[:, 0]) * (vertices[1:, 1] + vertices[:-1, 1]))
    assert area < 0


def test_samples_are_found_by_repeated_addition():
    samples = stability.describe(rect(10, 10, 30, 40)).samples
    assert samples[1].tolist() == [10, 12.857142857142858]
    assert samples[0].tolist() == samples[-1].tolist() == [10, 10]
    assert np.hypot(*np.diff(samples, axis=0).T).max() <= 3


def test_shape_context_of_a_rectangles_corner():
    found = stability.describe(rect(10, 10, 30, 40)).histograms[0] * 49
    expected = np.zeros(60)
    expected[[0, 1, 2, 3, 12, 15, 24, 27, 36, 39, 48, 51]] = 8, 10, 7, 5, 4, 5, 2, 2, 1, 1, 3, 1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_mask_dtype_and_memory_layout_do_not_matter():
    mask = notched(60, 80, 45, 7)
    expected = temporal_instability(mask, RING)
    for same in (mask.astype(np.uint8) * 255, mask.astype(np.int64), np.asfortranarray(mask), mask[:, ::-1][:, ::-1]):
        assert temporal_instability(same, RING) == expected


def test_shapes_that_do_not_fit():
    with pytest.raises(ValueError, match=r"expected a mask \(H, W\), got \(2, 3, 4\)"):
        stability.describe(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match=r"previous has shape \(120, 160\), current has shape \(120, 120\)"):
        temporal_instability(FULL, FULL[:, :120])


def test_stable_and_unstable_sequences_are_apart():
    assert len(stability.STABLE_DAVIS_2016_VAL) == 10
    assert len(stability.UNSTABLE_DAVIS_2016) == 23
    assert not stability.STABLE_DAVIS_2016_VAL & stability.UNSTABLE_DAVIS_2016
