"""The predictors without weights as models, for ``vosbench.models.predict``; entry points ``vosbench.models``."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, SoftMasks, VideoInfo
from vosbench.models.predictors import PREDICTORS, Predictor


@dataclass(frozen=True, slots=True)
class PropagationModel:
    """A predictor without weights, one fresh one per video."""

    name: str
    make: Callable[[], Predictor]

    @property
    def spec(self) -> ModelSpec:
        """Native size, no padding, hard masks."""
        return ModelSpec(name=self.name)

    def open(self, video: VideoInfo) -> "PropagationSession":
        """Begin a video."""
        return PropagationSession(self.make())


class PropagationSession:
    """One video. Label maps become one-hot maps here."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor
        self.ids: tuple[int, ...] = ()

    def step(self, index: int, image: Image, given: SoftMasks | None) -> SoftMasks:
        """See :class:`vosbench.models.interface.StepSession`."""
        labels = None
        if given is not None:
            labels = np.zeros(image.shape[:2], np.uint8)
            for identity, mask in zip(given.ids, given.probabilities, strict=True):
                labels[mask > 0] = identity
            self.ids = (*self.ids, *(identity for identity in given.ids if identity not in self.ids))
        found = self.predictor.step(image, labels)
        maps = [found == identity for identity in self.ids]
        return SoftMasks(ids=self.ids, probabilities=np.stack(maps).astype(np.float32))


def nothing(*, weights: Path | None, device: str) -> PropagationModel:
    """Background everywhere."""
    return _model("nothing", weights)


def copy_first_mask(*, weights: Path | None, device: str) -> PropagationModel:
    """Each object stays where it was given."""
    return _model("copy-first-mask", weights)


def optical_flow(*, weights: Path | None, device: str) -> PropagationModel:
    """Masks move with dense optical flow."""
    return _model("optical-flow", weights)


def _model(name: str, weights: Path | None) -> PropagationModel:
    if weights is not None:
        raise UsageError(f"{name} has no weights", fix="leave the weights out")
    return PropagationModel(name, PREDICTORS[name])
