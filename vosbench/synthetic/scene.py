"""The plan of a video: its objects, where each one is on each frame, and how the camera moves.

Units are pixels and frames. Nothing is drawn here.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.synthetic.shapes import CATEGORIES, Outline, deform
from vosbench.synthetic.textures import Shape

Point = tuple[float, float]

GOLDEN_TURN = 0.618034  # hues that far apart stay distinct however many there are
ROLES = ("late", "returning", "edge", "leaving")
"""What may happen to an object besides crossing its neighbour; "resident" is none of it.

late: it enters after the first frame; returning: it leaves the frame and comes back; edge: it sits on the border;
leaving: it is gone before the last frame.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pose:
    """Where an object is on one frame: centre and radius in pixels, angle in radians; ``mirror`` is -1 facing left."""

    x: float
    y: float
    radius: float
    angle: float
    mirror: int

    def matrix(self) -> NDArray[np.float64]:
        """The affine map, shape (2, 3), from the outline's own unit coordinates to pixels."""
        c, s = self.radius * np.cos(self.angle), self.radius * np.sin(self.angle)
        return np.array([[c * self.mirror, -s, self.x], [s * self.mirror, c, self.y]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """One object: its looks, its way through the frame, and the frames on which it is away.

    It goes from ``start`` to ``end`` with a sway; from frame ``away[0]`` up to ``away[1]`` it waits at ``outside``.
    ``hue`` and ``seed`` fix its colours and skin.
    """

    id: int
    category: str
    role: str
    seed: int
    hue: float
    radius: float
    start: Point
    end: Point
    sway: Point
    outside: Point
    away: tuple[int, int] | None
    turn: float
    growth: float
    pace: float
    harmonics: NDArray[np.float64]

    def pose(self, frame: int, frames: int) -> Pose:
        """Where it is on a frame of a video with that many frames."""
        u = frame / max(1, frames - 1)
        swing = np.sin(2 * np.pi * (u + self.hue))
        absent = self._absence(frame, frames)
        inside = [a + (b - a) * u + s * swing for a, b, s in zip(self.start, self.end, self.sway, strict=True)]
        x, y = (i + (o - i) * absent for i, o in zip(inside, self.outside, strict=True))
        spin = self.turn * (u if CATEGORIES[self.category].spins else 0.12 * swing)
        mirror = -1 if self.end[0] < self.start[0] and not CATEGORIES[self.category].spins else 1
        return Pose(x=x, y=y, radius=self.radius * (1 + self.growth * swing), angle=spin, mirror=mirror)

    def outline(self, frame: int, frames: int) -> Outline:
        """Its silhouette on a frame in pixels, float64 of shape (n, 2), x first."""
        local = deform(CATEGORIES[self.category], phase=self.pace * frame, harmonics=self.harmonics)
        matrix = self.pose(frame, frames).matrix()
        return local @ matrix[:, :2].T + matrix[:, 2]

    def _absence(self, frame: int, frames: int) -> float:
        """0 while it is on its way, 1 while it is away, smooth between them."""
        if self.away is None:
            return 0.0
        first, end = self.away
        ramp = max(2.0, frames / 5)
        distance = max(first - frame, frame - end + 1, 0)
        u = max(0.0, 1 - distance / ramp)
        return u * u * (3 - 2 * u)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One video as planned. ``actors`` are in depth order, the farthest first; ids count from 1 in another order.

    ``background`` indexes the backgrounds; the camera pans over a canvas of ``canvas`` pixels from ``pan[0]`` to
    ``pan[1]`` (x, y of the frame's corner).
    """

    seed: int
    shape: Shape
    frames: int
    actors: tuple[Actor, ...]
    background: int
    canvas: Shape
    pan: tuple[Point, Point]


def plan_scene(
    rng: np.random.Generator, *, shape: Shape, frames: int, categories: tuple[str, ...], roles: tuple[str, ...],
    background: int,
) -> Scene:  # fmt: skip
    """Draw a plan: one object for each of ``categories``, with the role at the same place of ``roles``."""
    height, width = shape
    n = len(categories)
    slots = (np.arange(n) + rng.uniform(0.35, 0.65, n)) / n * width
    heights = rng.uniform(0.34, 0.7, n) * height
    partner = [i ^ 1 if i ^ 1 < n else i - 1 for i in range(n)] if n > 1 else [0]
    first_hue = rng.random()
    actors = []
    for i in range(n):
        across = slots[partner[i]] if n > 1 else width - slots[i]
        target = (across, heights[partner[i]] + rng.uniform(-0.08, 0.08) * height)
        actors.append(_actor(rng, i, shape, frames, categories[i], roles[i], (slots[i], heights[i]), target, first_hue))
    margin = (int(height * 0.22), int(width * 0.26))
    corners = rng.uniform(0, 1, (2, 2))
    corners[1, 0] = (corners[0, 0] + 0.5) % 1  # the camera always pans
    pan = [(float(x * margin[1]), float(y * margin[0])) for x, y in corners]
    return Scene(
        seed=int(rng.integers(2**31)), shape=shape, frames=frames, background=background, pan=(pan[0], pan[1]),
        actors=tuple(actors[i] for i in rng.permutation(n)), canvas=(height + margin[0] + 2, width + margin[1] + 2),
    )  # fmt: skip


def _actor(
    rng: np.random.Generator, index: int, shape: Shape, frames: int, category: str, role: str, start: Point,
    end: Point, first_hue: float,
) -> Actor:  # fmt: skip
    height, width = shape
    radius = float(rng.uniform(0.18, 0.29)) * min(height, 0.75 * width)
    if role == "edge":
        border = float(rng.choice([0.0, height])), float(rng.uniform(-0.35, 0.35) * radius)
        start, end = (start[0], border[0] + border[1]), (end[0], border[0] - border[1])
    beyond = -1.7 * radius if start[0] + end[0] < width else width + 1.7 * radius
    away = {
        "late": (-frames, int(rng.integers(frames // 5, frames // 3 + 1))),
        "returning": (frames // 3, frames // 3 + max(2, frames // 6)),
        "leaving": (frames - max(2, frames // 5), 2 * frames),
    }.get(role)
    return Actor(
        id=index + 1, category=category, role=role, seed=int(rng.integers(2**31)), radius=radius,
        hue=(first_hue + index * GOLDEN_TURN) % 1, start=start, end=end, away=away,
        sway=(float(rng.uniform(-0.05, 0.05) * width), float(rng.uniform(-0.08, 0.08) * height)),
        outside=(float(beyond), (start[1] + end[1]) / 2), turn=float(rng.choice([-1, 1]) * rng.uniform(1.0, 2.6)),
        growth=float(rng.uniform(-0.22, 0.22)), pace=float(rng.uniform(0.05, 0.09)),
        harmonics=rng.uniform(0.2, 1.0, (4, 2)),
    )  # fmt: skip
