"""Geometry of the charts: where ticks, marks, lines and labels go. Templates draw them as inline SVG.

Coordinates are SVG user units, y down, rounded to a tenth so that pages are byte-identical from build to build.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 44, 16, 14, 40
CHARACTER, LINE = 6.1, 13.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One result in data coordinates. ``shape`` is drawn as a class of its own; ``label`` may be left out."""

    x: float
    y: float
    label: str
    title: str
    href: str
    shape: str = "circle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point on the page, its label's anchor position (None: no room for it) and alignment."""

    x: float
    y: float
    point: Point
    label_at: tuple[float, float] | None
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A polyline on the page; ``end`` is where its label starts, ``rank`` picks its colour and dashes (None: grey)."""

    points: str
    label: str
    href: str
    end: tuple[float, float] | None
    rank: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Everything a template needs to draw a chart."""

    title: str
    x_title: str
    y_title: str
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    marks: tuple[Mark, ...] = ()
    lines: tuple[Line, ...] = ()
    path: str = ""
    path_title: str = ""
    width: int = WIDTH
    height: int = HEIGHT
    right: float = WIDTH - RIGHT
    left: float = LEFT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from data to page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value lies on the page."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


def runtime_chart(points: Sequence[Point], y_title: str) -> Chart:
    """Score against seconds a frame (logarithmic), with the front of results that no other beats in both."""
    logs = [math.log10(p.x) for p in points]
    x = Scale(min(logs) - 0.15, max(logs) + 0.35, LEFT, WIDTH - RIGHT)
    y, y_ticks = _percent_axis([p.y for p in points])
    decades = range(math.floor(x.low), math.ceil(x.high) + 1)
    steps = [k * 10.0**d for d in decades for k in (1, 2, 5)]
    ticks = [(x(math.log10(s)), f"{s:g}") for s in steps if x.low <= math.log10(s) <= x.high]
    placed = [(x(math.log10(p.x)), y(p.y), p) for p in points]
    front = [(x(math.log10(p.x)), y(p.y)) for p in pareto(points)]
    return Chart(
        title=f"{y_title} against runtime",
        x_title="seconds a frame (logarithmic; faster is left)",
        y_title=y_title,
        x_ticks=tuple(ticks),
        y_ticks=y_ticks,
        marks=_label(placed, {id(p) for p in points}, sides="above right left below"),
        path=_steps(front, WIDTH - RIGHT),
        path_title="no other is both faster and better",
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
    x = Scale(min(p.x for p in points) - 0.6, max(p.x for p in points) + 1.4, LEFT, WIDTH - RIGHT)
    y, y_ticks = _percent_axis([p.y for p in points])
    years = range(int(min(p.x for p in points)), int(max(p.x for p in points)) + 1)
    every = 1 if len(years) <= 8 else 2
    records = pareto(points)
    placed = [(x(p.x), y(p.y), p) for p in points]
    return Chart(
        title=f"{y_title} over the years",
        x_title="year of the method",
        y_title=y_title,
        x_ticks=tuple((x(year), str(year)) for year in years[::every]),
        y_ticks=y_ticks,
        marks=_label(placed, {id(p) for p in records}, sides="above left right below"),
        path=_steps([(x(p.x), y(p.y)) for p in records], WIDTH - RIGHT),
        path_title="best so far",
    )


def time_chart(curves: Sequence[tuple[str, str, Sequence[float]]], labelled: int = 6) -> Chart:
    """J over the course of the video; ``curves`` are (name, href, values in percent), best first.

    The first few get a colour, a dash pattern and a label at the right end; the others are grey.
    """
    right = WIDTH - 120
    x = Scale(0, 100, LEFT, right)
    y, y_ticks = _percent_axis([v for _, _, values in curves for v in values])
    ends = _spread([y(values[-1]) for _, _, values in curves[:labelled]])
    lines = []
    for rank, (name, href, values) in enumerate(curves):
        at = [(x(100 * i / (len(values) - 1)), y(v)) for i, v in enumerate(values)]
        end = (right + 8, ends[rank]) if rank < labelled else None
        dots = " ".join(f"{px},{py}" for px, py in at)
        lines.append(Line(points=dots, label=_cut(name, 18), href=href, end=end, rank=rank if end else None))
    return Chart(
        title="J over the course of the video",
        x_title="position in the video, percent",
        y_title="J",
        x_ticks=tuple((x(v), str(v)) for v in (0, 25, 50, 75, 100)),
        y_ticks=y_ticks,
        lines=tuple(reversed(lines)),
        right=right,
    )


def _percent_axis(values: Sequence[float]) -> tuple[Scale, tuple[tuple[float, str], ...]]:
    low, high = min(values), max(values)
    step = next(s for s in (1, 2, 5, 10, 20) if (high - low) / s <= 6 or s == 20)
    bottom, top = math.floor((low - step / 4) / step) * step, math.ceil((high + step / 4) / step) * step
    scale = Scale(bottom, top, HEIGHT - BOTTOM, TOP)
    return scale, tuple((scale(v), str(v)) for v in range(bottom, top + 1, step))


def _steps(corners: Sequence[tuple[float, float]], right: float) -> str:
    """An SVG path that holds each corner's height until the next corner."""
    if not corners:
        return ""
    moves = [f"M{corners[0][0]} {corners[0][1]}", *(f"H{px}V{py}" for px, py in corners[1:])]
    return "".join([*moves, f"H{right}"])


def _label(placed: Sequence[tuple[float, float, Point]], only: set[int], sides: str) -> tuple[Mark, ...]:
    """Put each label on the first free side of its mark; where none is free it is left out."""
    taken = [(px - 5, py - 5, px + 5, py + 5) for px, py, _ in placed]
    marks = []
    for px, py, point in placed:
        spot, anchor = None, "start"
        if id(point) in only:
            spot, anchor = _free(px, py, _cut(point.label, 30), taken, sides)
        marks.append(Mark(x=px, y=py, point=point, label_at=spot, anchor=anchor))
    return tuple(marks)


def _free(
    px: float, py: float, label: str, taken: list[tuple[float, float, float, float]], sides: str
) -> tuple[tuple[float, float] | None, str]:
    width = CHARACTER * len(label)
    spots = {
        "right": (px + 8, py + 4, "start", px + 8),
        "left": (px - 8, py + 4, "end", px - 8 - width),
        "above": (px, py - 9, "middle", px - width / 2),
        "below": (px, py + 17, "middle", px - width / 2),
    }
    for x, y, anchor, left in (spots[side] for side in sides.split()):
        box = (left, y - LINE + 3, left + width, y + 3)
        inside = left >= LEFT and box[2] <= WIDTH and box[1] >= 0 and box[3] <= HEIGHT - BOTTOM
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return (round(x, 1), round(y, 1)), anchor
    return None, "start"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _spread(heights: Sequence[float]) -> list[float]:
    """Move labels apart, so that each has a line's height, keeping their order from top to bottom."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed, last = [0.0] * len(heights), -math.inf
    for i in order:
        last = max(heights[i], last + LINE)
        placed[i] = round(last + 4, 1)
    return placed


def _cut(label: str, length: int) -> str:
    return label if len(label) <= length else label[: length - 1] + "…"
