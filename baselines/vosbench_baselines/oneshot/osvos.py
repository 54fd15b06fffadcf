"""OSVOS (Caelles et al., "One-Shot Video Object Segmentation", CVPR 2017).

A fully convolutional VGG-16 that separates foreground from background in single pictures (the *parent network*), and
that is trained further on the first frame of a video until it separates *this* object from its background. Frames are
independent of each other: nothing is propagated.

    stages 2 to 5 of VGG-16 ─ 3×3, 16 ─ bilinear ×2, 4, 8, 16 ─┐
                                  │                            ├─ 64 maps ─ 1×1 ─ the answer
                                  └─ 1×1 ─ bilinear ─ a side output, for training only

The paper's second branch (contours) and the snapping of masks to them are left out, as in the authors' PyTorch and
TensorFlow code. Parameter names are those of their PyTorch code but for the trunk, see :func:`released`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vosbench_baselines.layers.upsampling import BilinearUpsampling, centre_crop
from vosbench_baselines.layers.vgg import VGG16
from vosbench_baselines.oneshot.network import (
    Frame,
    OneShotNetwork,
    Pixels,
    balanced_cross_entropy,
    normalised,
    vgg_channels,
    vgg_layers,
)

SIDE = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Channels of the first stage, the pixels the trunk was trained on, and whether its convolutions are normalised."""

    width: int = 64
    pixels: Pixels = "caffe"
    norm: bool = False


ARCHITECTURES = {"osvos": Architecture(), "osvos-tiny": Architecture(width=8, pixels="imagenet", norm=True)}


Change = Callable[[int, Tensor], Tensor]


def unchanged(number: int, x: Tensor) -> Tensor:
    """The maps of a stage as they are."""
    return x


class SideOutputs(OneShotNetwork):
    """VGG-16 whose stages 2 to 5 give sixteen maps each, brought to the size of the picture and fused."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.trunk = VGG16(width=size.width, norm=size.norm)
        self.side_prep = nn.ModuleList(nn.Conv2d(c, SIDE, 3, padding=1) for c in vgg_channels(size.width)[1:])
        self.upscale = nn.ModuleList(BilinearUpsampling(SIDE, 2**s) for s in range(1, 5))
        self.fuse = nn.Conv2d(4 * SIDE, 1, 1)

    def sides(self, picture: Tensor, change: Change = unchanged) -> list[Tensor]:
        """Sixteen maps each at 1/2, 1/4, 1/8 and 1/16. ``change`` may alter what a convolution of a stage gives."""
        x, found = normalised(picture, self.size.pixels), []
        for number in range(5):
            x = F.max_pool2d(x, 2, ceil_mode=True) if number else x
            for layer in vgg_layers(self.trunk, number):
                x = layer(x)
                x = change(number, x) if isinstance(layer, nn.ReLU) else x
            if number:
                found.append(self.side_prep[number - 1](x))
        return found

    def fused(self, sides: list[Tensor], picture: Tensor) -> Tensor:
        """All sides at the size of the picture, to logits (B, 1, H, W)."""
        up = [centre_crop(layer(side), picture) for layer, side in zip(self.upscale, sides, strict=True)]
        out: Tensor = self.fuse(torch.cat(up, dim=1))
        return out


class OSVOS(SideOutputs):
    """The network of figure 2, its foreground branch."""

    def __init__(self, size: Architecture) -> None:
        super().__init__(size)
        self.score_dsn = nn.ModuleList(nn.Conv2d(SIDE, 1, 1) for _ in range(4))
        self.upscale_ = nn.ModuleList(BilinearUpsampling(1, 2**s) for s in range(1, 5))

    def forward(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> Tensor:
        """Looks at the picture alone."""
        return self.fused(self.sides(picture), picture)

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Four side outputs and the answer."""
        sides = self.sides(picture)
        scored = zip(self.score_dsn, self.upscale_, sides, strict=True)
        return [centre_crop(up(score(side)), picture) for score, up, side in scored] + [self.fused(sides, picture)]

    def loss(self, outputs: list[Tensor], target: Tensor, known: Tensor | None = None, progress: float = 1.0) -> Tensor:
        """The answer's loss, and the sides' with a weight that goes from 1 to 0 during the parent's training."""
        loss = balanced_cross_entropy(outputs[-1], target, known)
        if progress < 1:
            loss = loss + (1 - progress) * sum(balanced_cross_entropy(o, target, known) for o in outputs[:-1])
        return loss

    def groups(self, rate: float, *, online: bool) -> list[dict[str, Any]]:
        """Biases at twice the rate, without weight decay; a tenth for scores, a hundredth for the fusion."""
        parts: list[tuple[nn.Module, float]] = [(self.trunk, 1), (self.side_prep, 1), (self.fuse, 0.01)]
        if not online:
            parts.append((self.score_dsn, 0.1))
        found = []
        for module, factor in parts:
            named = list(module.named_parameters())
            for suffix, times, decay in (("weight", 1, 2e-4), ("bias", 2, 0.0)):
                params = [p for name, p in named if name.endswith(suffix)]
                found.append({"params": params, "lr": rate * factor * times, "weight_decay": decay})
        return found


def released(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The authors' PyTorch state dict (``parent_epoch-239.pth``, 52 keys) in our names; all else stays as it is."""
    found = {}
    for name, tensor in state.items():
        place, _, kind = name.rpartition(".")
        ours = f"trunk.features.{_STAGES[place]}" if place in _STAGES else place
        found[f"{ours}.{kind}"] = tensor
    return found


#: torchvision's index of each convolution by the authors' stage and index; a pooling is a stage's first layer there.
_STAGES = {
    f"stages.{stage}.{2 * i + (stage > 0)}": index
    for stage, row in enumerate(((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)))
    for i, index in enumerate(row)
}
