"""Tests agree with SciPy's, keep their level, and permute sequences, not objects."""

import numpy as np
import pytest
from scipy import stats

from vosbench import score
from vosbench.analysis.significance import SequenceSums, holm, means, permutation_p, resampled
from vosbench.protocols import load as protocols
from vosbench.testing import write_label_maps

RNG = np.random.default_rng(7)


def sums(sums_, counts=None) -> SequenceSums:
    """One group unless the arrays have two dimensions."""
    sums_ = np.asarray(sums_, float)
    counts = np.ones_like(sums_) if counts is None else np.asarray(counts, float)
    shape = (len(sums_), -1)
    return SequenceSums(
        names=tuple(f"s{i:03d}" for i in range(len(sums_))), sums=sums_.reshape(shape), counts=counts.reshape(shape)
    )


def table(rows) -> dict:
    """An objects table of (sequence, group, J)."""
    sequence, group, value = (np.array(c, object) for c in zip(*rows, strict=True))
    n = len(rows)
    return {
        "sequence": sequence,
        "group": group,
        "value": value.astype(float),
        "measure": np.full(n, "J", object),
        "statistic": np.full(n, "mean", object),
    }


def test_objects_are_pooled_and_groups_averaged_as_the_benchmark_does():
    rows = [("a", "seen", 0.2), ("a", "unseen", 0.4), ("b", "seen", 0.9), ("b", "seen", np.nan)]
    pooled = SequenceSums.of(table(rows), "J", "mean")
    assert pooled.names == ("a", "b")
    assert pooled.statistic()[0] == pytest.approx((0.2 + 0.4 + 0.9) / 3)
    assert pooled.per_sequence().tolist() == pytest.approx([0.3, 0.9])
    grouped = SequenceSums.of(table(rows), "J", "mean", protocols.load("youtube-vos-2019").rules)
    assert grouped.statistic()[0] == pytest.approx(((0.2 + 0.9) / 2 + 0.4) / 2)


def test_a_resample_without_one_of_the_groups_is_undefined():
    found = SequenceSums.of(table([("a", "seen", 0.2), ("b", "unseen", 0.4)]), "J", "mean",
                            protocols.load("youtube-vos-2019").rules)  # fmt: skip
    weights = np.array([[2.0, 0.0], [1.0, 1.0]])
    replicates = found.statistic(weights)
    assert np.isnan(replicates[0])
    assert replicates[1] == pytest.approx(0.3)


def test_a_sequence_drawn_twice_counts_with_all_its_objects():
    found = sums([1.0, 3.0], counts=[2, 4])
    assert found.statistic(np.array([[2.0, 0.0], [1.0, 2.0]])).tolist() == pytest.approx([0.5, 7 / 10])


def test_weights_draw_as_many_sequences_as_there_are_and_follow_the_seed():
    weights = resampled(12, 500, seed=3)
    assert (weights.sum(1) == 12).all()
    assert weights.mean() == pytest.approx(1)
    np.testing.assert_array_equal(weights, resampled(12, 500, seed=3))
    assert (weights != resampled(12, 500, seed=4)).any()


@pytest.mark.parametrize("n", [6, 30])
def test_the_p_value_agrees_with_scipys_permutation_test(n):
    """Exact for 6 sequences (64 swaps), drawn at random for 30."""
    a = RNG.beta(6, 2, n)
    b = a - 0.02 + RNG.normal(0, 0.05, n)
    expected = stats.permutation_test(
        (a, b), lambda x, y, axis: y.mean(axis) - x.mean(axis), permutation_type="samples", vectorized=True,
        n_resamples=20_000, alternative="two-sided", rng=np.random.default_rng(1),
    )  # fmt: skip
    assert permutation_p(sums(a), sums(b), replicates=20_000) == pytest.approx(expected.pvalue, abs=0.015 * (n > 10))


def test_methods_that_never_differ_have_p_one_and_the_least_p_is_that_of_one_swap_in_all():
    a = sums(RNG.random(5))
    assert permutation_p(a, a) == 1
    assert permutation_p(a, sums(a.sums[:, 0] + 0.1)) == 2 / 2**5


def test_objects_of_one_sequence_are_no_independent_evidence():
    """Fifty objects in each of three sequences: no p value below 2/2³, however many objects agree."""
    a = sums([10.0, 20.0, 30.0], counts=[50, 50, 50])
    b = sums([20.0, 30.0, 40.0], counts=[50, 50, 50])
    assert permutation_p(a, b) == 0.25


def test_false_alarms_come_as_often_as_the_level_says():
    rng, runs = np.random.default_rng(9), 400
    p = [
        permutation_p(sums(rng.normal(0, 1, 20)), sums(rng.normal(0, 1, 20)), replicates=400, seed=i)
        for i in range(runs)
    ]
    assert 0.02 <= np.mean(np.array(p) <= 0.05) <= 0.08


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.7, 0.9]) == [1, 1]
    assert holm([]) == []


def test_undefined_stays_undefined():
    nothing = sums([0.0, 0.0], counts=[0, 0])
    assert np.isnan(nothing.statistic()[0])
    assert np.isnan(permutation_p(nothing, nothing))
    assert np.isnan(means(np.zeros((1, 1)), np.zeros((1, 1)))[0])


@pytest.mark.parametrize("protocol", ["fbms-frame", "fbms-sequence", "yto-class", "yto-sequence", "davis2017"])
def test_the_statistic_is_the_number_that_score_prints(tmp_path, protocol):
    """Whatever the averaging: frames pooled, objects within sequences, sequences within categories."""
    nested = protocol.startswith("yto")
    names = ("a/1", "a/2", "b/1") if nested else ("a", "b", "c")
    looks = [{1: "xxxxxx", 2: "xxxxx."}, {1: "xxxxxxxxxx"}, {1: "xxx"}]
    guesses = [{1: "xxxwwx", 2: "xx..x."}, {1: "xxxxxhhhww"}, {1: "xhx"}]
    write_label_maps(tmp_path / "truth", dict(zip(names, looks, strict=True)))
    write_label_maps(tmp_path / "preds", dict(zip(names, guesses, strict=True)))
    if nested or protocol.startswith("fbms"):
        (tmp_path / "data").mkdir()
        (tmp_path / "truth").rename(tmp_path / "data/Annotations")
        run = score(tmp_path / "preds", benchmark=protocol, data=tmp_path / "data")
    else:
        run = score(tmp_path / "preds", gt=tmp_path / "truth", protocol=protocol)
    for cell in run.document.summary:
        found = SequenceSums.of(run.objects_columns, cell.measure, cell.statistic, run.spec.rules)
        assert found.statistic()[0] == pytest.approx(cell.value, abs=1e-12)
