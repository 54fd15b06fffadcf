"""Batches of clips, prepared ahead, the same for a seed and step whoever prepares them."""

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import torch

from vosbench_baselines.data.clips import Clip
from vosbench_baselines.data.mixture import Mixture
from vosbench_baselines.data.worker import begin, clip

AHEAD = 4


def batches(mixture: Mixture, first: int, places: range | None = None) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """For steps ``first`` on: images (B, T, 3, H, W) and labels (B, T, H, W), both uint8.

    ``places`` in the batch are those drawn here, of all if unset.
    """
    places = range(mixture.config.batch) if places is None else places
    pool, draw = _pool(mixture)
    queue: list[list[Future[Clip]]] = []
    step = first
    try:
        while True:
            while len(queue) <= AHEAD:
                queue.append([pool.submit(draw, step, item) for item in places])
                step += 1
            yield _tensors([future.result() for future in queue.pop(0)])
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(mixture: Mixture) -> tuple[Executor, Callable[[int, int], Clip]]:
    if mixture.config.workers == 0:
        return ThreadPoolExecutor(1, "clips"), mixture.clip
    context = multiprocessing.get_context("spawn")  # forking a process that uses an accelerator breaks it
    pool = ProcessPoolExecutor(mixture.config.workers, context, initializer=begin, initargs=(mixture,))
    return pool, clip


def _tensors(clips: list[Clip]) -> tuple[torch.Tensor, torch.Tensor]:
    images = torch.from_numpy(np.stack([clip.images for clip in clips]))
    labels = torch.from_numpy(np.stack([clip.labels for clip in clips]))
    return images.permute(0, 1, 4, 2, 3), labels
