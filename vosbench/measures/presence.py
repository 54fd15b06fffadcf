"""Measures that keep absence apart: what a score owes to frames on which there was nothing to find.

Frame by frame, J and F give 1 to an empty mask where the object is absent, so that predicting nothing scores well on
long videos (FaVOS, 2026). These columns say how much of a score that is.

=====  =================================================================================================
Jp Fp  J and F averaged over the frames on which the object is present
A      absence accuracy: share of the frames without the object on which nothing is predicted either
FP     false-positive rate: share of predicted pixels that are not the object's, over all frames together
=====  =================================================================================================

A frame a measure says nothing about has the value NaN and is left out of its mean.
"""

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import contour, region

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def similarity_where_present(*, intersection: Ints, gt_area: Ints, pred_area: Ints) -> Floats:
    """J on frames that show the object, NaN on all others."""
    j = region.similarity(intersection=intersection, gt_area=gt_area, pred_area=pred_area)
    return np.where(gt_area > 0, j, np.nan)


def accuracy_where_present(
    *, gt_area: Ints, gt_length: Ints, pred_length: Ints, gt_hits: Ints, pred_hits: Ints
) -> Floats:
    """F on frames that show the object, NaN on all others."""
    f = contour.accuracy(gt_length=gt_length, pred_length=pred_length, gt_hits=gt_hits, pred_hits=pred_hits)
    return np.where(gt_area > 0, f, np.nan)


def absence_accuracy(*, gt_area: Ints, pred_area: Ints) -> Floats:
    """1 where object and prediction are both absent, 0 where only the object is, NaN where the object is present.

    >>> absence_accuracy(gt_area=np.array([0, 0, 5]), pred_area=np.array([0, 3, 0])).tolist()
    [1.0, 0.0, nan]
    """
    return np.where(gt_area == 0, (pred_area == 0).astype(np.float64), np.nan)


def false_positive_rate(*, intersection: Ints, pred_area: Ints) -> Floats:
    """Share of predicted pixels that are not the object's; NaN where nothing is predicted.

    >>> false_positive_rate(intersection=np.array([6, 0]), pred_area=np.array([8, 0])).tolist()
    [0.25, nan]
    """
    share = np.full(np.shape(pred_area), np.nan)
    np.divide(pred_area - intersection, pred_area, out=share, where=pred_area > 0)
    return share
