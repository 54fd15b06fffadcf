"""Online training of STCNN (section 3.3): the spatial branch learns one object from the frame its mask is given on.

Lucid dreams of that frame, batch 1, gradient descent; the temporal branch stays as it is.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from vosbench.models.interface import Image
from vosbench_baselines.learning.online import Schedule, learn_online
from vosbench_baselines.learning.outcome import region_similarity
from vosbench_baselines.stcnn.losses import segmentation_loss
from vosbench_baselines.stcnn.network import STCNN, Features, SpatialBranch
from vosbench_baselines.video.lucid import Scene, lucid_pair

Lesson = tuple[torch.Tensor, Features | None, torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How a video is segmented. The defaults are the paper's, and the authors' code's where the paper is silent.

    ``iterations`` of online training, 0 for none; ``clip_gradient`` to that length, where small networks learn fast.
    ``lucid`` off (Table 3): the frame itself, or its mirror image.

    What the authors' code does otherwise, ``RELEASED`` all together: ``final_loss``, coarse predictions do not count
    online; ``still_dreams``, the frames before a dream are the dream itself, not the dream before it;
    ``current_frame``, while there are fewer than delta frames before, the current one is the last of them, where the
    paper repeats the first; ``frame_statistics``, batch normalisation of the temporal branch goes by each frame's own
    mean and variance; ``gate``, nothing is found far from where the object was on the frame before.
    """

    iterations: int = 400
    learning_rate: float = 1e-4
    momentum: float = 0.9
    weight_decay: float = 5e-4
    clip_gradient: float = math.inf
    lucid: bool = True
    seed: int = 0
    final_loss: bool = False
    still_dreams: bool = False
    current_frame: bool = False
    frame_statistics: bool = False
    gate: bool = False


RELEASED = Ways(
    iterations=600,
    final_loss=True,
    still_dreams=True,
    current_frame=True,
    frame_statistics=True,
    gate=True,
)


def ways(architecture: str, **changes: Any) -> Ways:
    """The ways of a member of the family, with changes; the tiny one learns at a larger rate, for fewer iterations."""
    found = RELEASED if architecture.startswith("stcnn-released") else Ways()
    if architecture.startswith("stcnn-tiny"):
        found = replace(found, iterations=100, learning_rate=1e-2, clip_gradient=1.0)
    return replace(found, **changes)


def pixels(image: Image, device: torch.device) -> torch.Tensor:
    """(h, w, 3) uint8 to (3, h, w) in [0, 1]."""
    return torch.from_numpy(image.copy()).to(device).permute(2, 0, 1).float().div_(255)


def fine_tuned(network: STCNN, scenes: Sequence[Scene], how: Ways) -> tuple[SpatialBranch, list[float]]:
    """A copy of the spatial branch that has learnt an object; ``network`` itself stays as it is.

    Args:
        network: in evaluation mode, and so stays the batch normalisation of the copy: its batch is one picture.
        scenes: the frames the object is given on, the object being label 1.
        how: the same seed gives the same copy.

    Returns:
        the copy, and the loss of each step.
    """
    device = next(network.parameters()).device

    def draw(rng: np.random.Generator) -> Lesson:
        parts = scenes[int(rng.integers(len(scenes)))]
        previous, image, labels = _dream(rng, parts) if how.lucid else _mirrored(rng, parts)
        frame = pixels(image, device)[None]
        before = frame if how.still_dreams else pixels(previous, device)[None]
        maps = None
        if network.temporal is not None:
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                maps = network.temporal(before[:, None].expand(-1, network.size.delta, -1, -1, -1))[1]
        return frame, maps, torch.from_numpy(labels > 0)[None].to(device)

    def loss(branch: SpatialBranch, lesson: Lesson) -> torch.Tensor:
        frame, maps, mask = lesson
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = branch(frame, maps)
        return segmentation_loss(logits, mask, side=0.0 if how.final_loss else 1.0)

    schedule = Schedule(
        steps=how.iterations,
        learning_rate=how.learning_rate,
        momentum=how.momentum,
        weight_decay=how.weight_decay,
        clip_gradient=how.clip_gradient,
        freeze_batch_norm=True,
    )
    return learn_online(network.spatial, draw, loss, schedule, seed=how.seed)


@torch.inference_mode()
def learnt_j(network: STCNN, branch: SpatialBranch, parts: Scene) -> float:
    """J of a branch's answer on the latest frame it has learnt, which stands for the frames before it, too."""
    frame = pixels(parts.image, next(branch.parameters()).device)[None]
    with torch.autocast(frame.device.type, torch.bfloat16, enabled=frame.device.type == "cuda"):
        maps = None
        if network.temporal is not None:
            maps = network.temporal(frame[:, None].expand(-1, network.size.delta, -1, -1, -1))[1]
        logits = branch(frame, maps)[-1]
    return region_similarity(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), _labels(parts))


def _dream(rng: np.random.Generator, parts: Scene) -> tuple[Image, Image, np.ndarray]:
    pair = lucid_pair(rng, parts)
    return pair.previous_image, pair.image, pair.labels


def _mirrored(rng: np.random.Generator, parts: Scene) -> tuple[Image, Image, np.ndarray]:
    labels = _labels(parts)
    side = slice(None, None, -1) if rng.random() < 0.5 else slice(None)
    return parts.image[:, side], parts.image[:, side], labels[:, side].copy()


def _labels(parts: Scene) -> np.ndarray:
    """The mask (H, W) of object 1, 0 or 1."""
    opacity = parts.opacities.get(1, np.zeros(parts.image.shape[:2], np.float32))
    return (opacity > 0.5).astype(np.uint8)
