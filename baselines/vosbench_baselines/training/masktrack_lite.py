"""MaskTrack-lite in the training loop: every clip becomes squares with rough masks, every frame counts for itself."""

import torch

from vosbench_baselines.masktrack_lite import MaskTrackLite, mask_loss
from vosbench_baselines.masktrack_lite_model import MaskTrackLiteModel, load
from vosbench_baselines.masktrack_lite_samples import batch, clip_samples
from vosbench_baselines.training.config import Training
from vosbench_baselines.training.families import Family
from vosbench_baselines.training.squares import samples


def _loss(
    network: MaskTrackLite, images: torch.Tensor, labels: torch.Tensor, config: Training, step: int
) -> torch.Tensor:
    drawn = samples(clip_samples, images, labels, config, step)
    if not drawn:  # no object stayed in sight
        return 0 * network.trust
    x, target = batch(drawn, images.device)
    return mask_loss(network(x).float(), target)


def _start(network: MaskTrackLite, state: dict[str, torch.Tensor]) -> None:
    """Nothing of an ImageNet trunk fits."""


FAMILY = Family(
    name="masktrack-lite",
    network=lambda _: MaskTrackLite(),
    load=load,
    door=MaskTrackLiteModel,
    start=_start,
    loss=_loss,
)
