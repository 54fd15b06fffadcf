"""The contours of all objects of one label map: what both kernels return and take."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Contours:
    """Contour pixels of every label, grouped by label.

    ``positions[offsets[k]:offsets[k + 1]]`` are the flat indices (``row * width + column``, int32, ascending) of the
    contour pixels of label ``k``; ``offsets`` is int64 of length 257. Label 0 is background and never has any.
    """

    shape: tuple[int, int]
    offsets: NDArray[np.int64]
    positions: NDArray[np.int32]

    def of(self, label: int) -> NDArray[np.int32]:
        """Flat indices of the contour pixels of one label."""
        return self.positions[self.offsets[label] : self.offsets[label + 1]]

    @property
    def top(self) -> int:
        """The largest label with a contour, 0 if none has one."""
        return max(int(self.offsets.searchsorted(self.offsets[256])) - 1, 0)

    def length_of(self, labels: NDArray[np.int64]) -> NDArray[np.int64]:
        """Number of contour pixels of each of ``labels``."""
        return self.offsets[labels + 1] - self.offsets[labels]

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of contour pixels of each label 0 to 255."""
        return self.offsets[1:] - self.offsets[:-1]
