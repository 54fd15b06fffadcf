"""Textures: fractal noise, patterns of it, and the colour ramps that turn them into pictures.

A *field* is floating point of shape (height, width) in [0, 1]; a *texture* is uint8 RGB of shape (height, width, 3).
"""

from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Field: TypeAlias = NDArray[np.floating]
Texture: TypeAlias = NDArray[np.uint8]
Shape: TypeAlias = tuple[int, int]
Colour: TypeAlias = tuple[float, float, float]


def noise(
    rng: np.random.Generator, shape: Shape, *, cell: float, octaves: int = 4, stretch: tuple[float, float] = (1, 1)
) -> Field:
    """Fractal value noise: octaves of smoothly enlarged random grids, each of half the cell and half the weight.

    ``cell`` is the size of the coarsest grain in pixels, ``stretch`` multiplies it by (vertical, horizontal).
    """
    height, width = shape
    total = np.zeros(shape, dtype=np.float32)
    for octave in range(octaves):
        cells = [max(2.0, cell * s / 2**octave) for s in stretch]
        grid = rng.random((int(height / cells[0]) + 3, int(width / cells[1]) + 3), dtype=np.float32)
        size = (int(grid.shape[1] * cells[1]), int(grid.shape[0] * cells[0]))
        smooth = cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
        total += smooth[:height, :width] * 0.5**octave
    return rescale(total)


def rescale(field: Field) -> Field:
    """The field stretched to [0, 1]; a constant one becomes 0."""
    low, high = float(field.min()), float(field.max())
    return np.asarray((field - low) / max(high - low, 1e-6), dtype=np.float32)


def positions(shape: Shape) -> tuple[Field, Field]:
    """Row and column of every pixel, as two fields that broadcast against each other."""
    rows, columns = np.arange(shape[0], dtype=np.float32), np.arange(shape[1], dtype=np.float32)
    return rows[:, None], columns[None, :]


def hsv(hue: float, saturation: float, value: float) -> Colour:
    """An RGB colour in [0, 255] from hue (turns), saturation and value in [0, 1]."""
    sector = (np.array([5.0, 3.0, 1.0]) + hue * 6) % 6
    ramp = np.clip(np.minimum(sector, 4 - sector), 0, 1)
    red, green, blue = (255 * value * (1 - saturation * ramp)).tolist()
    return red, green, blue


def paint(field: Field, colours: list[Colour]) -> Texture:
    """Colour a field: 0 is the first colour, 1 the last, linear between neighbours."""
    stops = np.linspace(0, 255, len(colours))
    table = np.stack([np.interp(np.arange(256), stops, channel) for channel in zip(*colours, strict=True)], axis=1)
    index = np.clip(field * 255, 0, 255).astype(np.uint8)
    return np.asarray(table.round().astype(np.uint8)[index])


def shade(texture: Texture, gain: Field | float) -> Texture:
    """Brighten or darken a texture by a factor at each pixel."""
    gain = np.asarray(gain, dtype=np.float32)
    return np.asarray(np.clip(texture * (gain[..., None] if gain.ndim else gain), 0, 255), dtype=np.uint8)


def stripes(rng: np.random.Generator, shape: Shape) -> Field:
    """Bands of one direction and width, bent by noise; soft edges."""
    rows, columns = positions(shape)
    angle, width = rng.uniform(-0.5, 0.5), min(shape) * rng.uniform(0.11, 0.17)
    across = columns * np.cos(angle) + rows * np.sin(angle)
    wave = np.sin((across / width + noise(rng, shape, cell=min(shape) / 3)) * np.pi * 2 / 1.6)
    return np.asarray(1 / (1 + np.exp(-4 * wave)), dtype=np.float32)


def spots(rng: np.random.Generator, shape: Shape) -> Field:
    """Round spots of several sizes at jittered grid points."""
    field = np.zeros(shape, dtype=np.float32)
    pitch = min(shape) / rng.uniform(5.0, 7.0)
    for row in np.arange(0, shape[0] + pitch, pitch):
        for column in np.arange(0, shape[1] + pitch, pitch):
            x, y = (np.array([column, row]) + rng.uniform(-0.25, 0.25, 2) * pitch).round().astype(int).tolist()
            cv2.circle(field, (x, y), max(1, round(pitch * rng.uniform(0.18, 0.36))), 1.0, -1)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), max(0.6, pitch / 22)), dtype=np.float32)


def patches(rng: np.random.Generator, shape: Shape) -> Field:
    """Cells around random points, each of one value, with dark seams: a giraffe's coat, a turtle's shell."""
    n = 38
    seeds = np.full(shape, 255, dtype=np.uint8)
    seeds[rng.integers(0, shape[0], n), rng.integers(0, shape[1], n)] = 0
    _, cells = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5)
    value = rng.uniform(0.45, 1.0, int(cells.max()) + 1).astype(np.float32)[cells]
    seam = cv2.morphologyEx(cells.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
    value[cv2.dilate(seam.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0] = 0.0
    return np.asarray(cv2.GaussianBlur(value, (0, 0), 1.0), dtype=np.float32)


def rings(rng: np.random.Generator, shape: Shape) -> Field:
    """Concentric bands around the middle, slightly bent."""
    rows, columns = positions(shape)
    radius = np.hypot(rows - shape[0] / 2, columns - shape[1] / 2) / (min(shape) * rng.uniform(0.10, 0.15))
    wave = np.sin((radius + 0.7 * noise(rng, shape, cell=min(shape) / 3)) * np.pi)
    return np.asarray(1 / (1 + np.exp(-4 * wave)), dtype=np.float32)


def wedges(rng: np.random.Generator, shape: Shape) -> Field:
    """Sectors around the middle, as on a beach ball or a flower."""
    rows, columns = positions(shape)
    angle = np.arctan2(rows - shape[0] / 2, columns - shape[1] / 2)
    wave = np.sin(angle * int(rng.integers(2, 5)) + rng.uniform(0, 6.3) + 0.5 * noise(rng, shape, cell=min(shape) / 2))
    return np.asarray(1 / (1 + np.exp(-7 * wave)), dtype=np.float32)


def marble(rng: np.random.Generator, shape: Shape) -> Field:
    """Veins: the creases of a noise field."""
    return 1 - np.abs(2 * noise(rng, shape, cell=min(shape) / 2.5, octaves=5) - 1)
