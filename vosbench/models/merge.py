"""From independent objects to one decision per pixel.

A *merged* array is float32 (K + 1, h, w): channel 0 is the background, channel k the k-th object, and the largest wins.
"""

from collections.abc import Mapping
from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Merge
from vosbench.types import LabelMap

EPSILON = np.float32(1e-7)


def merged(probabilities: NDArray[np.float32], rule: Merge) -> NDArray[np.float32]:
    """Apply a model's merge rule to (K, h, w) independent probabilities."""
    if rule == "soft-aggregation":
        return soft_aggregation(probabilities)
    out = np.empty((1 + len(probabilities), *probabilities.shape[1:]), np.float32)
    out[0], out[1:] = 0.5, probabilities
    return out


def soft_aggregation(probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Normalise the odds of the objects and of the background, ``p_0 = prod(1 - p_i)`` (Oh et al., ICCV 2019, eq. 3).

    Probabilities are kept 1e-7 away from 0 and 1 first. One object alone is sharpened: p² / (p² + (1 - p)²).

    >>> round(float(soft_aggregation(np.full((1, 1, 1), 0.8, np.float32))[1, 0, 0]), 4)
    0.9412
    """
    background = np.prod(1 - probabilities, axis=0, dtype=np.float32)[None]
    clamped = np.clip(np.concatenate([background, probabilities]), EPSILON, 1 - EPSILON)
    odds = clamped / (1 - clamped)
    return np.asarray(odds / odds.sum(axis=0), np.float32)


def put_given(
    merged: NDArray[np.float32], ids: Items[int], given: Mapping[int, NDArray[np.floating] | NDArray[np.bool_]]
) -> tuple[tuple[int, ...], NDArray[np.float32]]:
    """Override a merged frame with annotated masks (h, w): certain inside, impossible outside, everything else yields.

    Returns:
        the ids with those new to this frame appended in ascending order, and the merged array of that many channels.
    """
    if not given:
        return tuple(ids), merged
    new = sorted(set(given) - set(ids))
    out = np.concatenate([merged, np.zeros((len(new), *merged.shape[1:]), np.float32)])
    everyone = (*ids, *new)
    taken = np.any(np.stack([mask > 0 for mask in given.values()]), axis=0)
    out[:, taken] = 0
    for channel, identity in enumerate(everyone, start=1):
        if identity in given:
            out[channel] = given[identity] > 0
    return everyone, out


def labels(merged: NDArray[np.float32], ids: Items[int]) -> LabelMap:
    """The winner of every pixel as a label map; on a tie the background, then the earlier object."""
    best = merged[0].copy()
    out = np.zeros(best.shape, np.uint8 if max(ids, default=0) < 256 else np.uint16)
    for identity, channel in zip(ids, merged[1:], strict=True):
        out[channel > best] = identity
        np.maximum(best, channel, out=best)
    return out
