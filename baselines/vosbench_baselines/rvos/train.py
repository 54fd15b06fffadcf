"""Training of RVOS: one-shot on true, then on inferred previous masks; zero-shot on matched slots."""

import torch
from torch import nn

from vosbench_baselines.data.config import Training
from vosbench_baselines.data.targets import one_hot
from vosbench_baselines.learning.family import Family
from vosbench_baselines.rvos.door import RVOSModel
from vosbench_baselines.rvos.losses import clip_loss
from vosbench_baselines.rvos.network import RVOS, architecture
from vosbench_baselines.rvos.weights import load_rvos


def _loss(network: RVOS, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> torch.Tensor:
    truth = one_hot(labels.flatten(0, 1), config.objects).unflatten(0, labels.shape[:2])
    valid = truth[:, 0].amax(dim=(-2, -1)) > 0
    if not network.size.masks:
        return clip_loss(network(images, network.size.slots), truth, valid, matched=False)
    logits = network(images, config.objects, truth, inferred=step >= config.truth_steps)
    return clip_loss(logits, truth, valid, matched=True)


def _trunk(network: RVOS) -> list[nn.Parameter]:
    return list(network.encoder.base.parameters())


def _start(network: RVOS, state: dict[str, torch.Tensor]) -> None:
    """The trunk from a ResNet's state dict in torchvision's names."""
    ours = network.encoder.base.state_dict()
    for name, tensor in state.items():
        if name in ours and ours[name].shape == tensor.shape:
            ours[name].copy_(tensor)


FAMILY = Family(
    name="rvos",
    network=lambda name: RVOS(architecture(name)),
    load=load_rvos,
    door=RVOSModel,
    start=_start,
    imagenet=lambda name: "resnet101" if architecture(name).width == 64 else None,
    loss=_loss,
    trunk=_trunk,
)
