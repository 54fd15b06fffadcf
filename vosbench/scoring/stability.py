"""Temporal stability T of one prediction while its sequence is read: one descriptor a mask, kept for the next frame."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench.measures.stability import Descriptor, TooRaggedError, describe, instability

Planes = tuple[NDArray[np.uint8], ...]

#: Why T of a frame is undefined; the index is what :attr:`Steadiness.reasons` holds.
REASONS = ("", "no polygon", "too ragged", "no previous frame")
NO_POLYGON, TOO_RAGGED, NO_PREVIOUS = 1, 2, 3


@dataclass(slots=True)
class Steadiness:
    """T of every label on every frame of ``n_frames``; only labels that occur take memory."""

    n_frames: int
    _values: dict[int, NDArray[np.float64]] = field(init=False, default_factory=dict)
    _reasons: dict[int, NDArray[np.int64]] = field(init=False, default_factory=dict)
    _absent: NDArray[np.int64] = field(init=False)
    _previous: dict[int, Descriptor | int] | None = field(init=False, default=None)
    _index: int = field(init=False, default=-2)

    def __post_init__(self) -> None:
        self._absent = np.full(self.n_frames, NO_PREVIOUS)

    def of(self, labels: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """T, NaN where undefined, and the positions in :data:`REASONS`: float64 and int64 (labels, frames)."""
        nothing = np.full(self.n_frames, np.nan)
        values = [self._values.get(label, nothing) for label in labels.tolist()]
        reasons = [self.reasons(label) for label in labels.tolist()]
        shape = (len(labels), self.n_frames)
        return np.reshape(values, shape).astype(np.float64), np.reshape(reasons, shape).astype(np.int64)

    def reasons(self, label: int) -> NDArray[np.int64]:
        """The reasons of one label, or of one that never occurred."""
        return self._reasons.get(label, self._absent)

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
            for label in {*self._values, *self._previous, *current}:
                self._compare(t, label, self._previous.get(label, NO_POLYGON), current.get(label, NO_POLYGON))
            self._absent[t] = NO_POLYGON
        self._previous, self._index = current, index

    def _compare(self, t: int, label: int, before: Descriptor | int, now: Descriptor | int) -> None:
        if label not in self._values:
            self._values[label], self._reasons[label] = np.full(self.n_frames, np.nan), self._absent.copy()
        reason = max((end for end in (before, now) if isinstance(end, int)), default=0)
        self._reasons[label][t] = reason
        if not reason:
            assert isinstance(before, Descriptor)
            assert isinstance(now, Descriptor)
            self._values[label][t] = instability(before, now)


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
