"""Online learning of a Space-Time Memory network: clips dreamt out of the first annotated frame.

A clip is that frame, then two lucid dreams of it that are neighbours of each other: the memory holds the true frame, as
it does in testing, and the last frame also has a previous one to be guided by.
"""

import numpy as np
import torch
from torch import nn

from vosbench.adapters import Image
from vosbench_baselines.lucid import Scene, lucid_pair
from vosbench_baselines.online import Schedule, learn_online
from vosbench_baselines.stm import STM
from vosbench_baselines.training.clips import Clip, choose_objects, crop, warped
from vosbench_baselines.training.unroll import clip_loss, region_loss, unroll

SCHEDULE = Schedule(steps=60, learning_rate=5e-4)
BATCH = 4
SIZE = (192, 192)
ZOOM = 2.0
REGION = 0.5  # what the region loss weighs beside the cross-entropy
SEED = 0
ATTEMPTS = 20


def learn_video(network: STM, parts: Scene, labels: np.ndarray, schedule: Schedule = SCHEDULE) -> STM:
    """A copy of the network that has learnt from one annotated frame, ``labels`` (H, W) uint8; equal bits each time."""

    def draw(rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        clips = [dreamt_clip(rng, parts, labels) for _ in range(BATCH)]
        images = torch.from_numpy(np.stack([clip.images for clip in clips])).permute(0, 1, 4, 2, 3)
        return images.to(device).float().div_(255), torch.from_numpy(np.stack([clip.labels for clip in clips])).to(
            device
        )

    device = next(network.parameters()).device
    learner, _ = learn_online(network, draw, _loss, schedule, seed=SEED)
    return learner


def dreamt_clip(rng: np.random.Generator, parts: Scene, labels: np.ndarray) -> Clip:
    """Three frames of ``SIZE``, cropped alike, with one of the objects; see the module."""
    for _ in range(ATTEMPTS):
        pair = lucid_pair(rng, parts)
        warp = crop(rng, labels, SIZE, ZOOM)
        images: list[Image] = [parts.image, pair.previous_image, pair.image]
        maps = [labels, pair.previous_labels, pair.labels]
        clip = choose_objects(rng, warped(images, maps, [warp] * 3, SIZE), 1)
        if clip.labels[0].any():
            break
    return clip


def _loss(network: STM, drawn: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()  # one frame's statistics are not a video's
    images, labels = drawn
    logits = unroll(network, images, labels, 1, inferred=True)
    return clip_loss(logits, labels) + REGION * region_loss(logits, labels)
