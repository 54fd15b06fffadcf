"""RVOS (Ventura et al., "RVOS: End-to-End Recurrent Network for Video Object Segmentation", CVPR 2019).

A frame is encoded once; a decoder of four ConvLSTMs then runs once per object i, from coarse to fine (k = 0 … 3):

    h_input = [ B_2(h_{t,i,k-1}) | f'_{t,k} | S_{t-1,i} ]                                     (eq. 1)
    h_state = [ h_{t,i-1,k} | h_{t-1,i,k} ]                                                   (eq. 2)
    h_{t,i,k} = ConvLSTM_k(h_input, h_state)                                                  (eq. 3)

B_2 doubles the size, f' is the encoder's projected feature, S the object's mask on the previous frame. h_{t,i-1} is the
spatial state, of the object before on the same frame, so that objects know what is taken; h_{t-1,i} the temporal state,
of the same object on the frame before. The cell belongs to the spatial recurrence, as in the released code, about which
the paper is silent; the names of parameters and the order of gates are the code's, too, so that its weights load.

    level k    encoder            projected f'     h             at 256×448
    0          ResNet layer4      3×3, 128, BN     128           8 × 14
    1          layer3             3×3, 128, BN     64            16 × 28
    2          layer2             3×3, 64, BN      32            32 × 56
    3          layer1             3×3, 32, BN      16            64 × 112; doubled, 3×3 to 1, doubled

Names say which recurrence there is and whether masks come in: ``rvos-mask-st`` is one-shot, ``rvos-st`` zero-shot;
``-s`` and ``-t`` lack the other state. "ST+" is ``-mask-st`` trained further on inferred masks. ``-official`` behind
``-t`` keeps the spatial state on the first frame, where the released code does not switch it off.

Shapes: B clips, N objects, H, W picture size.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

from vosbench.errors import UsageError
from vosbench_baselines.layers.convlstm import ConvLSTMCell
from vosbench_baselines.layers.resnet import BLOCKS, stage

#: Per level: (B, C_k, h_k, w_k), coarsest first.
Levels = list[torch.Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of one member of the family; ``slots`` is how many objects a zero-shot network looks for."""

    size: tuple[int, int] = (256, 448)
    block: str = "bottleneck"
    depths: tuple[int, int, int, int] = (3, 4, 23, 3)
    width: int = 64
    hidden: int = 128
    slots: int = 10
    masks: bool = True
    spatial: bool = True
    temporal: bool = True
    official: bool = False


ARCHITECTURES = {
    "rvos": Architecture(),
    "rvos-tiny": Architecture(size=(128, 224), block="basic", depths=(1, 1, 1, 1), width=16, hidden=48, slots=4),
    "rvos-nano": Architecture(size=(64, 96), block="basic", depths=(1, 1, 1, 1), width=8, hidden=32, slots=3),
}
RECURRENCE = {"s": (True, False), "t": (False, True), "st": (True, True)}


def architecture(name: str) -> Architecture:
    """A member of the family by name.

    >>> architecture("rvos-tiny-mask-s").temporal
    False
    """
    rest, _, last = name.removesuffix("-official").rpartition("-")
    base = rest.removesuffix("-mask")
    if base not in ARCHITECTURES or last not in RECURRENCE or (last != "t" and name.endswith("-official")):
        fix = f"names are {' or '.join(ARCHITECTURES)}, -mask or not, and -s, -t, -t-official or -st"
        raise UsageError(f"no architecture {name!r}", fix=fix)
    spatial, temporal = RECURRENCE[last]
    official = name.endswith("-official")
    return replace(ARCHITECTURES[base], masks=rest != base, spatial=spatial, temporal=temporal, official=official)


class ResNet(nn.Module):
    """ResNet with torchvision's names, without the classifier."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        block, w = BLOCKS[size.block], size.width
        up = block.expansion
        self.conv1 = nn.Conv2d(3, w, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(w)
        self.layer1 = stage(block, w, w, size.depths[0], 1)
        self.layer2 = stage(block, up * w, 2 * w, size.depths[1], 2)
        self.layer3 = stage(block, up * 2 * w, 4 * w, size.depths[2], 2)
        self.layer4 = stage(block, up * 4 * w, 8 * w, size.depths[3], 2)
        self.channels = [up * 8 * w, up * 4 * w, up * 2 * w, up * w]

    def forward(self, x: torch.Tensor) -> Levels:
        """Normalised (B, 3, H, W) to maps at 1/32, 1/16, 1/8 and 1/4."""
        x = F.max_pool2d(torch.relu(self.bn1(self.conv1(x))), 3, 2, 1)
        maps = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            maps.append(x)
        return maps[::-1]


class Encoder(nn.Module):
    """The trunk, and a projection of each of its levels. It knows nothing of objects."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.base = ResNet(size)
        self.projected = [size.hidden, size.hidden, size.hidden // 2, size.hidden // 4]
        for stage_number, before, after in zip((5, 4, 3, 2), self.base.channels, self.projected, strict=True):
            self.add_module(f"sk{stage_number}", nn.Conv2d(before, after, 3, padding=1))
            self.add_module(f"bn{stage_number}", nn.BatchNorm2d(after))

    def forward(self, images: torch.Tensor) -> Levels:
        """(B, 3, H, W) in [0, 1] to f', one map a level."""
        mean, std = images.new_tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]]).view(2, 1, 3, 1, 1)
        maps = self.base((images - mean) / std)
        heads = ((getattr(self, f"sk{k}"), getattr(self, f"bn{k}")) for k in (5, 4, 3, 2))
        return [norm(project(x)) for x, (project, norm) in zip(maps, heads, strict=True)]


class Decoder(nn.Module):
    """One object on one frame."""

    def __init__(self, size: Architecture, projected: Sequence[int]) -> None:
        super().__init__()
        self.hidden = [size.hidden, size.hidden // 2, size.hidden // 4, size.hidden // 8]
        below = [0, *self.hidden[:-1]]
        self.clstm_list = nn.ModuleList(
            ConvLSTMCell(coarser + feature + size.masks, hidden, remembered=2 * hidden)
            for coarser, feature, hidden in zip(below, projected, self.hidden, strict=True)
        )
        self.conv_out = nn.Conv2d(self.hidden[-1], 1, 3, padding=1)

    def forward(
        self,
        features: Levels,
        mask: torch.Tensor | None,
        spatial: Sequence[tuple[torch.Tensor, torch.Tensor]] | None,
        temporal: Levels | None,
    ) -> tuple[torch.Tensor, list[tuple[torch.Tensor, torch.Tensor]]]:
        """Eqs. 1 to 3.

        Args:
            features: f' of the frame.
            mask: S_{t-1,i}, (B, 1, H, W); None in a network without masks.
            spatial: (h, c) of the object before, per level; None for the first.
            temporal: h of this object on the frame before, per level; None on the first frame.

        Returns:
            logits (B, 1, H / 2, W / 2), and this object's (h, c) per level.
        """
        masks = [] if mask is None else pyramid(mask, len(features))
        states: list[tuple[torch.Tensor, torch.Tensor]] = []
        for k, (cell, feature) in enumerate(zip(self.clstm_list, features, strict=True)):
            inputs = [feature] if k == 0 else [_resized(states[-1][0], feature.shape[-2:]), feature]
            inputs += masks[k : k + 1]
            nothing = feature.new_zeros(len(feature), self.hidden[k], *feature.shape[-2:])
            before, c = (nothing, nothing) if spatial is None else spatial[k]
            earlier = nothing if temporal is None else temporal[k]
            states.append(cell(torch.cat(inputs, dim=1), torch.cat([before, earlier], dim=1), c))
        finest = states[-1][0]
        return self.conv_out(_resized(finest, (2 * finest.shape[-2], 2 * finest.shape[-1]))), states


class RVOS(nn.Module):
    """The network. It keeps no state between calls."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.encoder = Encoder(size)
        self.decoder = Decoder(size, self.encoder.projected)

    def frame(
        self,
        features: Levels,
        objects: int,
        previous: torch.Tensor | None,
        hidden: Levels | None,
        picture: tuple[int, int],
    ) -> tuple[torch.Tensor, Levels]:
        """One frame, object after object.

        Args:
            features: f' of the frame, from ``encoder``.
            objects: N.
            previous: S_{t-1}, (B, N, H, W); None in a network without masks.
            hidden: h_{t-1}, (B, N, C_k, h_k, w_k) per level; None on the first frame.
            picture: H, W.

        Returns:
            logits (B, N, H, W), and h_t.
        """
        logits, of_objects, spatial = [], [], None
        for i in range(objects):
            mask = None if previous is None else previous[:, i : i + 1]
            temporal = [level[:, i] for level in hidden] if hidden and self.size.temporal else None
            if not self.size.spatial and not (self.size.official and hidden is None):
                spatial = None
            found, spatial = self.decoder(features, mask, spatial, temporal)
            logits.append(_resized(found, picture))
            of_objects.append([h for h, _ in spatial])
        return torch.cat(logits, dim=1), [torch.stack(level, dim=1) for level in zip(*of_objects, strict=True)]

    def forward(
        self, images: torch.Tensor, objects: int, masks: torch.Tensor | None = None, *, inferred: bool = True
    ) -> torch.Tensor:
        """Logits (B, T, N, H, W) of clips, the first frame included.

        Args:
            images: (B, T, 3, H, W) in [0, 1].
            objects: N.
            masks: (B, T, N, H, W), the true ones; None in a network without masks. The first frame's are shown on the
                first two frames.
            inferred: from the third frame on show what was predicted, as in testing; else the true masks. There is no
                gradient through what was predicted.
        """
        encoded = [level.unflatten(0, images.shape[:2]) for level in self.encoder(images.flatten(0, 1))]
        hidden: Levels | None = None
        found: list[torch.Tensor] = []
        for t in range(images.shape[1]):
            previous = None if masks is None else masks[:, max(t - 1, 0)]
            if masks is not None and inferred and t > 1:
                previous = torch.sigmoid(found[-1].detach().float())
            features = [level[:, t] for level in encoded]
            logits, hidden = self.frame(features, objects, previous, hidden, (images.shape[-2], images.shape[-1]))
            found.append(logits)
        return torch.stack(found, dim=1)


def pyramid(mask: torch.Tensor, levels: int) -> Levels:
    """A mask (B, 1, H, W) max-pooled to 1/4, 1/8, …, coarsest first."""
    maps = [F.max_pool2d(mask, 2, ceil_mode=True)]
    for _ in range(levels):
        maps.append(F.max_pool2d(maps[-1], 2, ceil_mode=True))
    return maps[:0:-1]


def _resized(x: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """Bilinear with corners aligned, as in the released code."""
    return F.interpolate(x, size=tuple(size), mode="bilinear", align_corners=True)
