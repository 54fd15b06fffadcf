"""Sequence to sequence at the door of vosbench: a state per object, and online learning on the first frame.

Every object has its own h and c; a frame is encoded once for all. An object's state begins on the frame where its mask
is given. The likeliest object above one half takes a pixel: the paper segments one object at a time and does not say
how several are merged.
"""

from collections.abc import Set
from pathlib import Path

import numpy as np
import torch

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, Normalisation, Resolution, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.learning.outcome import kept
from vosbench_baselines.s2s.network import S2S, Online, State, architecture
from vosbench_baselines.s2s.online import fine_tuned, learnt_j
from vosbench_baselines.weights import checkpoints


class S2SModel:
    """Weights on a device; ``online`` learns on every given mask before going on."""

    def __init__(
        self,
        network: S2S,
        name: str,
        *,
        device: str = "cpu",
        weights: str | None = None,
        online: bool = False,
    ) -> None:
        self.device = usable(device)
        self.network = network.to(self.device).eval().requires_grad_(False)
        self.online: Online | None = network.size.online if online else None
        self.spec = ModelSpec(
            name=f"{name}-ol" if online else name,
            resolution=Resolution(fixed=network.size.size),
            normalisation=Normalisation(),
            adapts=online,
            weights=weights,
        )

    def open(self, video: VideoInfo) -> "S2SSession":
        """Begin a video."""
        return S2SSession(self, video.name)


class S2SSession:
    """The states of one video's objects, and its own network once it has learnt."""

    def __init__(self, model: S2SModel, video: str) -> None:
        self.video = video
        self.network, self.device, self.online = model.network, model.device, model.online
        self.weights = model.network
        self.ids: tuple[int, ...] = ()
        self.state: State | None = None
        self.masks = torch.empty(0)  # (N, 1, H, W), of the latest frame
        self.lessons: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._ahead: tuple[int, State] | None = None

    @torch.inference_mode()
    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        assert self.state is not None
        with self._precision():
            picture, previous = self._tensor(image), None
            if self.network.size.previous_mask:
                picture, previous = picture.expand(len(self.ids), -1, -1, -1), self.masks
            encoded = self.network.encode(picture, previous).expand(len(self.ids), -1, -1, -1)
            logits, after = self.network.step(encoded, self.state)
        self._ahead = index, after
        return SoftMasks(ids=self.ids, probabilities=torch.sigmoid(logits.float())[:, 0].cpu().numpy())

    @torch.inference_mode()
    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        if self.ids:
            if self._ahead is None or self._ahead[0] != index:
                self.predict(index, image)
            assert self._ahead is not None
            self.state, self._ahead = self._ahead[1], None
        self.ids = (*self.ids, *(identity for identity in masks.ids if identity not in self.ids))
        if not self.ids:
            return
        order = [masks.ids.index(identity) for identity in self.ids]
        self.masks = torch.from_numpy(np.ascontiguousarray(masks.probabilities[order]))[:, None].to(self.device)
        self._begin(image, given)

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Fine-tune on the given masks of this and earlier frames, then begin those of this frame again."""
        assert self.online is not None
        rows = [k for k, identity in enumerate(self.ids) if identity in given]
        if not rows:
            return
        self.lessons += [(self._tensor(image)[0], self.masks[row, 0]) for row in rows]
        learnt, losses = fine_tuned(self.weights, self.lessons, self.online)
        where = f"{self.video}, frame {index}"
        self.network = kept(self.weights, learnt, losses, lambda asked: learnt_j(asked, self.lessons), where)
        with torch.inference_mode():
            self._begin(image, given)

    def _begin(self, image: Image, given: Set[int]) -> None:
        """Put the first states of given objects into their rows."""
        rows = [k for k, identity in enumerate(self.ids) if identity in given]
        if not rows:
            return
        with self._precision():
            first = self.network.initialise(self._tensor(image).expand(len(rows), -1, -1, -1), self.masks[rows])
        known = 0 if self.state is None else len(self.state.h)
        maps = []
        for part, fresh in zip(self.state or first, first, strict=True):
            whole = fresh.new_zeros(len(self.ids), *fresh.shape[1:])
            whole[:known] = part[:known]
            whole[rows] = fresh
            maps.append(whole)
        self.state = State(*maps)

    def _tensor(self, image: Image) -> torch.Tensor:
        """(1, 3, h, w) in [0, 1]."""
        pixels = torch.from_numpy(image.copy()).to(self.device)  # a copy: decoded pictures are read-only
        return pixels.permute(2, 0, 1)[None].float().div_(255)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")


def s2s(*, weights: Path | None, device: str) -> S2SModel:
    """Sequence to sequence; any member of the family, as the weights say."""
    return _load("s2s", weights, device)


def s2s_ol(*, weights: Path | None, device: str) -> S2SModel:
    """The same with online learning on the first frame."""
    return _load("s2s-ol", weights, device, online=True)


def _load(name: str, weights: Path | None, device: str, *, online: bool = False) -> S2SModel:
    if weights is None:
        raise UsageError(f"{name} ships without weights", fix="give a weights file, or train one: vosbench-train")
    network, found, _ = checkpoints.load(weights, lambda found: S2S(architecture(found)))
    return S2SModel(network, found, device=device, weights=checkpoints.sha256(weights), online=online)
