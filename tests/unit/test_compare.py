"""Which of two methods is the better one, for every measure and statistic."""

import numpy as np
import pytest

from vosbench import score
from vosbench.analysis.compare import Method, compare
from vosbench.errors import IncomparableError, UsageError
from vosbench.testing import write_label_maps
from vosbench.views.comparison import best, deviations, methods

NAMES = ("a", "b", "c")


@pytest.fixture
def runs(tmp_path):
    """Both are right on 4 of 8 scored frames: "fades" on the first ones, "grows" on the last ones."""
    looks = {"truth": "xxxxxxxxxx", "fades": "xxxxxwwwww", "grows": "xwwwwxxxxx"}
    for name, look in looks.items():
        write_label_maps(tmp_path / name, {sequence: {1: look} for sequence in NAMES})
    return [score(tmp_path / name, gt=tmp_path / "truth") for name in ("fades", "grows")]


@pytest.mark.parametrize(("measure", "better"), [("J&F", 0), ("J recall", 0), ("J decay", 3), ("F decay", 3)])
def test_less_decay_is_better(runs, measure, better):
    found = compare(runs, measure=measure, resamples=50)
    (difference,) = found.differences
    assert (difference.better, difference.even, difference.worse) == (better, 3 - better, 0)
    if measure.endswith("decay"):
        assert difference.delta.value == -2.0  # decay falls from 1 to -1
        assert best(found, measure) == [1]
        assert methods(found).header[-1] == f"{measure} ↓"


def test_a_statistic_that_was_not_taken(runs):
    with pytest.raises(UsageError, match="J V") as refused:
        compare(runs, measure="J V")
    assert "J&F, J, F, J recall, J decay" in str(refused.value)


def test_several_runs_of_a_method_are_a_mean_and_a_deviation(runs, tmp_path):
    """Of three runs, two are right on half of the frames and one on all of them."""
    whole = score(tmp_path / "truth", gt=tmp_path / "truth")
    found = compare([Method(name="seeds", runs=(*runs, whole)), runs[0]])
    assert (found.names, found.runs) == (("seeds", "fades"), (3, 1))
    assert found.estimates["J"][0].value == pytest.approx((0.5 + 0.5 + 1) / 3)
    assert found.deviations["J"][0] == pytest.approx(np.std([0.5, 0.5, 1], ddof=1))
    assert np.isnan(found.deviations["J"][1])
    assert found.differences[0].delta.value == pytest.approx(0.5 - 2 / 3)
    assert deviations(found).rows[0][:3] == ["seeds", "3", "66.7 ± 28.9"]


def test_runs_of_a_method_by_other_rules_are_refused_measure_by_measure(runs, tmp_path):
    other = score(tmp_path / "truth", gt=tmp_path / "truth", measures=("J",))
    methods = [Method(name="seeds", runs=(runs[0], other)), runs[1]]
    assert compare(methods).refused["F"] == "it was not measured in seeds (run 2)"
    with pytest.raises(IncomparableError, match=r"seeds \(run 2\)"):
        compare(methods, measure="J&F")
