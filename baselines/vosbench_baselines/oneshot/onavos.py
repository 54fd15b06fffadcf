"""OnAVOS (Voigtlaender and Leibe, "Online Adaptation of Convolutional Neural Networks for Video Object Segmentation",
BMVC 2017).

A wide residual network that is trained on the first frame, as OSVOS is, and then goes on learning on every frame:
pixels it is very sure of become positives, pixels far from where the object was become negatives, the rest does not
count (section 3.3; :func:`pseudo_labels`). The first frame is mixed in so that it does not drift.

    3×3 64 │ 3 units of 128, 3 of 256, 6 of 512, each first one with stride 2 │ 3 of 512-1024, dilated 2
           │ 512-1024-2048 and 1024-2048-4096 (1×1, 3×3 dilated 4, 1×1) │ 3×3 512 dilated 12 │ 3×3 2 dilated 12 │ ×8

A unit is pre-activated: normalisation, ReLU, convolution (He et al., ECCV 2016; Wu et al., "Wider or Deeper", 2016,
model A1 with 38 layers). Parameter names follow those of the authors' TensorFlow code, see :func:`released`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from vosbench_baselines.oneshot.network import Frame, OneShotNetwork, normalised

HARDEST = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """``width`` of the first convolution, 64 in the paper; ``depths``: units of 128, of 256, of 512, of 512-1024."""

    width: int = 64
    depths: tuple[int, int, int, int] = (3, 3, 6, 3)


ARCHITECTURES = {"onavos": Architecture(), "onavos-tiny": Architecture(width=6, depths=(1, 1, 2, 1))}


class Unit(nn.Module):
    """Two 3×3, or 1×1, 3×3, 1×1, each after normalisation and ReLU; residual. The stride is in the first."""

    W1: nn.Conv2d

    def __init__(self, channels: int, widths: Sequence[int], *, stride: int = 1, dilations: Sequence[int]) -> None:
        super().__init__()
        self.stride = stride
        kernels = (3, 3) if len(widths) == 2 else (1, 3, 1)
        self.bn0 = nn.BatchNorm2d(channels)
        self.W0 = nn.Conv2d(channels, widths[-1], 1, stride, bias=False) if widths[-1] != channels else None
        before = channels
        for i, (width, kernel, d) in enumerate(zip(widths, kernels, dilations, strict=True), start=1):
            if i > 1:
                setattr(self, f"bn{i}", nn.BatchNorm2d(before))
            step, padding = (stride, 0) if i == 1 and stride > 1 else (1, d * (kernel // 2))
            setattr(self, f"W{i}", nn.Conv2d(before, width, kernel, step, padding, d, bias=False))
            before = width
        self.convolutions = len(widths)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to (B, widths[-1], h / stride, w / stride), rounded up."""
        y = torch.relu(self.bn0(x))
        rest = x if self.W0 is None else self.W0(y)
        y = self.W1(y if self.stride == 1 else same(y))
        for i in range(2, self.convolutions + 1):
            y = getattr(self, f"W{i}")(torch.relu(getattr(self, f"bn{i}")(y)))
        out: Tensor = rest + y
        return out


def same(x: Tensor) -> Tensor:
    """Padding of a 3×3 with stride 2 as TensorFlow's "SAME": an even side at its end only, an odd one at both."""
    height, width = x.shape[-2:]
    return F.pad(x, (width % 2, 1, height % 2, 1))


class Head(nn.Module):
    """A convolution after what TensorFlow's code calls bn, if it has one, and ReLU."""

    def __init__(self, channels: int, out: int, *, norm: bool) -> None:
        super().__init__()
        self.bn = nn.BatchNorm2d(channels) if norm else None
        self.W = nn.Conv2d(channels, out, 3, padding=12, dilation=12)

    def forward(self, x: Tensor) -> Tensor:
        """Same height and width."""
        out: Tensor = self.W(torch.relu(x if self.bn is None else self.bn(x)))
        return out


class OnAVOS(OneShotNetwork):
    """ResNet-38-A1 with two dilated convolutions on top."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        w = size.width
        units: list[Unit] = []
        before = w
        for width, depth in zip((2 * w, 4 * w, 8 * w), size.depths[:3], strict=True):
            for i in range(depth):
                units.append(Unit(before, (width, width), stride=1 if i else 2, dilations=(1, 1)))
                before = width
        for i in range(size.depths[3]):
            units.append(Unit(before, (8 * w, 16 * w), dilations=(2, 2) if i else (1, 2)))
            before = 16 * w
        units.append(Unit(16 * w, (8 * w, 16 * w, 32 * w), dilations=(1, 4, 1)))
        units.append(Unit(32 * w, (16 * w, 32 * w, 64 * w), dilations=(1, 4, 1)))
        self.conv0 = nn.Conv2d(3, w, 3, padding=1, bias=False)
        self.units = nn.ModuleList(units)
        self.conv1 = Head(64 * w, 8 * w, norm=True)
        self.output = Head(8 * w, 2, norm=False)

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Logits at 1/8, which have the loss, and the answer. Looks at the picture alone."""
        x = self.conv0(normalised(picture, "imagenet"))
        for unit in self.units:
            x = unit(x)
        scores = self.output(self.conv1(x))
        logits = scores[:, 1:] - scores[:, :1]  # the sigmoid of the difference is the softmax of the two
        height, width = picture.shape[-2:]
        size = (8 * logits.shape[2] + 1, 8 * logits.shape[3] + 1)
        wide = F.pad(logits, (0, 1, 0, 1), mode="replicate")  # a cell lies on pixels 0, 8, 16, ..., as in TensorFlow 1
        full = F.interpolate(wide, size=size, mode="bilinear", align_corners=True)
        return [logits, full[..., :height, :width]]

    def loss(self, outputs: list[Tensor], target: Tensor, known: Tensor | None = None, progress: float = 1.0) -> Tensor:
        """Bootstrapped cross-entropy at 1/8, of all pixels at first and of the hardest quarter at the end.

        The paper has the hardest quarter throughout. A network that does not know the object yet is then held where all
        probabilities are 1/2: the hardest quarter is object and background alike, whichever way it moves.
        """
        there = None if known is None else known[..., ::8, ::8]
        fraction = 1 - (1 - HARDEST) * progress
        return bootstrapped_cross_entropy(outputs[0], target[..., ::8, ::8], there, fraction)


def bootstrapped_cross_entropy(
    logits: Tensor, target: Tensor, known: Tensor | None = None, fraction: float = HARDEST
) -> Tensor:
    """The mean cross-entropy of the hardest ``fraction`` of an image's known pixels; 0 if none is known."""
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1)
    usable = torch.ones_like(each) if known is None else known.flatten(1)
    losses = []
    for row, mask in zip(each, usable, strict=True):
        found = row[mask > 0.5]
        hardest = found.topk(max(1, round(fraction * len(found)))).values if len(found) else row.sum() * 0
        losses.append(hardest.mean())
    return torch.stack(losses).mean()


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptation:
    """Learning on each frame after the first; the authors' numbers for DAVIS-2016.

    Of ``steps`` every ``every``-th is on the current frame, weighted by ``weight``, the others on the first. Pixels
    above ``confident`` are positives; those further than ``distance`` pixels from the last mask, eroded by ``erosion``
    × ``erosion``, are negatives. Both lengths are for pictures of 480 rows.
    """

    steps: int = 15
    every: int = 5
    rate: float = 1e-5
    weight: float = 0.05
    confident: float = 0.97
    distance: float = 220.0
    erosion: int = 15


def pseudo_labels(
    posterior: NDArray[np.float32], last: NDArray[np.bool_], how: Adaptation
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]] | None:
    """Positives and negatives of a frame, bool (H, W) each; a pixel that is both is a negative.

    Args:
        posterior: (H, W), how likely a pixel is the object.
        last: (H, W), the mask of the frame before.

    Returns:
        None if nothing is left of the eroded mask: the object is taken to be lost, and this frame is not learnt.
    """
    scale = posterior.shape[0] / 480
    side = max(1, round(how.erosion * scale))
    core = cv2.erode(last.astype(np.uint8), np.ones((side, side), np.uint8), borderValue=0)
    if not core.any():
        return None
    far = cv2.distanceTransform(1 - core, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) > how.distance * scale
    return (posterior > how.confident) & ~far, far


def released(variables: dict[str, Tensor]) -> dict[str, Tensor]:
    """The variables of the authors' TensorFlow model (``res3/W1``, ``conv1/bn/gamma``) in our names and layout."""
    norm = {"gamma": "weight", "beta": "bias", "mean_ema": "running_mean", "var_ema": "running_var"}
    found = {}
    for name, tensor in variables.items():
        layer, *inside = name.split("/")
        place = f"units.{layer[3:]}" if layer.startswith("res") else layer
        if inside and inside[-1] in norm:
            found[".".join([place, *inside[:-1], norm[inside[-1]]])] = tensor
        elif inside == ["b"]:
            found[f"{place}.W.bias"] = tensor
        elif len(inside) == 1 and tensor.ndim == 4:
            middle = "" if layer == "conv0" else f".{inside[0]}"
            found[f"{place}{middle}.weight"] = tensor.permute(3, 2, 0, 1).contiguous()
        else:
            found[name] = tensor
    return found
