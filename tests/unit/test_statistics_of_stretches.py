"""tr, V, disappear and reappear: worked examples, and the obvious slow twin."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vosbench.measures.statistics import segmented

values_and_presence = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=30)


def one(name: str, values: list[float], present: list[bool] | None = None) -> float:
    flags = None if present is None else np.array(present, bool)
    return float(segmented(name, np.array(values, float), np.zeros(len(values), int), 1, present=flags)[0])


def test_last_quarter() -> None:
    assert one("tr", [0, 0, 0, 1]) == 1
    assert one("tr", [0, 0, 0, 0, 0, 0, 0, 0.2, 0.4, 0.9]) == pytest.approx(0.5)
    assert one("tr", [0.3]) == 0.3


def test_deviation_is_rounded_before_the_root() -> None:
    assert one("V", [0, 0, 1]) == np.sqrt(0.2222)
    assert one("V", [0.5, 0.505]) == 0  # the variance of 0.00000625 rounds to 0


def test_stretches() -> None:
    present = [False, True, True, False, False, True, False]
    values = [0.9, 0.1, 0.3, 0.2, 0.6, 0.8, 1.0]
    assert one("disappear", values, present) == pytest.approx((0.4 + 1.0) / 2)
    assert one("reappear", values, present) == pytest.approx((0.2 + 0.8) / 2)


def test_nothing_to_report() -> None:
    assert np.isnan(one("disappear", [1, 1], [True, True]))
    assert np.isnan(one("reappear", [1, 1], [False, False]))
    with pytest.raises(ValueError, match="needs to know"):
        one("reappear", [1.0])


def slow(values: list[float], present: list[bool], wanted: bool) -> float:
    """Walk along the frames."""
    runs: list[list[float]] = []
    for t, (value, flag) in enumerate(zip(values, present, strict=True)):
        if flag != wanted:
            continue
        if t and present[t - 1] == wanted:
            if runs:
                runs[-1].append(value)
        elif t:
            runs.append([value])
    if present[0] == wanted:
        first = next((t for t, flag in enumerate(present) if flag != wanted), len(present))
        return slow(values[first:], present[first:], wanted) if first < len(present) else np.nan
    return float(np.mean([np.mean(run) for run in runs])) if runs else np.nan


@given(st.lists(values_and_presence, min_size=1, max_size=4))
def test_like_walking_along_the_frames(objects: list[list[tuple[float, bool]]]) -> None:
    flat = [pair for frames in objects for pair in frames]
    segment = np.repeat(np.arange(len(objects)), [len(frames) for frames in objects])
    values, present = np.array([v for v, _ in flat]), np.array([p for _, p in flat])
    for name, wanted in (("disappear", False), ("reappear", True)):
        found = segmented(name, values, segment, len(objects), present=present)
        expected = [slow([v for v, _ in frames], [p for _, p in frames], wanted) for frames in objects]
        np.testing.assert_allclose(found, expected, atol=1e-12)
