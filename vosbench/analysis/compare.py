"""Methods against each other on the same sequences: numbers with intervals, differences with tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.analysis.intervals import Estimate, difference, estimate
from vosbench.analysis.motion import Speeds
from vosbench.analysis.significance import RESAMPLES, SequenceSums, average, holm, permutation_p
from vosbench.analysis.slices import members
from vosbench.errors import UsageError
from vosbench.measures.catalog import higher_is_better
from vosbench.measures.cells import cell_name, parse
from vosbench.results.comparable import comparable, refuse
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
        signature: of the measures that are compared.
        refused: measures that may not be compared, each with the reason.
        estimates: for each measure, one estimate a method; of several runs it is that of their mean.
        deviations: for each measure, the standard deviation over the runs of each method; NaN where there is one run.
        measure: the one that ``differences`` and ``slices`` are about.
        slices: property → its slices.
    """

    names: tuple[str, ...]
    runs: tuple[int, ...]
    baseline: int
    signature: str
    refused: dict[str, str]
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
        runs: two or more; a measure that was not scored by the same rules in all of them is left out.
            A method may have several runs.
        baseline: number of the one that the others are compared with.
        measure: what the tests and slices are about, as tables name it: "J&F", "J decay", "J mean seen"; J&F where
            the protocol has it, otherwise its first measure.
        by: properties to slice by (:data:`vosbench.analysis.slices.SLICES`).
        motion: speeds of the objects (:func:`vosbench.analysis.motion.speeds`), for slices by motion.
        seed: of the permutation test; equal seeds give equal numbers.
        resamples: permutations, where there are too many to try them all.

    Raises:
        UsageError: fewer than two methods, or no such measure or property.
        IncomparableError: no measure, or not the one asked for, was scored by the same rules; the knob is named.
    """
    if len(runs) < 2:
        raise UsageError("one run is no comparison", fix="give two runs or more")
    methods, refused = _methods(runs)
    first = methods[0].runs[0]
    known = sorted({cell_name(c.measure, c.statistic): 0 for c in first.document.summary}, key=_mean_first)
    chosen = _chosen(measure, known, refused, first)
    measures = list(dict.fromkeys([chosen, *(m for m in known if parse(m).statistic == "mean")]))
    measures.sort(key=lambda m: known.index(m) if m in known else len(known))
    sums = {m: [_sums(method, m) for method in methods] for m in measures}
    means = {m: [average(of_runs) for of_runs in found] for m, found in sums.items()}
    return Comparison(
        names=tuple(method.name for method in methods),
        runs=tuple(len(method.runs) for method in methods),
        baseline=baseline,
        signature=first.signature,
        refused=refused,
        estimates={m: tuple(estimate(s, *parse(m)[:2]) for s in means[m]) for m in measures},
        deviations={m: tuple(map(_deviation, sums[m])) for m in measures},
        measure=chosen,
        differences=_differences([m.name for m in methods], means[chosen], baseline, chosen, seed, resamples),
        slices={key: _sliced(methods, members(first, key, motion=motion), chosen) for key in by},
        seed=seed,
        resamples=resamples,
        sequences=len(means[chosen][0].names),
    )


def _chosen(measure: str | None, known: list[str], refused: Mapping[str, str], run: RunResult) -> str:
    """The number that the tests are about, as tables name it."""
    if measure is None:
        return known[0]
    cell = parse(measure)
    if cell.measure in refused:
        raise refuse({cell.measure: refused[cell.measure]})
    groups = dict.fromkeys(c.group for c in run.document.summary)
    if cell_name(cell.measure, cell.statistic) not in known or cell.group not in ("", *groups):
        more = f", each followed by one of the groups {', '.join(groups)}" if len(groups) > 1 else ""
        raise UsageError(f"these runs have no measure {measure!r}", fix=f"choose from {', '.join(known)}{more}")
    return str(cell)


def _methods(runs: Sequence[RunResult | Method]) -> tuple[list[Method], dict[str, str]]:
    """Every entry as a method, under a name of its own, with the measures that may be compared; the others with why.

    Raises IncomparableError if there is no such measure.
    """
    names = iter(unique_names([run for run in runs if isinstance(run, RunResult)]))
    methods = [run if isinstance(run, Method) else Method(name=next(names), runs=(run,)) for run in runs]
    called = [
        f"{method.name} (run {k})" if len(method.runs) > 1 else method.name
        for method in methods
        for k in range(1, len(method.runs) + 1)
    ]
    narrowed, refused = comparable([run for method in methods for run in method.runs], called)
    rest = iter(narrowed)
    return [replace(method, runs=tuple(next(rest) for _ in method.runs)) for method in methods], refused


def _sums(method: Method, measure: str) -> list[SequenceSums]:
    """For each run of a method the sums of a number; of one group where the name says so."""
    cell, rules = parse(measure), method.runs[0].spec.rules
    if cell.group not in ("", "overall", "stable"):
        rules = msgspec.structs.replace(rules, groups=())
    found = []
    for run in method.runs:
        table = run.objects_columns
        if cell.group in run.spec.rules.groups:
            table = {name: column[table["group"] == cell.group] for name, column in table.items()}
        found.append(SequenceSums.of(table, cell.measure, cell.statistic, rules))
    return found


def _deviation(sums: Sequence[SequenceSums]) -> float:
    """The standard deviation over runs, with one degree of freedom taken off; NaN for a single run."""
    values = [float(s.statistic()[0]) for s in sums]
    return float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")


def _mean_first(name: str) -> tuple[bool, bool]:
    cell = parse(name)
    return cell.statistic != "mean", cell.measure != "J&F"


def _differences(
    names: list[str], sums: list[SequenceSums], baseline: int, measure: str, seed: int, resamples: int
) -> tuple[Difference, ...]:
    base, sign = sums[baseline], 1 if higher_is_better(*parse(measure)[:2]) else -1
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
    name, statistic, _ = parse(measure)
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
