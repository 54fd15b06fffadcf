"""Space-Time Memory networks (Oh et al., "Video Object Segmentation using Space-Time Memory Networks", ICCV 2019).

A frame with its masks is a *memory*: for every cell of a 1/16 grid a key k_M (what is here?) and, per object, a value
v_M (does it belong to the object?). A new frame is a *query* with keys k_Q and values v_Q. Every query cell reads

    y_i = [ v_Q(i),  sum_j softmax_j( k_Q(i) · k_M(j) / sqrt(C_k) ) v_M(j) ]             (eqs. 1 and 2)

over all cells j of all memory frames; a decoder turns y into the object's probability map. The scaling by sqrt(C_k)
and the mask encoder's fifth channel, the union of the other objects, are in the authors' released model, not in the
paper; so are the parameter names, which let its weights load.

Computed once a frame and shared by its objects, exactly: the query, the RGB half of the memory's first layer, the
decoder's skip connections, and the query half of its first layer.

``refine50`` is our reading of a backbone that the refinement paper (YouTube-VOS challenge 2019: pre-training with video
frames, backbone, flip and multi-scale testing, ensemble) names and leaves undefined: a fifth ResNet stage, brought back
to 1/16 by the block the decoder uses. Numbers made with it reproduce no published one.

Shapes: B clips, N objects each, M = B · N; H, W image size (multiples of 16); h = H / 16, w = W / 16.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from vosbench.errors import UsageError
from vosbench_baselines.layers.memory import read_memory
from vosbench_baselines.layers.refinement import Refine, ResBlock, plus_shared
from vosbench_baselines.layers.resnet import BLOCKS, stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of one member of the family: blocks of the trunk's stages, and channels of trunk, key, value, decoder.

    ``refine``: the backbone is our reading of Refine-50.
    """

    trunk: Literal["bottleneck", "basic"]
    depths: tuple[int, int, int]
    width: int
    key: int
    value: int
    decoder: int
    refine: bool = False


ARCHITECTURES = {
    "stm": Architecture(trunk="bottleneck", depths=(3, 4, 6), width=64, key=128, value=512, decoder=256),
    "stm-s": Architecture(trunk="basic", depths=(2, 2, 2), width=48, key=64, value=192, decoder=96),
    "stm-nano": Architecture(trunk="basic", depths=(1, 1, 1), width=8, key=16, value=32, decoder=16),
}


def architecture(name: str) -> Architecture:
    """A member of the family by name; ``-refine50`` after a name changes its backbone.

    >>> architecture("stm-refine50").refine
    True
    """
    base = name.removesuffix("-refine50")
    if base not in ARCHITECTURES:
        raise UsageError(f"no architecture {name!r}", fix=f"there are {', '.join(ARCHITECTURES)}, each also -refine50")
    return replace(ARCHITECTURES[base], refine=base != name)


class Features(NamedTuple):
    """Feature maps at 1/16 (read by keys and values), 1/8 and 1/4 (skip connections)."""

    at16: torch.Tensor
    at8: torch.Tensor
    at4: torch.Tensor


class QueryEncoder(nn.Module):
    """A frame without masks. RGB in [0, 1]; normalisation happens in here, after the runner has padded with black."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        block = BLOCKS[size.trunk]
        w, up = size.width, block.expansion
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.conv1 = nn.Conv2d(3, w, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.res2 = stage(block, w, w, size.depths[0], 1)  # 1/4
        self.res3 = stage(block, up * w, 2 * w, size.depths[1], 2)  # 1/8
        self.res4 = stage(block, up * 2 * w, 4 * w, size.depths[2], 2)  # 1/16
        self.top: TopDown | None = None
        if size.refine:
            self.top = TopDown(stage(block, up * 4 * w, 8 * w, 3, 2), up * 4 * w, up * 8 * w, size.decoder)

    def rgb(self, images: torch.Tensor) -> torch.Tensor:
        """The first convolution: (B, 3, H, W) to (B, width, H / 2, W / 2)."""
        out: torch.Tensor = self.conv1((images - self.mean) / self.std)
        return out

    def deepen(self, x: torch.Tensor) -> Features:
        """Everything after the first convolution."""
        x = F.max_pool2d(torch.relu(self.bn1(x)), 3, 2, 1)
        at4 = self.res2(x)
        at8 = self.res3(at4)
        at16 = self.res4(at8)
        return Features(at16 if self.top is None else self.top(at16), at8, at4)

    def forward(self, images: torch.Tensor) -> Features:
        """(B, 3, H, W) to features of B frames."""
        return self.deepen(self.rgb(images))


class MemoryEncoder(QueryEncoder):
    """A frame with an object's mask and the union of the others'; each its own first convolution, summed."""

    def __init__(self, size: Architecture) -> None:
        super().__init__(size)
        self.conv1_m = nn.Conv2d(1, size.width, 7, 2, 3, bias=False)
        self.conv1_o = nn.Conv2d(1, size.width, 7, 2, 3, bias=False)

    def forward(self, images: torch.Tensor, masks: torch.Tensor) -> Features:  # type: ignore[override]
        """(B, 3, H, W) and soft masks (B, N, H, W) to features of B · N frame-object pairs."""
        others = (masks.sum(dim=1, keepdim=True) - masks).clamp(0, 1)
        seen = self.conv1_m(masks.flatten(0, 1)[:, None]) + self.conv1_o(others.flatten(0, 1)[:, None])
        return self.deepen(plus_shared(seen, self.rgb(images)))


class TopDown(nn.Module):
    """The fifth stage of Refine-50 (our reading), merged back into the fourth at 1/16."""

    def __init__(self, res5: nn.Sequential, fourth: int, fifth: int, channels: int) -> None:
        super().__init__()
        self.res5 = res5
        self.lateral = nn.Conv2d(fifth, channels, 1)
        self.refine = Refine(fourth, channels)

    def forward(self, at16: torch.Tensor) -> torch.Tensor:
        """(B, fourth, h, w) to (B, channels, h, w)."""
        out: torch.Tensor = self.refine(self.refine.skip(at16), self.lateral(self.res5(at16)))
        return out


class KeyValue(nn.Module):
    """Two linear 3×3 heads."""

    def __init__(self, channels: int, key: int, value: int) -> None:
        super().__init__()
        self.Key = nn.Conv2d(channels, key, 3, padding=1)
        self.Value = nn.Conv2d(channels, value, 3, padding=1)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(M, C, h, w) to keys (M, C_k, h, w) and values (M, C_v, h, w)."""
        return self.Key(features), self.Value(features)


class Decoder(nn.Module):
    """From what was read to a probability map, through the query's skip connections."""

    def __init__(self, value: int, eighth: int, fourth: int, channels: int) -> None:
        super().__init__()
        self.convFM = nn.Conv2d(2 * value, channels, 3, padding=1)
        self.ResMM = ResBlock(channels)
        self.RF3 = Refine(eighth, channels)
        self.RF2 = Refine(fourth, channels)
        self.pred2 = nn.Conv2d(channels, 2, 3, padding=1)

    def forward(self, read: torch.Tensor, query_value: torch.Tensor, query: Features) -> torch.Tensor:
        """``read`` (B · N, C_v, h, w), ``query_value`` (B, C_v, h, w); logits (B · N, 2, H, W), background first."""
        # A convolution of a concatenation is a sum of convolutions; the query's is the same for all objects.
        of_memory, of_query = self.convFM.weight.chunk(2, dim=1)
        shared = F.conv2d(query_value, of_query, self.convFM.bias, padding=1)
        x = self.ResMM(plus_shared(F.conv2d(read, of_memory, padding=1), shared))
        x = self.RF3(self.RF3.skip(query.at8), x)
        x = self.RF2(self.RF2.skip(query.at4), x)
        return F.interpolate(self.pred2(torch.relu(x)), scale_factor=4, mode="bilinear", align_corners=False)


class STM(nn.Module):
    """The network. It keeps no state between calls."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        up = BLOCKS[size.trunk].expansion
        top = size.decoder if size.refine else up * 4 * size.width
        self.Encoder_M = MemoryEncoder(size)
        self.Encoder_Q = QueryEncoder(size)
        self.KV_M_r4 = KeyValue(top, size.key, size.value)
        self.KV_Q_r4 = KeyValue(top, size.key, size.value)
        self.Decoder = Decoder(size.value, up * 2 * size.width, up * size.width, size.decoder)

    def memorise(self, images: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(B, 3, H, W) and soft masks (B, N, H, W) to cells: keys (B · N, h · w, C_k), values (B · N, h · w, C_v)."""
        keys, values = self.KV_M_r4(self.Encoder_M(images, masks).at16)
        return keys.flatten(2).transpose(1, 2), values.flatten(2).transpose(1, 2)

    def segment(
        self,
        images: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        usable: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Probabilities (B, N, H, W), float32, of the objects whose memory cells are given; see :func:`read_memory`."""
        objects = len(keys) // len(images)
        query = self.Encoder_Q(images)
        query_key, query_value = self.KV_Q_r4(query.at16)
        read = read_memory(query_key.repeat_interleave(objects, dim=0), keys, values, usable)
        logits = self.Decoder(read, query_value, query).float()
        out: torch.Tensor = torch.softmax(logits, dim=1)[:, 1].unflatten(0, (len(images), objects))
        return out
