"""MaskTrack-lite in the training loop: every clip becomes squares with rough masks, every frame counts for itself."""

import torch

from vosbench_baselines.data.config import Training
from vosbench_baselines.learning.family import Family
from vosbench_baselines.masktrack_lite.door import MaskTrackLiteModel, load
from vosbench_baselines.masktrack_lite.network import MaskTrackLite
from vosbench_baselines.squares.clips import samples
from vosbench_baselines.squares.network import mask_loss
from vosbench_baselines.squares.samples import batch, clip_samples


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
