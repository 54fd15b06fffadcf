"""Clips to samples, for networks that see squares: every clip gives some, every sample counts for itself."""

from collections.abc import Callable
from typing import Any, TypeVar

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from vosbench_baselines.data.config import Training
from vosbench_baselines.learning import ranks

Sample = TypeVar("Sample")
Cut = Callable[[np.random.Generator, NDArray[Any], NDArray[Any]], list[Sample]]


def samples(cut: Cut[Sample], images: torch.Tensor, labels: torch.Tensor, config: Training, step: int) -> list[Sample]:
    """What ``cut`` makes of each clip of a batch, (B, T, 3, H, W) in [0, 1] and (B, T, H, W); maybe nothing."""
    cv2.setNumThreads(1)  # the pictures are small, and clips are being prepared meanwhile
    rng = np.random.default_rng([config.seed, step, 1, ranks.rank()])  # zeros at the end of a seed change nothing
    pictures = images.mul(255).round().byte().permute(0, 1, 3, 4, 2).cpu().numpy()
    clips = zip(pictures, labels.cpu().numpy(), strict=True)
    return [sample for clip in clips for sample in cut(rng, *clip)]
