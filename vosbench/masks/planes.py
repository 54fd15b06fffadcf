"""What can be done to the planes of a frame without knowing what their labels mean: resize them, fingerprint them."""

import numpy as np
from zlib_ng import zlib_ng

from vosbench.types import LabelMap, Masks


def resized(plane: LabelMap, shape: tuple[int, ...]) -> LabelMap:
    """A label map at another size (height, width): nearest neighbour by pixel centres."""
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(shape, plane.shape, strict=True))
    return np.ascontiguousarray(plane[rows][:, columns])


def crc32(planes: Masks) -> int:
    """CRC-32 of the labels, however the file they came from was written."""
    value = 0
    for plane in planes:
        value = zlib_ng.crc32(np.ascontiguousarray(plane), value)
    return value
