"""Did online learning succeed? If not, the network goes on as it was before, and a line on the log says so."""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Network = TypeVar("Network")
LOST = 0.1  # J on the learnt frame below which the object was not learnt
WORSE = 0.5  # the share of its former J on the learnt frame below which learning did harm

log = logging.getLogger("vosbench_baselines")


class Unlearnable(Exception):
    """Nothing can be learnt from the given mask; the message says why."""


def region_similarity(found: NDArray[Any], truth: NDArray[Any]) -> float:
    """J of two masks (H, W), soft or not, above 0.5; 1 where both are empty.

    >>> region_similarity(np.array([[0.9, 0.8, 0.1]]), np.array([[1.0, 0.0, 0.0]]))
    0.5
    """
    a, b = np.asarray(found) > 0.5, np.asarray(truth) > 0.5
    union = int((a | b).sum())
    return int((a & b).sum()) / union if union else 1.0


def kept(
    before: Network, after: Network, losses: Sequence[float], j: Callable[[Network], float], where: str
) -> Network:
    """The network to go on with: ``after`` where it has learnt, else ``before``.

    Learning failed where a loss is not a number, where J on the learnt frame is below :data:`LOST`, or where it is less
    than half (:data:`WORSE`) of what it was. This is said on the log "vosbench_baselines", as a warning.

    Args:
        before, after: the network before and after learning.
        losses: those of the steps; without any, ``after`` is kept and not asked.
        j: J of a network's answer on the frame that was learnt.
        where: video, frame and object, for the message.

    >>> kept("old", "new", [0.7, 0.1], {"old": 0.2, "new": 0.9}.get, "bear, frame 0, object 1")
    'new'
    >>> kept("old", "new", [0.7, 0.7], {"old": 0.2, "new": 0.0}.get, "bear, frame 0, object 1")
    'old'
    """
    if not losses:
        return after
    first, last = j(before), j(after)
    if all(map(math.isfinite, losses)) and last >= max(LOST, WORSE * first):
        return after
    log.warning(
        "%s: online learning failed (J of that frame %.2f before, %.2f after; loss %.3f at first, %.3f at last); "
        "the object is followed without it",
        where,
        first,
        last,
        losses[0],
        losses[-1],
    )
    return before
