"""Dense optical flow at a modest size, to carry masks from frame to frame."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench.models.predictors import SMALLEST

SHORT_SIDE = 240  # pixels at which flow is estimated; a larger video is made smaller


class Flow:
    """DIS flow (Kroeger et al., ECCV 2016), the "medium" preset."""

    def __init__(self) -> None:
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)

    def look_up(self, now: Image, before: Image) -> NDArray[np.float32]:
        """Where each pixel of ``now`` was in ``before``, (H, W, 3) uint8 RGB both: (H, W, 2) in pixels, x first."""
        height, width = now.shape[:2]
        factor = min(1.0, SHORT_SIDE / min(height, width))
        size = round(width * factor), round(height * factor)
        found = self._dis.calc(_grey(now, size), _grey(before, size), None)  # type: ignore[call-overload]
        flow = np.asarray(found, np.float32)[: size[1], : size[0]]
        flow = flow * np.array([width / size[0], height / size[1]], np.float32)
        return np.asarray(cv2.resize(flow, (width, height)), np.float32) if factor < 1 else flow


def carry(mask: NDArray[np.float32], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Look a soft mask (H, W) up along the flow, bilinearly; what comes from outside is 0."""
    height, width = mask.shape
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT), np.float32)


def _grey(picture: Image, size: tuple[int, int]) -> NDArray[np.uint8]:
    grey = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2GRAY)
    if grey.shape[::-1] != size:
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    border = (0, max(0, SMALLEST - size[1])), (0, max(0, SMALLEST - size[0]))
    return np.pad(np.asarray(grey, np.uint8), border, mode="edge")
