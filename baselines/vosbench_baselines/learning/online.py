"""Online learning: a few gradient steps on the annotated frame of the video at hand, the same for the same seed."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)
Batch = TypeVar("Batch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """How long and how fast: Adam's rate rises for a tenth of the steps, and falls to a tenth along half a cosine.

    With a ``momentum`` it is gradient descent at a constant rate instead. ``freeze_batch_norm``: its statistics stay
    those of the network, for batches too small to have any.
    """

    steps: int
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    clip_gradient: float = 5.0
    momentum: float | None = None
    freeze_batch_norm: bool = False


def learn_online(
    network: Network,
    draw: Callable[[np.random.Generator], Batch],
    loss: Callable[[Network, Batch], torch.Tensor],
    schedule: Schedule,
    *,
    seed: int,
) -> tuple[Network, list[float]]:
    """Fit a copy of a network to what is drawn; the network itself is left as it is.

    Args:
        network: the start; its device is where learning happens.
        draw: makes a batch out of a random generator, seeded with ``seed`` and used for nothing else.
        loss: a scalar, differentiable in the copy's parameters.
        schedule: zero steps give the copy unchanged.

    Returns:
        the copy, in evaluation mode without gradients, and the loss of each step. On one machine, with one number of
        threads, equal arguments give equal bits.
    """
    with torch.inference_mode(False), torch.enable_grad():
        learner = copy.deepcopy(network).train().requires_grad_(True)
        if schedule.freeze_batch_norm:
            for module in learner.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        rng = np.random.default_rng(seed)
        optimiser = _optimiser(learner, schedule)
        losses = []
        with repeatable():
            for step in range(schedule.steps):
                for group in optimiser.param_groups:
                    group["lr"] = schedule.learning_rate * _share(schedule, step)
                value = loss(learner, draw(rng))
                optimiser.zero_grad(set_to_none=True)
                value.backward()
                nn.utils.clip_grad_norm_(learner.parameters(), schedule.clip_gradient)
                optimiser.step()
                losses.append(float(value.detach()))
    return learner.eval().requires_grad_(False), losses


@contextmanager
def repeatable() -> Iterator[None]:
    """cuDNN in use, with kernels that give the same bits every time, chosen without timing them.

    ``enabled`` is named because a flag that is left out takes a default of its own, and that of ``enabled`` is False.
    TF32 stays as it is set.
    """
    tf32 = torch.backends.cudnn.allow_tf32
    with torch.backends.cudnn.flags(enabled=True, deterministic=True, benchmark=False, allow_tf32=tf32):
        yield


def _optimiser(network: nn.Module, schedule: Schedule) -> torch.optim.Optimizer:
    rate, decay = schedule.learning_rate, schedule.weight_decay
    if schedule.momentum is None:
        return torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=decay)
    return torch.optim.SGD(network.parameters(), lr=rate, momentum=schedule.momentum, weight_decay=decay)


def _share(schedule: Schedule, step: int) -> float:
    if schedule.momentum is not None:
        return 1.0
    progress = step / schedule.steps
    return min(1.0, 0.1 + 9 * progress) * (0.1 + 0.45 * (1 + float(np.cos(np.pi * progress))))
