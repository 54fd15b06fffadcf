"""What the training loop has to know about a family of models; one value a family, found by an architecture's name."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vosbench.adapters import VOSModel
from vosbench.errors import UsageError
from vosbench_baselines.training.config import Training

#: An architecture's name or its first word, and the module whose ``FAMILY`` trains it.
MODULES = {
    "masktrack-lite": "vosbench_baselines.training.masktrack_lite",
    "stm": "vosbench_baselines.training.stm",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How to build, load, start, train and test the networks of a family.

    ``network`` builds one from its architecture's name. ``load`` reads one from a file, see ``checkpoints.load``.
    ``door`` takes a network, its name, ``device`` and options of the family's own, and gives the runner's
    model. ``start`` initialises what an ImageNet state dict of torchvision has. ``loss`` takes a network, images
    (B, T, 3, H, W) in [0, 1], labels (B, T, H, W), the configuration and the number of steps taken, and gives a scalar.
    ``trunk`` names the parameters that ``trunk_learning_rate`` is for.
    """

    name: str
    network: Callable[[str], Any]
    load: Callable[[Path, str | None], tuple[Any, str, dict[str, str]]]
    door: Callable[..., VOSModel]
    start: Callable[[Any, dict[str, torch.Tensor]], object]
    loss: Callable[[Any, torch.Tensor, torch.Tensor, Training, int], torch.Tensor]
    trunk: Callable[[Any], list[nn.Parameter]] = lambda network: []


def family(architecture: str) -> Family:
    """The family of an architecture.

    Raises:
        UsageError: the first word of the name is no family's.
    """
    module = MODULES.get(architecture) or MODULES.get(architecture.partition("-")[0])
    if module is None:
        raise UsageError(f"no architecture {architecture!r}", fix=f"names begin with {', '.join(sorted(MODULES))}")
    found: Family = importlib.import_module(module).FAMILY
    return found
