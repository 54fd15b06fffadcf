"""Lucid dreams: plausible neighbouring frames out of one annotated frame (Khoreva et al., Lucid Data Dreaming, 2017).

The objects are cut out, the hole they leave is inpainted, and the parts are put together again after each was moved
and bent on its own: an affine map, a smooth random displacement (in place of the paper's thin-plate splines), a change
of light. Two such pictures whose parts differ only by a further small motion are a pair of neighbouring frames, with
exact masks. Several objects keep their labels; which is in front is drawn anew for each pair.

Sizes of motion are relative to the object: shifts and displacements are fractions of the longer side of its box.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Image

HOLE = 9  # pixels a hole is widened by before it is filled, at the inpainting's size: an edge keeps the object's colour
INPAINT_SIDE = 160  # pixels; the filling is smooth, so it is made small and enlarged
Labels = NDArray[np.uint8]


class LucidPair(NamedTuple):
    """Two neighbouring frames: pictures (H, W, 3) uint8 RGB, label maps (H, W) uint8."""

    previous_image: Image
    previous_labels: Labels
    image: Image
    labels: Labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Motion:
    """The most a part is changed: turn in degrees, log of the scale, shift and bend relative to its size, light."""

    turn: float
    scale: float
    shift: float
    bend: float
    light: float


#: What distinguishes a dreamt frame from the annotated one, and the next dreamt frame from that.
POSE = Motion(turn=20.0, scale=0.2, shift=0.15, bend=0.05, light=0.15)
STEP = Motion(turn=5.0, scale=0.06, shift=0.08, bend=0.03, light=0.03)
BACKGROUND = 0.5  # the background moves by this share of it


@dataclass(frozen=True)
class Scene:
    """An annotated frame taken apart: ``background`` without the objects, and every object's opacity (H, W) float32."""

    image: Image
    background: Image
    opacities: dict[int, NDArray[np.float32]]
    sizes: dict[int, float] = field(default_factory=dict)
    centres: dict[int, tuple[float, float]] = field(default_factory=dict)


def scene(image: Image, labels: Labels) -> Scene:
    """Take a frame apart: ``image`` (H, W, 3) uint8, ``labels`` (H, W) uint8 with 0 for background."""
    image = np.ascontiguousarray(image)
    found = Scene(image=image, background=_inpainted(image, labels > 0), opacities={})
    for label in np.unique(labels[labels > 0]).tolist():
        mask = labels == label
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        found.opacities[label] = np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (3, 3), 0), np.float32)
        found.sizes[label] = float(max(rows[-1] - rows[0], columns[-1] - columns[0]) + 1)
        found.centres[label] = float(columns[0] + columns[-1]) / 2, float(rows[0] + rows[-1]) / 2
    return found


def lucid_pair(rng: np.random.Generator, parts: Scene, *, pose: Motion = POSE, step: Motion = STEP) -> LucidPair:
    """Draw two neighbouring frames. An object that leaves the picture or is covered has no pixels."""
    height, width = parts.image.shape[:2]
    order = rng.permutation(sorted(parts.opacities)).tolist()
    side = float(min(height, width))
    canvas = _warps(rng, (height, width), side, (width / 2, height / 2), pose, step, BACKGROUND)
    frames = [
        (_lit(_moved(parts.background, grid, cv2.BORDER_REFLECT_101), light), np.zeros((height, width), np.uint8))
        for grid, light in canvas
    ]
    for label in order:
        warps = _warps(rng, (height, width), parts.sizes[label], parts.centres[label], pose, step, 1.0)
        frames = [_over(parts, label, grid, light, *below) for (grid, light), below in zip(warps, frames, strict=True)]
    (before, before_labels), (after, after_labels) = frames
    return LucidPair(_bytes(before), before_labels, _bytes(after), after_labels)


def _warps(
    rng: np.random.Generator,
    shape: tuple[int, int],
    size: float,
    centre: tuple[float, float],
    pose: Motion,
    step: Motion,
    share: float,
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Where each pixel of the two frames looks (H, W, 2), x first, and the light (2, 3): gain and offset a channel."""
    drawn = [_parameters(rng, motion, share) for motion in (pose, step)]
    both = []
    for parameters in (drawn[0], [a + b for a, b in zip(*drawn, strict=True)]):
        turn, scale, shift, bend, light = parameters
        grid = _affine(shape, centre, float(turn), float(np.exp(scale)), shift * size)
        grid += cv2.resize((bend * size).astype(np.float32), shape[::-1], interpolation=cv2.INTER_CUBIC)
        both.append((grid, light.astype(np.float32)))
    return both


def _parameters(rng: np.random.Generator, motion: Motion, share: float) -> list[NDArray[np.float64]]:
    """Turn (degrees), log scale, shift (2,), displacements on a coarse grid (5, 5, 2), light (2, 3)."""
    turn = share * rng.uniform(-motion.turn, motion.turn, ())
    scale = share * rng.uniform(-motion.scale, motion.scale, ())
    shift = share * rng.uniform(-motion.shift, motion.shift, 2)
    bend = share * motion.bend * rng.standard_normal((5, 5, 2))
    common, own = rng.uniform(-motion.light, motion.light, (2, 1)), rng.uniform(-motion.light, motion.light, (2, 3))
    return [turn, scale, shift, bend, common + own / 3]


def _affine(
    shape: tuple[int, int], centre: tuple[float, float], turn: float, scale: float, shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """The inverse of: turn and scale about the centre, then shift."""
    x = np.arange(shape[1], dtype=np.float32) - np.float32(centre[0] + shift[0])
    y = np.arange(shape[0], dtype=np.float32)[:, None] - np.float32(centre[1] + shift[1])
    cos, sin = np.float32(np.cos(np.deg2rad(turn)) / scale), np.float32(np.sin(np.deg2rad(turn)) / scale)
    return np.stack([cos * x + sin * y + np.float32(centre[0]), cos * y - sin * x + np.float32(centre[1])], axis=-1)


def _over(
    parts: Scene,
    label: int,
    grid: NDArray[np.float32],
    light: NDArray[np.float32],
    picture: NDArray[np.float32],
    labels: Labels,
) -> tuple[NDArray[np.float32], Labels]:
    """Lay an object over a picture and its label map."""
    opacity = _moved(parts.opacities[label], grid, cv2.BORDER_CONSTANT)
    thing = _lit(_moved(parts.image, grid, cv2.BORDER_REFLECT_101), light)
    labels = np.where(opacity > 0.5, np.uint8(label), labels)
    return picture + opacity[..., None] * (thing - picture), labels


def _moved(picture: NDArray[Any], grid: NDArray[np.float32], border: int) -> NDArray[np.float32]:
    moved = cv2.remap(picture, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=border)
    return np.asarray(moved, np.float32)


def _lit(picture: NDArray[np.float32], light: NDArray[np.float32]) -> NDArray[np.float32]:
    out: NDArray[np.float32] = picture * (1 + light[0]) + 64 * light[1]
    return out


def _bytes(picture: NDArray[np.float32]) -> Image:
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def _inpainted(image: Image, hole: NDArray[np.bool_]) -> Image:
    """The picture with what was in the hole made up from around it (Telea's method, at low resolution)."""
    if not hole.any() or hole.all():
        return image
    height, width = hole.shape
    factor = min(1.0, INPAINT_SIDE / min(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    brush = np.ones((HOLE, HOLE), np.uint8)
    covered = cv2.dilate(cv2.resize(hole.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST), brush)
    filled = np.asarray(cv2.resize(cv2.inpaint(small, covered, 5, cv2.INPAINT_TELEA), (width, height)))
    wide = cv2.resize(covered, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.where(wide[..., None] > 0, filled, image).astype(np.uint8)
