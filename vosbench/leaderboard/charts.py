"""The charts of a ranking: score against runtime, against the year, and J over the course of the video."""

import math
from collections.abc import Iterable, Sequence

from vosbench.views.charts import (
    Box,
    Chart,
    Line,
    Point,
    Tick,
    cut,
    percent_axis,
    place_labels,
    polyline,
    spread,
    staircase,
)

BOX = Box(width=560, height=340, left=44, right=544, top=14, bottom=300)

#: With room for the labels of curves at the right.
NARROW = Box(width=560, height=340, left=44, right=440, top=14, bottom=300)


def runtime_chart(points: Sequence[Point], y_title: str) -> Chart:
    """Score against seconds a frame (logarithmic), with the front of results that no other beats in both."""
    logs = [math.log10(p.x) for p in points]
    x = BOX.across(min(logs) - 0.15, max(logs) + 0.35)
    y, y_ticks = percent_axis([p.y for p in points], BOX)
    decades = range(math.floor(x.low), math.ceil(x.high) + 1)
    steps = [k * 10.0**d for d in decades for k in (1, 2, 5)]
    ticks = [Tick(at=x(math.log10(s)), text=f"{s:g}") for s in steps if x.low <= math.log10(s) <= x.high]
    placed = [(x(math.log10(p.x)), y(p.y), p) for p in points]
    front = [(x(math.log10(p.x)), y(p.y)) for p in pareto(points)]
    return Chart(
        title=f"{y_title} against runtime",
        x_title="seconds a frame (logarithmic; faster is left)",
        y_title=y_title,
        x_ticks=tuple(ticks),
        y_ticks=y_ticks,
        marks=place_labels(placed, {id(p) for p in points}, "above right left below", BOX),
        path=staircase(front, BOX.right),
        path_title="no other is both faster and better",
        box=BOX,
    )


def pareto(points: Iterable[Point]) -> list[Point]:
    """The points that no other point beats in both runtime (lower x) and score (higher y), fastest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (p.x, -p.y)):
        if not front or point.y > front[-1].y:
            front.append(point)
    return front


def year_chart(points: Sequence[Point], y_title: str) -> Chart:
    """Score against the method's year, with the best so far as a stepped line; only records are labelled."""
    x = BOX.across(min(p.x for p in points) - 0.6, max(p.x for p in points) + 1.4)
    y, y_ticks = percent_axis([p.y for p in points], BOX)
    years = range(int(min(p.x for p in points)), int(max(p.x for p in points)) + 1)
    every = 1 if len(years) <= 8 else 2
    records = pareto(points)
    placed = [(x(p.x), y(p.y), p) for p in points]
    return Chart(
        title=f"{y_title} over the years",
        x_title="year of the method",
        y_title=y_title,
        x_ticks=tuple(Tick(at=x(year), text=str(year)) for year in years[::every]),
        y_ticks=y_ticks,
        marks=place_labels(placed, {id(p) for p in records}, "above left right below", BOX),
        path=staircase([(x(p.x), y(p.y)) for p in records], BOX.right),
        path_title="best so far",
        box=BOX,
    )


def time_chart(curves: Sequence[tuple[str, str, Sequence[float]]], labelled: int = 6) -> Chart:
    """J over the course of the video; ``curves`` are (name, href, values in percent), best first.

    The first few get a colour, a dash pattern and a label at the right end; the others are grey.
    """
    x = NARROW.across(0, 100)
    y, y_ticks = percent_axis([v for _, _, values in curves for v in values], NARROW)
    ends = spread([y(values[-1]) for _, _, values in curves[:labelled]])
    lines = []
    for rank, (name, href, values) in enumerate(curves):
        at = [(x(100 * i / (len(values) - 1)), y(v)) for i, v in enumerate(values)]
        end = (NARROW.right + 8, ends[rank]) if rank < labelled else None
        lines.append(Line(points=polyline(at), label=cut(name, 18), href=href, end=end, rank=rank if end else None))
    return Chart(
        title="J over the course of the video",
        x_title="position in the video, percent",
        y_title="J",
        x_ticks=tuple(Tick(at=x(v), text=str(v)) for v in (0, 25, 50, 75, 100)),
        y_ticks=y_ticks,
        lines=tuple(reversed(lines)),
        box=NARROW,
    )
