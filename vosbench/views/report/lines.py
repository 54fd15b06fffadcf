"""The report's line charts: J over time of all runs, and a small chart of every sequence of a few hundred bytes."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from vosbench.analysis import curves
from vosbench.analysis.curves import Floats
from vosbench.results.run import RunResult
from vosbench.views.charts import Box, Chart, Line, Tick, polyline

#: More points than this are not seen at the width of a chart.
MOST_POINTS = 150


SMALL = Box(width=260, height=100, left=26, right=256, top=6, bottom=80)
LARGE = Box(width=460, height=222, left=30, right=450, top=6, bottom=200)


class _Axes(TypedDict):
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]


def _polyline(box: Box, x: Floats, y: Floats, span: tuple[float, float]) -> str:
    """The polyline of fractions ``y`` over ``x``, which runs from one end of ``span`` to the other."""
    if len(x) > MOST_POINTS:
        x, y = (np.array([part.mean() for part in np.array_split(v, MOST_POINTS)]) for v in (x, y))
    across, up = box.across(*span), box.up(0, 1)
    return polyline((across(a), up(b)) for a, b in zip(x.tolist(), np.clip(y, 0, 1).tolist(), strict=True))


def _axes(box: Box, per_cent: Sequence[int], ends: tuple[str, str]) -> _Axes:
    """Per cent at the left, and the two ends of the x axis."""
    up = box.up(0, 100)
    return {
        "y_ticks": tuple(Tick(at=up(v), text=str(v)) for v in per_cent),
        "x_ticks": (Tick(at=box.left, text=ends[0], anchor="start"), Tick(at=box.right, text=ends[1], anchor="end")),
    }


def overview(runs: Sequence[RunResult], names: Sequence[str], measure: str) -> list[Chart]:
    """For each group the normalised curves of all runs, with intervals."""
    found = [curves.normalised(run, measure) for run in runs]
    charts = []
    for k, group in enumerate(curves.groups(runs[0])):
        lines, bands, says = [], [], []
        for rank, (name, by_group) in enumerate(zip(names, found, strict=True)):
            c = by_group[k]
            if not len(c.x):
                continue
            lines.append(Line(label=name, points=_polyline(LARGE, c.x, c.mean, (0, 100)), rank=rank))
            if not np.isnan(c.low).any():
                edges = [_polyline(LARGE, c.x, c.high, (0, 100)), _polyline(LARGE, c.x[::-1], c.low[::-1], (0, 100))]
                bands.append(Line(label=name, points=" ".join(edges), rank=rank))
            says.append(f"{name}: {100 * c.mean[0]:.0f} at the start, {100 * c.mean[-1]:.0f} at the end")
        title = "All objects" if group == "all" else f"{group} categories".capitalize()
        text = f"Mean {measure} in per cent, {title.lower()}. {'; '.join(says)}."
        axes = _axes(LARGE, (0, 25, 50, 75, 100), ("0 %", "100 %"))
        charts.append(Chart(title=title, says=text, box=LARGE, lines=lines, bands=bands, **axes))
    return charts


def by_sequence(runs: Sequence[RunResult], names: Sequence[str], measure: str) -> list[Chart]:
    """A small chart for each sequence, that with the lowest mean first; single objects too where there is one run."""
    found = [curves.rows(run, measure) for run in runs]
    members: dict[str, list[tuple[int, int]]] = {}
    for rank, r in enumerate(found):
        for number, (sequence, _, _) in enumerate(r.objects):
            members.setdefault(sequence, []).append((rank, number))
    starts = [np.searchsorted(r.series, np.arange(len(r.objects) + 1)) for r in found]
    charts = []
    for sequence, series in members.items():
        values = {}
        for rank, number in series:
            start, stop = starts[rank][number : number + 2].tolist()
            if stop > start:
                at = slice(start, stop)
                values[rank, number] = (found[rank].index[at].astype(np.float64), found[rank].value[at])
        if values:
            charts.append(_small(sequence, values, found, names, measure))
    return [chart for _, chart in sorted(charts, key=lambda pair: pair[0])]


def _small(
    sequence: str,
    values: dict[tuple[int, int], tuple[Floats, Floats]],
    found: Sequence[curves.Rows],
    names: Sequence[str],
    measure: str,
) -> tuple[float, Chart]:
    """The chart of one sequence and the mean it is sorted by, that of the first run it has."""
    span = (min(int(x[0]) for x, _ in values.values()), max(int(x[-1]) for x, _ in values.values()))
    lines, means = [], {}
    for rank in sorted({rank for rank, _ in values}):
        mine = {number: xy for (r, number), xy in values.items() if r == rank}
        if len(mine) > 1 and len(found) == 1:
            for number, (x, y) in mine.items():
                label = f"object {found[rank].objects[number][1]}"
                lines.append(Line(label=label, points=_polyline(SMALL, x, y, span), rank=rank, faint=True))
        x, at = np.unique(np.concatenate([x for x, _ in mine.values()]), return_inverse=True)
        y = np.concatenate([y for _, y in mine.values()])
        mean = _polyline(SMALL, x, np.bincount(at, y) / np.bincount(at), span)
        lines.append(Line(label=names[rank], points=mean, rank=rank))
        means[rank] = float(np.mean([y.mean() for _, y in mine.values()]))
    says = "; ".join(f"{names[rank]} {100 * mean:.1f}" for rank, mean in means.items())
    text = f"{measure} over the frames of {sequence}, mean in per cent: {says}."
    axes = _axes(SMALL, (0, 50, 100), (str(span[0]), str(span[1])))
    chart = Chart(title=sequence, says=text, box=SMALL, lines=lines, **axes)
    return next(iter(means.values())), chart
