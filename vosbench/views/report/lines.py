"""Small line charts as the points of SVG polylines: a few hundred bytes each, so that every sequence can have one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vosbench.analysis import curves
from vosbench.analysis.curves import Floats
from vosbench.results.run import RunResult

#: More points than this are not seen at the width of a chart.
MOST_POINTS = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The size of a chart and of the space for labels around it, in SVG units."""

    width: int
    height: int
    left: int = 26
    right: int = 4
    top: int = 6
    bottom: int = 16

    def points(self, x: Floats, y: Floats, span: tuple[float, float]) -> str:
        """The polyline of fractions ``y`` over ``x``, the latter from one end of ``span`` to the other."""
        if len(x) > MOST_POINTS:
            x, y = (np.array([part.mean() for part in np.array_split(v, MOST_POINTS)]) for v in (x, y))
        across = (x - span[0]) / max(span[1] - span[0], 1)
        h = self.left + across * (self.width - self.left - self.right)
        v = self.top + (1 - np.clip(y, 0, 1)) * (self.height - self.top - self.bottom)
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(h.tolist(), v.tolist(), strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A polyline; ``rank`` numbers its method, ``faint`` marks one object among several."""

    label: str
    points: str
    rank: int
    faint: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Lines in a frame; ``ends`` are the labels of the two ends of the x axis, ``says`` is the chart in words."""

    title: str
    says: str
    frame: Frame
    lines: tuple[Line, ...]
    bands: tuple[Line, ...] = ()
    ends: tuple[str, str] = ("", "")


SMALL, LARGE = Frame(width=260, height=96), Frame(width=460, height=220, bottom=20)


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
            lines.append(Line(label=name, points=LARGE.points(c.x, c.mean, (0, 100)), rank=rank))
            if not np.isnan(c.low).any():
                there, back = LARGE.points(c.x, c.high, (0, 100)), LARGE.points(c.x[::-1], c.low[::-1], (0, 100))
                bands.append(Line(label=name, points=f"{there} {back}", rank=rank))
            says.append(f"{name}: {100 * c.mean[0]:.0f} at the start, {100 * c.mean[-1]:.0f} at the end")
        title = "All objects" if group == "all" else f"{group} categories".capitalize()
        text = f"Mean {measure} in per cent, {title.lower()}. {'; '.join(says)}."
        shown = Chart(
            title=title, says=text, frame=LARGE, lines=tuple(lines), bands=tuple(bands), ends=("0 %", "100 %")
        )
        charts.append(shown)
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
                lines.append(Line(label=label, points=SMALL.points(x, y, span), rank=rank, faint=True))
        x, at = np.unique(np.concatenate([x for x, _ in mine.values()]), return_inverse=True)
        y = np.concatenate([y for _, y in mine.values()])
        lines.append(
            Line(label=names[rank], points=SMALL.points(x, np.bincount(at, y) / np.bincount(at), span), rank=rank)
        )
        means[rank] = float(np.mean([y.mean() for _, y in mine.values()]))
    says = "; ".join(f"{names[rank]} {100 * mean:.1f}" for rank, mean in means.items())
    text = f"{measure} over the frames of {sequence}, mean in per cent: {says}."
    ends = (str(span[0]), str(span[1]))
    chart = Chart(title=sequence, says=text, frame=SMALL, lines=tuple(lines), ends=ends)
    return next(iter(means.values())), chart
