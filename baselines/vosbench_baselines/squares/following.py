"""Following objects in squares: what MaskTrack-lite and STM-XS do with a video around their networks.

A frame goes like this, for each object: last frame's mask is carried along the optical flow; the object's expert
refines it in the square around it; a sudden collapse is softened with the carried mask. An object that is gone for
some frames is looked for wherever its colours are, and taken back when what is found there looks like it.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from vosbench.models.interface import Image, ModelSpec, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.learning.online import Schedule, learn_online
from vosbench_baselines.learning.outcome import Unlearnable, kept, log
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.flow import Flow, carry
from vosbench_baselines.video.redetection import Looks, candidates
from vosbench_baselines.video.roi import Square, put_back, square_around

MARGIN = 1.8  # the square's side, in sides of the mask's box
COLLAPSED = 0.25  # of the carried mask's area: less is not believed at once
FAINT = np.float32(2**-20)  # an answer of exactly 0 is taken for this, so that half of it and of 1 is above 1/2
LOST = 0.02  # of the area last seen: less is nothing
ONLINE = Schedule(steps=200, learning_rate=3e-3)  # of batches of so many squares
BATCH = 4
SEED = 0
Mask = NDArray[np.float32]
Drawn = TypeVar("Drawn")


class Expert(Protocol):
    """What a model knows of one object. Masks are soft, (H, W), in [0, 1]."""

    def refine(self, image: Image, rough: Mask, square: Square) -> Mask:
        """The object's probabilities on a frame, given a rough mask; zero outside the square."""

    def see(self, index: int, image: Image, mask: Mask, *, given: bool) -> None:
        """A frame's mask was decided, or given."""

    def learn(self, image: Image, mask: Mask, where: str) -> None:
        """Learn the object online, on the frame where it is given; ``where`` names it in messages."""


class FollowingModel(ABC):
    """Weights on a device, and how each object is learnt online; ``schedule`` None: not at all."""

    def __init__(
        self,
        network: Any,
        name: str,
        *,
        device: str = "cpu",
        schedule: Schedule | None = None,
        weights: str | None = None,
    ) -> None:
        self.device = usable(device)
        self.network = network.to(self.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.schedule = schedule
        self.spec = ModelSpec(name=name, merge="soft-aggregation", adapts=schedule is not None, weights=weights)

    @abstractmethod
    def expert(self, colours: Colours) -> Expert:
        """Begin an object, whose colours are known."""

    def learnt(
        self,
        draw: Callable[[np.random.Generator], Drawn],
        loss: Callable[[Any, Drawn], torch.Tensor],
        j: Callable[[Any], float],
        where: str,
    ) -> Any:
        """The network after learning online what ``draw`` gives; see ``learn_online`` and ``outcome.kept``.

        It is the model's own network where nothing is to be learnt, where nothing can be, or where learning failed; of
        the latter two the log tells.
        """
        if self.schedule is None:
            return self.network
        try:
            after, losses = learn_online(self.network, draw, loss, self.schedule, seed=SEED)
        except Unlearnable as error:
            log.warning("%s: not learnt online: %s; the object is followed without it", where, error)
            return self.network
        return kept(self.network, after, losses, j, where)

    def open(self, video: VideoInfo) -> "FollowingSession":
        """Begin a video."""
        return FollowingSession(self.expert, video.name)

    def refined(
        self, inputs: NDArray[np.float32], square: Square, shape: tuple[int, int], answer: Callable[..., torch.Tensor]
    ) -> Mask:
        """The mean of what a network answers to inputs (C, S, S), plain and mirrored, put back into (H, W).

        ``answer`` takes (2, C, S, S) and gives logits (2, 1, S, S).
        """
        x = torch.from_numpy(inputs).to(self.device)
        both = torch.stack([x, x.flip(2)]).contiguous(memory_format=torch.channels_last)
        plain, mirrored = torch.sigmoid(answer(both).float())[:, 0]
        found = (plain + mirrored.flip(1)) / 2
        return put_back(found.cpu().numpy(), square, shape)


@dataclass(slots=True)
class Track:
    """One object: its expert, its looks on the frame it was given, its latest soft mask, and the area last seen."""

    expert: Expert
    looks: Looks
    mask: Mask
    area: float


class FollowingSession:
    """The objects of one video, in the order in which they came; ``expert`` makes one from an object's colours."""

    def __init__(self, expert: Callable[[Colours], Expert], video: str) -> None:
        self.expert, self.video = expert, video
        self.tracks: dict[int, Track] = {}
        self.flow = Flow()
        self.latest: Image | None = None

    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        assert self.latest is not None, "an object was given before"
        flow = self.flow.look_up(image, self.latest)
        maps = [_follow(track, image, carry(track.mask, flow)) for track in self.tracks.values()]
        return SoftMasks(ids=tuple(self.tracks), probabilities=np.stack(maps))

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        self.latest = image
        for identity, mask in zip(masks.ids, masks.probabilities, strict=True):
            mask = mask.copy()
            area = float((mask > 0.5).sum())
            if identity in given:
                colours = Colours(image, mask)
                self.tracks[identity] = Track(self.expert(colours), Looks(colours, image, mask), mask, area)
            track = self.tracks[identity]
            track.mask = mask
            if area > LOST * track.area:
                track.area = area
            track.expert.see(index, image, mask, given=identity in given)

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Learn each object on the frame it is given, on no other (:class:`vosbench.models.interface.Adapts`)."""
        for identity in sorted(given):
            where = f"{self.video}, frame {index}, object {identity}"
            self.tracks[identity].expert.learn(image, self.tracks[identity].mask, where)


def _follow(track: Track, image: Image, carried: Mask) -> Mask:
    """The object's probabilities (H, W) on a frame onto which its mask was carried."""
    square = square_around(carried, MARGIN)
    area = float((carried > 0.5).sum())
    if square is None or area <= LOST * track.area:
        return _find_again(track, image)
    found = track.expert.refine(image, carried, square)
    if (found > 0.5).sum() < COLLAPSED * area:
        found = ((np.maximum(found, FAINT) + carried) / 2).astype(np.float32)
    return found


def _find_again(track: Track, image: Image) -> Mask:
    """Look where the object's colours are; nothing where no place has its looks."""
    nothing = np.zeros(image.shape[:2], np.float32)
    for square in candidates(track.looks, image, track.area):
        found = track.expert.refine(image, nothing, square)
        if track.looks.recognise(image, found, track.area):
            return found
    return nothing
