"""Methods against each other on the same sequences: numbers with intervals, differences with tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.analysis.motion import Speeds
from vosbench.analysis.significance import RESAMPLES, SequenceSums, holm, interval, permutation_p, resampled
from vosbench.analysis.slices import members
from vosbench.errors import UsageError
from vosbench.measures.catalog import cell_name, cell_of, higher_is_better
from vosbench.protocols.signature import require_same
from vosbench.results.run import RunResult, unique_names

Floats = NDArray[np.float64]

#: Two methods that differ by less than this on a sequence are even: a tenth of a point.
TIE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number in [-1, 1] and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A method minus the baseline.

    Attributes:
        p: of the permutation test; ``p_holm`` the same corrected for the number of methods compared.
        better, even, worse: sequences on which the method is better, within :data:`TIE`, or worse.
    """

    name: str
    delta: Estimate
    p: float
    p_holm: float
    better: int
    even: int
    worse: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """The mean of every run over the objects that share a property."""

    label: str
    objects: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What :func:`compare` found.

    Attributes:
        names: the runs; ``baseline`` is the number of the one the others are compared with.
        estimates: for each measure, one estimate a run.
        measure: the one that ``differences`` and ``slices`` are about.
        slices: property → its slices.
    """

    names: tuple[str, ...]
    baseline: int
    signature: str
    estimates: dict[str, tuple[Estimate, ...]]
    measure: str
    differences: tuple[Difference, ...]
    slices: dict[str, tuple[Slice, ...]]
    seed: int
    resamples: int
    sequences: int


def compare(
    runs: Sequence[RunResult],
    *,
    baseline: int = 0,
    measure: str | None = None,
    by: Sequence[str] = (),
    motion: Speeds | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare runs with one of them.

    Args:
        runs: two or more, of equal signature.
        baseline: number of the run that the others are compared with.
        measure: what the tests and slices are about, as tables name it: "J&F", "J decay"; J&F where the protocol has
            it, otherwise its first measure.
        by: properties to slice by (:data:`vosbench.analysis.slices.SLICES`).
        motion: speeds of the objects (:func:`vosbench.analysis.motion.speeds`), for slices by motion.
        seed: of the resampling; equal seeds give equal numbers.
        resamples: replicates of bootstrap and permutation test.

    Raises:
        UsageError: fewer than two runs, or no such measure or property.
        IncomparableError: signatures differ; every knob they differ in is named.
    """
    if len(runs) < 2:
        raise UsageError("one run is no comparison", fix="give two runs or more")
    names = unique_names(runs)
    require_same({name: run.signature for name, run in zip(names, runs, strict=True)})
    known = sorted({cell_name(c.measure, c.statistic): 0 for c in runs[0].document.summary}, key=_mean_first)
    if measure is not None and measure not in known:
        raise UsageError(f"these runs have no measure {measure!r}", fix=f"choose from {', '.join(known)}")
    chosen = measure or known[0]
    measures = [m for m in known if cell_of(m)[1] == "mean" or m == chosen]
    rules = runs[0].spec.rules
    sums = {m: [SequenceSums.of(r.objects_columns, *cell_of(m), rules) for r in runs] for m in measures}
    replicates = {m: _replicates(of_run, resamples, seed) for m, of_run in sums.items()}
    return Comparison(
        names=tuple(names),
        baseline=baseline,
        signature=runs[0].signature,
        estimates={
            m: tuple(_estimate(s.statistic(), r) for s, r in zip(sums[m], replicates[m], strict=True)) for m in measures
        },
        measure=chosen,
        differences=_differences(names, sums[chosen], replicates[chosen], baseline, chosen, seed),
        slices={key: _sliced(runs, members(runs[0], key, motion=motion), chosen) for key in by},
        seed=seed,
        resamples=resamples,
        sequences=len(sums[chosen][0].names),
    )


def _mean_first(name: str) -> tuple[bool, bool]:
    measure, statistic = cell_of(name)
    return statistic != "mean", measure != "J&F"


def _replicates(sums: Sequence[SequenceSums], resamples: int, seed: int) -> list[Floats]:
    """The statistic of every run on the same resampled sequences."""
    weights = resampled(len(sums[0].names), resamples, seed)
    return [s.statistic(weights) for s in sums]


def _estimate(value: Floats, replicates: Floats) -> Estimate:
    low, high = interval(replicates)
    return Estimate(value=float(value[0]), low=low, high=high)


def _differences(
    names: list[str], sums: list[SequenceSums], replicates: list[Floats], baseline: int, measure: str, seed: int
) -> tuple[Difference, ...]:
    base, sign = sums[baseline], 1 if higher_is_better(*cell_of(measure)) else -1
    others = [i for i in range(len(sums)) if i != baseline]
    p = [permutation_p(base, sums[i], replicates=len(replicates[i]), seed=seed) for i in others]
    found = []
    for i, raw, corrected in zip(others, p, holm(p), strict=True):
        gain = sign * (sums[i].per_sequence() - base.per_sequence())
        delta = _estimate(sums[i].statistic() - base.statistic(), replicates[i] - replicates[baseline])
        counts = {
            "better": int((gain >= TIE).sum()),
            "even": int((abs(gain) < TIE).sum()),
            "worse": int((gain <= -TIE).sum()),
        }
        found.append(Difference(name=names[i], delta=delta, p=raw, p_holm=corrected, **counts))
    return tuple(found)


def _sliced(runs: Sequence[RunResult], of: Mapping[str, NDArray[np.bool_]], measure: str) -> tuple[Slice, ...]:
    """The mean over the member objects of each slice; objects are pooled, whatever their group."""
    tables, (name, statistic) = [run.objects_columns for run in runs], cell_of(measure)
    rows = [t["value"][(t["measure"] == name) & (t["statistic"] == statistic)] for t in tables]
    return tuple(
        Slice(label=label, objects=int(chosen.sum()), values=tuple(_mean(values[chosen]) for values in rows))
        for label, chosen in of.items()
        if chosen.any()
    )


def _mean(values: Floats) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
