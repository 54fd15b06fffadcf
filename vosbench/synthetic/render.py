"""Draw a staged scene, frame by frame: a panned background, and objects with skin, shading and a shadow."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.synthetic.backgrounds import BACKGROUNDS
from vosbench.synthetic.scene import Actor, Scene
from vosbench.synthetic.shapes import CATEGORIES
from vosbench.synthetic.staging import Staged, annotation, silhouette, stage
from vosbench.synthetic.textures import Shape, Texture, hsv, noise, paint

REACH = 1.3  # the skin covers this many radii around the centre
LIGHT = (-0.5, -0.8)  # direction the light comes from, x and y
GRAIN = 2.2  # standard deviation of the sensor noise, in grey levels


def render_sequence(
    seed: int | tuple[int, ...] = 0, *, shape: Shape = (240, 432), frames: int = 24,
    categories: tuple[str, ...] = ("fish", "turtle", "ball"), all_at_start: bool = False,
) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:  # fmt: skip
    """Draw one video, frame by frame: the RGB image, uint8 of shape (height, width, 3), and its label map, uint8.

    There is one object for each of ``categories`` (names in ``CATEGORIES``), numbered from 1. The same arguments give
    the same pixels. See ``stage`` for what happens in a video; it raises UsageError where there is no room for it.

    >>> image, labels = next(render_sequence(7, frames=2))
    >>> image.shape, labels.shape, int(labels.max())
    ((240, 432, 3), (240, 432), 3)
    """
    staged = stage(seed, shape=shape, frames=frames, categories=categories, all_at_start=all_at_start)
    yield from render(staged)


def render(staged: Staged) -> Iterator[tuple[NDArray[np.uint8], NDArray[np.uint8]]]:
    """Draw a staged scene: image and label map of each frame, in order."""
    scene = staged.scene
    rng = np.random.default_rng(scene.seed)
    canvas = BACKGROUNDS[scene.background](rng, scene.canvas)
    skins = {actor.id: paint_skin(actor) for actor in scene.actors}
    height, width = scene.shape
    grain = (rng.standard_normal((height + 64, width + 64, 1)) * GRAIN).round().astype(np.int16)
    for frame in range(scene.frames):
        image = view(scene, canvas, frame)
        for actor in scene.actors:
            draw(image, actor, skins[actor.id], frame, scene.frames)
        dy, dx = rng.integers(0, 64, 2)
        image = np.clip(image + grain[dy : dy + height, dx : dx + width], 0, 255).astype(np.uint8)
        yield image, annotation(staged, frame)


def view(scene: Scene, canvas: Texture, frame: int) -> Texture:
    """What the camera sees of the background on a frame; its pan starts and stops gently, the light drifts a little."""
    u = frame / max(1, scene.frames - 1)
    ease = 0.5 * u + 0.5 * u * u * (3 - 2 * u)
    x, y = (a + (b - a) * ease for a, b in zip(*scene.pan, strict=True))
    height, width = scene.shape
    window = cv2.warpAffine(
        canvas, np.array([[1, 0, x], [0, 1, y]]), (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    return np.asarray(cv2.convertScaleAbs(window, alpha=1 + 0.05 * np.sin(2 * np.pi * u)), dtype=np.uint8)


def paint_skin(actor: Actor) -> Texture:
    """The object's texture in its own coordinates: a square around its centre, its marks painted on."""
    rng = np.random.default_rng(actor.seed)
    category = CATEGORIES[actor.category]
    size = int(2 * REACH * actor.radius * 1.2)
    field = 0.85 * category.pattern(rng, (size, size)) + 0.15 * noise(rng, (size, size), cell=size / 8)
    other = actor.hue + rng.choice([0.08, 0.14, 0.5])
    colours = [hsv(actor.hue, 0.78, 0.62), hsv(actor.hue, 0.66, 0.86), hsv(other, 0.38, 0.98)]
    skin = paint(field, colours)
    for x, y, radius, colour in category.marks:
        middle = [round((v / REACH + 1) / 2 * size * 16) for v in (x, y)]
        cv2.circle(skin, middle, round(radius / REACH / 2 * size * 16), colour, -1, cv2.LINE_AA, 4)
    return skin


def draw(image: Texture, actor: Actor, skin: Texture, frame: int, frames: int) -> None:
    """Draw one object onto the image, in place: its shadow, then its skin in the light."""
    outline = actor.outline(frame, frames)
    pose = actor.pose(frame, frames)
    margin = 0.5 * pose.radius
    x0, y0 = np.floor(outline.min(axis=0) - margin).astype(int)
    x1, y1 = np.ceil(outline.max(axis=0) + margin).astype(int)
    top, bottom, left, right = max(y0, 0), min(y1, image.shape[0]), max(x0, 0), min(x1, image.shape[1])
    if top >= bottom or left >= right:
        return
    alpha = silhouette(outline - (x0, y0), (int(y1 - y0), int(x1 - x0)))
    size = skin.shape[0]
    to_skin = np.array([[size / 2 / REACH, 0, size / 2], [0, size / 2 / REACH, size / 2], [0, 0, 1]])
    to_window = np.vstack([pose.matrix(), [0, 0, 1]])
    to_window[:2, 2] -= (x0, y0)
    matrix = (to_window @ np.linalg.inv(to_skin))[:2]
    patch = cv2.warpAffine(skin, matrix, alpha.shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    lit = patch * bulge(alpha, pose.radius)[..., None]
    cover = alpha.astype(np.float32)[..., None] / 255
    dark = 1 - 0.42 * shadow(alpha, pose.radius)[..., None]
    crop = slice(top - y0, bottom - y0), slice(left - x0, right - x0)
    under = image[top:bottom, left:right] * dark[crop]
    image[top:bottom, left:right] = np.clip(under + (lit[crop] - under) * cover[crop], 0, 255)


def shadow(alpha: NDArray[np.uint8], radius: float) -> NDArray[np.float32]:
    """The object's soft shadow, 0 to 1: its coverage, moved away from the light and blurred."""
    shift = np.array([[1, 0, -LIGHT[0] * 0.16 * radius], [0, 1, -LIGHT[1] * 0.16 * radius]])
    moved = cv2.warpAffine(alpha.astype(np.float32) / 255, shift, alpha.shape[::-1])
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), max(0.5, 0.09 * radius)), dtype=np.float32)


def bulge(alpha: NDArray[np.uint8], radius: float) -> NDArray[np.float32]:
    """The light on an object blown up like a cushion: a gain of about 0.5 to 1.3 at each pixel."""
    depth = cv2.distanceTransform((alpha >= 128).astype(np.uint8), cv2.DIST_L2, 3)
    near = np.clip(depth / np.float32(max(1.0, 0.5 * radius)), 0, 1)
    height = cv2.GaussianBlur(np.sqrt(1 - (1 - near) ** 2), (0, 0), max(0.6, 0.07 * radius))
    slope_x, slope_y = (cv2.Sobel(height, cv2.CV_32F, dx, 1 - dx, ksize=3) * radius / 8 for dx in (1, 0))
    facing = slope_x * -LIGHT[0] + slope_y * -LIGHT[1]
    return np.asarray(np.clip(0.80 + 0.26 * height + 0.20 * facing, 0.4, 1.4), dtype=np.float32)
