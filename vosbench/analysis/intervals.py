"""How sure is a number? Its 95 % interval over sequences, for one method and for the difference of two.

Objects of one sequence share its camera, its light and its difficulty, so the sequences are the independent units. The
interval is that of Student's t::

    value ± t(0.975, n - groups) · s        s² = n / (n - groups) · Σ e²

where e, the influence of a sequence on the number, is the mean over the groups of (sum - mean · count) / total count of
the group. For one object a sequence this is the interval of every textbook; for several objects it is the linearised
variance of a ratio (Cochran, Sampling Techniques, 3rd edition, 1977, chapter 6). The difference of two methods has the
difference of their influences, sequence by sequence (paired).

``benchmarks/intervals.py`` measures how often four intervals hold the true number, on the spread of published results:
percentiles of the bootstrap are too narrow below 20 sequences, BCa too, t and the studentised bootstrap are not, and
the latter is several times as wide as t for 5 sequences. Below :data:`FEW` sequences every interval means little.

=====================================  ============================================================
case                                   interval
=====================================  ============================================================
as many sequences as groups, or fewer  NaN: their spread is not known
a measure that is undefined somewhere  that sequence is left out, of a difference in both methods
the same value on every sequence       of width 0
=====================================  ============================================================
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from vosbench.analysis.significance import LEVEL, Floats, SequenceSums
from vosbench.measures.catalog import limits

#: With fewer sequences an interval means little: it holds the true number less often than it says, and is so wide that
#: few methods differ.
FEW = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number, its 95 % interval, and the number of sequences behind it; NaN where undefined.

    ``low`` and ``high`` are within what the number can be, ``half`` is half of the width before that cut.
    """

    value: float
    low: float
    high: float
    half: float
    sequences: int


def estimate(sums: SequenceSums, measure: str = "", statistic: str = "mean") -> Estimate:
    """A number with its interval, cut at the least and the largest value that ``measure`` can have.

    >>> sums = SequenceSums(names=("a", "b", "c"), sums=np.array([[.2], [.4], [.6]]), counts=np.ones((3, 1)))
    >>> found = estimate(sums)
    >>> f"{found.value:.3f} [{found.low:.3f}, {found.high:.3f}]"
    '0.400 [-0.097, 0.897]'
    """
    found = _around(float(sums.statistic()[0]), _influence(sums), sums.counts)
    if not measure:
        return found
    least, most = limits(measure, statistic)
    return replace(found, low=float(np.maximum(found.low, least)), high=float(np.minimum(found.high, most)))


def difference(a: SequenceSums, b: SequenceSums) -> Estimate:
    """``b`` minus ``a``, both on the same sequences, with its interval."""
    value = float(b.statistic()[0] - a.statistic()[0])
    return _around(value, _influence(b) - _influence(a), np.maximum(a.counts, b.counts))


def _influence(sums: SequenceSums) -> Floats:
    """How much each sequence moves the number: (sequences,)."""
    total = sums.counts.sum(0)
    mean = np.divide(sums.sums.sum(0), total, out=np.full_like(total, np.nan), where=total > 0)
    return np.asarray(((sums.sums - mean * sums.counts) / total).mean(1), np.float64)


def _around(value: float, influence: Floats, counts: Floats) -> Estimate:
    from scipy.special import stdtrit

    n, groups = int((counts > 0).any(1).sum()), counts.shape[1]
    if math.isnan(value) or n <= groups:
        return Estimate(value=value, low=math.nan, high=math.nan, half=math.nan, sequences=n)
    error = math.sqrt(n / (n - groups) * float((influence**2).sum()))
    half = float(stdtrit(n - groups, (1 + LEVEL) / 2)) * error
    return Estimate(value=value, low=value - half, high=value + half, half=half, sequences=n)
