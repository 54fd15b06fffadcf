"""Intervals over sequences: equal to the textbook's, honest about few sequences, and paired for a difference."""

import numpy as np
import pytest
from scipy import stats

from vosbench.analysis.intervals import FEW, difference, estimate
from vosbench.analysis.significance import SequenceSums, average
from vosbench.measures.catalog import limits

RNG = np.random.default_rng(11)

#: J&F of OSVOS (Caelles et al., CVPR 2017) on the 20 sequences of DAVIS-2016 val, from the per-frame values published
#: with the DAVIS toolkit, rounded.
OSVOS = (
    *(0.96, 0.65, 0.73, 0.87, 0.93, 0.94, 0.95, 0.69, 0.91, 0.88),
    *(0.69, 0.89, 0.82, 0.66, 0.86, 0.73, 0.51, 0.85, 0.71, 0.81),
)


def sums(values, counts=None, groups=1) -> SequenceSums:
    """Sums of sequences with the mean ``values``; counts default to one object each."""
    values = np.asarray(values, float).reshape(-1, groups)
    counts = np.ones_like(values) if counts is None else np.asarray(counts, float).reshape(-1, groups)
    return SequenceSums(names=tuple(f"s{i:03d}" for i in range(len(values))), sums=values * counts, counts=counts)


@pytest.mark.parametrize("n", [2, 5, 20])
def test_one_object_a_sequence_is_the_t_interval_of_scipy(n):
    values = RNG.beta(6, 2, n)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.95)
    found = estimate(sums(values))
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-12)
    assert (found.value, found.sequences) == (pytest.approx(values.mean()), n)


def test_a_difference_is_the_paired_t_interval_of_scipy():
    a = RNG.beta(6, 2, 12)
    b = a + RNG.normal(0.02, 0.03, 12)
    expected = stats.ttest_rel(b, a).confidence_interval(0.95)
    found = difference(sums(a), sums(b))
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=1e-12)
    alone = estimate(sums(b))
    assert found.high - found.low < alone.high - alone.low  # what both share is no doubt about their difference


def test_several_objects_by_hand():
    """Two sequences of 1 and 3 objects, means 0.2 and 0.6: the mean is 0.5, the influences ∓0.075."""
    found = estimate(sums([0.2, 0.6], counts=[1, 3]))
    half = 12.706204736 * np.sqrt(2 / 1 * 2 * 0.075**2)
    assert (found.value, found.half) == (pytest.approx(0.5), pytest.approx(half))


def test_the_jackknife_is_near():
    """The slow twin: leave out one sequence at a time. It differs in the second order only."""
    n = 40
    counts = RNG.integers(1, 6, n)
    found = sums(RNG.beta(6, 2, n), counts)
    left_out = found.statistic(1 - np.eye(n))
    error = np.sqrt((n - 1) / n * ((left_out - left_out.mean()) ** 2).sum())
    assert estimate(found).half == pytest.approx(stats.t.ppf(0.975, n - 1) * error, rel=0.05)


def test_groups_by_hand():
    """Seen has 0.4 and 0.6, unseen 0.1 and 0.3: the mean of the groups is 0.35, each influence ±0.1 / 2 / 2."""
    values, counts = [[0.4, 0], [0.6, 0], [0, 0.1], [0, 0.3]], [[1, 0], [1, 0], [0, 1], [0, 1]]
    found = estimate(sums(values, counts, groups=2))
    half = stats.t.ppf(0.975, 2) * np.sqrt(4 / 2 * 4 * 0.025**2)
    assert (found.value, found.half) == (pytest.approx(0.35), pytest.approx(half))


@pytest.mark.parametrize("n", [5, 10, 20, 30])
def test_it_holds_the_truth_about_as_often_as_it_says_where_percentiles_do_not(n):
    """Sequences drawn anew from the spread of a published method; the truth is its mean."""
    population, rng, runs = np.array(OSVOS), np.random.default_rng(n), 1000
    covered = percentiles = 0
    for _ in range(runs):
        values = rng.choice(population, n)
        found = estimate(sums(values))
        covered += found.low <= population.mean() <= found.high
        low, high = np.quantile(rng.choice(values, (400, n)).mean(1), [0.025, 0.975])
        percentiles += low <= population.mean() <= high
    assert covered / runs > 0.9  # the binomial error is 0.008
    assert covered > percentiles + (50 if n == 5 else 0)


def test_undefined_and_degenerate_cases():
    nothing = estimate(sums([0.0, 0.0], counts=[0, 0]))
    assert np.isnan([nothing.value, nothing.low, nothing.high]).all()
    one = estimate(sums([0.7]))
    assert (one.value, one.sequences) == (0.7, 1)
    assert np.isnan([one.low, one.high]).all()
    flat = estimate(sums([0.7] * 3))
    assert (flat.low, flat.high) == pytest.approx((0.7, 0.7))


def test_a_sequence_without_a_value_is_left_out():
    found, rest = estimate(sums([0.2, 0.5, 0.9], counts=[1, 0, 1])), estimate(sums([0.2, 0.9]))
    assert (found.value, found.low, found.sequences) == pytest.approx((rest.value, rest.low, 2))


def test_no_interval_promises_what_cannot_be():
    high = estimate(sums([0.99, 0.95, 1.0, 0.97]), "J")
    assert (high.high, high.half > 1 - high.value) == (1.0, True)
    assert limits("J", "decay") == (-1.0, 1.0)
    assert estimate(sums([-0.9, 0.9]), "J", "decay").low == -1.0


def test_several_runs_are_averaged_sequence_by_sequence():
    both = average([sums([0.2, 0.6]), sums([0.4, 0.6])])
    assert both.statistic()[0] == pytest.approx(0.45)
    assert both.per_sequence().tolist() == pytest.approx([0.3, 0.6])


def test_what_few_sequences_are():
    assert FEW == 10
