"""Backgrounds: painted canvases, larger than the frame, over which the camera pans."""

from collections.abc import Callable

import cv2
import numpy as np

from vosbench.synthetic.textures import Shape, Texture, hsv, noise, paint, positions, shade


def hills(rng: np.random.Generator, shape: Shape) -> Texture:
    """A sky with clouds over ridges that fade with distance, and a meadow in front."""
    height, width = shape
    rows, columns = positions(shape)
    hue = rng.uniform(0.52, 0.62)
    depth = rows / height + 0 * columns
    sky = paint(depth, [hsv(hue, 0.62, 0.86), hsv(hue - 0.02, 0.28, 0.97), hsv(hue - 0.45, 0.12, 1.0)])
    clouds = np.clip(noise(rng, shape, cell=height / 2.2, octaves=5, stretch=(0.6, 1.6)) * 2.4 - 1.2, 0, 1)[..., None]
    canvas = (sky * (1 - clouds) + 250 * clouds).astype(np.uint8)
    for layer in range(4):
        near = (layer + 1) / 4
        ridge = noise(rng, (2, width), cell=width / (3 + 1.5 * layer), octaves=5)[0]
        top = height * (0.40 + 0.13 * layer - 0.20 * (1 - 0.45 * near) * ridge)
        grain = noise(rng, shape, cell=10 + 26 * near, octaves=4, stretch=(0.5 + 0.5 * near, 1.4))
        green = 0.38 - 0.10 * near + rng.uniform(-0.02, 0.02)
        colours = [hsv(green, 0.25 + 0.40 * near, value) for value in (0.62 - 0.34 * near, 0.80 - 0.22 * near)]
        below = rows > top[None, :]
        canvas[below] = paint(grain, colours)[below]
    return np.asarray(canvas)


def seabed(rng: np.random.Generator, shape: Shape) -> Texture:
    """Deep water with light from above, over rippled sand."""
    height, width = shape
    rows, columns = positions(shape)
    hue = rng.uniform(0.49, 0.57)
    water = paint(rows / height + 0 * columns, [hsv(hue, 0.55, 0.86), hsv(hue + 0.05, 0.78, 0.50)])
    caustics = 1 - np.abs(2 * noise(rng, shape, cell=height / 5, octaves=3, stretch=(0.7, 1.3)) - 1)
    water = shade(water, 0.84 + 0.42 * caustics**3)
    floor = height * (0.70 + 0.08 * noise(rng, (2, width), cell=width / 4, octaves=3)[0])[None, :]
    swell = noise(rng, shape, cell=height / 3, stretch=(1, 2))
    ripple = np.sin(rows / height * 114 + 10 * swell)
    grain = 0.55 * noise(rng, shape, cell=18, octaves=4) + 0.45 * (0.5 + 0.5 * ripple)
    sand = paint(grain, [hsv(0.11, 0.42, 0.52), hsv(0.12, 0.34, 0.86)])
    sand = shade(sand, 0.85 + 0.3 * caustics**2)
    water[rows > floor] = sand[rows > floor]
    return water


def meadow(rng: np.random.Generator, shape: Shape) -> Texture:
    """Grass seen from above, in tufts, with flowers."""
    height, width = shape
    blades = noise(rng, shape, cell=15, octaves=3, stretch=(1.9, 0.45))
    tufts = noise(rng, shape, cell=height / 3, octaves=4)
    hue = rng.uniform(0.24, 0.31)
    greens = [hsv(hue + 0.05, 0.75, 0.24), hsv(hue, 0.62, 0.56), hsv(hue - 0.05, 0.5, 0.8)]
    grass = paint(0.6 * blades + 0.4 * tufts, greens)
    radius = max(1, height // 150)
    for _ in range(width * height // 2600):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        colour = hsv(*[(0.15, 0.5, 1.0), (0.9, 0.25, 1.0), (0.0, 0.02, 1.0)][int(rng.integers(3))])
        cv2.circle(grass, (x, y), radius, colour, -1, cv2.LINE_AA)
    return grass


def bricks(rng: np.random.Generator, shape: Shape) -> Texture:
    """A brick wall: courses shifted by half a brick, mortar, stains."""
    height = shape[0]
    rows, columns = positions(shape)
    tall = height / rng.uniform(9, 12)
    course = np.floor(rows / tall)
    along = columns / (2.3 * tall) + 0.5 * (course % 2)
    tone = rng.random((int(course.max()) + 1, int(along.max()) + 2), dtype=np.float32)
    field = tone[course.astype(int), np.floor(along).astype(int)]
    hue = rng.uniform(0.01, 0.08)
    wall = paint(field, [hsv(hue, 0.58, 0.46), hsv(hue + 0.015, 0.5, 0.66), hsv(hue + 0.03, 0.4, 0.74)])
    joint = np.minimum(rows % tall, (along % 1) * 2.3 * tall) < max(1.5, tall * 0.10)
    wall[joint] = hsv(0.1, 0.1, 0.72)
    rough = noise(rng, shape, cell=9, octaves=3) * 0.24 + noise(rng, shape, cell=height / 2) * 0.4
    return shade(wall, 0.68 + rough)


def planks(rng: np.random.Generator, shape: Shape) -> Texture:
    """A wooden floor: boards of their own tone with a grain along them."""
    height = shape[0]
    rows, columns = positions(shape)
    tall = height / rng.uniform(6, 8)
    board = np.floor(rows / tall).astype(int) + 0 * columns.astype(int)
    grain = noise(rng, shape, cell=26, octaves=4, stretch=(0.35, 5.0))
    tone = rng.uniform(0.2, 0.8, int(board.max()) + 1).astype(np.float32)[board]
    hue = rng.uniform(0.06, 0.10)
    browns = [hsv(hue, 0.62, 0.34), hsv(hue + 0.01, 0.52, 0.62), hsv(hue + 0.02, 0.4, 0.82)]
    wood = paint(0.55 * grain + 0.45 * tone, browns)
    gap = ((rows % tall) < max(1.2, tall * 0.035)) + np.zeros(shape, dtype=bool)
    wood[gap] = wood[gap] // 3
    return shade(wood, 0.85 + 0.3 * noise(rng, shape, cell=height / 1.5))


def dunes(rng: np.random.Generator, shape: Shape) -> Texture:
    """Sand in wind ripples, with pebbles."""
    height, width = shape
    rows, columns = positions(shape)
    swell = noise(rng, shape, cell=height / 1.6, octaves=3, stretch=(1, 1.6))
    ripple = np.sin((rows + 0.25 * columns) / height * 110 + 34 * swell)
    grain = noise(rng, shape, cell=5, octaves=2)
    yellows = [hsv(0.075, 0.55, 0.5), hsv(0.095, 0.45, 0.8), hsv(0.115, 0.3, 0.96)]
    sand = paint(0.45 * swell + 0.25 * (0.5 + 0.5 * ripple) + 0.3 * grain, yellows)
    for _ in range(width * height // 5200):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.integers(1, max(2, height // 70)))
        cv2.ellipse(sand, (x, y + 1), (size + 1, size), 0, 0, 360, hsv(0.07, 0.5, 0.35), -1, cv2.LINE_AA)
        cv2.ellipse(sand, (x, y), (size + 1, size), 0, 0, 360, hsv(0.07, 0.12, rng.uniform(0.45, 0.8)), -1, cv2.LINE_AA)
    return sand


BACKGROUNDS: tuple[Callable[[np.random.Generator, Shape], Texture], ...] = (
    seabed, hills, bricks, meadow, dunes, planks,
)  # fmt: skip
"""In the order videos take them in turn."""
