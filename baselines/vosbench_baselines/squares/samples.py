"""What MaskTrack-lite learns from: squares of a frame with a rough mask, out of clips (offline) or of lucid dreams.

A rough mask is what flow makes of an earlier one; on top of that it is displaced, bent, grown, shrunk and cut at
random, and sometimes blank, so that the network learns to find the object again by its looks.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench_baselines.learning.outcome import Unlearnable
from vosbench_baselines.squares.following import MARGIN
from vosbench_baselines.squares.network import INPUTS, SIDE
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.flow import Flow, carry
from vosbench_baselines.video.lucid import Scene, lucid_pair, scene
from vosbench_baselines.video.roi import Square, cut, square_around

BLANK = 0.1  # the share of samples without a rough mask
CONTEXT = 1.6  # the side of what lucid dreams show, in sides of the square
ATTEMPTS = 50  # pairs of lucid dreams drawn until one shows the object
Batch = tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True, slots=True)
class Sample:
    """Inputs (5, S, S) and target (S, S), float32."""

    inputs: NDArray[np.float32]
    target: NDArray[np.float32]


def inputs(image: Image, rough: NDArray[np.float32], colours: Colours, square: Square) -> NDArray[np.float32]:
    """The network's inputs (5, S, S) in [0, 1] for a square of a frame."""
    picture = cut(image, square, SIDE)
    mask = cut(rough, square, SIDE, outside=cv2.BORDER_CONSTANT)
    out = np.empty((INPUTS, SIDE, SIDE), np.float32)
    out[:3] = picture.transpose(2, 0, 1) / np.float32(255)
    out[3], out[4] = mask, colours.posterior(picture)
    return out


def batch(samples: list[Sample], device: torch.device) -> Batch:
    """Inputs (B, 5, S, S) and targets (B, 1, S, S)."""
    x = torch.from_numpy(np.stack([sample.inputs for sample in samples])).to(device)
    y = torch.from_numpy(np.stack([sample.target for sample in samples])[:, None]).to(device)
    return x.contiguous(memory_format=torch.channels_last), y


def clip_samples(rng: np.random.Generator, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> list[Sample]:
    """One sample for each frame after the first of a clip, (T, H, W, 3) and (T, H, W), and one of its objects.

    The first frame's mask is carried along the flow from frame to frame, so later samples are rougher.
    """
    there = np.unique(labels[0][labels[0] > 0])
    if not len(there):
        return []
    chosen = rng.choice(there)
    masks = (labels == chosen).astype(np.float32)
    colours, flow, rough = Colours(images[0], masks[0]), Flow(), masks[0]
    found = []
    for t in range(1, len(images)):
        rough = carry(rough, flow.look_up(images[t], images[t - 1]))
        if masks[t].any():
            found.append(sample(rng, images[t], rough, masks[t], colours))
    return found


class Dreamt(NamedTuple):
    """A dreamt frame (H, W, 3) and its mask (H, W), 0 or 1."""

    image: Image
    mask: NDArray[np.float32]


class Dreams:
    """Samples out of one annotated frame, near the object."""

    def __init__(self, image: Image, mask: NDArray[np.float32], colours: Colours) -> None:
        self.colours = colours
        square = square_around(mask, MARGIN)
        self.parts: Scene | None = None
        if square is not None:
            wide = square._replace(side=CONTEXT * square.side)
            size = round(CONTEXT * SIDE)
            near = cut(mask, wide, size, outside=cv2.BORDER_CONSTANT)
            if (near > 0.5).any():  # else the object is too thin for the size at which it is learnt
                self.parts = scene(cut(image, wide, size), (near > 0.5).astype(np.uint8))

    def given(self) -> tuple[Image, NDArray[np.float32]]:
        """The annotated frame and its mask, as far as dreams show them; there is one where :meth:`pair` gives any."""
        assert self.parts is not None
        return self.parts.image, (self.parts.opacities[1] > 0.5).astype(np.float32)

    def pair(self, rng: np.random.Generator) -> tuple[Dreamt, Dreamt]:
        """Two neighbouring frames that show the object.

        Raises:
            Unlearnable: the mask is empty, too thin, or out of sight in all of :data:`ATTEMPTS` pairs.
        """
        if self.parts is None:
            raise Unlearnable("its mask is empty, or too thin or too scattered to be seen in a square of the network")
        for _ in range(ATTEMPTS):
            drawn = lucid_pair(rng, self.parts)
            if drawn.previous_labels.any() and drawn.labels.any():  # else the object was moved out of sight
                before = Dreamt(drawn.previous_image, drawn.previous_labels.astype(np.float32))
                return before, Dreamt(drawn.image, drawn.labels.astype(np.float32))
        raise Unlearnable(f"its mask is so small that it is out of sight in {ATTEMPTS} pairs of dreamt frames")

    def draw(self, rng: np.random.Generator, count: int) -> list[Sample]:
        """So many samples. A pair of dreamt frames gives two, each frame's mask being the rough one of the other."""
        found: list[Sample] = []
        while len(found) < count:
            before, after = self.pair(rng)
            found.append(sample(rng, after.image, before.mask, after.mask, self.colours))
            found.append(sample(rng, before.image, after.mask, before.mask, self.colours))
        return found[:count]


def sample(
    rng: np.random.Generator,
    image: Image,
    rough: NDArray[np.float32],
    target: NDArray[np.float32],
    colours: Colours,
) -> Sample:
    """A square of a frame around the rough mask, jittered; mirrored half the time."""
    blank = rng.random() < BLANK
    square = square_around(target if blank else rough, MARGIN) or square_around(target, MARGIN)
    assert square is not None, "the target shows the object"
    square = jittered(rng, square, 0.25 if blank else 0.06)
    seen = inputs(image, rough, colours, square)
    seen[:3] = lit(rng, seen[:3])
    seen[3] = 0 if blank else roughened(rng, seen[3])
    exact = cut(target, square, SIDE, outside=cv2.BORDER_CONSTANT) > 0.5
    if rng.random() < 0.5:
        seen, exact = seen[:, :, ::-1], exact[:, ::-1]
    return Sample(np.ascontiguousarray(seen), np.ascontiguousarray(exact, np.float32))


def jittered(rng: np.random.Generator, square: Square, reach: float) -> Square:
    """Another square nearby: moved by up to ``reach`` of its side, a fifth larger or smaller."""
    x, y = rng.uniform(-reach * square.side, reach * square.side, 2)
    return Square(square.x + x, square.y + y, square.side * float(np.exp(rng.uniform(-0.2, 0.2))))


def lit(rng: np.random.Generator, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """(3, H, W) in [0, 1] in another light."""
    return np.clip((picture - 0.5) * rng.uniform(0.85, 1.15) + 0.5 + rng.uniform(-0.08, 0.08, (3, 1, 1)), 0, 1)


def roughened(rng: np.random.Generator, mask: NDArray[np.float32]) -> NDArray[np.float32]:
    """A worse mask (S, S): displaced and bent, grown or shrunk, a bite taken out, softened; each now and then."""
    size = len(mask)
    if rng.random() < 0.6:
        bend = (rng.standard_normal((5, 5, 2)) * 0.02 + rng.uniform(-0.04, 0.04, 2)) * size
        mask = carry(mask, np.asarray(cv2.resize(bend.astype(np.float32), (size, size), interpolation=cv2.INTER_CUBIC)))
    if rng.random() < 0.4:
        brush = np.ones((int(rng.integers(3, 13)),) * 2, np.uint8)
        mask = np.asarray((cv2.dilate if rng.random() < 0.5 else cv2.erode)(mask, brush), np.float32)
    if rng.random() < 0.3:  # something was lost, or something strange found
        centre, axes = rng.uniform(0.25, 0.75, 2) * size, rng.uniform(0.04, 0.2, 2) * size
        bite = np.zeros_like(mask)
        cv2.ellipse(bite, (tuple(centre), tuple(2 * axes), float(rng.uniform(0, 180))), 1.0, -1)
        mask = np.maximum(mask, bite) if rng.random() < 0.4 else mask * (1 - bite)
    if rng.random() < 0.5:
        mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 4))), np.float32)
    return np.clip(mask, 0, 1)
