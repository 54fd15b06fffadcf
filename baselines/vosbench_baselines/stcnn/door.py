"""STCNN at the door of vosbench: arrays in, arrays out.

A session keeps the last delta pictures and, for every object, a spatial branch that has learnt it on the frame its mask
was given on. The method is made for a single object; of several each has its own branch, the temporal maps are shared,
and the likeliest object above one half wins a pixel. Without online training the network knows nothing of a given mask:
it then segments whatever looks like an object, and gives every object the same answer.
"""

from collections import deque
from collections.abc import Set
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, Normalisation, Resolution, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.learning.outcome import kept
from vosbench_baselines.stcnn.network import STCNN, Features, SpatialBranch
from vosbench_baselines.stcnn.online import fine_tuned, learnt_j, pixels, ways
from vosbench_baselines.stcnn.weights import load_stcnn
from vosbench_baselines.video.lucid import Scene, scene
from vosbench_baselines.weights.checkpoints import sha256

#: The gate of the authors' code: what counts as the object, how far it may be from there, and when it is lost.
GATE_THRESHOLD, GATE_REACH, GATE_LEAST = 0.4, 80, 50
TINY_SHORT_SIDE = 128


class STCNNModel:
    """Weights on a device. Half precision (bfloat16) on GPUs, full on the CPU.

    ``changes`` are fields of :class:`vosbench_baselines.stcnn.online.Ways`, over those of the architecture.
    """

    def __init__(
        self, network: STCNN, name: str, *, device: str = "cpu", weights: str | None = None, **changes: Any
    ) -> None:
        self.ways = ways(name, **changes)
        network.critic = None
        self.device = usable(device)
        layout = torch.channels_last
        moved: STCNN = network.to(self.device, memory_format=layout)  # type: ignore[call-overload]
        self.network = moved.eval().requires_grad_(False)
        if self.ways.frame_statistics and network.temporal is not None:
            _forget_statistics(network.temporal)
        tiny = name.startswith("stcnn-tiny")
        self.spec = ModelSpec(
            name=name,
            resolution=Resolution(short_side=TINY_SHORT_SIDE) if tiny else Resolution(),
            normalisation=Normalisation(),
            merge="argmax",
            adapts=self.ways.iterations > 0,
            weights=weights,
        )

    def open(self, video: VideoInfo) -> "STCNNSession":
        """Begin a video."""
        return STCNNSession(self, video.name)


class STCNNSession:
    """The last pictures of a video, and a branch for each of its objects."""

    def __init__(self, model: STCNNModel, video: str) -> None:
        self.video = video
        self.network, self.ways, self.device = model.network, model.ways, model.device
        self.recent: deque[Image] = deque(maxlen=self.network.size.delta)
        self.branches: dict[int, SpatialBranch] = {}
        self.scenes: dict[int, list[Scene]] = {}
        self.before: dict[int, NDArray[np.float32]] = {}

    @torch.inference_mode()
    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        frame = pixels(image, self.device)[None]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            maps = self._coherence(image)
            answers = {branch: branch(frame, maps)[-1][0, 0] for branch in set(self.branches.values())}
        found = [torch.sigmoid(answers[branch].float()).cpu().numpy() for branch in self.branches.values()]
        if self.ways.gate:
            found = [p * _reach(self.before[identity]) for identity, p in zip(self.branches, found, strict=True)]
        return SoftMasks(ids=tuple(self.branches), probabilities=np.stack(found).astype(np.float32))

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        self.recent.append(image.copy())
        for identity, mask in zip(masks.ids, masks.probabilities, strict=True):
            self.branches.setdefault(identity, self.network.spatial)
            if self.ways.gate:
                self.before[identity] = mask.copy()

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Learn the objects given on this frame, each from all frames it has been given on."""
        for identity, mask in zip(masks.ids, masks.probabilities, strict=True):
            if identity in given:
                dreamt = self.scenes.setdefault(identity, [])
                dreamt.append(scene(image, (mask > 0.5).astype(np.uint8)))
                where = f"{self.video}, frame {index}, object {identity}"
                self.branches[identity] = self._learnt(dreamt, where)

    def _learnt(self, dreamt: list[Scene], where: str) -> SpatialBranch:
        """A branch that has learnt an object, or the network's own where that failed."""
        own: SpatialBranch = self.network.spatial
        branch, losses = fine_tuned(self.network, dreamt, self.ways)
        return kept(own, branch, losses, lambda asked: learnt_j(self.network, asked, dreamt[-1]), where)

    def _coherence(self, image: Image) -> Features | None:
        """The temporal maps, from the delta pictures before this one; the first stands for those there are not."""
        if self.network.temporal is None:
            return None
        before, delta = list(self.recent), self.network.size.delta
        if self.ways.current_frame and len(before) < delta:
            before.append(image)
        before = [before[0]] * (delta - len(before)) + before
        maps: Features = self.network.temporal(torch.stack([pixels(b, self.device) for b in before])[None])[1]
        return maps


def _forget_statistics(network: nn.Module) -> None:
    """Batch normalisation without running statistics goes by those of its input."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean = module.running_var = None


def _reach(before: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 where the object can be, (H, W): within an ellipse of where it was; everywhere once it is lost."""
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (GATE_REACH, GATE_REACH))
    near = cv2.dilate((before > GATE_THRESHOLD).astype(np.float32), ellipse)
    return np.asarray(near if (near > 0).sum() > GATE_LEAST else np.ones_like(near), np.float32)


def stcnn(*, weights: Path | None, device: str) -> STCNNModel:
    """STCNN as in the paper, 400 iterations of online training."""
    return _load("stcnn", weights, device)


def stcnn_released(*, weights: Path | None, device: str) -> STCNNModel:
    """The network and the ways of the authors' code, for their checkpoint."""
    return _load("stcnn-released", weights, device)


def stcnn_tiny(*, weights: Path | None, device: str) -> STCNNModel:
    """The paper's network, small enough to train in minutes on a CPU."""
    return _load("stcnn-tiny", weights, device)


def _load(name: str, weights: Path | None, device: str) -> STCNNModel:
    if weights is None:
        raise UsageError(f"{name} ships without weights", fix="give a weights file, or train one: vosbench-train")
    network, _, _ = load_stcnn(weights, name)
    return STCNNModel(network, name, device=device, weights=sha256(weights))
