"""The one-shot methods at the door of vosbench: one session for all five.

On the frame where an object is given, ``commit`` keeps what the method wants of it (OSMN's gamma) and ``adapt`` makes
a copy of the network that learns it (all but OSMN). ``predict`` asks each object's network on its own. What a session
holds does not grow with the video: the frame before, and per object a network, its optimiser, and a first frame.
"""

from collections.abc import Set
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.oneshot.methods import Method, method
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork
from vosbench_baselines.oneshot.onavos import pseudo_labels
from vosbench_baselines.oneshot.online import Learner, Lesson, Shown, picture_tensor
from vosbench_baselines.oneshot.weights import load
from vosbench_baselines.weights.checkpoints import sha256


class OneShotModel:
    """A trained network, and ``how`` it is used (unset: as the method of that name).

    Half precision (bfloat16) on GPUs, full on the CPU.
    """

    def __init__(
        self,
        network: OneShotNetwork,
        name: str,
        *,
        how: Method | None = None,
        device: str = "cpu",
        weights: str | None = None,
    ) -> None:
        self.device = usable(device)
        self.network = network.to(self.device).eval().requires_grad_(False)
        self.method = how or method(name)
        self.spec = ModelSpec(
            name=name,
            tasks=self.method.tasks,
            resolution=self.method.resolution,
            adapts=self.method.lesson is not None,
            max_proposals=1,
            weights=weights,
        )

    def open(self, video: VideoInfo) -> "OneShotSession":
        """Begin a video."""
        return OneShotSession(self, video.name)


class OneShotSession:
    """One video."""

    def __init__(self, model: OneShotModel, video: str) -> None:
        self.video = video
        self.network, self.method, self.device = model.network, model.method, model.device
        self.ids: tuple[int, ...] = ()
        self.guides: dict[int, Tensor | None] = {}
        self.learners: dict[int, Learner] = {}
        self.last: dict[int, NDArray[np.bool_]] = {}
        self.picture = torch.zeros(0)
        self.masks: dict[int, Tensor] = {}

    @torch.inference_mode()
    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`. Unsupervised: the foreground, as object 1."""
        ids = self.ids or (1,)
        picture = self._tensor(image)
        maps = [self._ask(identity, index, picture) for identity in ids]
        return SoftMasks(ids=ids, probabilities=torch.stack(maps).cpu().numpy())

    @torch.inference_mode()
    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        self.ids = (*self.ids, *(identity for identity in masks.ids if identity not in self.ids))
        self.picture = self._tensor(image)
        for identity, soft in zip(masks.ids, masks.probabilities, strict=True):
            mask = torch.from_numpy(np.ascontiguousarray(soft)).to(self.device)[None, None]
            self.masks[identity] = mask
            if identity in given or identity not in self.guides:
                self.guides[identity] = self.network.guide(Frame(self.picture, mask))

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Learn an object where it is given; with online adaptation, a little more on every later frame."""
        if self.method.lesson is None:
            return
        for identity, soft in zip(masks.ids, masks.probabilities, strict=True):
            found = soft > 0.5
            if identity in given:
                where = f"{self.video}, frame {index}, object {identity}"
                seed = [self.method.seed, index]  # not the object's number: how well it is learnt depends on its looks
                learner = Learner(self.network, image.copy(), found, self.method.lesson, seed, where)
                learner.check(learner.study())
                self.learners[identity] = learner
                self.last[identity] = found
            elif self.method.adaptation is not None and identity in self.learners:
                self._go_on(identity, soft, found)

    def _go_on(self, identity: int, posterior: NDArray[np.float32], found: NDArray[np.bool_]) -> None:
        """Section 3.3 of OnAVOS; the frame and its posterior are those just committed."""
        how, learner = self.method.adaptation, self.learners[identity]
        assert how is not None
        labels = pseudo_labels(posterior, self.last[identity], how)
        for i in range(how.steps):
            if i % how.every:
                learner.step(learner.sample(), rate=how.rate)
            elif labels is not None:
                positives, negatives = (torch.from_numpy(m).to(self.device).float()[None, None] for m in labels)
                frame = Frame(self.picture.clone(), self.masks[identity].clone())
                shown = Shown(frame.picture, frame, positives, positives + negatives)
                learner.step(shown, rate=how.rate, weight=how.weight)
        self.last[identity] = found if labels is None else found & ~labels[1]

    def _ask(self, identity: int, index: int, picture: Tensor) -> Tensor:
        """The mean probability (h, w) over the method's samples of the frame; one sample is the frame as it is."""
        if self.method.samples == 1:
            return self._probability(identity, picture)[0, 0]
        lesson = self.method.lesson or Lesson(steps=0, rate=0.0)
        rng = np.random.default_rng([self.method.seed, index])
        height, width = picture.shape[-2:]
        total = torch.zeros((height, width), device=self.device)
        for _ in range(self.method.samples):
            flip, scale, gamma = rng.random() < 0.5, rng.uniform(*lesson.scales), rng.uniform(*lesson.gamma)
            size = (max(1, round(scale * height)), max(1, round(scale * width)))
            changed = _resized(picture.pow(gamma), size)
            found = self._probability(identity, changed.flip(3) if flip else changed)
            total += _resized(found.flip(3) if flip else found, (height, width))[0, 0]
        return total / self.method.samples

    def _probability(self, identity: int, picture: Tensor) -> Tensor:
        """(1, 1, h, w), float32."""
        learner = self.learners.get(identity)
        network = self.network if learner is None else learner.network
        before = self.picture if len(self.picture) else picture
        mask = self.masks.get(identity, torch.zeros_like(before[:, :1]))
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = network(picture, Frame(before, mask), self.guides.get(identity))
        return torch.sigmoid(logits.float())

    def _tensor(self, image: Image) -> Tensor:
        """(1, 3, h, w) in [0, 1]."""
        return picture_tensor(image).to(self.device)[None]


def _resized(x: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.nn.functional.interpolate(x, size=size, mode="bilinear", align_corners=False)


def _load(name: str, weights: Path | None, device: str) -> OneShotModel:
    if weights is None:
        raise UsageError(f"{name} ships without weights", fix="give a weights file, or train one: vosbench-train")
    network, _, _ = load(weights, name)
    return OneShotModel(network, name, device=device, weights=sha256(weights))


def osvos(*, weights: Path | None, device: str) -> OneShotModel:
    """One-Shot Video Object Segmentation, VGG-16."""
    return _load("osvos", weights, device)


def osvos_tiny(*, weights: Path | None, device: str) -> OneShotModel:
    """The same with an eighth of the channels."""
    return _load("osvos-tiny", weights, device)


def masktrack(*, weights: Path | None, device: str) -> OneShotModel:
    """MaskTrack, DeepLabv2 on VGG-16."""
    return _load("masktrack", weights, device)


def masktrack_resnet101(*, weights: Path | None, device: str) -> OneShotModel:
    """The same on ResNet-101."""
    return _load("masktrack-resnet101", weights, device)


def masktrack_tiny(*, weights: Path | None, device: str) -> OneShotModel:
    """MaskTrack with an eighth of the channels."""
    return _load("masktrack-tiny", weights, device)


def onavos(*, weights: Path | None, device: str) -> OneShotModel:
    """Online Adaptive Video Object Segmentation, ResNet-38."""
    return _load("onavos", weights, device)


def onavos_tiny(*, weights: Path | None, device: str) -> OneShotModel:
    """The same, smaller."""
    return _load("onavos-tiny", weights, device)


def osmn(*, weights: Path | None, device: str) -> OneShotModel:
    """One-Shot Modulation Network, VGG-16."""
    return _load("osmn", weights, device)


def osmn_tiny(*, weights: Path | None, device: str) -> OneShotModel:
    """The same with an eighth of the channels."""
    return _load("osmn-tiny", weights, device)


def segflow(*, weights: Path | None, device: str) -> OneShotModel:
    """SegFlow, ResNet-101 and FlowNetS."""
    return _load("segflow", weights, device)


def segflow_tiny(*, weights: Path | None, device: str) -> OneShotModel:
    """The same, smaller."""
    return _load("segflow-tiny", weights, device)
