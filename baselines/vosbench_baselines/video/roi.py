"""The square around an object: where it is, cutting it out at a network's size, putting the answer back."""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

TAIL = 0.01  # the share of the mask's mass that may lie outside its box on each side: specks do not stretch it
SMALLEST = 16.0  # pixels of the video, the least side


class Square(NamedTuple):
    """Centre and side in pixels of the video; it may reach over the border."""

    x: float
    y: float
    side: float


def square_around(mask: NDArray[np.float32], margin: float) -> Square | None:
    """The square of ``margin`` times the longer side of the mask's box; None where the mask (H, W) is empty.

    >>> mask = np.zeros((40, 60), np.float32)
    >>> mask[10:20, 30:50] = 1
    >>> square_around(mask, 2.0)
    Square(x=40.0, y=15.0, side=40.0)
    """
    solid = np.where(mask > 0.5, mask, 0)
    if not solid.any():
        return None
    (top, bottom), (left, right) = (_extent(solid.sum(axis=axis, dtype=np.float64)) for axis in (1, 0))
    side = max(SMALLEST, margin * max(bottom - top, right - left))
    return Square((left + right) / 2, (top + bottom) / 2, side)


def cut(
    picture: NDArray[Any], square: Square, size: int, *, outside: int = cv2.BORDER_REPLICATE, nearest: bool = False
) -> NDArray[Any]:
    """The square of (H, W) or (H, W, C) as (size, size): bilinear, after averaging where it is made much smaller."""
    shrink = int(square.side // size)
    if shrink >= 2 and not nearest:
        height, width = (max(1, n // shrink) for n in picture.shape[:2])
        factors = width / picture.shape[1], height / picture.shape[0]
        picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    else:
        factors = 1.0, 1.0
    matrix = _to_square(square, size) @ np.diag([1 / factors[0], 1 / factors[1], 1.0])
    how = cv2.INTER_NEAREST if nearest else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(picture, _centred(matrix), (size, size), flags=how, borderMode=outside))


def put_back(found: NDArray[np.float32], square: Square, shape: tuple[int, int]) -> NDArray[np.float32]:
    """The inverse of :func:`cut`: (size, size) at its place in (H, W), zero outside the square."""
    matrix = np.linalg.inv(_to_square(square, len(found)))
    out = cv2.warpAffine(found, _centred(matrix), shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return np.asarray(out, np.float32)


def _to_square(square: Square, size: int) -> NDArray[np.float64]:
    """3×3, from the plane of the video to that of the square; pixel (0, 0) covers [0, 1] × [0, 1]."""
    scale = size / square.side
    left, top = square.x - square.side / 2, square.y - square.side / 2
    return np.array([[scale, 0, -scale * left], [0, scale, -scale * top], [0, 0, 1.0]])


def _centred(matrix: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """2×3 for OpenCV, which counts from the centres of the pixels."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    out: NDArray[np.float64] = (np.linalg.inv(half) @ matrix @ half)[:2]
    return out


def _extent(mass: NDArray[np.float64]) -> tuple[float, float]:
    """First and past-the-last index of all but the tails."""
    share = np.cumsum(mass) / mass.sum()
    first = int(np.searchsorted(share, TAIL, side="right"))
    last = int(np.searchsorted(share, 1 - TAIL, side="left"))
    return float(first), float(last + 1)
