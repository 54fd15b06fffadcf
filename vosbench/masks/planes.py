"""Masks of single objects packed into as few label maps as their overlaps allow."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.types import LabelMap, Masks


def pack(masks: Iterable[tuple[int, NDArray[np.bool_]]], shape: tuple[int, int]) -> Masks:
    """Put (label, mask) pairs into label maps, each into the first one in which it covers no other object.

    Args:
        masks: labels 1 to 65535, each once, with boolean masks of ``shape``.
        shape: height and width, for a frame without any object.

    Returns:
        At least one label map. Objects that do not overlap share one.
    """
    planes: list[LabelMap] = []
    for label, mask in masks:
        free = (p for p in planes if not p[mask].any() and label <= np.iinfo(p.dtype).max)
        plane: NDArray[Any] | None = next(free, None)
        if plane is None:
            plane = np.zeros(shape, np.uint8 if label < 256 else np.uint16)
            planes.append(plane)
        plane[mask] = label
    return tuple(planes) or (np.zeros(shape, np.uint8),)
