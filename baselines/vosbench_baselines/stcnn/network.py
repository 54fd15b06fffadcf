"""STCNN (Xu et al., "Spatiotemporal CNN for Video Object Segmentation", CVPR 2019).

Frame t is segmented from itself and the delta frames before it, by two branches (Figure 1):

- the *temporal coherence branch* (section 3.1) sees the delta previous frames, stacked in channels, and predicts frame
  t; on the way it makes feature maps at 1/16, 1/8 and 1/4 that know how things look and move;
- the *spatial segmentation branch* (section 3.2) sees frame t. Pyramid pooling over a dilated ResNet gives a coarse
  prediction; three attention modules refine it, each with the temporal map of its scale and the prediction before;
  all four scales together give the final one.

The mask of the first frame goes in nowhere: the spatial branch *learns* the object (``online.py``). Losses are
in ``losses.py``, what ``released=True`` builds in ``released.py``. Channels the paper leaves open are
those of the authors' code. Shapes: B frames; H, W of any size; pictures are RGB in [0, 1].
"""

from dataclasses import dataclass, replace
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import nn

from vosbench.errors import UsageError
from vosbench_baselines.layers.resnet import BLOCKS, stage
from vosbench_baselines.layers.upsampling import resized
from vosbench_baselines.stcnn.released import DoublingDeconvolution, ReleasedDecoder, centred

Features = list[torch.Tensor]
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """``depths``, ``width``: blocks and channels of both ResNets. ``maps``: channels of the temporal maps at 1/16, 1/8
    and 1/4. ``context``: channels of each pooled map; ``decoder``: those of the maps that are refined. ``temporal`` and
    ``attention`` off are rows of Table 3; ``released`` builds the layers of the authors' code.
    """

    trunk: Literal["bottleneck", "basic"] = "bottleneck"
    depths: tuple[int, int, int, int] = (3, 4, 23, 3)
    width: int = 64
    delta: int = 4
    maps: tuple[int, int, int] = (512, 256, 64)
    context: int = 512
    decoder: int = 256
    temporal: bool = True
    attention: bool = True
    released: bool = False

    def trunk_channels(self) -> tuple[int, int, int, int]:
        """Channels of res2, res3, res4 and res5."""
        up = BLOCKS[self.trunk].expansion * self.width
        return up, 2 * up, 4 * up, 8 * up


ARCHITECTURES = {
    "stcnn": Architecture(),
    "stcnn-released": Architecture(released=True),
    "stcnn-tiny": Architecture(trunk="basic", depths=(1, 1, 1, 1), width=12, maps=(32, 24, 16), context=16, decoder=24),
}


def architecture(name: str) -> Architecture:
    """A member of the family by name; ``-spatial`` after a name leaves the temporal branch out, ``-plain`` attention.

    >>> architecture("stcnn-tiny-spatial-plain").attention
    False
    """
    base, off = name, dict[str, Any]()
    for suffix, field in (("-plain", "attention"), ("-spatial", "temporal")):
        if base.endswith(suffix):
            base, off = base.removesuffix(suffix), off | {field: False}
    if base not in ARCHITECTURES:
        raise UsageError(f"no architecture {name!r}", fix=f"there are {', '.join(ARCHITECTURES)}, and with -plain")
    return replace(ARCHITECTURES[base], **off)


def conv_bn_relu(channels: int, out: int, kernel: int) -> nn.Sequential:
    """Convolution, batch normalisation, ReLU: "each convolution layer" of Figure 1."""
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False), nn.BatchNorm2d(out), nn.ReLU()
    )


class Trunk(nn.Module):
    """A ResNet without its classifier. ``dilated``: res4 and res5 stay at 1/8, with dilations 2 and 2, 4, 2."""

    def __init__(self, size: Architecture, channels: int, *, dilated: bool) -> None:
        super().__init__()
        block, w = BLOCKS[size.trunk], size.width
        res2, res3, res4, _ = size.trunk_channels()
        stride, fourth, fifth = (1, (2,), (2, 4, 2)) if dilated else (2, (1,), (1,))
        self.conv1 = nn.Conv2d(channels, w, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.pool = nn.MaxPool2d(3, 2, 1, ceil_mode=dilated and size.released)
        self.layer1 = stage(block, w, w, size.depths[0], 1, early=True)
        self.layer2 = stage(block, res2, 2 * w, size.depths[1], 2, early=True)
        self.layer3 = stage(block, res3, 4 * w, size.depths[2], stride, dilations=fourth, early=True)
        self.layer4 = stage(block, res4, 8 * w, size.depths[3], stride, dilations=fifth, early=True)

    def forward(self, x: torch.Tensor) -> Features:
        """(B, channels, H, W) to res2 at 1/4, res3 at 1/8, res4 at 1/16 and res5 at 1/32 (dilated: 1/8 both)."""
        features = [self.pool(torch.relu(self.bn1(self.conv1(x))))]
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features[1:]


class Deconvolution(nn.Module):
    """3×3 with stride 2, batch normalisation, ReLU; to the size of the map it is to be joined with."""

    def __init__(self, channels: int, out: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(channels, out, 3, 2, 1, bias=False)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, out, 2 h or 2 h - 1, 2 w or 2 w - 1)."""
        return torch.relu(self.bn(self.conv(x, output_size=like.shape[-2:])))


class TemporalDecoder(nn.Module):
    """Three deconvolutions, three skip connections, 1×1 convolutions that compact them (section 3.1)."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        *skips, top = size.trunk_channels()
        inputs = (top, *size.maps[:2])
        self.expand = nn.ModuleList(Deconvolution(a, b) for a, b in zip(inputs, size.maps, strict=True))
        self.compact = nn.ModuleList(
            conv_bn_relu(out + skip, out, 1) for out, skip in zip(size.maps, reversed(skips), strict=True)
        )
        self.rgb = nn.Conv2d(size.maps[-1], 3, 1)

    def forward(self, features: Features) -> tuple[torch.Tensor, Features]:
        """res2 to res5 to the predicted frame, (B, 3, H / 4, W / 4) in [-1, 1], and the maps at 1/16, 1/8, 1/4."""
        x, maps = features[3], []
        for expand, compact, skip in zip(self.expand, self.compact, reversed(features[:3]), strict=True):
            x = compact(torch.cat([expand(x, skip), skip], dim=1))
            maps.append(x)
        return torch.tanh(self.rgb(x)), maps


class TemporalBranch(nn.Module):
    """The generator G: predicts a frame from those before it."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.encoder = Trunk(size, 3 * size.delta, dilated=False)
        self.decoder = ReleasedDecoder(size.trunk_channels(), size.maps) if size.released else TemporalDecoder(size)

    def forward(self, previous: torch.Tensor) -> tuple[torch.Tensor, Features]:
        """(B, delta, 3, H, W), oldest first; see :meth:`TemporalDecoder.forward`."""
        out: tuple[torch.Tensor, Features] = self.decoder(self.encoder(2 * previous.flatten(1, 2) - 1))
        return out


class PyramidPooling(nn.Module):
    """PPM (Zhao et al., CVPR 2017): means over 1, 4, 9 and 36 regions beside the map itself."""

    def __init__(self, channels: int, context: int, out: int, *, upsample_first: bool) -> None:
        super().__init__()
        self.upsample_first = upsample_first
        self.pooled = nn.ModuleList(conv_bn_relu(channels, context, 1) for _ in range(4))
        self.join = conv_bn_relu(channels + 4 * context, out, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, out, h, w)."""
        maps, size = [x], x.shape[-2:]
        for bins, conv in zip((1, 2, 3, 6), self.pooled, strict=True):
            mean = F.adaptive_avg_pool2d(x, bins)
            maps.append(conv(resized(mean, size)) if self.upsample_first else resized(conv(mean), size))
        out: torch.Tensor = self.join(torch.cat(maps, dim=1))
        return out


class AttentionModule(nn.Module):
    """Figure 2. x = [f, temporal map]; x + s * residual(x), where s is the prediction of the scale before.

    Where s is 0 it does nothing; the temporal branch and the masking can each be left out.
    """

    def __init__(self, channels: int, temporal: int, *, masked: bool) -> None:
        super().__init__()
        self.temporal = temporal
        self.join = conv_bn_relu(channels + temporal, channels, 3)
        half = [(nn.BatchNorm2d(channels), nn.ReLU(), nn.Conv2d(channels, channels, 3, padding=1)) for _ in range(2)]
        self.residual = nn.Sequential(*half[0], *half[1]) if masked else None

    def forward(self, x: torch.Tensor, temporal: torch.Tensor | None, mask: torch.Tensor) -> torch.Tensor:
        """``x`` (B, channels, h, w), ``temporal`` (B, temporal, h, w) or None for zeros, ``mask`` (B, 1, h, w)."""
        if self.temporal:
            temporal = x.new_zeros(len(x), self.temporal, *x.shape[-2:]) if temporal is None else temporal
            x = torch.cat([x, temporal], dim=1)
        x = self.join(x)
        return x if self.residual is None else x + mask * self.residual(x)


class SpatialBranch(nn.Module):
    """Segments a frame, given what the temporal branch makes of the frames before it."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        *skips, top = size.trunk_channels()
        c, maps = size.decoder, size.maps if size.temporal else (0, 0, 0)
        self.encoder = Trunk(size, 3, dilated=True)
        self.context = PyramidPooling(top, size.context, c, upsample_first=size.released)
        self.lateral = nn.ModuleList(conv_bn_relu(skip, c, 1) for skip in reversed(skips))
        self.attention = nn.ModuleList(AttentionModule(c, m, masked=size.attention) for m in maps)
        self.score = nn.ModuleList(nn.Sequential(conv_bn_relu(c, c, 3), nn.Conv2d(c, 1, 1)) for _ in range(4))
        self.fuse = nn.Sequential(conv_bn_relu(4 * c, c, 3), nn.Conv2d(c, 1, 1))
        self.zoom = nn.ModuleList(DoublingDeconvolution(c) for _ in range(3)) if size.released else None

    def forward(self, images: torch.Tensor, temporal: Features | None = None) -> list[torch.Tensor]:
        """(B, 3, H, W) to five logits (B, 1, H, W), coarse to fine, the final one last.

        ``temporal`` None stands for maps of zeros: there were no frames before, as when training on stills.
        """
        mean, std = images.new_tensor([MEAN, STD])[:, :, None, None]
        *skips, x = self.encoder((images - mean) / std)
        x = self.context(x)
        refined, logits = [x], [self.score[0](x)]
        for i, skip in enumerate(reversed(skips)):
            size = skip.shape[-2:]
            x = self.lateral[i](skip) + (resized(x, size) if self.zoom is None else self.zoom[i](x, size))
            fitted = resized if self.zoom is None or i == 0 else centred  # the coarsest temporal map is at 1/16 for 1/8
            coherence = None if temporal is None else fitted(temporal[i], size)
            refined.append(self.attention[i](x, coherence, torch.sigmoid(resized(logits[-1], size))))
            logits.append(self.score[i + 1](refined[-1]))
        finest = refined[-1].shape[-2:]
        logits.append(self.fuse(torch.cat([resized(r, finest) for r in reversed(refined)], dim=1)))
        return [resized(scale, images.shape[-2:]) for scale in logits]


class STCNN(nn.Module):
    """Both branches. It keeps no state between calls. ``critic``: the discriminator, while and after training."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.temporal = TemporalBranch(size) if size.temporal else None
        self.spatial = SpatialBranch(size)
        self.critic: nn.Module | None = None

    def forward(self, previous: torch.Tensor, images: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor | None]:
        """(B, delta, 3, H, W) and (B, 3, H, W) to the spatial branch's logits and the temporal branch's frame."""
        frame, maps = (None, None) if self.temporal is None else self.temporal(previous)
        return self.spatial(images, maps), frame
