"""Is the difference between two methods more than the choice of sequences? Tests that permute whole sequences.

Objects of one sequence share its camera, its light and its difficulty; they are not independent, so sequences are what
is resampled. The statistic is the benchmark's own: the mean over the objects of all sequences or, where the protocol
has groups, the mean of the group means, or whatever else its ``averaging`` says. Both methods are always judged on the
same sequences (paired).

===================  =============================================================================================
p value              permutation: in each sequence the two methods are swapped or not; two-sided; exact where there
                     are few sequences
several comparisons  Holm, Scandinavian Journal of Statistics 6 (1979): controls the chance of any false claim
===================  =============================================================================================

Intervals are in :mod:`vosbench.analysis.intervals`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.measures.catalog import is_selected
from vosbench.protocols.spec import Rules
from vosbench.results.tables import Columns

Floats = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 10_000

#: Two permuted differences that should be equal differ by less than this.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceSums:
    """What the statistic needs of one run: for each sequence and group the sum over objects and their number.

    Attributes:
        names: the sequences.
        sums: float64, (sequences, groups).
        counts: float64, (sequences, groups); objects without a value are not counted.
    """

    names: tuple[str, ...]
    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, objects: Columns, measure: str, statistic: str, rules: Rules | None = None) -> "SequenceSums":
        """Sum up an objects table for the groups of a protocol; all objects are one group where there are none.

        Sums and counts are weighted as the protocol averages: frames where these are pooled, a whole sequence where
        objects are averaged within it; categories are groups. Without ``rules`` all objects count alike: T, which some
        protocols average over stable sequences only, included.
        """
        rows = (objects["measure"] == measure) & (objects["statistic"] == statistic)
        if is_selected([measure]) and rules is not None and rules.stability == "stable":
            rows &= objects["stable"] == "stable"
        groups = rules.groups if rules is not None else ()
        names, at = np.unique(objects["sequence"][rows].astype(str), return_inverse=True)
        value, group = objects["value"][rows], objects["group"][rows]
        averaging = rules.averaging if rules is not None else "object"
        if averaging == "category":
            group = objects["category"][rows]
            groups = tuple(dict.fromkeys(group.tolist()))
        members = [group == g for g in groups] or [np.ones(len(value), bool)]
        defined = [member & ~np.isnan(value) for member in members]
        weight = np.ones(len(value))
        if averaging == "frame":
            weight = objects["frames"][rows].astype(np.float64)
        elif averaging in ("sequence", "category"):
            weight = 1 / np.maximum(np.bincount(at, ~np.isnan(value), len(names)), 1)[at]
        sums = [np.bincount(at[d], (weight * value)[d], len(names)) for d in defined]
        counts = [np.bincount(at[d], weight[d], len(names)) for d in defined]
        return cls(names=tuple(names.tolist()), sums=np.stack(sums, 1), counts=np.stack(counts, 1))

    def statistic(self, weights: Floats | None = None) -> Floats:
        """The benchmark's number with each sequence counted ``weights`` times.

        Args:
            weights: (replicates, sequences); once each if None.

        Returns:
            float64, (replicates,); NaN where a group has no object.
        """
        weights = np.ones((1, len(self.names))) if weights is None else weights
        return means(weights @ self.sums, weights @ self.counts)

    def per_sequence(self) -> Floats:
        """The mean over the objects of each sequence, whatever their group; NaN where there is none."""
        return means(self.sums.sum(1, keepdims=True), self.counts.sum(1, keepdims=True))


def average(sums: Sequence[SequenceSums]) -> SequenceSums:
    """The mean of several runs of one method on the same sequences: its sums and counts are the runs' means."""
    if len({s.names for s in sums}) > 1:
        raise ValueError("the runs are not of the same sequences")
    return SequenceSums(
        names=sums[0].names,
        sums=np.mean([s.sums for s in sums], axis=0),
        counts=np.mean([s.counts for s in sums], axis=0),
    )


def means(sums: Floats, counts: Floats) -> Floats:
    """The mean over the last axis of ``sums / counts``; NaN where any count is 0."""
    ratio = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    return np.asarray(ratio.mean(axis=-1), np.float64)


def resampled(n: int, replicates: int, seed: int) -> Floats:
    """Bootstrap weights: how often each of ``n`` sequences was drawn, (replicates, n)."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=replicates)
    return drawn.astype(np.float64)


def permutation_p(a: SequenceSums, b: SequenceSums, *, replicates: int = RESAMPLES, seed: int = 0) -> float:
    """How likely a difference at least as large (either way) is if it did not matter which method is which.

    Exact over all 2**n swaps where these are no more than ``replicates``, otherwise estimated with the observed one
    counted in (so never 0). NaN if the difference is undefined.
    """
    observed = float(b.statistic()[0] - a.statistic()[0])
    n = len(a.names)
    exact = n < 63 and 2**n <= replicates
    if exact:
        swapped = ((np.arange(2**n)[:, None] >> np.arange(n)) & 1).astype(np.float64)
    else:
        swapped = np.random.default_rng(seed).integers(0, 2, (replicates, n)).astype(np.float64)
    kept = 1 - swapped
    left = means(kept @ a.sums + swapped @ b.sums, kept @ a.counts + swapped @ b.counts)
    right = means(kept @ b.sums + swapped @ a.sums, kept @ b.counts + swapped @ a.counts)
    difference = (right - left)[~np.isnan(right - left)]
    if np.isnan(observed):
        return float("nan")
    as_large = int((np.abs(difference) >= abs(observed) - _ROUNDING).sum())
    return as_large / len(difference) if exact else (as_large + 1) / (len(difference) + 1)


def holm(p: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values, in the order given.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, worst = [0.0] * len(p), 0.0
    for rank, i in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        worst = max(worst, min(1.0, (len(p) - rank) * p[i]))
        adjusted[i] = worst
    return adjusted
