"""What colours an object has: histograms of Lab colours on and off it, and their ratio."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Image

BINS = (16, 32, 32)  # of L, a and b
UNSEEN = 0.02  # of a uniform histogram is added to both, so that colours never seen say nothing: 0.5


class Colours:
    """The colours of one object, learnt from one annotated frame."""

    def __init__(self, image: Image, mask: NDArray[np.float32]) -> None:
        """``image`` (H, W, 3) uint8 RGB, ``mask`` (H, W) in [0, 1]."""
        cells = _cells(image).ravel()
        on, off = (_histogram(cells, weights.ravel()) for weights in (mask, 1 - mask))
        floor = UNSEEN / on.size
        self._ratio = ((on + floor) / (on + off + 2 * floor)).astype(np.float32)

    def posterior(self, image: Image) -> NDArray[np.float32]:
        """How much likelier each pixel's colour is on the object than off it: (H, W), 0.5 where neither is."""
        return self._ratio[_cells(image)]


def _cells(image: Image) -> NDArray[np.int64]:
    lab = np.asarray(cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2LAB), np.int64)
    lightness, a, b = (lab[..., c] * bins // 256 for c, bins in enumerate(BINS))
    return (lightness * BINS[1] + a) * BINS[2] + b


def _histogram(cells: NDArray[np.int64], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """Shares of the colours, smoothed over neighbouring cells along each axis by (1, 2, 1) / 4."""
    counts: NDArray[np.float64] = np.bincount(cells, weights, int(np.prod(BINS))).reshape(BINS).astype(np.float64)
    for axis in range(3):
        padded = np.pad(counts, [(1, 1) if a == axis else (0, 0) for a in range(3)], mode="edge")
        before, here, after = (np.take(padded, range(k, k + BINS[axis]), axis=axis) for k in range(3))
        counts = (before + 2 * here + after) / 4
    out: NDArray[np.float64] = (counts / max(counts.sum(), 1e-9)).ravel()
    return out
