"""Line and point charts as inline SVG: the geometry here, the drawing in ``templates/chart.html``.

Coordinates are SVG user units, y down, rounded to a tenth, so that equal data gives equal bytes. The report and the
leaderboard draw all their charts with it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

#: Width of a character and height of a line of a label.
CHARACTER, LINE = 6.1, 13.0


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear map from data to page."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value lies on the page."""
        share = (value - self.low) / ((self.high - self.low) or 1)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The size of a chart; ``left``, ``right``, ``top`` and ``bottom`` are the edges of the area with the data."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float

    def across(self, low: float, high: float) -> Scale:
        """The horizontal scale from ``low`` at the left edge to ``high`` at the right edge."""
        return Scale(low, high, self.left, self.right)

    def up(self, low: float, high: float) -> Scale:
        """The vertical scale from ``low`` at the bottom to ``high`` at the top."""
        return Scale(low, high, self.bottom, self.top)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A label on an axis at a position on the page; ``anchor`` is its alignment."""

    at: float
    text: str
    anchor: str = "middle"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A polyline, or a polygon for a band, on the page.

    ``rank`` picks colour and dashes (None: grey), ``faint`` marks one object among several, ``href`` makes the line a
    link, ``end`` is where its label starts.
    """

    points: str
    label: str
    rank: int | None
    faint: bool = False
    href: str = ""
    end: tuple[float, float] | None = None


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
class Chart:
    """Everything that the template needs to draw a chart. ``says`` is the chart in words."""

    title: str
    box: Box
    says: str = ""
    x_title: str = ""
    y_title: str = ""
    x_ticks: Sequence[Tick] = ()
    y_ticks: Sequence[Tick] = ()
    lines: Sequence[Line] = ()
    bands: Sequence[Line] = ()
    marks: Sequence[Mark] = field(default=())
    path: str = ""
    path_title: str = ""


def polyline(places: Iterable[tuple[float, float]]) -> str:
    """Places on the page as the ``points`` of a polyline.

    >>> polyline([(0, 1.25), (10, 2)])
    '0,1.2 10,2'
    """
    return " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in places)


def percent_axis(values: Sequence[float], box: Box) -> tuple[Scale, tuple[Tick, ...]]:
    """A vertical axis that holds the values, with at most eight round ticks."""
    low, high = min(values), max(values)
    step = next(s for s in (1, 2, 5, 10, 20) if (high - low) / s <= 6 or s == 20)
    bottom, top = math.floor((low - step / 4) / step) * step, math.ceil((high + step / 4) / step) * step
    scale = box.up(bottom, top)
    return scale, tuple(Tick(at=scale(v), text=str(v)) for v in range(bottom, top + 1, step))


def staircase(corners: Sequence[tuple[float, float]], right: float) -> str:
    """An SVG path that holds each corner's height until the next corner."""
    if not corners:
        return ""
    moves = [f"M{corners[0][0]} {corners[0][1]}", *(f"H{px}V{py}" for px, py in corners[1:])]
    return "".join([*moves, f"H{right}"])


def place_labels(
    placed: Sequence[tuple[float, float, Point]], only: set[int], sides: str, box: Box
) -> tuple[Mark, ...]:
    """Put each label on the first free side of its mark; where none is free it is left out."""
    taken = [(px - 5, py - 5, px + 5, py + 5) for px, py, _ in placed]
    marks = []
    for px, py, point in placed:
        spot, anchor = None, "start"
        if id(point) in only:
            spot, anchor = _free(px, py, cut(point.label, 30), taken, sides, box)
        marks.append(Mark(x=px, y=py, point=point, label_at=spot, anchor=anchor))
    return tuple(marks)


def _free(
    px: float, py: float, label: str, taken: list[tuple[float, float, float, float]], sides: str, page: Box
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
        inside = left >= page.left and box[2] <= page.width and box[1] >= 0 and box[3] <= page.bottom
        if inside and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            return (round(x, 1), round(y, 1)), anchor
    return None, "start"


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def spread(heights: Sequence[float]) -> list[float]:
    """Move labels apart, so that each has a line's height, keeping their order from top to bottom."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed, last = [0.0] * len(heights), -math.inf
    for i in order:
        last = max(heights[i], last + LINE)
        placed[i] = round(last + 4, 1)
    return placed


def cut(label: str, length: int) -> str:
    """A label of at most ``length`` characters."""
    return label if len(label) <= length else label[: length - 1] + "…"
