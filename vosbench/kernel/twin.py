"""The kernel in plain NumPy: slow and short. Tests compare the compiled kernel with it.

Label maps are (H, W) uint8 with 0 for background; the pixels of a row are adjacent, rows may have any stride.
"""

import numpy as np
from numpy.typing import NDArray

from vosbench.kernel.contours import Contours


def joint_histogram(gt: NDArray[np.uint8], pred: NDArray[np.uint8], n_gt: int, n_pred: int) -> NDArray[np.int64]:
    """Count the pixels of every (ground-truth label, predicted label) pair.

    Args:
        gt, pred: label maps of one shape.
        n_gt, n_pred: the largest label that may occur, at most 255.

    Returns:
        int64 of shape ``(n_gt + 1, n_pred + 1)``.

    Raises:
        ValueError: a label is larger than announced.
    """
    if gt.size and (gt.max() > n_gt or pred.max() > n_pred):
        raise ValueError("a label is outside the range given")
    codes = gt.ravel().astype(np.int64) * (n_pred + 1) + pred.ravel()
    return np.bincount(codes, minlength=(n_gt + 1) * (n_pred + 1)).reshape(n_gt + 1, n_pred + 1)


def contours(labels: NDArray[np.uint8]) -> Contours:
    """Find the contour pixels of every label, as the DAVIS toolkit's ``seg2bmap`` finds those of a binary mask.

    A pixel is on the contour of an object if exactly some of the pixel, its right, its lower and its lower-right
    neighbour belong to the object. In the last row only the right neighbour counts, in the last column only the lower
    one; the image border itself is no contour.
    """
    height, width = labels.shape
    offsets = np.zeros(257, np.int64)
    positions = []
    for label in range(1, 256):
        mask = labels == label
        if mask.any():
            positions.append(np.flatnonzero(_contour_map(mask)).astype(np.int32))
            offsets[label + 1] = len(positions[-1])
    flat = np.concatenate(positions) if positions else np.empty(0, np.int32)
    return Contours((height, width), np.cumsum(offsets), flat, int(labels.max()))


def _contour_map(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    padded = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
    right, below, corner = padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]
    contour: NDArray[np.bool_] = (mask != right) | (mask != below) | (mask != corner)
    return contour


def contour_hits(a: Contours, b: Contours, pairs: NDArray[np.uint8], reach: NDArray[np.int32]) -> NDArray[np.int64]:
    """Count the contour pixels that another contour confirms.

    Args:
        a, b: contours of two label maps of one shape.
        pairs: uint8 (n, 2), the labels (in ``a``, in ``b``) to compare.
        reach: int32 (n, 3), the rows of the tolerance disk: (row, first column, last column) relative to its centre,
            in any order. It need not be symmetric: a pixel is confirmed where the disk laid on it covers one.

    Returns:
        int64 (n, 2): pixels of ``a``'s contour with one of ``b``'s in the disk around them, and the reverse.
    """
    hits = np.zeros((len(pairs), 2), np.int64)
    for row, (i, j) in zip(hits, pairs, strict=True):
        ours, theirs = a.of(int(i)), b.of(int(j))
        row[:] = _near(ours, theirs, a.shape, reach), _near(theirs, ours, a.shape, reach)
    return hits


def _near(
    points: NDArray[np.int32], others: NDArray[np.int32], shape: tuple[int, int], reach: NDArray[np.int32]
) -> int:
    """How many of ``points`` have one of ``others`` in reach: paint all places where the disk would cover one."""
    if not len(points) or not len(others):
        return 0
    margin = int(abs(reach).max())
    painted = np.zeros((shape[0] + 2 * margin, shape[1] + 2 * margin), bool)
    rows, columns = np.divmod(others, shape[1])
    for dy, first, last in reach.tolist():
        for dx in range(first, last + 1):
            painted[rows + margin - dy, columns + margin - dx] = True
    rows, columns = np.divmod(points, shape[1])
    return int(painted[rows + margin, columns + margin].sum())


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
    """Add to ``counts`` all that a pair of label maps says about pairs of objects.

    Args:
        gt, pred: label maps of one shape, with their contours ``ours`` and ``theirs``.
        pairs: uint8 (n, 2), the labels (in ``gt``, in ``pred``) to compare.
        reach: the tolerance disk, as for :func:`contour_hits`.
        counts: int64 (at least 7, n), contiguous; the first seven rows, in the order of
            :data:`vosbench.measures.catalog.COUNTS`, grow.
        overlaps: int64 (m, m), contiguous; grows by the pixels of every pair of labels 1 to m.
    """
    joint = joint_histogram(gt, pred, 255, 255)
    i, j = pairs.T
    counts[0] += joint[i, j]
    counts[1] += joint.sum(1)[i]
    counts[2] += joint.sum(0)[j]
    counts[3] += ours.lengths[i]
    counts[4] += theirs.lengths[j]
    counts[5:7] += contour_hits(ours, theirs, pairs, reach).T
    if overlaps is not None:
        m = len(overlaps)
        overlaps += joint[1 : m + 1, 1 : m + 1]
