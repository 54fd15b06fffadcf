"""Space-Time Memory networks in the training loop."""

import torch

from vosbench_baselines.data.config import Training
from vosbench_baselines.learning.family import Family
from vosbench_baselines.stm.door import STMModel
from vosbench_baselines.stm.losses import clip_loss, unroll
from vosbench_baselines.stm.network import STM, architecture
from vosbench_baselines.stm.weights import load_stm, load_trunk


def _loss(model: STM, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> torch.Tensor:
    inferred = step >= config.truth_steps
    logits = unroll(model, images, labels, config.objects, inferred=inferred, detach=config.detach)
    return clip_loss(logits, labels)


def _start(model: STM, state: dict[str, torch.Tensor]) -> None:
    for encoder in (model.Encoder_M, model.Encoder_Q):
        load_trunk(encoder, state)


FAMILY = Family(
    name="stm",
    network=lambda name: STM(architecture(name)),
    load=load_stm,
    door=STMModel,
    start=_start,
    imagenet=lambda name: "resnet50" if architecture(name).width == 64 else None,
    loss=_loss,
)
