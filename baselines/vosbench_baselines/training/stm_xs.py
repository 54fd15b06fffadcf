"""STM-XS in the training loop: every clip becomes squares with memories, every frame counts for itself."""

import cv2
import numpy as np
import torch

from vosbench_baselines.stm_xs import STMXS
from vosbench_baselines.stm_xs_model import STMXSModel, load, loss
from vosbench_baselines.stm_xs_samples import batch, clip_samples
from vosbench_baselines.training import ranks
from vosbench_baselines.training.config import Training
from vosbench_baselines.training.families import Family


def _loss(network: STMXS, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> torch.Tensor:
    cv2.setNumThreads(1)  # the pictures are small, and clips are being prepared meanwhile
    rng = np.random.default_rng([config.seed, step, 1, ranks.rank()])  # zeros at the end of a seed change nothing
    pictures = images.mul(255).round().byte().permute(0, 1, 3, 4, 2).cpu().numpy()
    clips = zip(pictures, labels.cpu().numpy(), strict=True)
    samples = [sample for clip in clips for sample in clip_samples(rng, *clip)]
    if not samples:  # no object stayed in sight
        return 0 * network.trust
    return loss(network, batch(samples, images.device))


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
