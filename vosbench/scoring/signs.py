"""What the pixels of a frame show beside its counts, as few integers: enough to tell that a mask is improbable.

Some frames are looked at, in some rows: what is told here is said of whole sequences.
"""

from enum import IntFlag
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from vosbench.masks.annotated import palette_of
from vosbench.scoring.counting import Frame
from vosbench.types import LabelMap, Masks

#: The rows of ``SequenceCounts.signs``: pixels of the frame, a checksum of the predicted contours, the flags below, and
#: a pair of labels ``1 << 16 | i << 8 | j`` where the palette gives i the colour that j has in the truth (else 0).
SIGNS = ("pixels", "checksum", "flags", "moved")

#: Every frame is looked at whose position is a multiple of this.
EVERY = 8

_ROWS = 32  # at least so many rows are looked at, if there are as many
_STRIDE = 16  # at most every 16th
_THIN = 3  # so many labels must lie in nothing but edges


class Flag(IntFlag):
    """What is improbable about one frame."""

    SOFT_PREDICTION = 1
    SOFT_TRUTH = 2
    PREDICTION_WITHOUT_BACKGROUND = 4
    TRUTH_WITHOUT_BACKGROUND = 8
    TRANSPOSED = 16
    LOOKED_AT = 32


class Look:
    """The masks of one frame as they were read, looked at no further than needed."""

    def __init__(self, planes: Masks) -> None:
        self.plane = planes[0] if len(planes) == 1 else None

    @cached_property
    def labels(self) -> NDArray[np.int64]:
        """The labels in some rows, sorted."""
        if self.plane is None:
            return np.empty(0, np.int64)
        step = max(1, min(_STRIDE, len(self.plane) // _ROWS))
        return np.flatnonzero(np.bincount(self.plane[::step].ravel()))

    @property
    def palette(self) -> bytes:
        """The colours in the file, if there are any."""
        return b"" if self.plane is None else palette_of(self.plane)

    @cached_property
    def without_background(self) -> bool:
        """Is there no pixel of label 0?"""
        return self.plane is not None and bool(self.labels[0]) and bool(self.plane.all())

    @cached_property
    def soft(self) -> bool:
        """Does it hold levels between 0 and its largest value that only edges or probabilities leave?"""
        return self.plane is not None and _is_spread(self.labels) and _is_soft(self.plane)


def _is_spread(labels: NDArray[np.int64]) -> bool:
    """Are these more labels, and further apart, than numbers of objects are?"""
    return len(labels) > _THIN + 1 and int(labels[-1]) >= min(8 * len(labels), 128)


def _is_soft(plane: LabelMap) -> bool:
    """Do at least three labels, and half of all but 0, lie in edges: most of their pixels have no equal neighbours?"""
    edge = np.zeros(plane.shape, bool)
    down, right = plane[1:] != plane[:-1], plane[:, 1:] != plane[:, :-1]
    edge[1:] |= down
    edge[:-1] |= down
    edge[:, 1:] |= right
    edge[:, :-1] |= right
    area, edges = np.bincount(plane.ravel()), np.bincount(plane[edge])
    area = area[: len(edges)]
    thin = int(((2 * edges >= area) & (area > 0))[1:].sum())
    return thin >= _THIN and 2 * thin >= int((area[1:] > 0).sum())


@lru_cache(maxsize=256)
def moved_label(palette: bytes, truth_palette: bytes, labels: tuple[int, ...], truth_labels: tuple[int, ...]) -> int:
    """Where a palette gives a label the colour of another label of the truth: ``1 << 16 | label << 8 | other``, else 0.

    Palettes of other colours say nothing, nor does one that shows two of its labels alike. Without a palette of the
    truth only black, the colour of background, is known.

    >>> black_red, red_black = bytes([0, 0, 0, 128, 0, 0]), bytes([128, 0, 0, 0, 0, 0])
    >>> hex(moved_label(red_black, black_red, (0, 1), (0, 1)))
    '0x10001'
    >>> moved_label(black_red, black_red, (0, 1), (0, 1))
    0
    """
    known = {truth_palette[3 * k : 3 * k + 3]: k for k in (0, *truth_labels)} if truth_palette else {bytes(3): 0}
    colours = {k: palette[3 * k : 3 * k + 3] for k in labels}
    if len(set(colours.values())) < len(colours):
        return 0
    for label, colour in colours.items():
        other = known.get(colour, label)
        if other != label and truth_palette[3 * label : 3 * label + 3] != colour and max(label, other) < 256:
            return 1 << 16 | label << 8 | other
    return 0


def frame_signs(t: int, truth: Look, guess: Look, counted: Frame, *, transposed: bool) -> tuple[int, int, int, int]:
    """The signs of frame number ``t`` of those expected, in the order of ``SIGNS``."""
    flags, moved = Flag(0), 0
    if transposed:
        flags |= Flag.TRANSPOSED
    if t % EVERY == 0:
        flags |= Flag.LOOKED_AT
        flags |= Flag.SOFT_PREDICTION * guess.soft | Flag.SOFT_TRUTH * truth.soft
        flags |= Flag.PREDICTION_WITHOUT_BACKGROUND * guess.without_background
        flags |= Flag.TRUTH_WITHOUT_BACKGROUND * truth.without_background
        if guess.palette and guess.palette != truth.palette:
            labels, others = tuple(guess.labels.tolist()), tuple(truth.labels.tolist())
            moved = moved_label(guess.palette, truth.palette, labels, others)
    height, width = counted.planes[0].shape
    return height * width, _checksum(counted), int(flags), moved


def _checksum(frame: Frame) -> int:
    value = 0
    for contours in frame.contours:
        value = zlib_ng.crc32(contours.positions, zlib_ng.crc32(contours.offsets, value))
    return value
