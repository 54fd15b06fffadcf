"""RVOS at the door of vosbench: one-shot with masks as input, zero-shot with slots that find objects themselves.

A frame is encoded once, whatever the number of objects. Objects stand in the spatial recurrence in the order in which
they were given; one that is given later is the last, so those before do not notice.
"""

from collections.abc import Set
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from vosbench.errors import UsageError
from vosbench.models.interface import Image, ModelSpec, Normalisation, Resolution, SoftMasks, VideoInfo
from vosbench_baselines.devices import usable
from vosbench_baselines.rvos.network import RVOS, Levels
from vosbench_baselines.rvos.weights import load_rvos
from vosbench_baselines.weights import checkpoints


class RVOSModel:
    """Weights on a device. A network without masks is zero-shot.

    ``painted`` merges one-shot objects as the released code does, see :func:`painted`.
    Zero-shot, it proposes ``slots`` objects. Asked for given objects nevertheless, it is shown no mask: the first one
    of an object only says which slot is meant, from then on, as the paper evaluates.
    """

    def __init__(
        self, network: RVOS, name: str, *, device: str = "cpu", weights: str | None = None, painted: bool = False
    ) -> None:
        self.device = usable(device)
        self.network = network.to(self.device).eval().requires_grad_(False)
        self.painted = painted
        one_shot = network.size.masks
        self.spec = ModelSpec(
            name=f"{name}-painted" if painted else name,
            tasks=frozenset({"semi-supervised"} if one_shot else {"semi-supervised", "unsupervised"}),
            resolution=Resolution(fixed=network.size.size),
            normalisation=Normalisation(),
            max_proposals=network.size.slots,
            weights=weights,
        )

    def open(self, video: VideoInfo) -> "OneShotSession | ZeroShotSession":
        """Begin a video."""
        return OneShotSession(self) if self.network.size.masks else ZeroShotSession(self)


class _Session:
    """What both kinds have: the network, the temporal state, and the latest frame's encoding."""

    def __init__(self, model: RVOSModel) -> None:
        self.network, self.device = model.network, model.device
        self.hidden: Levels | None = None
        self._encoded: tuple[int, Levels] | None = None

    def _run(
        self, index: int, image: Image, objects: int, previous: torch.Tensor | None, hidden: Levels | None
    ) -> tuple[NDArray[np.float32], Levels]:
        """Probabilities (N, h, w) and h of one frame."""
        precision = torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda")
        with torch.inference_mode(), precision:
            if self._encoded is None or self._encoded[0] != index:
                pixels = torch.from_numpy(image.copy()).to(self.device)  # a copy: decoded pictures are read-only
                self._encoded = index, self.network.encoder(pixels.permute(2, 0, 1)[None].float().div_(255))
            features, size = self._encoded[1], (image.shape[0], image.shape[1])
            logits, after = self.network.frame(features, objects, previous, hidden, size)
            return torch.sigmoid(logits.float())[0].cpu().numpy(), after


class OneShotSession(_Session):
    """Given masks start objects; afterwards S_{t-1} is what was predicted, soft."""

    def __init__(self, model: RVOSModel) -> None:
        super().__init__(model)
        self.ids: tuple[int, ...] = ()
        self.previous = torch.empty(0)  # (1, N, H, W)
        self.first_j: dict[int, float] | None = {} if model.painted else None
        self._ahead: tuple[int, NDArray[np.float32], Levels] | None = None

    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        found, after = self._run(index, image, len(self.ids), self.previous, self.hidden)
        self._ahead = index, found, after
        if self.first_j is not None:
            found = painted(found, [self.first_j[identity] for identity in self.ids])
        return SoftMasks(ids=self.ids, probabilities=found)

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        before = len(self.ids)
        self.ids = (*self.ids, *(identity for identity in masks.ids if identity not in self.ids))
        if not self.ids:
            return
        order = [masks.ids.index(identity) for identity in self.ids]
        maps = np.ascontiguousarray(masks.probabilities[order])
        if self.first_j is not None and self._ahead is not None:  # what was painted over is remembered nevertheless
            rows = [k for k in range(before) if self.ids[k] not in given]
            maps[rows] = self._ahead[1][rows]
        final = torch.from_numpy(maps)[None].to(self.device)
        if given:
            # The given masks stand in for those of the frame before, which a new object has none of.
            shown = final.clone()
            rows = [k for k in range(before) if self.ids[k] not in given]
            shown[:, rows] = self.previous[:, rows] if rows else shown[:, rows]
            if self.hidden is not None and len(self.ids) > before:
                self.hidden = [_more_objects(level, len(self.ids)) for level in self.hidden]
            found, self.hidden = self._run(index, image, len(self.ids), shown, self.hidden)
            if self.first_j is not None:
                self.first_j |= {i: _j(found[k], maps[k]) for k, i in enumerate(self.ids) if i in given}
        else:
            if self._ahead is None or self._ahead[0] != index:
                self.predict(index, image)
            assert self._ahead is not None
            self.hidden = self._ahead[2]
        self.previous, self._ahead = final, None


class ZeroShotSession(_Session):
    """All slots run on every frame; ``slots`` says which of them given objects are."""

    def __init__(self, model: RVOSModel) -> None:
        super().__init__(model)
        self.slots: dict[int, int | None] = {}
        self._ahead: tuple[int, NDArray[np.float32], Levels] | None = None

    def predict(self, index: int, image: Image) -> SoftMasks:
        """See :class:`vosbench.models.interface.Session`."""
        found = self._look(index, image)
        if not self.slots:
            return SoftMasks(ids=tuple(range(1, len(found) + 1)), probabilities=found)
        nothing = np.zeros(found.shape[1:], np.float32)
        maps = [nothing if slot is None else found[slot] for slot in self.slots.values()]
        return SoftMasks(ids=tuple(self.slots), probabilities=np.stack(maps))

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """See :class:`vosbench.models.interface.Session`."""
        found = self._look(index, image)
        new = [identity for identity in masks.ids if identity in given and identity not in self.slots]
        if new:
            truth = masks.probabilities[[masks.ids.index(identity) for identity in new]]
            self.slots |= assigned(found > 0.5, truth > 0.5, new, taken={*self.slots.values()})
        assert self._ahead is not None
        self.hidden, self._ahead = self._ahead[2], None

    def _look(self, index: int, image: Image) -> NDArray[np.float32]:
        if self._ahead is None or self._ahead[0] != index:
            self._ahead = index, *self._run(index, image, self.network.size.slots, None, self.hidden)
        return self._ahead[1]


def painted(found: NDArray[np.float32], first_j: list[float]) -> NDArray[np.float32]:
    """Objects over each other, the one with the best J on its first frame on top, as the released code merges.

    Where several of (N, h, w) are above one half, all but the top one are lowered to it.
    """
    out, free = found.copy(), np.ones(found.shape[1:], bool)
    for k in sorted(range(len(found)), key=lambda k: -first_j[k]):
        inside = found[k] > 0.5
        out[k][inside & ~free] = 0.5
        free &= ~inside
    return out


def _j(found: NDArray[np.float32], truth: NDArray[np.float32]) -> float:
    hit, union = ((found > 0.5) & (truth > 0.5)).sum(), ((found > 0.5) | (truth > 0.5)).sum()
    return float(hit / max(union, 1))


def assigned(
    found: NDArray[np.bool_], truth: NDArray[np.bool_], ids: list[int], *, taken: Set[int | None]
) -> dict[int, int | None]:
    """The free slots that objects are, the mean region similarity J being largest; None where there are not enough.

    ``found`` is (slots, h, w), ``truth`` (objects, h, w), in the order of ``ids``.
    """
    free = [slot for slot in range(len(found)) if slot not in taken]
    slots, objects = found[free][None], truth[:, None]
    hit = (slots & objects).sum((-2, -1))
    union = (slots | objects).sum((-2, -1))
    pairs = dict(zip(*linear_sum_assignment(hit / np.maximum(union, 1), maximize=True), strict=True))
    return {identity: free[pairs[row]] if row in pairs else None for row, identity in enumerate(ids)}


def _more_objects(level: torch.Tensor, objects: int) -> torch.Tensor:
    """(1, N, C, h, w) with zeros for objects that are new."""
    out = level.new_zeros(1, objects, *level.shape[2:])
    out[:, : level.shape[1]] = level
    return out


def rvos(*, weights: Path | None, device: str) -> RVOSModel:
    """RVOS; any member of the family, one-shot or zero-shot, as the weights say."""
    return _load(weights, device, painted=False)


def rvos_painted(*, weights: Path | None, device: str) -> RVOSModel:
    """The same, one-shot objects merged as the released code does."""
    return _load(weights, device, painted=True)


def _load(weights: Path | None, device: str, *, painted: bool) -> RVOSModel:
    if weights is None:
        fix = "give a weights file, the folder its authors released, or train one: vosbench-train"
        raise UsageError("rvos ships without weights", fix=fix)
    network, name, _ = load_rvos(weights)
    files = [weights] if weights.is_file() else [weights / "encoder.pt", weights / "decoder.pt"]
    digest = "+".join(checkpoints.sha256(file) for file in files)
    return RVOSModel(network, name, device=device, weights=digest, painted=painted)
