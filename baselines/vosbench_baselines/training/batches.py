"""Batches of clips, prepared ahead on other threads, the same for a seed and step whoever asks when."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import torch

from vosbench_baselines.training.clips import Clip, ClipSource, Shape, draw_clip
from vosbench_baselines.training.config import Training

AHEAD = 3


def max_gap(config: Training, step: int) -> int:
    """The curriculum: from neighbouring frames at first to ``config.max_gap`` after ``config.gap_steps`` steps."""
    if config.gap_steps <= 0:
        return config.max_gap
    return 1 + round((config.max_gap - 1) * min(1.0, step / config.gap_steps))


def batches(
    config: Training, sources: list[ClipSource], shares: np.ndarray, first: int
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For steps ``first`` on: images (B, T, 3, H, W) float32 in [0, 1] and labels (B, T, H, W) uint8."""
    shape = Shape(config.frames, config.size, config.objects)

    def clip(step: int, item: int) -> Clip:
        rng = np.random.default_rng([config.seed, step, item])
        return draw_clip(rng, sources, shares, shape, max_gap(config, step))

    with ThreadPoolExecutor(config.workers, "clips") as pool:
        queue: list[list[Future[Clip]]] = []
        step = first
        try:
            while True:
                while len(queue) <= AHEAD:
                    queue.append([pool.submit(clip, step, item) for item in range(config.batch)])
                    step += 1
                yield _tensors([future.result() for future in queue.pop(0)])
        finally:
            pool.shutdown(cancel_futures=True)


def _tensors(clips: list[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(np.stack([clip.images for clip in clips]))
    labels = torch.from_numpy(np.stack([clip.labels for clip in clips]))
    return images.permute(0, 1, 4, 2, 3).float().div_(255), labels
