"""Short clips to learn from: simulated from one image, cut from a video, or rendered.

A clip is drawn from a random generator alone: its seed determines a run, whatever the number of workers.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.datasets.pictures import pictures
from vosbench.models.video import decode
from vosbench.types import Sequence
from vosbench_baselines.data.folders import VideoFolder, read_labels

SMALLEST = 32  # pixels an object must have on the first frame
UNLABELLED = 255  # everywhere on a frame without annotation


@dataclass(frozen=True, slots=True)
class Clip:
    """``images`` (T, H, W, 3) uint8 RGB and ``labels`` (T, H, W) uint8, objects numbered from 1 without gaps.

    The first frame is annotated; others may not be, their labels are all ``UNLABELLED``.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """What a clip must look like: frames, (H, W), the most objects, and whether frames may lack annotation."""

    frames: int
    size: tuple[int, int]
    objects: int
    unlabelled: bool = False


class ClipSource(Protocol):
    """Draws clips; ``max_gap`` is the most frames of the video between neighbours of a clip."""

    def draw(self, rng: np.random.Generator, shape: Shape, max_gap: int) -> Clip:
        """One clip; its first frame shows an object unless the source is hopeless."""


@dataclass(frozen=True)
class Stills:
    """Each frame of the clip is its own affine warp of one image (pre-training of Space-Time Memory, section 4.1)."""

    pairs: list[tuple[Path, Path]]
    binary: bool = False

    def draw(self, rng: np.random.Generator, shape: Shape, max_gap: int) -> Clip:
        """See :class:`ClipSource`; the gap means nothing here."""
        image_path, mask_path = self.pairs[rng.integers(len(self.pairs))]
        image, labels = decode(image_path), read_labels(mask_path, binary=self.binary)
        base = crop(rng, labels, shape.size)
        warps = [jitter(rng, shape.size) @ base for _ in range(shape.frames)]
        return warped([image] * shape.frames, [labels] * shape.frames, warps, shape.size)


@dataclass(frozen=True)
class Videos:
    """Frames of a video in order, or all in reverse, cropped alike."""

    folder: VideoFolder

    def draw(self, rng: np.random.Generator, shape: Shape, max_gap: int) -> Clip:
        """See :class:`ClipSource`."""
        sequences = self.folder.videos
        sequence = sequences[rng.integers(len(sequences))]
        files = pictures(sequence.images)
        stems = list(files) if shape.unlabelled else list(sequence.frames)
        indices = ordered_frames(rng, len(stems), shape.frames, max_gap)
        annotated = [i for i, stem in enumerate(stems) if stem in sequence.frames]
        shift = min((i - indices[0] for i in annotated), key=abs)  # a clip begins where there is a mask
        chosen = [stems[min(max(i + shift, 0), len(stems) - 1)] for i in indices]
        images = [decode(files[stem]) for stem in chosen]
        labels = [self._labels(sequence, stem) for stem in chosen]
        first = labels[0]
        assert first is not None
        warp = crop(rng, first, shape.size)
        filled = [first if found is None else found for found in labels]
        clip = warped(images, filled, [warp] * shape.frames, shape.size)
        clip.labels[[found is None for found in labels]] = UNLABELLED
        return clip

    def _labels(self, sequence: Sequence, stem: str) -> NDArray[np.uint8] | None:
        if stem not in sequence.frames:
            return None
        return self.folder.labels(sequence.name, stem)


@dataclass(frozen=True)
class Frames:
    """Frames of a video without masks, in order or all in reverse, cropped alike; all of them is object 1."""

    folders: list[list[Path]]

    def draw(self, rng: np.random.Generator, shape: Shape, max_gap: int) -> Clip:
        """See :class:`ClipSource`."""
        pictures = self.folders[rng.integers(len(self.folders))]
        indices = ordered_frames(rng, len(pictures), shape.frames, max_gap)
        images = [decode(pictures[i]) for i in indices]
        everything = np.ones(images[0].shape[:2], np.uint8)
        warp = crop(rng, everything, shape.size)
        return warped(images, [everything] * shape.frames, [warp] * shape.frames, shape.size)


def ordered_frames(rng: np.random.Generator, available: int, frames: int, max_gap: int) -> list[int]:
    """Indices of neighbours 1 to ``max_gap`` apart, in order or all reversed; short videos repeat frames."""
    longest = max(1, min(max_gap, (available - 1) // max(1, frames - 1)))
    steps = rng.integers(1, longest + 1, frames - 1)
    start = rng.integers(max(1, available - int(steps.sum())))
    indices = np.minimum(start + np.concatenate([[0], np.cumsum(steps)]), available - 1).astype(int).tolist()
    out: list[int] = indices[::-1] if rng.random() < 0.5 else indices
    return out


def crop(rng: np.random.Generator, labels: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.float64]:
    """A random crop, 3×3, from image to clip coordinates: covers the clip, around an object, mirrored half the time."""
    height, width = labels.shape
    cover = max(size[0] / height, size[1] / width)
    scale = cover * rng.uniform(1.0, 1.3)
    rows, columns = np.nonzero(labels)
    at = int(rng.integers(len(rows))) if len(rows) else 0
    centre = (columns[at], rows[at]) if len(rows) else (width / 2, height / 2)
    reach = size[1] / scale / 2, size[0] / scale / 2
    x = np.clip(centre[0] + rng.uniform(-0.3, 0.3) * reach[0], reach[0], max(reach[0], width - reach[0]))
    y = np.clip(centre[1] + rng.uniform(-0.3, 0.3) * reach[1], reach[1], max(reach[1], height - reach[1]))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    return np.array(
        [[mirror * scale, 0, size[1] / 2 - mirror * scale * x], [0, scale, size[0] / 2 - scale * y], [0, 0, 1]]
    )


def jitter(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float64]:
    """A random affine map about the clip's centre: turn ±20°, scale 0.8 to 1.25, shear ±10°, shift ±10 %."""
    turn, shear = np.deg2rad(rng.uniform(-20, 20)), np.deg2rad(rng.uniform(-10, 10))
    scale = np.exp(rng.uniform(np.log(0.8), np.log(1.25)))
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    linear = scale * rotation @ np.array([[1, np.tan(shear)], [0, 1]])
    centre = np.array([size[1] / 2, size[0] / 2])
    shift = rng.uniform(-0.1, 0.1, 2) * [size[1], size[0]]
    out = np.eye(3)
    out[:2, :2], out[:2, 2] = linear, centre - linear @ centre + shift
    return out


def warped(
    images: list[NDArray[np.uint8]],
    labels: list[NDArray[np.uint8]],
    warps: list[NDArray[np.float64]],
    size: tuple[int, int],
) -> Clip:
    """Apply a 3×3 affine map to each frame; pictures and labels are mirrored at their border."""
    target = size[1], size[0]
    pictures = [
        cv2.warpAffine(i, w[:2], target, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
        for i, w in zip(images, warps, strict=True)
    ]
    maps = [
        cv2.warpAffine(m, w[:2], target, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101)
        for m, w in zip(labels, warps, strict=True)
    ]
    return Clip(np.stack(pictures).astype(np.uint8), np.stack(maps).astype(np.uint8))


def choose_objects(rng: np.random.Generator, clip: Clip, most: int) -> Clip:
    """Keep at most ``most`` objects, of those large enough on the first frame, renumbered from 1 in random order."""
    counts = np.bincount(clip.labels[0].ravel(), minlength=256)
    there = np.flatnonzero(counts[1:] >= SMALLEST) + 1
    chosen = rng.permutation(there)[:most]
    lookup = np.zeros(256, np.uint8)
    lookup[chosen] = np.arange(1, len(chosen) + 1)
    lookup[UNLABELLED] = UNLABELLED
    return Clip(clip.images, lookup[clip.labels])
