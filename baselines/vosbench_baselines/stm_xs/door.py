"""STM-XS at the door of vosbench: per object a memory, and a network of its own once it has learnt the object.

What happens to a frame around the network is told in :mod:`vosbench_baselines.squares.following`. Memorised are the
frame on which the object is given, every fifth of the video, and always the latest one that shows it.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench_baselines.layers.memory import MemoryBank
from vosbench_baselines.learning.online import Schedule
from vosbench_baselines.learning.outcome import region_similarity
from vosbench_baselines.squares.following import BATCH, MARGIN, ONLINE, FollowingModel
from vosbench_baselines.squares.network import mask_loss
from vosbench_baselines.squares.samples import Dreams, inputs
from vosbench_baselines.stm_xs.network import STMXS
from vosbench_baselines.stm_xs.samples import Batch, batch, dreamt, memory
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.roi import Square, square_around
from vosbench_baselines.weights import checkpoints
from vosbench_baselines.weights.shipped import shipped_weights

EVERY = 5


class STMXSModel(FollowingModel):
    """See :class:`vosbench_baselines.squares.following.FollowingModel`."""

    def expert(self, colours: Colours) -> "Reader":
        """See :class:`vosbench_baselines.squares.following.FollowingModel`."""
        return Reader(self, colours)


class Reader:
    """One object; see :class:`vosbench_baselines.squares.following.Expert`."""

    def __init__(self, model: STMXSModel, colours: Colours) -> None:
        self.model, self.network, self.colours = model, model.network, colours
        self.bank = MemoryBank()

    @torch.inference_mode()
    def refine(self, image: Image, rough: NDArray[np.float32], square: Square) -> NDArray[np.float32]:
        """What the network makes of the square, and of what it reads; plain and mirrored read the same memory."""
        seen = inputs(image, rough, self.colours, square)
        keys, values, _ = self.bank.cells()
        both = keys.expand(2, -1, -1), values.expand(2, -1, -1)
        return self.model.refined(seen, square, rough.shape, lambda x: self.network(x, *both))

    @torch.inference_mode()
    def see(self, index: int, image: Image, mask: NDArray[np.float32], *, given: bool) -> None:
        """Memorise the frame, if the object is on it."""
        square = square_around(mask, MARGIN)
        if square is None and not given:
            return
        shown = torch.from_numpy(memory(image, mask, square or whole(image)))[None].to(self.model.device)
        keys, values = self.network.memorise(shown[:, :3], shown[:, 3:])
        self.bank.write(index, keys, values, torch.tensor([given or index % EVERY == 0], device=self.model.device))

    def learn(self, image: Image, mask: NDArray[np.float32], where: str) -> None:
        """Fit a network of the object's own to dreams of the frame, and memorise the frame with it."""
        dreams = Dreams(image, mask, self.colours)

        def draw(rng: np.random.Generator) -> Batch:
            return batch(dreamt(rng, dreams, BATCH), self.model.device)

        (index,) = self.bank.frames

        def begun(network: STMXS) -> Reader:
            reader = Reader(self.model, self.colours)
            reader.network = network
            reader.see(index, image, mask, given=True)
            return reader

        def j(network: STMXS) -> float:
            square = square_around(mask, MARGIN)
            assert square is not None, "it was learnt"
            return region_similarity(begun(network).refine(image, mask, square), mask)

        self.network = self.model.learnt(draw, loss, j, where)
        self.bank = begun(self.network).bank


def whole(image: Image) -> Square:
    """The square that holds all of a picture: what is memorised when a given mask is empty."""
    height, width = image.shape[:2]
    return Square(width / 2, height / 2, float(max(height, width)))


def loss(network: STMXS, drawn: Batch) -> torch.Tensor:
    """MaskTrack-lite's, after memorising both memories of each sample."""
    memories = drawn.memories.flatten(0, 1)  # (2 B, 4, S, S)
    keys, values = network.memorise(memories[:, :3], memories[:, 3:])
    samples = len(drawn.inputs)
    logits = network(drawn.inputs, *(cells.unflatten(0, (samples, 2)).flatten(1, 2) for cells in (keys, values)))
    return mask_loss(logits.float(), drawn.targets)


def stm_xs(*, weights: Path | None, device: str) -> STMXSModel:
    """A small Space-Time Memory network, trained from nothing, that learns each object online; ships with weights."""
    return _load("stm-xs", weights, device, ONLINE)


def stm_xs_offline(*, weights: Path | None, device: str) -> STMXSModel:
    """The same without online learning: faster, and less exact."""
    return _load("stm-xs-offline", weights, device, None)


def load(path: Path, name: str | None = None) -> tuple[STMXS, str, dict[str, str]]:
    """The network of a file, see :func:`vosbench_baselines.weights.checkpoints.load`."""
    return checkpoints.load(path, lambda _: STMXS(), name)


def _load(name: str, weights: Path | None, device: str, schedule: Schedule | None) -> STMXSModel:
    path = weights or shipped_weights("stm-xs")
    network, _, _ = load(path, "stm-xs")
    return STMXSModel(network, name, device=device, schedule=schedule, weights=checkpoints.sha256(path))
