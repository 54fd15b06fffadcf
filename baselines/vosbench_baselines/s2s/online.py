"""Online learning of the sequence-to-sequence family (section 4.2): pairs of frames made from one annotated frame.

Two random affine maps of the given frame and mask are a clip of two frames: the first is what the Initializer sees, the
second what is to be segmented. Initializer, Encoder and Decoder learn; the ConvLSTM is fixed, "as it models long-term
spatial-temporal dependency that should be independent of object categories".
"""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from vosbench_baselines.learning.online import repeatable
from vosbench_baselines.learning.outcome import region_similarity
from vosbench_baselines.s2s.losses import clip_loss
from vosbench_baselines.s2s.network import S2S, Online

Lesson = tuple[torch.Tensor, torch.Tensor]


def fine_tuned(network: S2S, lessons: list[Lesson], how: Online) -> tuple[S2S, list[float]]:
    """A copy of the network that has learnt from annotated frames; the network itself stays as it is.

    Args:
        network: in evaluation mode, and so stays its batch normalisation.
        lessons: pictures (3, H, W) in [0, 1] with masks (H, W) of one object; each step draws from all of them.
        how: the same seed gives the same copy.

    Returns:
        the copy, and the loss of each step.
    """
    with torch.inference_mode(False):
        rng = torch.Generator().manual_seed(how.seed)
        images, masks = (torch.stack(parts).clone() for parts in zip(*lessons, strict=True))
        learner = copy.deepcopy(network).requires_grad_(True)
        learner.lstm.requires_grad_(False)
        learnt = [parameter for parameter in learner.parameters() if parameter.requires_grad]
        optimiser = torch.optim.Adam(learnt, lr=how.learning_rate)
        losses: list[float] = []
        with torch.enable_grad(), repeatable():
            for step in range(how.steps):
                drawn = torch.randint(len(images), (how.batch,), generator=rng)
                pairs = [random_affine(images[drawn], masks[drawn], how, rng) for _ in range(2)]
                clips, truth = (torch.stack(parts, dim=1) for parts in zip(*pairs, strict=True))
                with torch.autocast(clips.device.type, torch.bfloat16, enabled=clips.device.type == "cuda"):
                    loss = clip_loss(learner(clips, truth[:, :1]), truth[:, 1:], balance=1 - step / how.steps)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                nn.utils.clip_grad_norm_(learnt, 1.0)
                optimiser.step()
                losses.append(float(loss.detach()))
        return learner.requires_grad_(False), losses


@torch.inference_mode()
def learnt_j(network: S2S, lessons: list[Lesson]) -> float:
    """The mean J of the answers on the learnt frames, each as the frame after itself."""
    images, masks = (torch.stack(parts) for parts in zip(*lessons, strict=True))
    with torch.autocast(images.device.type, torch.bfloat16, enabled=images.device.type == "cuda"):
        logits = network(torch.stack([images, images], dim=1), masks[:, None].float())[:, 0]
    found = zip(torch.sigmoid(logits.float()).cpu().numpy(), masks.cpu().numpy(), strict=True)
    return float(np.mean([region_similarity(answer, truth) for answer, truth in found]))


def random_affine(
    images: torch.Tensor, masks: torch.Tensor, how: Online, rng: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Each picture and its mask turned, scaled, shifted and mirrored at random.

    Args:
        images: (B, 3, H, W); what comes from outside is mirrored at the border.
        masks: (B, H, W); what comes from outside is mirrored with the picture.
        how: the ranges.
        rng: on the CPU, so that all devices see the same pairs.

    Returns:
        (B, 3, H, W), and (B, H, W) of 0 and 1.
    """
    batch, height, width = masks.shape

    def uniform(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(batch, generator=rng)

    turn = torch.deg2rad(uniform(-how.turn, how.turn))
    scale = torch.exp(uniform(-math.log(how.scale), math.log(how.scale)))
    mirror = torch.where(torch.rand(batch, generator=rng) < 0.5, -1.0, 1.0)
    x, y = uniform(-how.shift, how.shift), uniform(-how.shift, how.shift)
    # In the coordinates of affine_grid both sides are 2 long: a turn has to know the picture's shape.
    cos, sin, aspect = torch.cos(turn) / scale, torch.sin(turn) / scale, height / width
    rows = [torch.stack([mirror * cos, -sin * aspect, 2 * x], 1), torch.stack([mirror * sin / aspect, cos, 2 * y], 1)]
    theta = torch.stack(rows, dim=1).to(images.device)
    grid = F.affine_grid(theta, [batch, 3, height, width], align_corners=False)
    pictures = F.grid_sample(images, grid, padding_mode="reflection", align_corners=False)
    maps = F.grid_sample(masks[:, None].float(), grid, padding_mode="reflection", align_corners=False)[:, 0]
    return pictures, (maps > 0.5).float()
