"""Measures of the VOTS challenges: tracking by segmentation, taken apart into its kinds of failure.

Every frame of an object is one of five: tracked (the masks overlap), drifted (both show something, apart), missed (the
object is there, the prediction is empty), reported absent (both are empty) or hallucinated. With T, D, M, N and H their
numbers::

    Q    mean overlap over all frames, 1 where both are empty          quality
    Acc  mean overlap over the T tracked frames, 0 where there is none accuracy
    Rob  T / (T + D + M)                                               robustness
    NRE  M / (T + D + M)                                               not-reported error, lower is better
    DRE  D / (T + D + M)                                               drift-rate error, lower is better
    ADQ  N / (N + H), of objects with more than 10 absent frames       absence-detection quality

An object that is on no frame has no Rob, NRE or DRE. VOTS averages objects within their sequence, then sequences.

Source: Kristan et al., VOTS2023, ICCV Workshops 2023, and the VOT toolkit, ``analysis/longterm.py`` and
``analysis/accuracy.py``.
"""

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import region

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: ADQ speaks of objects with at least so many frames on which they are absent.
LEAST_ABSENT = 11


def overlap_where_tracked(*, intersection: Ints, gt_area: Ints, pred_area: Ints) -> Floats:
    """J where the masks overlap, NaN elsewhere.

    >>> areas = {"gt_area": np.array([4, 4]), "pred_area": np.array([4, 4])}
    >>> overlap_where_tracked(intersection=np.array([4, 0]), **areas).tolist()
    [1.0, nan]
    """
    j = region.similarity(intersection=intersection, gt_area=gt_area, pred_area=pred_area)
    return np.where(intersection > 0, j, np.nan)


def tracked(*, intersection: Ints, gt_area: Ints) -> Floats:
    """1 where the masks overlap, 0 where the object is there and they do not, NaN where it is absent."""
    return np.where(gt_area > 0, (intersection > 0).astype(np.float64), np.nan)


def missed(*, gt_area: Ints, pred_area: Ints) -> Floats:
    """1 where the object is there and nothing is predicted, 0 where something is, NaN where the object is absent."""
    return np.where(gt_area > 0, (pred_area == 0).astype(np.float64), np.nan)


def drifted(*, intersection: Ints, gt_area: Ints, pred_area: Ints) -> Floats:
    """1 where the object is there and something is predicted beside it, 0 otherwise, NaN where the object is absent.

    >>> areas = {"gt_area": np.array([4, 4, 0]), "pred_area": np.array([4, 0, 4])}
    >>> drifted(intersection=np.array([0, 0, 0]), **areas).tolist()
    [1.0, 0.0, nan]
    """
    beside = (pred_area > 0) & (intersection == 0)
    return np.where(gt_area > 0, beside.astype(np.float64), np.nan)
