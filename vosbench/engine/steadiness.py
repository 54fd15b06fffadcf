"""Temporal stability T of one prediction while its sequence is read: one descriptor a mask, kept for the next frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench.measures.stability import Descriptor, TooRaggedError, describe, instability

Planes = tuple[NDArray[np.uint8], ...]

#: Why T of a frame is undefined; the index is what :attr:`Steadiness.reasons` holds.
REASONS = ("", "no polygon", "too ragged", "no previous frame")
NO_POLYGON, TOO_RAGGED, NO_PREVIOUS = 1, 2, 3


@dataclass(slots=True, kw_only=True)
class Steadiness:
    """T of every label on every frame.

    ``values`` is float64 (labels, frames), NaN where undefined; ``reasons`` int64 of the same shape. Label ``k`` is in
    row ``k - 1``.
    """

    n_labels: int
    n_frames: int
    values: NDArray[np.float64] = field(init=False)
    reasons: NDArray[np.int64] = field(init=False)
    _previous: dict[int, Descriptor | int] | None = field(init=False, default=None)
    _index: int = field(init=False, default=-2)

    def __post_init__(self) -> None:
        self.values = np.full((self.n_labels, self.n_frames), np.nan)
        self.reasons = np.full((self.n_labels, self.n_frames), NO_PREVIOUS)

    def follows(self, index: int) -> bool:
        """Was the frame before ``index`` the last one seen?"""
        return self._index == index - 1

    def begin(self, planes: Planes, index: int) -> None:
        """Take the masks of a frame as the previous ones, without a value for the frame itself."""
        self._previous, self._index = _descriptors(planes), index

    def add(self, t: int, planes: Planes, index: int) -> None:
        """Compare a frame with the one before it; ``t`` is its column, ``index`` its position in the sequence."""
        current = _descriptors(planes)
        if self.follows(index) and self._previous is not None:
            for label in range(1, self.n_labels + 1):
                ends = (self._previous.get(label, NO_POLYGON), current.get(label, NO_POLYGON))
                reason = max((end for end in ends if isinstance(end, int)), default=0)
                self.reasons[label - 1, t] = reason
                if not reason:
                    before, now = ends
                    assert isinstance(before, Descriptor)
                    assert isinstance(now, Descriptor)
                    self.values[label - 1, t] = instability(before, now)
        self._previous, self._index = current, index


def _descriptors(planes: Planes) -> dict[int, Descriptor | int]:
    """The descriptor of every label present, or the reason why it has none."""
    found: dict[int, Descriptor | int] = {}
    for plane in planes:
        for label in np.flatnonzero(np.bincount(plane.ravel(), minlength=1)[1:]) + 1:
            try:
                found[int(label)] = describe(plane == label) or NO_POLYGON
            except TooRaggedError:
                found[int(label)] = TOO_RAGGED
    return found
