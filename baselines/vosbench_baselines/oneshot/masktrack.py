"""MaskTrack (Perazzi et al., "Learning Video Object Segmentation from Static Images", CVPR 2017).

DeepLabv2 with a fourth input channel: the mask of the frame before. It is trained on single pictures, to refine a
deformed mask, and then further on the first frame of a video. Frame by frame the answer becomes the next input.

    VGG-16 to 1/8 (pools 4 and 5 with stride 1, stage 5 dilated by 2) ─┬─ 3×3 dilated 6  ─ 1×1 ─ 1×1 ─┐
                                                                      ├─ 3×3 dilated 12 ─ 1×1 ─ 1×1 ─┤
                                                                      ├─ 3×3 dilated 18 ─ 1×1 ─ 1×1 ─┼─ sum, bilinear ×8
                                                                      └─ 3×3 dilated 24 ─ 1×1 ─ 1×1 ─┘

``masktrack`` is this; ``masktrack-resnet101`` has the trunk of omkar13's code, DeepLab's ResNet-101, with one dilated
3×3 convolution a branch. The paper's second stream, on the magnitude of optical flow, and its CRF are left out.
"""

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vosbench_baselines.layers.resnet import BLOCKS, stage
from vosbench_baselines.layers.vgg import VGG16
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork, Pixels, normalised, vgg_channels, vgg_stage

RATES = (6, 12, 18, 24)
MASK = 100.0  # a mask is seen as -100 and 100, about the range of Caffe's pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """Trunk and its first channels; ``head``: channels of a branch (VGG-16 only); pixels; normalised convolutions."""

    trunk: Literal["vgg16", "resnet101"] = "vgg16"
    width: int = 64
    head: int = 1024
    pixels: Pixels = "caffe"
    norm: bool = False


ARCHITECTURES = {
    "masktrack": Architecture(),
    "masktrack-resnet101": Architecture(trunk="resnet101", norm=True),
    "masktrack-tiny": Architecture(width=8, head=48, pixels="imagenet", norm=True),
}


class DilatedVGG(nn.Module):
    """VGG-16 as DeepLab has it: pools of 3×3, the last two without stride. To (B, 8 · width, H / 8, W / 8)."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.vgg = VGG16(4, width=size.width, norm=size.norm)
        for layer in list(self.vgg.features)[self.vgg.ends[3] + 2 :]:
            if isinstance(layer, nn.Conv2d):
                layer.dilation = layer.padding = (2, 2)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        for number, stride in enumerate((2, 2, 2, 1, 1)):
            x = F.max_pool2d(vgg_stage(self.vgg, number, x), 3, stride, 1)
        return x


class DilatedResNet(nn.Module):
    """ResNet-101 as DeepLab has it: res4 and res5 dilated by 2 and 4 instead of strides; parameter names its own."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        block, w = BLOCKS["bottleneck"], size.width
        self.conv1 = nn.Conv2d(4, w, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.layer1 = stage(block, w, w, 3, 1, early=True)
        self.layer2 = stage(block, 4 * w, 2 * w, 4, 2, early=True)
        self.layer3 = stage(block, 8 * w, 4 * w, 23, 1, dilations=(2,), early=True)
        self.layer4 = stage(block, 16 * w, 8 * w, 3, 1, dilations=(4,), early=True)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 4, H, W) to (B, 32 · width, H / 8, W / 8)."""
        x = F.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1, ceil_mode=True)
        out: Tensor = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return out


class Branches(nn.Module):
    """Atrous spatial pyramid pooling: the sum of four readings with growing windows. Two scores, background first."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        if size.trunk == "vgg16":
            self.branches = nn.ModuleList(self._deep(vgg_channels(size.width)[-1], size.head, r) for r in RATES)
        else:
            self.branches = nn.ModuleList(nn.Conv2d(32 * size.width, 2, 3, padding=r, dilation=r) for r in RATES)

    @staticmethod
    def _deep(channels: int, width: int, rate: int) -> nn.Sequential:
        """fc6, fc7 and fc8."""
        return nn.Sequential(
            nn.Conv2d(channels, width, 3, padding=rate, dilation=rate),
            nn.ReLU(),
            nn.Dropout(),
            nn.Conv2d(width, width, 1),
            nn.ReLU(),
            nn.Dropout(),
            nn.Conv2d(width, 2, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to (B, 2, h, w)."""
        return torch.stack([branch(x) for branch in self.branches]).sum(dim=0)


class MaskTrack(OneShotNetwork):
    """The network of figure 2."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.trunk = DilatedVGG(size) if size.trunk == "vgg16" else DilatedResNet(size)
        self.aspp = Branches(size)
        if size.pixels == "caffe":  # whoever starts from ImageNet starts without the mask
            nn.init.normal_(self.first.weight.data[:, 3:], std=1e-4)

    @property
    def first(self) -> nn.Conv2d:
        """The convolution that sees the picture and the mask."""
        layer = self.trunk.vgg.features[0] if isinstance(self.trunk, DilatedVGG) else self.trunk.conv1
        assert isinstance(layer, nn.Conv2d)
        return layer

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Looks at the picture and the previous mask."""
        scale = MASK if self.size.pixels == "caffe" else 1.0
        x = torch.cat([normalised(picture, self.size.pixels), scale * (2 * previous.mask - 1)], dim=1)
        height, width = picture.shape[-2:]
        right, below = -(width - 1) % 8, -(height - 1) % 8  # to 8 k + 1, where cells lie on pixels 0, 8, 16, ...
        scores = self.aspp(self.trunk(F.pad(x, (0, right, 0, below))))
        size = (height + below, width + right)
        scores = F.interpolate(scores, size=size, mode="bilinear", align_corners=True)[..., :height, :width]
        return [scores[:, 1:] - scores[:, :1]]  # the sigmoid of the difference is the softmax of the two

    def loss(self, outputs: list[Tensor], target: Tensor, known: Tensor | None = None, progress: float = 1.0) -> Tensor:
        """Plain cross-entropy."""
        return F.binary_cross_entropy_with_logits(outputs[-1], target, known)

    def groups(self, rate: float, *, online: bool) -> list[dict[str, Any]]:
        """The branches learn ten times as fast (omkar13)."""
        return [
            {"params": list(self.trunk.parameters()), "lr": rate},
            {"params": list(self.aspp.parameters()), "lr": 10 * rate},
        ]


def released(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of omkar13's code (DeepLab-ResNet-101, ``Scale.*``) in our names; all else stays as it is."""
    found = {}
    for name, tensor in state.items():
        inside = name.removeprefix("Scale.")
        branch = inside.removeprefix("layer5.conv2d_list.")
        ours = f"aspp.branches.{branch}" if branch != inside else f"trunk.{inside}"
        found[name if name == inside else ours] = tensor
    return found
