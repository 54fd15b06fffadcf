"""Three predictors without weights: the floor that a learned model has to clear.

===================  ====================================================================
nothing              every pixel is background
copy-first-mask      each object stays where its first mask put it
optical-flow         the masks move with the dense optical flow from frame to frame
===================  ====================================================================

A predictor sees one video as a stream: one ``step`` a frame, nothing of the future, memory of one frame. Where a mask
is given, it is also that frame's answer (except for ``nothing``, which never answers).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import UsageError

SMALLEST = 32  # pixels; the flow of OpenCV reads out of bounds on images thinner than about 16

Image = NDArray[np.uint8]
Labels = NDArray[np.uint8]


class Predictor(Protocol):
    """Follows the objects of one video."""

    def step(self, image: Image, given: Labels | None = None) -> Labels:
        """The label map of the next frame.

        ``image`` is RGB, uint8 of shape (height, width, 3). ``given`` is a label map, uint8 of shape (height, width),
        with the masks of the objects that are first annotated on this frame and 0 elsewhere; None where there are none.
        """


class Nothing:
    """Predicts background everywhere, also where a mask is given."""

    def step(self, image: Image, given: Labels | None = None) -> Labels:
        """See Predictor."""
        return np.zeros(image.shape[:2], dtype=np.uint8)


class CopyFirstMask:
    """Repeats each object's first mask; an object that enters later is laid over the earlier ones."""

    def __init__(self) -> None:
        self._labels: Labels | None = None

    def step(self, image: Image, given: Labels | None = None) -> Labels:
        """See Predictor."""
        if self._labels is None:
            self._labels = np.zeros(image.shape[:2], dtype=np.uint8)
        _check_size(image, self._labels.shape, given)
        if given is not None:
            self._labels = np.where(given > 0, given, self._labels)
        return self._labels.copy()


class OpticalFlow:
    """Carries soft masks along the dense optical flow.

    The flow is estimated from the current frame to the previous one (DIS, Kroeger et al., ECCV 2016, the "medium"
    preset), so each pixel looks up where it came from; background and objects are looked up bilinearly and stay soft
    from frame to frame. A pixel takes the label with the largest value. What comes from outside is background.
    """

    def __init__(self) -> None:
        import cv2

        self._flow: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        self._previous: Image | None = None
        self._soft: dict[int, NDArray[np.float32]] = {}

    def step(self, image: Image, given: Labels | None = None) -> Labels:
        """See Predictor."""
        import cv2

        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
        previous = grey if self._previous is None else self._previous
        _check_size(image, previous.shape, given)
        if self._soft:
            self._soft = warp(self._soft, self._estimate(grey, previous))
        self._previous = grey
        if given is not None:
            self._enter(given)
        return hard_labels(self._soft, grey.shape)

    def _enter(self, given: Labels) -> None:
        """Make the given masks certain; elsewhere the other objects keep what they have."""
        free = given == 0
        for soft in self._soft.values():
            soft *= free
        for label in np.unique(given[~free]).tolist():
            fresh = (given == label).astype(np.float32)
            self._soft[label] = np.maximum(fresh, self._soft[label]) if label in self._soft else fresh

    def _estimate(self, grey: Image, previous: Image) -> NDArray[np.float32]:
        """Where each pixel of ``grey`` was before: float32 of shape (height, width, 2), in pixels, x first."""
        height, width = grey.shape
        border = (0, max(0, SMALLEST - height)), (0, max(0, SMALLEST - width))
        now, before = np.pad(grey, border, mode="edge"), np.pad(previous, border, mode="edge")
        return np.asarray(self._flow.calc(now, before, None), dtype=np.float32)[:height, :width]


def warp(soft: Mapping[int, NDArray[np.float32]], flow: NDArray[np.float32]) -> dict[int, NDArray[np.float32]]:
    """Look each soft mask up at ``position + flow``, bilinearly; outside the image it is 0.

    ``flow`` is float32 of shape (height, width, 2), in pixels, x first.
    """
    import cv2

    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return {
        label: np.asarray(cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0.0))
        for label, mask in soft.items()
    }


def hard_labels(soft: Mapping[int, NDArray[np.float32]], shape: tuple[int, ...]) -> Labels:
    """The label with the largest value at each pixel, where background has what the objects leave of 1.

    Ties go to background, then to the object that entered first.
    """
    labels = np.zeros(shape, dtype=np.uint8)
    best = np.ones(shape, dtype=np.float32)
    for mask in soft.values():
        best -= mask
    for label, mask in soft.items():
        wins = mask > best
        labels[wins] = label
        np.maximum(best, mask, out=best)
    return labels


def _check_size(image: Image, expected: tuple[int, ...], given: Labels | None) -> None:
    if image.shape[:2] != expected:
        raise UsageError(
            f"a frame of {image.shape[:2]} follows frames of {expected}", fix="use one predictor per video"
        )
    if given is not None and given.shape != expected:
        raise UsageError(f"the given masks are {given.shape}, the frame is {expected}", fix="give masks of its size")


PREDICTORS: Mapping[str, Callable[[], Predictor]] = MappingProxyType(
    {"nothing": Nothing, "copy-first-mask": CopyFirstMask, "optical-flow": OpticalFlow}
)
"""Predictors by name; calling one gives a fresh predictor for one video."""
