"""Run-length encodings: lengths of runs of 0 and 1 in turn, down the columns of a mask.

An encoding is ``{"size": [height, width], "counts": …}``, the counts as a list of integers or in COCO's compressed
text. Sizes, signs and the sum of the runs are checked before a mask is made. The usual C library would gain nothing:
checking needs the runs anyway, and it trusts what it is given.
"""

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.masks.png import MAX_PIXELS


class RunLengths(msgspec.Struct, frozen=True):
    """One encoded mask."""

    size: tuple[int, int]
    counts: str | list[int]


class EncodingError(ValueError):
    """An encoding that is no mask."""


def decode(encoded: RunLengths) -> NDArray[np.bool_]:
    """The mask of an encoding: bool (height, width).

    Raises:
        EncodingError: what is wrong with it.

    >>> decode(RunLengths(size=(2, 2), counts=[1, 2, 1])).astype(int).tolist()
    [[0, 1], [1, 0]]
    """
    height, width = encoded.size
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        raise EncodingError(f"a mask cannot be {width} x {height} pixels")
    runs = _runs(encoded.counts) if isinstance(encoded.counts, str) else _checked(encoded.counts)
    if (runs < 0).any() or (runs > height * width).any() or int(runs.sum()) != height * width:
        raise EncodingError(f"its runs do not add up to {width} x {height} pixels")
    values = np.arange(len(runs)) % 2 == 1
    return np.ascontiguousarray(np.repeat(values, runs).reshape(width, height).T)


def of_size(encoded: RunLengths, shape: tuple[int, int], label: int) -> NDArray[np.bool_]:
    """The mask of an object that must have the size of its video. Raises EncodingError."""
    if tuple(encoded.size) != shape:
        raise EncodingError(f"object {label} is of size {encoded.size}, the video {shape}")
    try:
        return decode(encoded)
    except EncodingError as error:
        raise EncodingError(f"object {label}: {error}") from error


def _checked(counts: list[int]) -> NDArray[np.int64]:
    if any(not 0 <= n <= MAX_PIXELS for n in counts):
        raise EncodingError("a run is negative or too long")
    return np.array(counts, np.int64)


def _runs(text: str) -> NDArray[np.int64]:
    """COCO's compressed text: numbers in groups of five bits, lowest first; from the fourth on, each is the difference
    to the one two before."""
    digits = np.frombuffer(text.encode(errors="replace"), np.uint8).astype(np.int64) - 48
    if not len(digits) or ((digits < 0) | (digits > 63)).any() or digits[-1] & 32:
        raise EncodingError("its text is no run-length encoding")
    ends = np.flatnonzero(digits & 32 == 0)
    starts = np.append(0, ends[:-1] + 1)
    place = np.arange(len(digits)) - np.repeat(starts, ends - starts + 1)
    if (place > 6).any():
        raise EncodingError("a run is too long")
    numbers = np.add.reduceat((digits & 31) << (5 * place), starts)
    negative = digits[ends] & 16 > 0
    numbers = np.where(negative, numbers - (1 << 5 * (place[ends] + 1)), numbers)
    numbers[1::2] = np.cumsum(numbers[1::2])
    numbers[2::2] = np.cumsum(numbers[2::2])
    return numbers
