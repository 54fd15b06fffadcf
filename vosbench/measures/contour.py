"""Contour accuracy F: how well two contours agree within a small distance.

    P = share of predicted contour pixels within r of the true contour
    R = share of true contour pixels within r of the predicted contour
    F = 2PR / (P + R)        in [0, 1], higher is better

The tolerance is r = ceil(0.008 · image diagonal) pixels, a Euclidean disk: 8 px at 480 × 854, 18 at 1080p, 36 at 4K.
The published definition asks for a one-to-one matching of contour pixels; the DAVIS toolkits, and hence every published
number, use the disk. So do we.

Sources: Martin, Fowlkes and Malik, PAMI 2004; Perazzi et al., CVPR 2016; the DAVIS toolkits' ``db_eval_boundary``.

=================================================  =====
neither mask has a contour                         1
one of them has none                               0
P + R = 0                                          0
a mask that fills the frame                        has no contour: the image border is not one
a void region is given                             removed from both masks first, so its outline is contour in both
=================================================  =====
"""

import math
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vosbench import kernel
from vosbench.measures.arrays import as_stacks

#: The tolerance of the DAVIS toolkits, as a fraction of the image diagonal.
TOLERANCE = 0.008


def tolerance_pixels(shape: tuple[int, int], tolerance: float = TOLERANCE) -> float:
    """The matching distance in pixels for a frame of ``shape``: a fraction of the diagonal, or pixels if 1 or more.

    >>> tolerance_pixels((480, 854)), tolerance_pixels((1080, 1920)), tolerance_pixels((2160, 3840))
    (8, 18, 36)
    """
    return tolerance if tolerance >= 1 else math.ceil(tolerance * math.hypot(*shape))


@cache
def disk(radius: float) -> NDArray[np.int32]:
    """The tolerance disk x² + y² ≤ radius² as rows (row, first column, last column) from its centre, nearest first.

    The toolkits draw it with scikit-image, whose grid starts at -radius. Where the radius has a fraction, the disk is
    therefore off its centre: 191 pixels for 7.84, where a centred one has 193. So is ours. Do not write to it.

    A radius under 0.586 has no pixel at all in that grid. OpenCV, which grows the contours there, then takes the first
    pixel of the grid, and the contour moves by one pixel along the diagonal. So does ours.

    >>> disk(1).tolist()
    [[0, -1, 1], [-1, 0, 0], [1, 0, 0]]
    >>> disk(1.5).tolist()
    [[0, -1, 0], [-1, -1, 0]]
    >>> disk(0.5).tolist()
    [[-1, -1, -1]]
    """
    n = math.ceil(2 * radius + 1)
    centre, grid = n // 2, np.arange(n) - radius
    inside = grid[:, None] ** 2 + grid**2 <= radius**2
    inside[0, 0] |= not inside.any()
    rows = np.flatnonzero(inside.any(1))
    spans = np.stack([rows, inside[rows].argmax(1), n - 1 - inside[rows, ::-1].argmax(1)], 1) - centre
    return spans[np.argsort(abs(spans[:, 0]), kind="stable")].astype(np.int32)


def radii(rule: str, shape: tuple[int, int], gt_area: NDArray[np.int64], tolerance: float) -> NDArray[np.float64]:
    """The matching distance of each object in pixels, under a tolerance rule.

    "diagonal" is :func:`tolerance_pixels`, the same for all. "object-area" shrinks with the object: a tenth of the root
    of its true area, rounded up, but at most 0.008 of the image diagonal (not rounded, which moves the :func:`disk` off
    its centre). An object that is absent gets the first.

    Source: MOSEv2 (Ding et al., arXiv 2508.05630) and its scorer, ``metricsv2.py``.

    >>> radii("object-area", (480, 854), np.array([0, 30, 100_000]), 0.008).round(2).tolist()
    [8.0, 1.0, 7.84]
    """
    if rule == "diagonal":
        return np.full(len(gt_area), float(tolerance_pixels(shape, tolerance)))
    if rule != "object-area":
        raise ValueError(f"unknown tolerance rule {rule!r}")
    near = np.minimum(np.ceil(0.1 * np.sqrt(gt_area)), TOLERANCE * math.hypot(*shape))
    return np.where(gt_area > 0, near, tolerance_pixels(shape, TOLERANCE))


@cache
def reach(shape: tuple[int, int], tolerance: float = TOLERANCE) -> NDArray[np.int32]:
    """The tolerance disk for a frame of ``shape``, in the form of :func:`disk`. Do not write to it."""
    return disk(tolerance_pixels(shape, tolerance))


def accuracy(
    *,
    gt_length: NDArray[np.int64],
    pred_length: NDArray[np.int64],
    gt_hits: NDArray[np.int64],
    pred_hits: NDArray[np.int64],
) -> NDArray[np.float64]:
    """F from contour lengths and the numbers of contour pixels confirmed (arrays of one shape)."""
    precision = pred_hits / np.maximum(pred_length, 1)
    recall = gt_hits / np.maximum(gt_length, 1)
    total = precision + recall
    f = np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)
    return np.where((gt_length == 0) & (pred_length == 0), 1.0, f)


def contour_f(
    *, gt: ArrayLike, pred: ArrayLike, void: ArrayLike | None = None, tolerance: float = TOLERANCE
) -> float | NDArray[np.float64]:
    """Contour accuracy F of masks, object by object.

    Args:
        gt, pred, void: as for :func:`vosbench.measures.jaccard`.
        tolerance: fraction of the image diagonal, rounded up to whole pixels; or pixels, if 1 or more.

    Returns:
        A float for one boolean mask, else a float64 array (see :func:`vosbench.measures.jaccard`).

    Raises:
        ValueError: shapes or kinds differ, or a label is outside 0 to 255.

    >>> import numpy as np
    >>> square = np.zeros((60, 80), bool); square[20:40, 20:40] = True
    >>> contour_f(gt=square, pred=np.roll(square, 1, axis=1))
    1.0
    >>> contour_f(gt=square, pred=np.zeros_like(square))
    0.0
    """
    stacks = as_stacks(gt=gt, pred=pred, void=void)
    values = []
    for g, p, n in stacks.planes:
        ours, theirs = kernel.contours(g), kernel.contours(p)
        objects = np.arange(1, n + 1, dtype=np.uint8)
        pairs = np.ascontiguousarray(np.stack([objects, objects], 1))
        hits = kernel.contour_hits(ours, theirs, pairs, reach(ours.shape, tolerance))
        lengths = {"gt_length": ours.lengths[1 : n + 1], "pred_length": theirs.lengths[1 : n + 1]}
        values.append(accuracy(**lengths, gt_hits=hits[:, 0], pred_hits=hits[:, 1]))
    return stacks.shape_result(values)
