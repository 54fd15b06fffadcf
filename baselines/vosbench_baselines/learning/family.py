"""What a family of models brings so that it can be trained: one :class:`Family` in its ``train.py``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import nn

from vosbench.models.interface import VOSModel
from vosbench_baselines.data.config import Training


class Learner(Protocol):
    """What changes a network's parameters: its optimisers, and what else it has to remember between steps."""

    def step(self, images: torch.Tensor, labels: torch.Tensor, step: int) -> float:
        """Learn from a batch, (B, T, 3, H, W) in [0, 1] and (B, T, H, W); the loss before."""

    def state_dict(self) -> dict[str, Any]:
        """Everything needed to go on; tensors and plain values."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How to build, load, start, train and test the networks of a family.

    ``network`` builds one from its architecture's name. ``load`` reads one from a file, see ``checkpoints.load``.
    ``door`` takes a network, its name, ``device`` and options of the family's own, and gives the runner's
    model. ``start`` initialises what an ImageNet state dict of torchvision has. ``loss`` takes a network, images
    (B, T, 3, H, W) in [0, 1], labels (B, T, H, W), the configuration and the number of steps taken, and gives a scalar.
    ``imagenet`` names the network of torchvision that is the trunk of an architecture, if one is.
    ``trunk`` names the parameters that ``trunk_learning_rate`` is for; ``groups`` makes the groups of parameters for
    SGD, each with its ``share`` of the learning rate. A family that one loss and one optimiser do not train has a
    ``learner`` instead; it may add modules to the network, which are then saved with it. ``while_training`` are the
    door's options for tests on the hold-out at checkpoints.
    """

    name: str
    network: Callable[[str], Any]
    load: Callable[[Path, str | None], tuple[Any, str, dict[str, str]]]
    door: Callable[..., VOSModel]
    start: Callable[[Any, dict[str, torch.Tensor]], object]
    loss: Callable[[Any, torch.Tensor, torch.Tensor, Training, int], torch.Tensor] | None = None
    imagenet: Callable[[str], str | None] = lambda architecture: None
    trunk: Callable[[Any], list[nn.Parameter]] = lambda network: []
    learner: Callable[[Any, Training], Learner] | None = None
    while_training: Mapping[str, Any] = field(default_factory=dict)
    groups: Callable[[Any], list[dict[str, Any]]] = lambda network: [
        {"params": list(network.parameters()), "share": 1.0}
    ]
