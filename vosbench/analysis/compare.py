"""Methods against each other on the same sequences: numbers with intervals, differences with tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.analysis.intervals import Estimate, difference, estimate
from vosbench.analysis.motion import Speeds
from vosbench.analysis.significance import RESAMPLES, SequenceSums, average, holm, permutation_p
from vosbench.analysis.slices import members
from vosbench.errors import UsageError
from vosbench.measures.catalog import cell_name, cell_of, higher_is_better
from vosbench.protocols.signature import require_same
from vosbench.results.run import RunResult, unique_names

Floats = NDArray[np.float64]

#: Two methods that differ by less than this on a sequence are even: a tenth of a point.
TIE = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """Several runs of one method, such as one for each seed of its training."""

    name: str
    runs: tuple[RunResult, ...]


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
        names: the methods; ``baseline`` is the number of the one the others are compared with.
        runs: how many runs each method has.
        estimates: for each measure, one estimate a method; of several runs it is that of their mean.
        deviations: for each measure, the standard deviation over the runs of each method; NaN where there is one run.
        measure: the one that ``differences`` and ``slices`` are about.
        slices: property → its slices.
    """

    names: tuple[str, ...]
    runs: tuple[int, ...]
    baseline: int
    signature: str
    estimates: dict[str, tuple[Estimate, ...]]
    deviations: dict[str, tuple[float, ...]]
    measure: str
    differences: tuple[Difference, ...]
    slices: dict[str, tuple[Slice, ...]]
    seed: int
    resamples: int
    sequences: int


def compare(
    runs: Sequence[RunResult | Method],
    *,
    baseline: int = 0,
    measure: str | None = None,
    by: Sequence[str] = (),
    motion: Speeds | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare methods with one of them.

    Args:
        runs: two or more, of equal signature; a method may have several runs.
        baseline: number of the one that the others are compared with.
        measure: what the tests and slices are about, as tables name it: "J&F", "J decay"; J&F where the protocol has
            it, otherwise its first measure.
        by: properties to slice by (:data:`vosbench.analysis.slices.SLICES`).
        motion: speeds of the objects (:func:`vosbench.analysis.motion.speeds`), for slices by motion.
        seed: of the permutation test; equal seeds give equal numbers.
        resamples: permutations, where there are too many to try them all.

    Raises:
        UsageError: fewer than two methods, or no such measure or property.
        IncomparableError: signatures differ; every knob they differ in is named.
    """
    if len(runs) < 2:
        raise UsageError("one run is no comparison", fix="give two runs or more")
    methods = _methods(runs)
    first = methods[0].runs[0]
    known = sorted({cell_name(c.measure, c.statistic): 0 for c in first.document.summary}, key=_mean_first)
    if measure is not None and measure not in known:
        raise UsageError(f"these runs have no measure {measure!r}", fix=f"choose from {', '.join(known)}")
    chosen = measure or known[0]
    measures = [m for m in known if cell_of(m)[1] == "mean" or m == chosen]
    sums = {m: [_sums(method, m) for method in methods] for m in measures}
    means = {m: [average(of_runs) for of_runs in found] for m, found in sums.items()}
    return Comparison(
        names=tuple(method.name for method in methods),
        runs=tuple(len(method.runs) for method in methods),
        baseline=baseline,
        signature=first.signature,
        estimates={m: tuple(estimate(s, *cell_of(m)) for s in means[m]) for m in measures},
        deviations={m: tuple(map(_deviation, sums[m])) for m in measures},
        measure=chosen,
        differences=_differences([m.name for m in methods], means[chosen], baseline, chosen, seed, resamples),
        slices={key: _sliced(methods, members(first, key, motion=motion), chosen) for key in by},
        seed=seed,
        resamples=resamples,
        sequences=len(means[chosen][0].names),
    )


def _methods(runs: Sequence[RunResult | Method]) -> list[Method]:
    """Every entry as a method, under a name of its own. Raises IncomparableError if any two runs differ in rules."""
    names = iter(unique_names([run for run in runs if isinstance(run, RunResult)]))
    methods = [run if isinstance(run, Method) else Method(name=next(names), runs=(run,)) for run in runs]
    signatures = {}
    for method in methods:
        for k, run in enumerate(method.runs, start=1):
            signatures[f"{method.name} (run {k})" if len(method.runs) > 1 else method.name] = run.signature
    require_same(signatures)
    return methods


def _sums(method: Method, measure: str) -> list[SequenceSums]:
    rules = method.runs[0].spec.rules
    return [SequenceSums.of(run.objects_columns, *cell_of(measure), rules) for run in method.runs]


def _deviation(sums: Sequence[SequenceSums]) -> float:
    """The standard deviation over runs, with one degree of freedom taken off; NaN for a single run."""
    values = [float(s.statistic()[0]) for s in sums]
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _mean_first(name: str) -> tuple[bool, bool]:
    measure, statistic = cell_of(name)
    return statistic != "mean", measure != "J&F"


def _differences(
    names: list[str], sums: list[SequenceSums], baseline: int, measure: str, seed: int, resamples: int
) -> tuple[Difference, ...]:
    base, sign = sums[baseline], 1 if higher_is_better(*cell_of(measure)) else -1
    others = [i for i in range(len(sums)) if i != baseline]
    p = [permutation_p(base, sums[i], replicates=resamples, seed=seed) for i in others]
    found = []
    for i, raw, corrected in zip(others, p, holm(p), strict=True):
        gain = sign * (sums[i].per_sequence() - base.per_sequence())
        counts = {
            "better": int((gain >= TIE).sum()),
            "even": int((abs(gain) < TIE).sum()),
            "worse": int((gain <= -TIE).sum()),
        }
        found.append(Difference(name=names[i], delta=difference(base, sums[i]), p=raw, p_holm=corrected, **counts))
    return tuple(found)


def _sliced(methods: Sequence[Method], of: Mapping[str, NDArray[np.bool_]], measure: str) -> tuple[Slice, ...]:
    """The mean over the member objects of each slice, and over runs; objects are pooled, whatever their group."""
    name, statistic = cell_of(measure)
    values = [[_column(run, name, statistic) for run in method.runs] for method in methods]
    return tuple(
        Slice(
            label=label,
            objects=int(chosen.sum()),
            values=tuple(float(np.mean([_mean(v[chosen]) for v in of_runs])) for of_runs in values),
        )
        for label, chosen in of.items()
        if chosen.any()
    )


def _column(run: RunResult, measure: str, statistic: str) -> Floats:
    table = run.objects_columns
    rows: Floats = table["value"][(table["measure"] == measure) & (table["statistic"] == statistic)]
    return rows


def _mean(values: Floats) -> float:
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else float("nan")
