"""STM-XS in the training loop: every clip becomes squares with memories, every frame counts for itself."""

import torch

from vosbench_baselines.data.config import Training
from vosbench_baselines.learning.family import Family
from vosbench_baselines.squares.clips import samples
from vosbench_baselines.stm_xs.door import STMXSModel, load, loss
from vosbench_baselines.stm_xs.network import STMXS
from vosbench_baselines.stm_xs.samples import batch, clip_samples


def _loss(network: STMXS, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> torch.Tensor:
    drawn = samples(clip_samples, images, labels, config, step)
    if not drawn:  # no object stayed in sight
        return 0 * network.trust
    return loss(network, batch(drawn, images.device))


def _start(network: STMXS, state: dict[str, torch.Tensor]) -> None:
    """Nothing of an ImageNet trunk fits."""


FAMILY = Family(
    name="stm-xs",
    network=lambda _: STMXS(),
    load=load,
    door=STMXSModel,
    start=_start,
    loss=_loss,
)
