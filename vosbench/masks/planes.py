"""What can be done to planes without knowing what their labels mean: resize and pack them."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.types import LabelMap, Masks


def resized(plane: NDArray[np.integer], shape: tuple[int, ...]) -> LabelMap:
    """A label map at another size (height, width): nearest neighbour by pixel centres."""
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, plane.shape, strict=True))
    return np.ascontiguousarray(plane[rows][:, columns])


def _is_free(plane: LabelMap, mask: NDArray[np.bool_]) -> bool:
    """Does the plane hold no object where the mask is? Where one lies on the other, one pixel mostly tells."""
    first = int(mask.argmax())
    return not (mask.flat[first] and plane.flat[first]) and not plane[mask].any()


#: Objects that overlap more than this many bytes of planes can hold are refused.
MAX_PLANE_BYTES = 1 << 28


class TooManyPlanes(ValueError):
    """More overlapping objects than are held at once."""


def pack(masks: Iterable[tuple[int, NDArray[np.bool_]]], shape: tuple[int, int]) -> Masks:
    """Put (label, mask) pairs into label maps, each into the first one in which it covers no other object.

    Args:
        masks: labels 1 to 65535, each once, with boolean masks of ``shape``.
        shape: height and width, for a frame without any object.

    Returns:
        At least one label map. Objects that do not overlap share one.

    Raises:
        TooManyPlanes: the label maps would take more than ``MAX_PLANE_BYTES``.
    """
    planes: list[LabelMap] = []
    for label, mask in masks:
        free = (p for p in planes if label <= np.iinfo(p.dtype).max and _is_free(p, mask))
        plane: NDArray[Any] | None = next(free, None)
        if plane is None:
            plane = np.zeros(shape, np.uint8 if label < 256 else np.uint16)
            planes.append(plane)
            if sum(p.nbytes for p in planes) > MAX_PLANE_BYTES:
                raise TooManyPlanes(
                    f"{len(planes)} objects of {shape[1]} x {shape[0]} pixels overlap, which is too many"
                )
        plane[mask] = label
    return tuple(planes) or (np.zeros(shape, np.uint8),)
