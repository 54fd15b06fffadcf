"""Which of two methods is the better one, for every measure and statistic."""

import pytest

from vosbench.analysis.compare import compare
from vosbench.errors import UsageError
from vosbench.scoring.api import score
from vosbench.testing import write_label_maps
from vosbench.views.comparison import best, methods

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
