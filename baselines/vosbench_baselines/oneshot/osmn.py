"""OSMN (Yang et al., "Efficient Video Object Segmentation via Network Modulation", CVPR 2018).

The network of OSVOS, told what to segment instead of trained for it. After each convolution of stages 3 to 5

    y = ReLU(conv(x)) · gamma + beta                                                                         (eq. 1)

- gamma, one number a channel, comes from the *visual modulator*: a VGG-16 that sees the object, cut out of its first
  frame, once a video;
- beta, one map a channel, comes from the *spatial modulator*: a two-dimensional Gaussian around the mask of the frame
  before, through a 1×1 convolution for each stage.

Parameters: 149,993,024 of the visual modulator, 14,917,569 of the segmentation, 11,520 of the spatial modulator.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vosbench_baselines.layers.vgg import GROUPS, VGG16
from vosbench_baselines.oneshot import osvos
from vosbench_baselines.oneshot.network import Frame, normalised, vgg_channels

FLOOR = 5.0  # pixels; the least standard deviation of the Gaussian
ROBUST = 1.4826  # of the median absolute deviation: the standard deviation, were it a normal distribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture(osvos.Architecture):
    """``guide``: side of the picture of the object; ``hidden``: outputs of the modulator's fully connected layers."""

    guide: int = 224
    hidden: int = 4096


ARCHITECTURES = {
    "osmn": Architecture(),
    "osmn-tiny": Architecture(width=8, pixels="imagenet", norm=True, guide=96, hidden=64),
}


class VisualModulator(nn.Module):
    """VGG-16 with its fully connected layers as convolutions; the last begins as gamma = 1 whatever it sees."""

    def __init__(self, size: Architecture, outputs: int) -> None:
        super().__init__()
        self.vgg = VGG16(width=size.width, norm=size.norm)
        self.fc6 = nn.Conv2d(vgg_channels(size.width)[-1], size.hidden, size.guide // 32)
        self.fc7 = nn.Conv2d(size.hidden, size.hidden, 1)
        self.fc8 = nn.Conv2d(size.hidden, outputs, 1)
        nn.init.zeros_(self.fc8.weight)
        assert self.fc8.bias is not None
        nn.init.ones_(self.fc8.bias)

    def forward(self, guide: Tensor) -> Tensor:
        """(B, 3, guide, guide) to (B, outputs)."""
        x = F.dropout(torch.relu(self.fc6(self.vgg(guide))), training=self.training)
        x = F.dropout(torch.relu(self.fc7(x)), training=self.training)
        out: Tensor = self.fc8(x).flatten(1)
        return out


class OSMN(osvos.SideOutputs):
    """The network of figure 2."""

    def __init__(self, size: Architecture) -> None:
        super().__init__(size)
        self.channels = [units * size.width for group in GROUPS[2:] for units in group]  # of conv3_1 to conv5_3
        self.guide_side = size.guide
        self.modulator = VisualModulator(size, sum(self.channels))
        stages = [sum(group) * size.width for group in GROUPS[2:]]
        self.spatial = nn.ModuleList(
            nn.Sequential(nn.Conv2d(1, c, 1, bias=False), nn.BatchNorm2d(c, eps=1e-3), nn.ReLU()) for c in stages
        )

    def guide(self, first: Frame) -> Tensor:
        """Gamma (B, 3840), from the object's first frame."""
        x = normalised(first.picture, self.size.pixels) * (first.mask > 0.5)
        cut = [_cut(x[b : b + 1], first.mask[b, 0], self.guide_side) for b in range(len(x))]
        out: Tensor = self.modulator(torch.cat(cut))
        return out

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Looks at the picture; at the previous mask through a Gaussian; at the first frame through gamma."""
        assert guide is not None, "this network needs what guide() gives"
        return [self.modulated(picture, gaussian(previous.mask, spread=self.training), guide)]

    def modulated(self, picture: Tensor, where: Tensor, guide: Tensor) -> Tensor:
        """Logits from a picture, the Gaussian (B, 1, H, W) and gamma (B, 3840)."""
        where = F.avg_pool2d(where, 2, ceil_mode=True)
        shifts: list[Tensor] = []
        for layer in self.spatial:
            where = F.avg_pool2d(where, 2, ceil_mode=True)
            maps = layer(where)
            shifts += maps.chunk(3, dim=1)
        pairs = zip(guide.split(self.channels, dim=1), shifts, strict=True)

        def modulate(number: int, x: Tensor) -> Tensor:
            if number < 2:
                return x
            gamma, beta = next(pairs)
            out: Tensor = x * gamma[..., None, None] + beta
            return out

        return self.fused(self.sides(picture, modulate), picture)


def _cut(x: Tensor, mask: Tensor, side: int) -> Tensor:
    """The object's box with 3 % around it, as a square picture of the given side; without an object all of it."""
    rows, columns = torch.nonzero(mask > 0.5, as_tuple=True)
    if len(rows):
        top, bottom, left, right = rows.min(), rows.max() + 1, columns.min(), columns.max() + 1
        pad = (0.03 * torch.maximum(bottom - top, right - left)).ceil().int()
        x = x[..., max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad]
    return F.interpolate(x, size=(side, side), mode="bilinear", align_corners=False)


def gaussian(masks: Tensor, *, spread: bool = False) -> Tensor:
    """What the spatial modulator knows of a mask: exp(-(dx² / 2 sx² + dy² / 2 sy²)), (B, 1, H, W); 0 of an empty one.

    Centre and deviations are the median and 1.4826 times the median absolute deviation of the mask's pixels. ``spread``
    moves and scales it at random, as the previous mask is not to be trusted too far in training.
    """
    out = torch.zeros_like(masks)
    height, width = masks.shape[-2:]
    for b, mask in enumerate(masks[:, 0] > 0.5):
        found = torch.nonzero(mask)  # (n, 2), row and column
        if not len(found):
            continue
        centre = found.double().quantile(0.5, dim=0)
        deviation = (ROBUST * (found - centre).abs().quantile(0.5, dim=0)).clamp(min=FLOOR)
        if spread:
            centre = centre + deviation * torch.empty(2).uniform_(-0.2, 0.2).to(centre)
            deviation = deviation * 1.4 ** torch.empty(2).uniform_(-1, 1).to(deviation)
        rows = torch.arange(height, device=mask.device) - centre[0]
        columns = torch.arange(width, device=mask.device) - centre[1]
        falls = [torch.exp(-(d**2) / (2 * s**2)) for d, s in ((rows, deviation[0]), (columns, deviation[1]))]
        out[b, 0] = torch.outer(*falls).to(out)
    return out


def released(variables: dict[str, Tensor]) -> dict[str, Tensor]:
    """The variables of the authors' TensorFlow checkpoint (``osmn/...``) in our names and layout (HWIO to OIHW).

    The fixed kernels of their upsampling are left out: ours are the same. What is unknown keeps its name.
    """
    found = {}
    for name, tensor in variables.items():
        scope, _, inside = name.removeprefix("osmn/").partition("/")
        layer, _, kind = inside.rpartition("/")
        if layer.startswith("score-multi"):
            continue
        kinds = {"weights": "weight", "biases": "bias"} | _NORM
        place = _place(scope, layer.removesuffix("/BatchNorm"))
        value = tensor.permute(3, 2, 0, 1) if tensor.ndim == 4 else tensor
        if place is None or kind not in kinds:
            found[name] = tensor
        else:
            sub = {"modulator_sp": ".1" if kind in _NORM else ".0"}.get(scope, "")
            found[f"{place}{sub}.{kinds[kind]}"] = value.contiguous()
    return found


_NORM = {"gamma": "weight", "beta": "bias", "moving_mean": "running_mean", "moving_variance": "running_var"}
_CONVOLUTIONS = {
    f"conv{stage}/conv{stage}_{i}": index
    for stage, row in enumerate(((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)), start=1)
    for i, index in enumerate(row, start=1)
}
_SIDES = {f"conv{k}_{2 if k == 2 else 3}_16": f"side_prep.{k - 2}" for k in (2, 3, 4, 5)} | {"upscore-fuse": "fuse"}


def _place(scope: str, layer: str) -> str | None:
    if scope == "modulator_sp":
        return {f"conv{k}": f"spatial.{k - 3}" for k in (3, 4, 5)}.get(layer)
    if layer in _CONVOLUTIONS:
        return ("modulator.vgg" if scope == "modulator" else "trunk") + f".features.{_CONVOLUTIONS[layer]}"
    if scope == "modulator":
        return f"modulator.{layer}" if layer in ("fc6", "fc7", "fc8") else None
    return _SIDES.get(layer)
