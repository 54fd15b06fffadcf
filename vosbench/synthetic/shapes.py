"""The kinds of objects: an outline, a pattern for its skin, a few marks, and how it moves in itself.

Outlines are float64 of shape (n, 2), x to the right and y down, inside the unit circle, facing right.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vosbench.synthetic import textures
from vosbench.synthetic.textures import Colour, Field, Shape

Outline = NDArray[np.float64]
Pattern = Callable[[np.random.Generator, Shape], Field]

INK, GREY, WHITE = (25.0, 22.0, 28.0), (150.0, 150.0, 158.0), (250.0, 250.0, 250.0)
GLASS, AMBER, YELLOW = (190.0, 225.0, 240.0), (245.0, 150.0, 30.0), (250.0, 200.0, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One kind of object.

    ``marks`` are discs painted on the skin: x, y, radius and colour. ``wobble`` is how far the outline breathes,
    ``swim`` how far its rear swings and ``flap`` how far it narrows and widens, all relative to its radius. ``spins``:
    it may turn all the way round; otherwise it only tilts.
    """

    outline: Outline
    pattern: Pattern
    marks: tuple[tuple[float, float, float, Colour], ...] = ()
    wobble: float = 0.0
    swim: float = 0.0
    flap: float = 0.0
    spins: bool = False


def deform(category: Category, *, phase: float, harmonics: NDArray[np.float64]) -> Outline:
    """The outline at a phase of its own motion, in turns.

    ``harmonics`` holds, for the angular frequencies 2, 3, 4, …, the share of each and its phase in turns: shape (n, 2).
    """
    x, y = category.outline.T
    angle = np.arctan2(y, x)
    radial = np.ones_like(x)
    for order, (share, shift) in enumerate(harmonics, start=2):
        radial += category.wobble * share * np.sin(order * angle + 2 * np.pi * (shift + phase))
    x, y = x * radial, y * radial
    y = y + category.swim * np.sin(2 * np.pi * phase + 2.2 * x) * np.clip(0.6 - x, 0, None) ** 1.5 * 0.5
    x = x * (1 - category.flap * (0.5 + 0.5 * np.sin(2 * np.pi * phase)))
    return np.stack([x, y], axis=1)


def polar(radius: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Outline:
    """A star-shaped outline from its radius as a function of the angle."""
    angle = np.linspace(0, 2 * np.pi, 144, endpoint=False)
    return _fit(np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius(angle)[:, None])


def drawn(*points: tuple[float, float], smooth: int = 3, mirror: str = "") -> Outline:
    """A drawn polygon, smoothed by that many rounds of Chaikin's corner cutting.

    ``mirror="x"`` first appends the points' reflection at x = 0 in reverse order, ``"y"`` that at y = 0.
    """
    outline = np.array(points, dtype=np.float64)
    if mirror:
        outline = np.concatenate([outline, outline[::-1] * ((-1, 1) if mirror == "x" else (1, -1))])
    for _ in range(smooth):
        following = np.roll(outline, -1, axis=0)
        cut = [0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following]
        outline = np.stack(cut, axis=1).reshape(-1, 2)
    return _fit(outline)


def _fit(outline: Outline) -> Outline:
    """Centred on its bounding box, with the farthest point at distance 1."""
    outline = outline - (outline.min(axis=0) + outline.max(axis=0)) / 2
    return np.asarray(outline / np.hypot(*outline.T).max())


CATEGORIES: Mapping[str, Category] = MappingProxyType({
    "ball": Category(outline=polar(np.ones_like), pattern=textures.wedges, wobble=0.03, spins=True),
    "fish": Category(
        outline=drawn(
            (1.0, 0.0), (0.8, -0.27), (0.3, -0.47), (0.05, -0.66), (-0.2, -0.45), (-0.5, -0.13), (-0.95, -0.55),
            (-0.86, 0.0), (-0.95, 0.55), (-0.5, 0.13), (-0.2, 0.42), (0.05, 0.56), (0.3, 0.44), (0.8, 0.24), smooth=3,
        ),
        pattern=textures.stripes, marks=((0.64, -0.1, 0.12, WHITE), (0.67, -0.1, 0.065, INK)), swim=0.55,
    ),
    "turtle": Category(
        outline=drawn(
            (1.0, 0.1), (0.95, -0.14), (0.72, -0.16), (0.66, -0.4), (0.8, -0.74), (0.5, -0.78), (0.32, -0.5),
            (-0.3, -0.48), (-0.6, -0.7), (-0.78, -0.58), (-0.62, -0.3), (-0.78, -0.1), (-0.98, -0.04),
            mirror="y", smooth=2,
        ),
        pattern=textures.patches, wobble=0.05, swim=0.15,
    ),
    "box": Category(
        outline=drawn((0.0, -1.0), (0.88, -1.0), (1.0, -0.88), (1.0, 0.88), (0.88, 1.0), (0.0, 1.0), mirror="x"),
        pattern=textures.rings, wobble=0.015, spins=True,
    ),
    "leaf": Category(
        outline=drawn((1.0, 0.0), (0.62, -0.3), (0.1, -0.52), (-0.5, -0.4), (-0.85, -0.05), (-1.0, -0.05), mirror="y"),
        pattern=textures.marble, wobble=0.05, swim=0.4, flap=0.15, spins=True,
    ),
    "flower": Category(
        outline=polar(lambda a: 0.78 + 0.22 * np.cos(6 * a)), pattern=textures.spots,
        marks=((0, 0, 0.3, AMBER), (0, 0, 0.2, YELLOW)), wobble=0.06, spins=True,
    ),
    "car": Category(
        outline=drawn(
            (1.0, 0.32), (0.98, -0.02), (0.55, -0.1), (0.3, -0.45), (-0.45, -0.45), (-0.72, -0.06), (-1.0, 0.0),
            (-1.0, 0.32), (-0.78, 0.34), (-0.72, 0.52), (-0.42, 0.52), (-0.36, 0.34), (0.36, 0.34), (0.42, 0.52),
            (0.72, 0.52), (0.78, 0.34), smooth=2,
        ),
        pattern=textures.marble, wobble=0.01,
        marks=(
            (-0.57, 0.28, 0.22, INK), (-0.57, 0.28, 0.1, GREY), (0.57, 0.28, 0.22, INK), (0.57, 0.28, 0.1, GREY),
            (-0.27, -0.2, 0.15, GLASS), (0.12, -0.2, 0.15, GLASS),
        ),
    ),
    "butterfly": Category(
        outline=drawn(
            (0.0, -0.3), (0.12, -0.42), (0.45, -0.85), (0.95, -0.8), (0.9, -0.25), (0.5, 0.02), (0.8, 0.3),
            (0.66, 0.75), (0.3, 0.72), (0.1, 0.3), (0.0, 0.5), mirror="x", smooth=2,
        ),
        pattern=textures.spots, marks=((0, -0.2, 0.08, INK), (0, -0.05, 0.08, INK), (0, 0.1, 0.07, INK)), flap=0.45,
    ),
    "starfish": Category(
        outline=polar(lambda a: 0.62 + 0.38 * np.cos(5 * a)), pattern=textures.spots, wobble=0.12, spins=True,
    ),
    "jellyfish": Category(
        outline=drawn(
            (0.0, -0.9), (0.5, -0.82), (0.8, -0.35), (0.78, 0.0), (0.56, 0.02), (0.62, 0.5), (0.44, 0.95), (0.36, 0.5),
            (0.3, 0.05), (0.16, 0.05), (0.2, 0.55), (0.06, 1.0), (0.0, 0.3), mirror="x", smooth=2,
        ),
        pattern=textures.marble, wobble=0.09, flap=0.22,
    ),
    "duck": Category(
        outline=drawn(
            (1.0, -0.4), (0.78, -0.5), (0.7, -0.82), (0.4, -0.88), (0.2, -0.6), (0.26, -0.24), (-0.3, -0.2),
            (-0.95, -0.42), (-0.85, 0.1), (-0.55, 0.5), (0.1, 0.6), (0.55, 0.42), (0.7, 0.05),
            (0.62, -0.22), (0.8, -0.28), smooth=2,
        ),
        pattern=textures.marble, wobble=0.02,
        marks=((0.98, -0.25, 0.24, AMBER), (0.52, -0.5, 0.1, WHITE), (0.55, -0.5, 0.055, INK)),
    ),
    "kite": Category(
        outline=drawn((1.0, 0.0), (0.3, -0.62), (-1.0, 0.0), (0.3, 0.62), smooth=0), pattern=textures.stripes,
        wobble=0.03, swim=0.3, spins=True,
    ),
})  # fmt: skip

UNSEEN = ("duck", "jellyfish", "kite", "starfish")
"""The categories that only the validation split shows; the others are seen in training."""
SEEN = tuple(sorted(set(CATEGORIES) - set(UNSEEN)))
