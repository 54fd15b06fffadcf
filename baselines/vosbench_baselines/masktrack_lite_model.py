"""MaskTrack-lite at the door of vosbench: per object a network of its own, its colours, and where it was last.

A frame goes like this, for each object: last frame's mask is carried along the optical flow; the network refines it in
the square around it, plain and mirrored; a sudden collapse is softened with the carried mask. An object that is gone
for some frames is looked for wherever its colours are, and taken back when what is found there looks like it.
"""

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.adapters import Image, ModelSpec, SoftMasks, VideoInfo
from vosbench_baselines import checkpoints
from vosbench_baselines.appearance import Colours
from vosbench_baselines.flow import Flow, carry
from vosbench_baselines.masktrack_lite import MaskTrackLite, mask_loss
from vosbench_baselines.masktrack_lite_samples import MARGIN, Batch, Dreams, batch, inputs
from vosbench_baselines.online import Schedule, learn_online
from vosbench_baselines.redetection import Looks, candidates
from vosbench_baselines.roi import Square, put_back, square_around
from vosbench_baselines.shipped import shipped_weights

ONLINE = Schedule(steps=200, learning_rate=1e-3)
BATCH = 4
SEED = 0
COLLAPSED = 0.25  # of the carried mask's area: less is not believed at once
LOST = 0.02  # of the area last seen: less is nothing


class MaskTrackLiteModel:
    """Weights on a device, and how each object is learnt online; ``schedule`` None: not at all."""

    def __init__(
        self,
        network: MaskTrackLite,
        name: str = "masktrack-lite",
        *,
        device: str = "cpu",
        schedule: Schedule | None = None,
        weights: str | None = None,
    ) -> None:
        self.device = torch.device(device)
        self.network = network.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.schedule = schedule
        self.spec = ModelSpec(name=name, merge="soft-aggregation", adapts=schedule is not None, weights=weights)

    def open(self, video: VideoInfo) -> "MaskTrackLiteSession":
        """Begin a video."""
        return MaskTrackLiteSession(self)


@dataclass(slots=True)
class Track:
    """One object: its network, its looks on the frame it was given, its latest soft mask, and the area last seen."""

    network: MaskTrackLite
    looks: Looks
    mask: NDArray[np.float32]
    area: float


class MaskTrackLiteSession:
    """The objects of one video, in the order in which they came."""

    def __init__(self, model: MaskTrackLiteModel) -> None:
        self.model = model
        self.tracks: dict[int, Track] = {}
        self.flow = Flow()
        self.latest: Image | None = None

    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.adapters.Session`."""
        assert self.latest is not None, "an object was given before"
        flow = self.flow.look_up(image, self.latest)
        maps = [self._follow(track, image, carry(track.mask, flow)) for track in self.tracks.values()]
        return SoftMasks(ids=tuple(self.tracks), probabilities=np.stack(maps))

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.adapters.Session`."""
        self.latest = image
        for identity, mask in zip(masks.ids, masks.probabilities, strict=True):
            mask = mask.copy()
            area = float((mask > 0.5).sum())
            if identity in given:
                looks = Looks(Colours(image, mask), image, mask)
                self.tracks[identity] = Track(self.model.network, looks, mask, area)
            track = self.tracks[identity]
            track.mask = mask
            if area > LOST * track.area:
                track.area = area

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.adapters.Adapts`: learn each object on the frame it is given, and on no other."""
        for identity in sorted(given):
            track = self.tracks[identity]
            dreams = Dreams(image, track.mask, track.looks.colours)
            if self.model.schedule is None or dreams.parts is None:
                continue

            def draw(rng: np.random.Generator, dreams: Dreams = dreams) -> Batch:
                return batch(dreams.draw(rng, BATCH), self.model.device)

            track.network, _ = learn_online(self.model.network, draw, _loss, self.model.schedule, seed=SEED)

    def _follow(self, track: Track, image: Image, carried: NDArray[np.float32]) -> NDArray[np.float32]:
        """The object's probabilities (H, W) on a frame onto which its mask was carried."""
        square = square_around(carried, MARGIN)
        area = float((carried > 0.5).sum())
        if square is None or area <= LOST * track.area:
            return self._find_again(track, image)
        found = self._refine(track, image, carried, square)
        if (found > 0.5).sum() < COLLAPSED * area:
            found = (found + carried) / 2
        return found

    def _find_again(self, track: Track, image: Image) -> NDArray[np.float32]:
        """Look where the object's colours are; nothing where no place has its looks."""
        nothing = np.zeros(image.shape[:2], np.float32)
        for square in candidates(track.looks, image, track.area):
            found = self._refine(track, image, nothing, square)
            if track.looks.recognise(image, found, track.area):
                return found
        return nothing

    @torch.inference_mode()
    def _refine(self, track: Track, image: Image, rough: NDArray[np.float32], square: Square) -> NDArray[np.float32]:
        """What the network makes of a rough mask (H, W), the mean of plain and mirrored; zero outside the square."""
        x = torch.from_numpy(inputs(image, rough, track.looks.colours, square)).to(self.model.device)
        both = torch.stack([x, x.flip(2)]).contiguous(memory_format=torch.channels_last)
        plain, mirrored = torch.sigmoid(track.network(both).float())[:, 0]
        found = (plain + mirrored.flip(1)) / 2
        return put_back(found.cpu().numpy(), square, rough.shape)


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
    """The network of a file, see :func:`vosbench_baselines.checkpoints.load`."""
    return checkpoints.load(path, lambda _: MaskTrackLite(), name)


def _load(name: str, weights: Path | None, device: str, schedule: Schedule | None) -> MaskTrackLiteModel:
    path = weights or shipped_weights("masktrack-lite")
    network, _, _ = load(path, "masktrack-lite")
    return MaskTrackLiteModel(network, name, device=device, schedule=schedule, weights=checkpoints.sha256(path))
