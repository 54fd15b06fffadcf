"""The compiled kernel behind the twin's signatures. Importing it fails where the extension was not built."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.kernel import _native
from vosbench.kernel.contours import Contours


def joint_histogram(gt: NDArray[np.uint8], pred: NDArray[np.uint8], n_gt: int, n_pred: int) -> NDArray[np.int64]:
    """See :func:`vosbench.kernel.twin.joint_histogram`."""
    counts = np.zeros((n_gt + 1, n_pred + 1), np.int64)
    _native.joint_histogram(gt, pred, n_gt + 1, n_pred + 1, counts)
    return counts


def contours(labels: NDArray[np.uint8]) -> Contours:
    """See :func:`vosbench.kernel.twin.contours`."""
    height, width = labels.shape
    offsets, positions, top = _native.contours(labels)
    return Contours((height, width), np.frombuffer(offsets, np.int64), np.frombuffer(positions, np.int32), top)


def contour_hits(a: Contours, b: Contours, pairs: NDArray[np.uint8], reach: NDArray[np.int32]) -> NDArray[np.int64]:
    """See :func:`vosbench.kernel.twin.contour_hits`."""
    hits = np.empty((len(pairs), 2), np.int64)
    _native.contour_hits(
        a.offsets, a.positions, b.offsets, b.positions, *a.shape, pairs, len(pairs), reach, len(reach), hits
    )
    return hits


def count_pair(
    gt: NDArray[np.uint8],
    pred: NDArray[np.uint8],
    ours: Contours,
    theirs: Contours,
    pairs: NDArray[np.uint8],
    reach: NDArray[np.int32],
    counts: NDArray[np.int64],
    overlaps: NDArray[np.int64] | None = None,
) -> None:
    """See :func:`vosbench.kernel.twin.count_pair`."""
    _native.count_pair(
        (gt, ours.offsets, ours.positions, ours.top),
        (pred, theirs.offsets, theirs.positions, theirs.top),
        pairs,
        len(pairs),
        reach,
        len(reach),
        counts,
        overlaps,
        0 if overlaps is None else len(overlaps),
    )


def unfilter(raw: bytes, height: int, width: int, depth: int, channels: int = 1) -> NDArray[Any]:
    """Undo the PNG row filters of ``raw`` and unpack samples of ``depth`` bits (1, 2, 4, 8 or 16).

    Returns:
        (height, width), or (height, width, channels) for more than one channel; uint8, for 16 bits uint16. Where there
        is nothing to undo, the result may be a read-only view of ``raw``: its rows stand one byte apart.
    """
    n = width * channels * (2 if depth == 16 else 1)
    step = n // width if depth >= 8 else 1
    out: NDArray[Any] | None = None
    if depth >= 8:
        rows = np.frombuffer(raw, np.uint8, height * (n + 1)).reshape(height, n + 1)
        if not rows[:, 0].any():
            out = rows[:, 1:]
    if out is None:
        out = np.empty((height, n), np.uint8)
        _native.unfilter(raw, height, n, min(depth, 8), step, out)
    if depth == 16:
        out = np.ascontiguousarray(out).view(">u2").astype(np.uint16)
    return out if channels == 1 else out.reshape(height, width, channels)
