"""What STM-XS learns from: MaskTrack-lite's samples, each with two memories, the given frame and the frame before."""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench_baselines.squares.following import MARGIN
from vosbench_baselines.squares.network import SIDE
from vosbench_baselines.squares.samples import Dreams, Sample, jittered, lit, roughened, sample
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.flow import Flow, carry
from vosbench_baselines.video.roi import Square, cut, square_around

RESTART = 0.5  # the share of frames whose mask before is the true one, as if it had been found
WORSE = 0.5  # the share of memories of the frame before whose mask is made worse, as if it had been found


class Batch(NamedTuple):
    """Inputs (B, 5, S, S), memories (B, 2, 4, S, S), RGB and mask, and targets (B, 1, S, S); float32."""

    inputs: torch.Tensor
    memories: torch.Tensor
    targets: torch.Tensor


@dataclass(frozen=True, slots=True)
class Remembered:
    """A sample and its memories (2, 4, S, S)."""

    sample: Sample
    memories: NDArray[np.float32]


def memory(image: Image, mask: NDArray[np.float32], square: Square) -> NDArray[np.float32]:
    """A square of a frame and of its mask, (4, S, S) in [0, 1]."""
    out = np.empty((4, SIDE, SIDE), np.float32)
    out[:3] = cut(image, square, SIDE).transpose(2, 0, 1) / np.float32(255)
    out[3] = cut(mask, square, SIDE, outside=cv2.BORDER_CONSTANT)
    return out


def batch(drawn: list[Remembered], device: torch.device) -> Batch:
    """Samples of equal size, put together."""
    x = torch.from_numpy(np.stack([one.sample.inputs for one in drawn])).to(device)
    memories = torch.from_numpy(np.stack([one.memories for one in drawn])).to(device)
    y = torch.from_numpy(np.stack([one.sample.target for one in drawn])[:, None]).to(device)
    return Batch(x.contiguous(memory_format=torch.channels_last), memories, y)


def clip_samples(rng: np.random.Generator, images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> list[Remembered]:
    """One for each frame after the first of a clip, (T, H, W, 3) and (T, H, W), and one of its objects.

    The mask before a frame is the true one or what flow made of an earlier one.
    """
    there = np.unique(labels[0][labels[0] > 0])
    if not len(there):
        return []
    masks = (labels == rng.choice(there)).astype(np.float32)
    colours, flow, rough = Colours(images[0], masks[0]), Flow(), masks[0]
    found = []
    for t in range(1, len(images)):
        before = masks[t - 1] if masks[t - 1].any() and rng.random() < RESTART else rough
        rough = carry(before, flow.look_up(images[t], images[t - 1]))
        if masks[t].any():
            query = sample(rng, images[t], rough, masks[t], colours)
            latest = t - 1 if masks[t - 1].any() else 0
            memories = [_recalled(rng, images[i], masks[i], worse=i > 0) for i in (0, latest)]
            found.append(Remembered(query, np.stack(memories)))
    return found


def dreamt(rng: np.random.Generator, dreams: Dreams, count: int) -> list[Remembered]:
    """So many samples of one annotated frame: it is the first memory, a dreamt neighbour the second."""
    found: list[Remembered] = []
    while len(found) < count:
        one, other = dreams.pair(rng)
        given = dreams.given()
        for before, after in ((one, other), (other, one)):
            query = sample(rng, after.image, before.mask, after.mask, dreams.colours)
            memories = [_recalled(rng, *given, worse=False), _recalled(rng, before.image, before.mask, worse=True)]
            found.append(Remembered(query, np.stack(memories)))
    return found[:count]


def _recalled(rng: np.random.Generator, image: Image, mask: NDArray[np.float32], *, worse: bool) -> NDArray[np.float32]:
    """A memory as a session might hold it: another square, other light, sometimes another mask, mirrored or not."""
    square = square_around(mask, MARGIN)
    assert square is not None, "the mask shows the object"
    out = memory(image, mask, jittered(rng, square, 0.06))
    out[:3] = lit(rng, out[:3])
    if worse and rng.random() < WORSE:
        out[3] = roughened(rng, out[3])
    return np.ascontiguousarray(out[:, :, ::-1]) if rng.random() < 0.5 else out
