"""Training of the sequence-to-sequence family: one object a clip, true previous masks first where they are an input."""

import torch

from vosbench_baselines.data.clips import UNLABELLED
from vosbench_baselines.data.config import Training
from vosbench_baselines.layers.vgg import load_vgg16
from vosbench_baselines.learning.family import Family
from vosbench_baselines.s2s.door import S2SModel
from vosbench_baselines.s2s.losses import clip_loss
from vosbench_baselines.s2s.network import S2S, architecture
from vosbench_baselines.s2s.weights import load_s2s


def truth_of(labels: torch.Tensor) -> torch.Tensor:
    """Object 1 of (B, T, H, W) labels as 0 and 1, -1 on frames without annotation."""
    return torch.where(labels == UNLABELLED, -1.0, (labels == 1).float())


def _loss(network: S2S, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> torch.Tensor:
    truth = truth_of(labels)
    forced = truth if step < config.truth_steps else None
    return clip_loss(network(images, truth[:, :1], forced, detach=config.detach), truth[:, 1:])


def _start(network: S2S, state: dict[str, torch.Tensor]) -> None:
    for trunk in (network.encoder, network.initializer):
        if trunk is not None:
            load_vgg16(trunk.vgg, state)


FAMILY = Family(
    name="s2s",
    network=lambda name: S2S(architecture(name)),
    load=load_s2s,
    door=S2SModel,
    start=_start,
    imagenet=lambda name: "vgg16" if architecture(name).width == 64 else None,
    loss=_loss,
)
