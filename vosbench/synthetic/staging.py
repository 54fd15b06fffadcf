"""Plan scenes until one has every event that its roles require, and find when each object is visible.

An object is *annotated* from the first frame that shows at least a quarter of its silhouette up to the last frame that
shows any of it, with the frames between them on which it is hidden; a sliver before that is left unlabelled, as an
annotator would.
"""

from dataclasses import dataclass
from itertools import cycle, islice

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.errors import UsageError
from vosbench.synthetic.backgrounds import BACKGROUNDS
from vosbench.synthetic.scene import ROLES, Scene, plan_scene
from vosbench.synthetic.shapes import CATEGORIES, Outline
from vosbench.synthetic.textures import Shape

ATTEMPTS = 60
SHOWN = 0.25  # the share of the silhouette that makes a first mask
SUBPIXEL = 4  # bits after the binary point of polygon corners


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A scene and, for each actor's id, the first and last frame on which it is annotated."""

    scene: Scene
    annotated: dict[int, tuple[int, int]]


def stage(
    seed: int | tuple[int, ...], *, shape: Shape, frames: int, categories: tuple[str, ...], all_at_start: bool = False
) -> Staged:
    """Plan a scene in which every event that its roles require happens.

    The first object stays. With three objects or more the second stays too, and one covers the other at some time; the
    others take turns with late entry, return, the border and early leave, starting at a place the seed chooses. With
    ``all_at_start`` every object is visible on the first frame. Videos under 10 frames have residents only.

    Raises UsageError for an unknown category, or if that many objects do not find room.
    """
    unknown = sorted(set(categories) - set(CATEGORIES))
    if unknown or not categories:
        raise UsageError(f"unknown categories {unknown}", fix=f"name at least one of {', '.join(CATEGORIES)}")
    key = (seed,) if isinstance(seed, int) else seed
    for attempt in range(ATTEMPTS):
        rng = np.random.default_rng((*key, attempt))
        roles = _roles(key[-1], len(categories), frames, all_at_start)
        scene = plan_scene(
            rng, shape=shape, frames=frames, categories=categories, roles=roles, background=key[-1] % len(BACKGROUNDS)
        )
        staged = _accept(scene, all_at_start)
        if staged is not None:
            return staged
    raise UsageError(
        f"no room for {len(categories)} objects in {frames} frames of {shape[1]}x{shape[0]}",
        fix="ask for fewer objects or larger frames",
    )


def _roles(offset: int, n: int, frames: int, all_at_start: bool) -> tuple[str, ...]:
    residents = n if frames < 10 else min(n, 1 if n < 3 else 2)
    events = [role for role in ROLES if not (all_at_start and role == "late")]
    first = offset % len(events)
    return ("resident",) * residents + tuple(islice(cycle(events), first, first + n - residents))


def silhouette(outline: Outline, shape: Shape) -> NDArray[np.uint8]:
    """The inside of an outline (pixels, x first) as coverage, 0 to 255, with a smooth edge."""
    alpha = np.zeros(shape, dtype=np.uint8)
    corners = np.round(outline * 2**SUBPIXEL).astype(np.int32)
    cv2.fillPoly(alpha, [corners], 255, cv2.LINE_AA, SUBPIXEL)
    return alpha


def visible_labels(scene: Scene, frame: int) -> NDArray[np.uint8]:
    """Which object is in front at each pixel: its id, 0 for background; slivers included."""
    labels = np.zeros(scene.shape, dtype=np.uint8)
    for actor in scene.actors:
        labels[silhouette(actor.outline(frame, scene.frames), scene.shape) >= 128] = actor.id
    return labels


def annotation(staged: Staged, frame: int) -> NDArray[np.uint8]:
    """The label map of one frame, uint8: what is visible, without objects that are not annotated yet."""
    labels = visible_labels(staged.scene, frame)
    for label, (first, _) in staged.annotated.items():
        if frame < first:
            labels[labels == label] = 0
    return labels


def visibility(scene: Scene) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Visible pixels, and the area of the whole silhouette, for each frame and id: both of shape (frames, n + 1)."""
    n = len(scene.actors)
    pixels = np.zeros((scene.frames, n + 1), dtype=np.int64)
    area = np.ones((scene.frames, n + 1))
    for frame in range(scene.frames):
        pixels[frame] = np.bincount(visible_labels(scene, frame).ravel(), minlength=n + 1)
        for actor in scene.actors:
            area[frame, actor.id] = abs(cv2.contourArea(actor.outline(frame, scene.frames).astype(np.float32)))
    return pixels, area


def _accept(scene: Scene, all_at_start: bool) -> Staged | None:
    """The scene with its annotated ranges, or None if a required event does not happen."""
    pixels, area = visibility(scene)
    shown = np.asarray(pixels >= SHOWN * area)
    if not shown.any(axis=0).all() or not (shown[0].all() if all_at_start else shown[0, 1]):
        return None
    annotated = {}
    for actor in scene.actors:
        first = int(shown[:, actor.id].argmax())
        seen = pixels[:, actor.id] > 0
        last = int(seen.nonzero()[0][-1])
        hidden = int((~seen[first:last]).sum())
        kept = {
            "late": first > 0,
            "returning": first == 0 and hidden > 0,
            "leaving": first == 0 and last < scene.frames - 1,
        }.get(actor.role, first == 0 and last == scene.frames - 1)
        if not kept:
            return None
        annotated[actor.id] = (first, last)
    if len(scene.actors) > 2 and scene.frames >= 10 and not (pixels < 0.8 * area)[:, 1:3].any():
        return None
    return Staged(scene=scene, annotated=dict(sorted(annotated.items())))
