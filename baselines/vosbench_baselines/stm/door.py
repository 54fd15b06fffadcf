"""Space-Time Memory networks at the door of vosbench: arrays in, arrays out, one memory bank per video.

Memorised are frame 0, every fifth frame, an object's first frame and always the latest one (section 3.5 of the paper,
with objects that appear later added: their memory begins on the frame where they are given).
"""

from collections.abc import Set
from pathlib import Path

import numpy as np
import torch

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, Normalisation, Padding, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.layers.memory import MemoryBank
from vosbench_baselines.stm.network import STM
from vosbench_baselines.stm.weights import load_stm
from vosbench_baselines.weights.checkpoints import sha256

EVERY = 5


class STMModel:
    """Weights on a device. Half precision (bfloat16) on GPUs, full on the CPU."""

    def __init__(self, network: STM, name: str, *, device: str = "cpu", weights: str | None = None) -> None:
        layout = torch.channels_last
        self.device = usable(device)
        moved: STM = network.to(self.device, memory_format=layout)  # type: ignore[call-overload]
        self.network = moved.eval().requires_grad_(False)
        self.spec = ModelSpec(
            name=name,
            padding=Padding(multiple=16, centred=True, fill="black"),
            normalisation=Normalisation(),
            merge="soft-aggregation",
            weights=weights,
        )

    def open(self, video: VideoInfo) -> "STMSession":
        """Begin a video."""
        return STMSession(self)


class STMSession:
    """The memory of one video."""

    def __init__(self, model: STMModel) -> None:
        self.network, self.device = model.network, model.device
        self.bank = MemoryBank()
        self.ids: tuple[int, ...] = ()

    @torch.inference_mode()
    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        with self._precision():
            probabilities = self.network.segment(self._tensor(image), *self.bank.cells())
        return SoftMasks(ids=self.ids, probabilities=probabilities[0].cpu().numpy())

    @torch.inference_mode()
    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        self.ids = (*self.ids, *(identity for identity in masks.ids if identity not in self.ids))
        if not self.ids:
            return
        order = [masks.ids.index(identity) for identity in self.ids]
        soft = torch.from_numpy(np.ascontiguousarray(masks.probabilities[order])).to(self.device)[None]
        with self._precision():
            keys, values = self.network.memorise(self._tensor(image), soft)
        scheduled = index % EVERY == 0
        keep = torch.tensor([scheduled or identity in given for identity in self.ids], device=self.device)
        self.bank.write(index, keys, values, keep)

    def _tensor(self, image: Image) -> torch.Tensor:
        """(1, 3, h, w) in [0, 1]."""
        pixels = torch.from_numpy(image.copy()).to(self.device)  # a copy: decoded pictures are read-only
        return pixels.permute(2, 0, 1)[None].float().div_(255)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")


def stm(*, weights: Path | None, device: str) -> STMModel:
    """Space-Time Memory network, ResNet-50."""
    return _load("stm", weights, device)


def stm_refine50(*, weights: Path | None, device: str) -> STMModel:
    """The same with our reading of Refine-50."""
    return _load("stm-refine50", weights, device)


def stm_s(*, weights: Path | None, device: str) -> STMModel:
    """ResNet-18 trunks of width 48: 5.3 million parameters."""
    return _load("stm-s", weights, device)


def _load(name: str, weights: Path | None, device: str) -> STMModel:
    if weights is None:
        raise UsageError(f"{name} ships without weights", fix="give a weights file, or train one: vosbench-train")
    network, _, _ = load_stm(weights, name)
    return STMModel(network, name, device=device, weights=sha256(weights))
