"""MaskTrack-lite at the door of vosbench: per object a network of its own and its colours.

What happens to a frame around the network is told in :mod:`vosbench_baselines.squares.following`.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench_baselines.learning.online import Schedule
from vosbench_baselines.learning.outcome import region_similarity
from vosbench_baselines.masktrack_lite.network import MaskTrackLite
from vosbench_baselines.squares.following import BATCH, MARGIN, ONLINE, FollowingModel
from vosbench_baselines.squares.network import mask_loss
from vosbench_baselines.squares.samples import Batch, Dreams, batch, inputs
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.roi import Square, square_around
from vosbench_baselines.weights import checkpoints
from vosbench_baselines.weights.shipped import shipped_weights


class MaskTrackLiteModel(FollowingModel):
    """See :class:`vosbench_baselines.squares.following.FollowingModel`."""

    def expert(self, colours: Colours) -> "Refiner":
        """See :class:`vosbench_baselines.squares.following.FollowingModel`."""
        return Refiner(self, colours)


class Refiner:
    """One object; see :class:`vosbench_baselines.squares.following.Expert`."""

    def __init__(self, model: MaskTrackLiteModel, colours: Colours) -> None:
        self.model, self.network, self.colours = model, model.network, colours

    @torch.inference_mode()
    def refine(self, image: Image, rough: NDArray[np.float32], square: Square) -> NDArray[np.float32]:
        """What the network makes of the square."""
        seen = inputs(image, rough, self.colours, square)
        return self.model.refined(seen, square, rough.shape, self.network)

    def see(self, index: int, image: Image, mask: NDArray[np.float32], *, given: bool) -> None:
        """Nothing is kept of a frame but its mask, which the session has."""

    def learn(self, image: Image, mask: NDArray[np.float32], where: str) -> None:
        """Fit a network of the object's own to dreams of the frame."""
        dreams = Dreams(image, mask, self.colours)

        def draw(rng: np.random.Generator) -> Batch:
            return batch(dreams.draw(rng, BATCH), self.model.device)

        def j(network: MaskTrackLite) -> float:
            asked, square = Refiner(self.model, self.colours), square_around(mask, MARGIN)
            asked.network = network
            assert square is not None, "it was learnt"
            return region_similarity(asked.refine(image, mask, square), mask)

        self.network = self.model.learnt(draw, _loss, j, where)


def _loss(network: MaskTrackLite, drawn: Batch) -> torch.Tensor:
    x, target = drawn
    return mask_loss(network(x), target)


def masktrack_lite(*, weights: Path | None, device: str) -> MaskTrackLiteModel:
    """A small mask refiner that learns each object online on the frame where it is given."""
    return _load("masktrack-lite", weights, device, ONLINE)


def masktrack_lite_offline(*, weights: Path | None, device: str) -> MaskTrackLiteModel:
    """The same without online learning: faster, and less exact."""
    return _load("masktrack-lite-offline", weights, device, None)


def load(path: Path, name: str | None = None) -> tuple[MaskTrackLite, str, dict[str, str]]:
    """The network of a file, see :func:`vosbench_baselines.weights.checkpoints.load`."""
    return checkpoints.load(path, lambda _: MaskTrackLite(), name)


def _load(name: str, weights: Path | None, device: str, schedule: Schedule | None) -> MaskTrackLiteModel:
    path = weights or shipped_weights("masktrack-lite")
    network, _, _ = load(path, "masktrack-lite")
    return MaskTrackLiteModel(network, name, device=device, schedule=schedule, weights=checkpoints.sha256(path))
