"""The learner of most families: one loss, one optimiser."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from vosbench_baselines.data.config import Training
from vosbench_baselines.learning import ranks
from vosbench_baselines.learning.family import Family


class Descent:
    """The learner of most families: one loss, one optimiser, gradients clipped."""

    def __init__(self, model: nn.Module, config: Training, kind: Family) -> None:
        self.model, self.config, self.loss = model, config, kind.loss
        self.optimiser = _optimiser(config, model, kind)

    def step(self, images: torch.Tensor, labels: torch.Tensor, step: int) -> float:
        """See :class:`vosbench_baselines.learning.family.Learner`."""
        assert self.loss is not None
        self.model.train()
        if self.config.freeze_batch_norm:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        for group in self.optimiser.param_groups:
            group["lr"] = group["share"] * learning_rate(self.config, step)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=images.device.type == "cuda"):
            loss = self.loss(self.model, images, labels, self.config, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        ranks.average_gradients(self.optimiser)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_gradient)
        self.optimiser.step()
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """See :class:`vosbench_baselines.learning.family.Learner`."""
        return self.optimiser.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :class:`vosbench_baselines.learning.family.Learner`."""
        self.optimiser.load_state_dict(state)


def _optimiser(config: Training, model: nn.Module, kind: Family) -> torch.optim.Optimizer:
    """One group of parameters, for SGD the family's groups; the trunk apart if it has a rate of its own.

    A group's ``share`` is of the learning rate.
    """
    makers: dict[str, Callable[..., torch.optim.Optimizer]] = {
        "adam": torch.optim.Adam,
        "adamw": torch.optim.AdamW,
        "sgd": partial(torch.optim.SGD, momentum=0.9),
    }
    maker = makers[config.optimiser]
    groups = kind.groups(model) if config.optimiser == "sgd" else [{"params": list(model.parameters()), "share": 1.0}]
    if config.trunk_learning_rate is not None:
        groups = _trunk_apart(groups, kind.trunk(model), config.trunk_learning_rate / config.learning_rate)
    decay = {} if config.weight_decay is None else {"weight_decay": config.weight_decay}
    return maker(groups, lr=config.learning_rate, **decay)


def _trunk_apart(groups: list[dict[str, Any]], trunk: list[nn.Parameter], factor: float) -> list[dict[str, Any]]:
    """The groups, each without its parameters of the trunk, and after it those, with ``factor`` of its rate."""
    inside, found = {id(parameter) for parameter in trunk}, []
    for group in groups:
        for of_trunk, share in ((False, group["share"]), (True, factor * group["share"])):
            chosen = [parameter for parameter in group["params"] if (id(parameter) in inside) is of_trunk]
            if chosen:
                found.append({**group, "params": chosen, "share": share})
    return found


def learning_rate(config: Training, step: int) -> float:
    """Half a cosine to zero for AdamW, constant for the others; after the warm-up."""
    rate = config.learning_rate * min(1.0, (step + 1) / (config.warm_up + 1))
    if config.optimiser != "adamw":
        return rate
    return rate * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / max(1, config.steps)))))
