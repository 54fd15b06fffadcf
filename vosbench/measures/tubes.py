"""Measures of a whole tube, the masks of an object through time: when it is shown, and how well while it is.

With V the frames that show the object in the ground truth or in the prediction, and B those that show it in both::

    tIoU = |B| / |V|             vIoU = sum of J over B / |V|             in [0, 1], higher is better

A frame that shows it in neither counts in no way; vIoU is tIoU times the mean J over B. Where V is empty both are 1.

Source: Liang et al., Long-RVOS, CVPR 2026 (arXiv 2505.12702) and its ``eval_overall.py``; vIoU after Zhang et al.
(VidSTG), CVPR 2020.
"""

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import region

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def shown_together(*, gt_area: Ints, pred_area: Ints) -> Floats:
    """1 where both show the object, 0 where only one does, NaN where neither does; the mean over frames is tIoU.

    >>> shown_together(gt_area=np.array([5, 5, 0]), pred_area=np.array([2, 0, 0])).tolist()
    [1.0, 0.0, nan]
    """
    either, both = (gt_area > 0) | (pred_area > 0), (gt_area > 0) & (pred_area > 0)
    return np.where(either, both.astype(np.float64), np.nan)


def similarity_where_shown(*, intersection: Ints, gt_area: Ints, pred_area: Ints) -> Floats:
    """J where either shows the object, NaN where neither does; the mean over frames is vIoU.

    >>> areas = {"gt_area": np.array([4, 4, 0]), "pred_area": np.array([2, 0, 0])}
    >>> similarity_where_shown(intersection=np.array([2, 0, 0]), **areas).tolist()
    [0.5, 0.0, nan]
    """
    j = region.similarity(intersection=intersection, gt_area=gt_area, pred_area=pred_area)
    return np.where((gt_area > 0) | (pred_area > 0), j, np.nan)
