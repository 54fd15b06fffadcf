"""Mean, recall and decay of a measure over the scored frames of an object.

=======  ==========================================================================================================
mean     average over the frames
recall   share of frames with a value strictly above 0.5
decay    average of the first quarter of the frames minus that of the last; quarters share their end frames
=======  ==========================================================================================================

Source: Perazzi et al., CVPR 2016, and the DAVIS toolkits. Those cut the quarters with 8-bit indices, which wrap beyond
255 frames and give NaN or nonsense; here decay is right for any length.

Every function comes in two forms: for the values of one object, and for many objects at once (``segmented``), where
``segment`` (int, ascending) says which object each value belongs to.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Values must exceed this to count for recall.
RECALL_THRESHOLD = 0.5


def mean(values: Floats) -> float:
    """Average of the values; NaN if there are none.

    >>> mean(np.array([0.25, 0.75]))
    0.5
    """
    return float(np.mean(values)) if len(values) else float("nan")


def recall(values: Floats) -> float:
    """Share of values strictly above 0.5; NaN if there are none.

    >>> recall(np.array([0.5, 0.5])), recall(np.array([0.5, 0.6]))
    (0.0, 0.5)
    """
    return float(np.mean(values > RECALL_THRESHOLD)) if len(values) else float("nan")


def decay(values: Floats) -> float:
    """Average of the first quarter minus average of the last (positive: it gets worse); NaN if there are no values.

    >>> decay(np.linspace(1, 0, 1000)).__round__(3)
    0.75
    """
    if not len(values):
        return float("nan")
    first, last = (int(v) for v in quarters(np.array([len(values)]))[:, 0])
    return float(np.mean(values[: first + 1]) - np.mean(values[last:]))


def quarters(lengths: Ints) -> Ints:
    """Where the first quarter ends and the last begins, 0-based and inclusive, for sequences of ``lengths``: (2, N).

    The toolkits' ``round(linspace(1, n, 5) + 1e-10) - 1`` in whole numbers: halves are rounded up.
    """
    return np.stack([(lengths + 1) // 4, (3 * lengths - 1) // 4])


def segmented(name: str, values: Floats, segment: Ints, n: int) -> Floats:
    """One statistic ("mean", "recall" or "decay") for each of ``n`` segments; NaN for an empty one."""
    if name == "mean":
        return _means(values, segment, n)
    if name == "recall":
        return _means((values > RECALL_THRESHOLD).astype(np.float64), segment, n)
    if name == "decay":
        return _decays(values, segment, n)
    raise ValueError(f"unknown statistic {name!r}")


def _means(values: Floats, segment: Ints, n: int) -> Floats:
    total, count = np.bincount(segment, values, n), np.bincount(segment, minlength=n)
    means: Floats = np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
    return means


def _decays(values: Floats, segment: Ints, n: int) -> Floats:
    lengths = np.bincount(segment, minlength=n)
    position = np.arange(len(values)) - (np.cumsum(lengths) - lengths)[segment]
    first, last = quarters(lengths)[:, segment]
    head, tail = position <= first, position >= last
    return _means(values[head], segment[head], n) - _means(values[tail], segment[tail], n)
