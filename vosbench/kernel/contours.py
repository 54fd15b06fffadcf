"""The contours of all objects of one label map: what both kernels return and take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Contours:
    """Contour pixels of every label, grouped by label.

    ``positions[offsets[k]:offsets[k + 1]]`` are the flat indices (``row * width + column``, int32, ascending) of the
    contour pixels of label ``k``; ``offsets`` is int64 of length 257. Label 0 is background and never has any. ``top``
    is the largest label of the map.
    """

    shape: tuple[int, int]
    offsets: NDArray[np.int64]
    positions: NDArray[np.int32]
    top: int

    def of(self, label: int) -> NDArray[np.int32]:
        """Flat indices of the contour pixels of one label."""
        return self.positions[self.offsets[label] : self.offsets[label + 1]]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of contour pixels of each label 0 to 255."""
        return self.offsets[1:] - self.offsets[:-1]

    @property
    def labels(self) -> NDArray[np.int64]:
        """The labels of the map but 0: those that have a contour, or the one that fills the frame and has none."""
        return np.flatnonzero(self.lengths) if len(self.positions) else np.arange(self.top, self.top + (self.top > 0))
