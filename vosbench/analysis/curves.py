"""The data behind the plots: tables in, plain arrays out. Nothing here draws.

=============  ====================================================================================================
over time      mean over objects at each frame of the sequence (0-based position of the annotated frame)
normalised     each object's scored frames stretched to 0–100 %, linearly interpolated at 51 points, then averaged
               over objects (Xu et al., ECCV 2018, Fig. 3)
by sequence    mean over the objects of a sequence, as in the objects table
by size        mean over frames whose true object is of about one size: bins a factor of two wide in area
interval       central 95 % of a bootstrap that draws sequences, not objects, with replacement
=============  ====================================================================================================

All values are fractions; T is multiplied by the factor its mean is published with. Undefined values are left out.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.analysis.significance import LEVEL, resampled
from vosbench.errors import UsageError
from vosbench.measures.catalog import MEASURES
from vosbench.measures.cells import cell_name, parse
from vosbench.results.run import RunResult
from vosbench.results.tables import new_series, ruled_values

Floats = NDArray[np.float64]

POINTS = 51
REPLICATES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One line: a method in one group. ``low`` and ``high`` bound the interval, ``n`` counts objects (or frames)."""

    method: str
    group: str
    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The values of one measure on the scored frames of every object, with the proposal matched to it.

    ``series`` numbers the objects from 0 in the order of ``objects`` (sequence, object, group); ``index`` is the
    position in the sequence, ``area`` the size of the true object in pixels (0 in imported runs).
    """

    objects: tuple[tuple[str, int, str], ...]
    series: NDArray[np.int64]
    index: NDArray[np.int64]
    area: NDArray[np.int64]
    value: Floats
    row: NDArray[np.int64]


def rows(run: RunResult, measure: str) -> Rows:
    """The scored rows of a run in the order of its frames table; ``row`` is their position there.

    Raises:
        UsageError: the run does not have the measure.
    """
    cell = parse(measure)
    parts = cell.parts
    if cell.statistic != "mean":
        raise UsageError(f"{measure} has one value an object, not one a frame", fix="plot it with --kind bars")
    if missing := [m for m in parts if m not in run.spec.rules.measures]:
        have = ", ".join(run.spec.rules.measures)
        raise UsageError(f"{run.name} has no {missing[0]}: it has {have}", fix="choose another --measure")
    frames, table = run.frames_columns, run.objects_columns
    described = zip(*(table[k].tolist() for k in ("sequence", "object", "proposal", "group")), strict=True)
    chosen = {(s, o, p): g for s, o, p, g in described}
    segment = np.cumsum(new_series(frames)) - 1
    starts = np.flatnonzero(new_series(frames))
    keys = list(zip(*(frames[k][starts].tolist() for k in ("sequence", "object", "proposal")), strict=True))
    kept = [i for i, key in enumerate(keys) if key in chosen]
    number = np.full(len(keys), -1, np.int64)
    number[kept] = np.arange(len(kept))
    value = np.mean([ruled_values(frames, m, run.spec.rules) * _factor(m) for m in parts], axis=0)
    row = np.flatnonzero(frames["scored"] & (number[segment] >= 0) & ~np.isnan(value))
    area = frames.get("gt_area", np.zeros(len(value), np.int64))
    return Rows(
        objects=tuple((keys[i][0], keys[i][1], chosen[keys[i]]) for i in kept),
        series=number[segment][row],
        index=frames["index"][row],
        area=area[row],
        value=value[row],
        row=row,
    )


def _factor(measure: str) -> float:
    return MEASURES[measure].factor


def over_time(run: RunResult, measure: str) -> list[Curve]:
    """One curve for each group: the mean over objects at each frame of the sequence."""
    r = rows(run, measure)
    length = int(r.index.max(initial=-1)) + 1
    sums, counts = (np.zeros((len(r.objects), length)) for _ in range(2))
    sums[r.series, r.index], counts[r.series, r.index] = r.value, 1
    return _by_group(run, r, measure, np.arange(length, dtype=np.float64), sums, counts)


def normalised(run: RunResult, measure: str, *, points: int = POINTS) -> list[Curve]:
    """One curve for each group: 0 to 100 % of the scored frames of each object."""
    r = rows(run, measure)
    at = np.linspace(0, 1, points)
    sums, counts = (np.zeros((len(r.objects), points)) for _ in range(2))
    for number in np.unique(r.series).tolist():
        value = r.value[r.series == number]
        sums[number], counts[number] = np.interp(at, np.linspace(0, 1, len(value)), value), 1
    return _by_group(run, r, measure, 100 * at, sums, counts)


def by_size(run: RunResult, measure: str) -> list[Curve]:
    """One curve for each group over the area of the true object in pixels; x is the middle of a bin (geometric)."""
    if "gt_area" not in run.frames_columns:
        raise UsageError(f"{run.name} was imported: it has no object sizes", fix="plot a run that was scored here")
    r = rows(run, measure)
    seen = r.area > 0
    bins = np.floor(np.log2(np.maximum(r.area, 1))).astype(np.int64)
    first, last = (int(f(bins[seen], initial=0)) for f in (_smallest, np.max))
    sums, counts = (np.zeros((len(r.objects), last - first + 1)) for _ in range(2))
    np.add.at(sums, (r.series[seen], bins[seen] - first), r.value[seen])
    np.add.at(counts, (r.series[seen], bins[seen] - first), 1)
    return _by_group(run, r, measure, np.exp2(np.arange(first, last + 1, dtype=np.float64) + 0.5), sums, counts)


def _smallest(bins: NDArray[np.int64], initial: int) -> int:
    return int(bins.min()) if len(bins) else initial


def by_sequence(run: RunResult, measure: str) -> dict[str, float]:
    """The mean over the objects of each sequence; sequences without a value are left out."""
    cell, table = parse(measure), run.objects_columns
    named = (table["measure"] == cell.measure) & (table["statistic"] == cell.statistic)
    if not named.any():
        have = ", ".join(dict.fromkeys(map(cell_name, table["measure"].tolist(), table["statistic"].tolist())))
        raise UsageError(f"{run.name} has no {measure}: it has {have}", fix="choose another --measure")
    here = named & in_group(table["group"], cell.group) & ~np.isnan(table["value"])
    names, at = np.unique(table["sequence"][here].astype(str), return_inverse=True)
    means = np.bincount(at, table["value"][here], len(names)) / np.bincount(at, minlength=len(names))
    return dict(zip(names.tolist(), means.tolist(), strict=True))


def groups(run: RunResult, measure: str = "J") -> tuple[str, ...]:
    """The group that the name of a measure says; otherwise the groups of the protocol, or "all"."""
    named = parse(measure).group
    if named not in ("", "all", "overall", "stable", *run.spec.rules.groups):
        raise UsageError(f"{run.spec.name} has no group {named!r}", fix=f"choose from {', '.join(groups(run))}")
    return (named,) if named in (*run.spec.rules.groups, "all") else run.spec.rules.groups or ("all",)


def in_group(group: NDArray[np.object_], name: str) -> NDArray[np.bool_]:
    """Which objects are in a group; all of them are in "all", and where no group is named."""
    return np.full(len(group), True) if name in ("", "all", "overall", "stable") else group == name


def _by_group(run: RunResult, r: Rows, measure: str, x: Floats, sums: Floats, counts: Floats) -> list[Curve]:
    """Curves of the mean and its interval, from sums and counts by (object, x)."""
    curves = []
    for group in groups(run, measure):
        members = [i for i, (_, _, g) in enumerate(r.objects) if group in ("all", g)]
        of_sequence = {name: k for k, name in enumerate(dict.fromkeys(r.objects[i][0] for i in members))}
        at = np.array([of_sequence[r.objects[i][0]] for i in members], np.int64)
        total, n = (np.zeros((len(of_sequence), len(x))) for _ in range(2))
        np.add.at(total, at, sums[members])
        np.add.at(n, at, counts[members])
        here = n.sum(0) > 0
        total, n = total[:, here], n[:, here]
        low, high = _interval(total, n)
        mean = total.sum(0) / n.sum(0)
        curve = {"x": x[here], "mean": mean, "low": low, "high": high, "n": n.sum(0).astype(np.int64)}
        curves.append(Curve(method=run.name, group=group, **curve))
    return curves


def _interval(total: Floats, n: Floats) -> tuple[Floats, Floats]:
    """The bootstrap interval at each x, NaN where fewer than two sequences have a value."""
    if not total.size:
        return np.zeros(0), np.zeros(0)
    weights = resampled(len(total), REPLICATES, seed=0)
    drawn, mass = weights @ total, weights @ n
    replicates = np.divide(drawn, mass, out=np.full_like(drawn, np.nan), where=mass > 0)
    low, high = np.nanquantile(replicates, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    few = (n > 0).sum(0) < 2
    return np.where(few, np.nan, low), np.where(few, np.nan, high)
