"""Region similarity J: the Jaccard index of a ground-truth and a predicted mask.

    J = |G ∩ P| / |G ∪ P|        in [0, 1], higher is better

Source: Perazzi et al., "A Benchmark Dataset and Evaluation Methodology for Video Object Segmentation", CVPR 2016.

========================  =====
both masks empty          1
one of them empty         0
a void region is given    its pixels leave both masks
========================  =====
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vosbench import kernel
from vosbench.measures.arrays import as_stacks


def similarity(
    *, intersection: NDArray[np.int64], gt_area: NDArray[np.int64], pred_area: NDArray[np.int64]
) -> NDArray[np.float64]:
    """J from pixel counts (arrays of one shape): ``intersection / (gt_area + pred_area - intersection)``, 0/0 = 1."""
    union = gt_area + pred_area - intersection
    return np.where(union > 0, intersection / np.maximum(union, 1), 1.0)


def smoothed(
    *, intersection: NDArray[np.int64], gt_area: NDArray[np.int64], pred_area: NDArray[np.int64]
) -> NDArray[np.float64]:
    """J with one pixel added to both sides of the fraction, ``(i + 1) / (u + 1)``, as MOSEv2 computes it.

    >>> smoothed(intersection=np.array([0]), gt_area=np.array([0]), pred_area=np.array([100])).round(4).tolist()
    [0.0099]
    """
    union = gt_area + pred_area - intersection
    return (intersection + 1) / (union + 1)


def jaccard(*, gt: ArrayLike, pred: ArrayLike, void: ArrayLike | None = None) -> float | NDArray[np.float64]:
    """Region similarity J of masks, object by object.

    Args:
        gt: a boolean mask (H, W); a stack of them (N, H, W); or a label map, integer (H, W) with 0 for background and
            at most 255 objects. NumPy arrays and whatever converts to them, CPU torch tensors included.
        pred: of the same kind and shape.
        void: boolean (H, W), pixels to leave out of both.

    Returns:
        A float for one boolean mask, else a float64 array: one value for each mask of a stack, or for each object 1 to
        n of a label map, n being the largest label of either.

    Raises:
        ValueError: shapes or kinds differ, or a label is outside 0 to 255.

    >>> import numpy as np
    >>> jaccard(gt=np.array([[1, 1, 2]]), pred=np.array([[1, 2, 2]])).tolist()
    [0.5, 0.5]
    >>> jaccard(gt=np.zeros((4, 4), bool), pred=np.zeros((4, 4), bool))
    1.0
    """
    stacks = as_stacks(gt=gt, pred=pred, void=void)
    values = []
    for g, p, n in stacks.planes:
        counts = kernel.joint_histogram(g, p, n, n)
        area = {"gt_area": counts[1:].sum(1), "pred_area": counts[:, 1:].sum(0)}
        values.append(similarity(intersection=counts.diagonal()[1:].copy(), **area))
    return stacks.shape_result(values)
