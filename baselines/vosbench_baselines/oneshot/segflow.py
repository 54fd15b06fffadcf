"""SegFlow (Cheng et al., "SegFlow: Joint Learning for Video Object Segmentation and Optical Flow", ICCV 2017).

Two branches that exchange what they know: a ResNet-101 that segments, and FlowNetS (Dosovitskiy et al., ICCV 2015) that
estimates how the frame moves. At three scales the segmentation's features and the flow's, pooled to the same size, are
joined; from each of the three unions two heads read, one the object, one the flow:

    res5 ── + pooled concat4 ─ 1×1 ─┐ ×2            FlowNetS: concat4 = conv4_1, deconv4, flow 5 at 1/16
    res4 ── + pooled concat3 ─ 1×1 ─┴ + ─┐ ×2                 concat3 = conv3_1, deconv3, flow 4 at 1/8
    res3 ── + pooled concat2 ─ 1×1 ──────┴ + ─ ×8             concat2 = conv2,   deconv2, flow 3 at 1/4

Without training on a first frame it segments what is foreground: the unsupervised task.
"""

import re
from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vosbench_baselines.layers.resnet import BLOCKS, stage
from vosbench_baselines.layers.upsampling import BilinearUpsampling, centre_crop
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork, Pixels, normalised

MULTIPLE = 64  # the coarsest map of FlowNetS
SCALES = (1.0, 0.01, 0.0001)  # of res5, res4 and res3: they are not normalised to each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """``trunk``, ``depths`` and ``width`` of the ResNet; ``flow``: channels of FlowNetS' first convolution.

    ``scales``: factors on res5, res4 and res3 before they are joined with the flow's maps.
    """

    trunk: Literal["bottleneck", "basic"] = "bottleneck"
    depths: tuple[int, int, int, int] = (3, 4, 23, 3)
    width: int = 64
    flow: int = 64
    pixels: Pixels = "caffe"
    scales: tuple[float, float, float] = SCALES


ARCHITECTURES = {
    "segflow": Architecture(),
    "segflow-tiny": Architecture(
        trunk="basic", depths=(1, 1, 1, 1), width=12, flow=6, pixels="imagenet", scales=(1.0, 1.0, 1.0)
    ),
}


class SegmentationTrunk(nn.Module):
    """A ResNet; strides of its bottlenecks come first, as in Caffe's model."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        block, w = BLOCKS[size.trunk], size.width
        up = block.expansion
        self.conv1 = nn.Conv2d(3, w, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.layer1 = stage(block, w, w, size.depths[0], 1, early=True)
        self.layer2 = stage(block, up * w, 2 * w, size.depths[1], 2, early=True)
        self.layer3 = stage(block, up * 2 * w, 4 * w, size.depths[2], 2, early=True)
        self.layer4 = stage(block, up * 4 * w, 8 * w, size.depths[3], 2, early=True)

    def forward(self, x: Tensor) -> list[Tensor]:
        """res5, res4 and res3, at 1/32, 1/16 and 1/8."""
        x = F.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        res3 = self.layer2(self.layer1(x))
        res4 = self.layer3(res3)
        return [self.layer4(res4), res4, res3]


class FlowNetS(nn.Module):
    """FlowNetSimple: two pictures, one on the other, to flow at five scales."""

    def __init__(self, w: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(6, w, 7, 2, 3)
        self.conv2 = nn.Conv2d(w, 2 * w, 5, 2, 2)
        self.conv3 = nn.Conv2d(2 * w, 4 * w, 5, 2, 2)
        self.conv3_1 = nn.Conv2d(4 * w, 4 * w, 3, 1, 1)
        self.conv4 = nn.Conv2d(4 * w, 8 * w, 3, 2, 1)
        self.conv4_1 = nn.Conv2d(8 * w, 8 * w, 3, 1, 1)
        self.conv5 = nn.Conv2d(8 * w, 8 * w, 3, 2, 1)
        self.conv5_1 = nn.Conv2d(8 * w, 8 * w, 3, 1, 1)
        self.conv6 = nn.Conv2d(8 * w, 16 * w, 3, 2, 1)
        self.conv6_1 = nn.Conv2d(16 * w, 16 * w, 3, 1, 1)
        self.skips = (8 * w, 8 * w, 4 * w, 2 * w)  # conv5_1, conv4_1, conv3_1, conv2
        self.ups = (8 * w, 4 * w, 2 * w, w)  # deconv5 to deconv2
        #: concat5 to concat2.
        self.channels = tuple(skip + up + 2 for skip, up in zip(self.skips, self.ups, strict=True))
        before = (16 * w, *self.channels)
        self.deconv = nn.ModuleList(nn.ConvTranspose2d(a, b, 4, 2, 1) for a, b in zip(before, self.ups, strict=False))
        self.predict_flow = nn.ModuleList(nn.Conv2d(c, 2, 3, padding=1) for c in before)
        self.upsample_flow = nn.ModuleList(nn.ConvTranspose2d(2, 2, 4, 2, 1) for _ in range(4))

    def forward(self, pair: Tensor) -> tuple[list[Tensor], Tensor]:
        """(B, 6, H, W), multiples of 64, to concat4, concat3, concat2 and a flow of its own, (B, 2, H / 4, W / 4)."""
        at4 = _leaky(self.conv2(_leaky(self.conv1(pair))))
        at8 = _leaky(self.conv3_1(_leaky(self.conv3(at4))))
        at16 = _leaky(self.conv4_1(_leaky(self.conv4(at8))))
        at32 = _leaky(self.conv5_1(_leaky(self.conv5(at16))))
        x = _leaky(self.conv6_1(_leaky(self.conv6(at32))))
        joined = []
        for skip, deconv, predict, up in zip(
            (at32, at16, at8, at4), self.deconv, self.predict_flow, self.upsample_flow, strict=False
        ):
            x = torch.cat([skip, _leaky(deconv(x)), up(predict(x))], dim=1)
            joined.append(x)
        return joined[1:], self.predict_flow[4](x)


def _leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.1)


class Head(nn.Module):
    """Two scores from each union, coarse ones brought to the next size and added; then eight times larger."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        self.score = nn.ModuleList(nn.Conv2d(c, 2, 1) for c in channels)
        self.up = nn.ModuleList(BilinearUpsampling(2, factor) for factor in (2, 2, 8))

    def forward(self, unions: list[Tensor], like: Tensor) -> Tensor:
        """At 1/32, 1/16 and 1/8 to (B, 2, H, W)."""
        x = torch.zeros(())
        for i, (union, score) in enumerate(zip(unions, self.score, strict=True)):
            x = score(union) if i == 0 else score(union) + centre_crop(self.up[i - 1](x), union)
        return centre_crop(self.up[2](x), like)


class SegFlow(OneShotNetwork):
    """The network of figure 2."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.trunk = SegmentationTrunk(size)
        self.flownet = FlowNetS(size.flow)
        wide = BLOCKS[size.trunk].expansion * size.width
        unions = [a + b for a, b in zip((8 * wide, 4 * wide, 2 * wide), self.flownet.channels[1:], strict=True)]
        self.segmentation = Head(unions)
        self.flow = Head(unions)

    def both(self, picture: Tensor, other: Tensor) -> tuple[Tensor, Tensor]:
        """Scores (B, 2, H, W), background first, and the flow (B, 2, H, W) from the picture to the other one."""
        height, width = picture.shape[-2:]
        border = (0, -width % MULTIPLE, 0, -height % MULTIPLE)
        x, y = (F.pad(normalised(p, self.size.pixels), border) for p in (picture, other))
        features = self.trunk(x)
        scale = 1 / 255 if self.size.pixels == "caffe" else 1.0
        moving, _ = self.flownet(scale * torch.cat([x, y], dim=1))
        unions = [
            torch.cat([factor * still, F.max_pool2d(moves, 3, 2, 1)], dim=1)
            for factor, still, moves in zip(self.size.scales, features, moving, strict=True)
        ]
        scores, flow = (head(unions, x)[..., :height, :width] for head in (self.segmentation, self.flow))
        return scores, flow

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Looks at the picture and the one before."""
        scores, _ = self.both(picture, previous.picture)
        return [scores[:, 1:] - scores[:, :1]]

    def loss(self, outputs: list[Tensor], target: Tensor, known: Tensor | None = None, progress: float = 1.0) -> Tensor:
        """Plain cross-entropy of the segmentation."""
        return F.binary_cross_entropy_with_logits(outputs[-1], target, known)

    def groups(self, rate: float, *, online: bool) -> list[dict[str, Any]]:
        """On a first frame, which shows no motion, FlowNetS learns nothing."""
        parts = (self.trunk, self.segmentation) if online else (self,)
        return [{"params": [p for part in parts for p in part.parameters()], "lr": rate}]


def released(blobs: dict[str, Tensor]) -> dict[str, Tensor]:
    """The blobs of the authors' Caffe model, each under ``<layer>.<number>``, in our names; unknown ones keep theirs.

    A BatchNorm holds sums and the count they are to be divided by; its Scale holds gamma and beta.
    """
    found: dict[str, Tensor] = {}
    for name, blob in blobs.items():
        layer, _, number = name.rpartition(".")
        if layer.startswith(("scale_res", "upscore", "Convolution6")) or (layer.startswith("bn") and number == "2"):
            continue  # fixed factors, fixed kernels, counts
        place = _trunk_place(layer) or _flow_place(layer) or _head_place(layer)
        if place is None:
            found[name] = blob
        elif layer.startswith("bn"):
            kind = ("running_mean", "running_var")[int(number)]
            found[f"{place}.{kind}"] = blob / blobs.get(f"{layer}.2", torch.ones(1)).clamp(min=1e-12)
        else:
            found[f"{place}.{('weight', 'bias')[int(number)]}"] = blob
    return found


def _trunk_place(layer: str) -> str | None:
    """``res4b3_branch2a``, ``bn4b3_branch2a``, ``scale4b3_branch2a``: stage 4, fourth block, first convolution."""
    if layer in ("conv1", "bn_conv1", "scale_conv1"):
        return "trunk.conv1" if layer == "conv1" else "trunk.bn1"
    match = re.fullmatch(r"(res|bn|scale)([2-5])([a-z])(\d*)_branch(1|2[abc])", layer)
    if match is None:
        return None
    kind, stage_number, letter, count, branch = match.groups()
    block = int(count) if count else "abc".index(letter)
    prefix = f"trunk.layer{int(stage_number) - 1}.{block}"
    if branch == "1":
        return f"{prefix}.downsample.{0 if kind == 'res' else 1}"
    return f"{prefix}.{'conv' if kind == 'res' else 'bn'}{'abc'.index(branch[1]) + 1}"


def _flow_place(layer: str) -> str | None:
    if layer == "conv1_flowS" or re.fullmatch(r"conv[2-6](_1)?", layer):
        return f"flownet.{layer.removesuffix('_flowS')}"
    for pattern, place, first in (
        (r"deconv([2-5])", "deconv", 5),
        (r"upsample_flow([3-6])to\d", "upsample_flow", 6),
    ):
        if match := re.fullmatch(pattern, layer):
            return f"flownet.{place}.{first - int(match[1])}"
    match = re.fullmatch(r"Convolution([1-5])", layer)
    return f"flownet.predict_flow.{int(match[1]) - 1}" if match else None


def _head_place(layer: str) -> str | None:
    match = re.fullmatch(r"score_res([345])_con(_flow)?", layer)
    return f"{'flow' if match[2] else 'segmentation'}.score.{5 - int(match[1])}" if match else None
