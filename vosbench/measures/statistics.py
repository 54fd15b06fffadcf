"""What becomes of the values of a measure over the scored frames of an object: mean, recall, decay and others.

=========  ==========================================================================================================
mean       average over the frames
recall     share of frames with a value strictly above 0.5
decay      average of the first quarter of the frames minus that of the last; quarters share their end frames
tr         average over the frames from number ⌊3n/4⌋ on, counted from 0: the last quarter
V          root of the variance over the frames, the variance rounded to four decimals
disappear  average over each stretch of frames without the object, then over stretches
reappear   average over each stretch of frames with the object, then over stretches
=========  ==========================================================================================================

A stretch that begins with the first scored frame is neither a disappearance nor a reappearance; an object without any
has the value NaN.

Sources: mean, recall and decay Perazzi et al., CVPR 2016, and the DAVIS toolkits. Those cut the quarters with 8-bit
indices, which wrap beyond 255 frames and give NaN or nonsense; here decay is right for any length. tr: VOST
(Tokmakov et al., CVPR 2023). V: LVOS (Hong et al., ICCV 2023) and lvos-evaluation. disappear, reappear: MOSEv2 (Ding et
al., arXiv 2508.05630) and its scorer.

Every function comes in two forms: for the values of one object, and for many objects at once (``segmented``), where
``segment`` (int, ascending) says which object each value belongs to.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

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


def quarters(lengths: Ints) -> Ints:
    """Where the first quarter ends and the last begins, 0-based and inclusive, for sequences of ``lengths``: (2, N).

    The toolkits' ``round(linspace(1, n, 5) + 1e-10) - 1`` in whole numbers: halves are rounded up.
    """
    return np.stack([(lengths + 1) // 4, (3 * lengths - 1) // 4])


def segmented(name: str, values: Floats, segment: Ints, n: int, *, present: Flags | None = None) -> Floats:
    """One statistic for each of ``n`` segments; NaN for an empty one.

    ``present`` flags the frames on which the object is in the ground truth; "disappear" and "reappear" need it.
    """
    match name:
        case "mean":
            return _means(values, segment, n)
        case "recall":
            return _means((values > RECALL_THRESHOLD).astype(np.float64), segment, n)
        case "decay":
            return _decays(values, segment, n)
        case "tr":
            return _last_quarters(values, segment, n)
        case "V":
            return _deviations(values, segment, n)
        case "disappear" | "reappear":
            if present is None:
                raise ValueError(f"{name} needs to know where the object is present")
            return _stretches(values, segment, n, present == (name == "reappear"))
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


def _last_quarters(values: Floats, segment: Ints, n: int) -> Floats:
    lengths = np.bincount(segment, minlength=n)
    position = np.arange(len(values)) - (np.cumsum(lengths) - lengths)[segment]
    late = position >= (3 * lengths // 4)[segment]
    return _means(values[late], segment[late], n)


def _deviations(values: Floats, segment: Ints, n: int) -> Floats:
    squares = (values - _means(values, segment, n)[segment]) ** 2
    return np.sqrt(np.round(_means(squares, segment, n), 4))


def _stretches(values: Floats, segment: Ints, n: int, wanted: Flags) -> Floats:
    """The mean of the means over the maximal runs of ``wanted`` frames that do not begin their segment."""
    new_segment = np.diff(segment, prepend=-1) != 0
    begins = new_segment | (np.diff(wanted, prepend=False) != 0)
    run = np.cumsum(begins) - 1
    counts = (wanted & ~new_segment)[begins]
    means = _means(values, run, len(counts))
    return _means(means[counts], segment[begins][counts], n)
