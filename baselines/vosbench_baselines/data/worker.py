"""A process that prepares clips. It gets the mixture once, when it starts, and never imports torch."""

import cv2

from vosbench_baselines.data.clips import Clip
from vosbench_baselines.data.mixture import Mixture

_mixture: Mixture | None = None


def begin(mixture: Mixture) -> None:
    """Keep the mixture; one thread is enough where there are many processes."""
    global _mixture
    _mixture = mixture
    cv2.setNumThreads(1)


def clip(step: int, item: int) -> Clip:
    """See :meth:`Mixture.clip`."""
    assert _mixture is not None
    return _mixture.clip(step, item)
