"""Measures that keep absence apart: what a score owes to frames on which there was nothing to find.

Frame by frame, J and F give 1 to an empty mask where the object is absent, so that predicting nothing scores well on
long videos (FaVOS, 2026). These columns say how much of a score that is.

=====  =================================================================================================
Jp Fp  J and F averaged over the frames on which the object is present
A      absence accuracy: share of the frames without the object on which nothing is predicted either
P      presence accuracy: share of the frames with the object on which something is predicted
N-acc  share of the objects that are on no frame of which nothing is predicted on any frame
T-acc  share of the objects that are on some frame of which something is predicted on some frame
FP     false-positive rate: share of predicted pixels that are not the object's, over all frames together
R      1 less the number of predicted pixels that are not the object's over that of all objects' pixels, at least 0
=====  =================================================================================================

N-acc and T-acc are A and P of whole sequences: their counts are summed over the frames first. Sources: N-acc and T-acc
Liu, Ding and Jiang, GRES, CVPR 2023 (its ``refer_evaluation.py``), taken over by MeViS v2 (Ding et al., arXiv
2512.10945), whose "object" is the expression. R: Yan et al., VISA, ECCV 2024, and its ``get_r2vos_robustness``; there
the "object" is what an expression means, and "all objects" are those that any expression of the video may mean.

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


def presence_accuracy(*, gt_area: Ints, pred_area: Ints) -> Floats:
    """1 where the object is present and something is predicted, 0 where nothing is, NaN where the object is absent.

    >>> presence_accuracy(gt_area=np.array([5, 5, 0]), pred_area=np.array([0, 3, 2])).tolist()
    [0.0, 1.0, nan]
    """
    return np.where(gt_area > 0, (pred_area > 0).astype(np.float64), np.nan)


def false_positive_rate(*, intersection: Ints, pred_area: Ints) -> Floats:
    """Share of predicted pixels that are not the object's; NaN where nothing is predicted.

    >>> false_positive_rate(intersection=np.array([6, 0]), pred_area=np.array([8, 0])).tolist()
    [0.25, nan]
    """
    share = np.full(np.shape(pred_area), np.nan)
    np.divide(pred_area - intersection, pred_area, out=share, where=pred_area > 0)
    return share


def robustness(*, intersection: Ints, pred_area: Ints, foreground_area: Ints) -> Floats:
    """How few pixels are predicted that are not the object's, against those of all objects of the video: 0 to 1.

    >>> areas = {"pred_area": np.array([8, 0, 90]), "foreground_area": np.array([10, 0, 10])}
    >>> robustness(intersection=np.array([6, 0, 0]), **areas).round(3).tolist()
    [0.8, 1.0, 0.0]
    """
    return np.asarray(np.maximum(1 - (pred_area - intersection) / (foreground_area + 1e-6), 0.0), np.float64)
