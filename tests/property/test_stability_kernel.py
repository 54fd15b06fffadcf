"""The compiled kernel of temporal stability returns what its twin returns, to the last bit, stage by stage."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from vosbench import kernel as compiled
from vosbench.kernel import polygon_twin, stability_twin
from vosbench.measures import temporal_instability

pytestmark = pytest.mark.skipif(compiled.BACKEND != "compiled", reason="the extension is not built")

shapes = st.tuples(st.integers(1, 40), st.integers(1, 40))
seeds = st.integers(0, 2**32 - 1)
unhurried = settings(deadline=None)  # a loaded machine is no failure


def smooth(values: np.ndarray, rounds: int) -> np.ndarray:
    for _ in range(rounds):
        padded = np.pad(values, 1, mode="edge")
        values = (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] + padded[1:-1, 1:-1]) / 5
    return values


@st.composite
def masks(draw, shape=shapes):
    """Noise of any density, blobs with holes and border contact, checkerboards, lines, empty and full frames."""
    height, width = draw(shape)
    kind = draw(st.sampled_from(["any", "noise", "blobs", "checkerboard", "constant"]))
    if kind == "any" and height * width <= 1600:
        return draw(hnp.arrays(np.uint8, (height, width), elements=st.integers(0, 1)))
    if kind == "constant":
        return np.full((height, width), draw(st.integers(0, 1)), np.uint8)
    if kind == "checkerboard":
        row, column = np.indices((height, width)) // draw(st.integers(1, 4))
        return ((row + column) % draw(st.integers(2, 4)) == 0).astype(np.uint8)
    values = np.random.default_rng(draw(seeds)).random((height, width))
    if kind == "blobs":
        values = smooth(values, draw(st.integers(1, 12)))
    return (values <= np.quantile(values, draw(st.floats(0.02, 0.98)))).astype(np.uint8)


def describe(mask, kernel):
    vertices = kernel.longest_polygon(mask)
    return kernel.shape_contexts(kernel.resample(vertices)) if len(vertices) else None


@unhurried
@given(masks())
def test_polygon(mask):
    np.testing.assert_array_equal(compiled.longest_polygon(mask), stability_twin.longest_polygon(mask), strict=True)


@settings(max_examples=25, deadline=None)
@given(masks(st.tuples(st.integers(60, 160), st.integers(60, 160))))
def test_polygon_of_larger_masks(mask):
    np.testing.assert_array_equal(compiled.longest_polygon(mask), stability_twin.longest_polygon(mask), strict=True)


@unhurried
@given(masks())
def test_samples_and_shape_contexts(mask):
    vertices = stability_twin.longest_polygon(mask)
    if len(vertices):
        samples = stability_twin.resample(vertices)
        np.testing.assert_array_equal(compiled.resample(vertices), samples, strict=True)
        np.testing.assert_array_equal(
            compiled.shape_contexts(samples), stability_twin.shape_contexts(samples), strict=True
        )


@settings(max_examples=40, deadline=None)
@given(st.data(), shapes)
def test_costs_and_matching_of_two_masks(data, shape):
    same_shape = masks(st.just(shape))
    a, b = (describe(data.draw(same_shape), compiled) for _ in range(2))
    if a is not None and b is not None:
        costs = stability_twin.chi_square(a, b)
        np.testing.assert_array_equal(compiled.chi_square(a, b), costs, strict=True)
        assert compiled.matching_cost(costs) == stability_twin.matching_cost(costs)


@unhurried
@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 14), st.integers(1, 14)),
        elements=st.one_of(st.integers(0, 3).map(float), st.floats(0, 1)),
    )
)
def test_matching_where_many_paths_are_equally_good(costs):
    assert compiled.matching_cost(costs) == stability_twin.matching_cost(costs)


@unhurried
@given(hnp.arrays(np.int32, st.tuples(st.integers(1, 8), st.just(2)), elements=st.integers(-50, 900)))
def test_samples_of_any_polyline(vertices):
    np.testing.assert_array_equal(compiled.resample(vertices), stability_twin.resample(vertices), strict=True)


thirds = st.integers(-60, 60).map(lambda k: k / 3)


@unhurried
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.just(2)), elements=st.integers(-6, 6).map(float) | thirds)
)
def test_shape_contexts_of_any_points(samples):
    assume(np.ptp(samples, axis=0).any())
    np.testing.assert_array_equal(compiled.shape_contexts(samples), stability_twin.shape_contexts(samples))


@unhurried
@given(masks())
def test_curves_use_every_crack_once_and_never_cross_themselves(mask):
    cracks = [frozenset(crack) for curve in polygon_twin.simple_curves(mask) for crack in pairwise(curve)]
    assert len(cracks) == len(set(cracks)) == sum(map(len, polygon_twin.active_cracks(mask).values())) // 2
    for curve in polygon_twin.simple_curves(mask):
        assert curve[0] == curve[-1]
        assert len(set(curve)) == len(curve) - 1


@unhurried
@given(masks(), st.integers(0, 9), st.integers(0, 9))
def test_a_mask_matches_itself_wherever_it_lies(mask, down, right):
    here = np.pad(mask, ((0, 9), (0, 9)))
    there = np.pad(mask, ((down, 9 - down), (right, 9 - right)))
    value = temporal_instability(here, there)
    assert np.isnan(value) or 0 <= value < 0.05


@unhurried
@given(st.data(), shapes)
def test_values_lie_in_the_unit_interval(data, shape):
    a, b = data.draw(masks(st.just(shape))), data.draw(masks(st.just(shape)))
    value = temporal_instability(a, b)
    assert np.isnan(value) or 0 <= value <= 1
