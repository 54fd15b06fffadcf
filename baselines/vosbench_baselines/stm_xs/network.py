"""STM-XS: a Space-Time Memory network small enough to train from nothing, on squares around the object.

What makes it an STM (Oh et al., ICCV 2019): frames with their masks are memories, and every cell of a new frame reads
them by attention (:func:`vosbench_baselines.layers.memory.read_memory`, eqs. 1 and 2 of the paper). The rest is our
own and small. Numbers made with it are not the paper's.

- It sees squares of :data:`SIDE` pixels around the object, in memories and queries alike, and the five channels that
  MaskTrack-lite sees: RGB; the mask of the frame before, where optical flow takes it; the colour posterior.
- One encoder, which sees RGB alone, makes the keys of memories and queries: what looks alike matches before anything
  is learnt (Cheng et al., "Rethinking Space-Time Networks", NeurIPS 2021). Keys have one length, a learnt one.
- A value's first channel is the mask itself: the first channel that is read is the share of object in what matches.
- What was read joins a U-Net, MaskTrack-lite's, where that is at 1/8.

    keys      16 → 32 → 48     at  1/2, 1/4, 1/8
    U-Net     16 → 32 → 48 + read → 64 → 96     at  1/2 … 1/32,  and back through skip connections

Shapes: B squares, S = side of the square (a multiple of 32), c = (S / 8)² cells a square, T memories of an object.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from vosbench_baselines.layers.memory import read_memory
from vosbench_baselines.squares.network import INPUTS, ROUGH, WIDTHS, Block

KEY, VALUE = 32, 32
CELL = 8  # pixels, the side of a cell
SHARPNESS = 10.0  # of untrained attention: the logit of two equal keys


class STMXS(nn.Module):
    """The network. It keeps no state between calls."""

    def __init__(self) -> None:
        super().__init__()
        first, second, third, fourth, fifth = WIDTHS
        self.look = nn.ModuleList([Block(12, first), Block(first, second), Block(second, third)])
        self.key = nn.Conv2d(third, KEY, 3, padding=1)
        self.scale = nn.Parameter(torch.tensor(math.sqrt(SHARPNESS * math.sqrt(KEY))))
        self.value = nn.Sequential(Block(third + CELL**2, third), nn.Conv2d(third, VALUE - 1, 1))
        joined = third + VALUE
        self.down = nn.ModuleList([Block(4 * INPUTS, first), Block(first, second), Block(second, third)])
        self.deep = nn.ModuleList([Block(joined, fourth), Block(fourth, fifth)])
        widths = [(fifth + fourth, fourth), (fourth + joined, third), (third + second, second), (second + first, first)]
        self.up = nn.ModuleList(Block(i, o) for i, o in widths)
        self.head = nn.Conv2d(first, 4, 1)  # a logit for each pixel of a 2×2 cell
        self.trust = nn.Parameter(torch.tensor(6.0))  # how far the carried mask is believed at first

    def memorise(self, pictures: torch.Tensor, masks: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """RGB (B, 3, S, S) and masks (B, 1, S, S) in [0, 1] to cells: keys (B, c, 32) and values (B, c, 32)."""
        key, seen = self._keys(pictures)
        own = self.value(torch.cat([seen, F.pixel_unshuffle(masks - 0.5, CELL)], dim=1))
        value = torch.cat([F.avg_pool2d(masks, CELL), own], dim=1)
        return key.flatten(2).transpose(1, 2), value.flatten(2).transpose(1, 2)

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        """Inputs (B, 5, S, S) in [0, 1] and memories (B, T · c, 32), twice, to logits (B, 1, S, S)."""
        rough = x[:, ROUGH : ROUGH + 1] - 0.5
        read = read_memory(self._keys(x[:, :3])[0], keys, values)
        x = F.pixel_unshuffle(x - 0.5, 2)  # (B, 20, S/2, S/2)
        skips: list[torch.Tensor] = []
        for block in self.down:
            x = block(x if not skips else F.max_pool2d(x, 2))
            skips.append(x)
        skips[-1] = x = torch.cat([x, read], dim=1)  # (B, 80, S/8, S/8)
        for block in self.deep:
            x = block(F.max_pool2d(x, 2))
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return F.pixel_shuffle(self.head(x), 2) + self.trust * rough

    def _keys(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys (B, 32, S/8, S/8), and what they are made from (B, 48, S/8, S/8)."""
        x = self.look[0](F.pixel_unshuffle(pictures - 0.5, 2))
        for block in self.look[1:]:
            x = block(F.max_pool2d(x, 2))
        return self.scale * F.normalize(self.key(x), dim=1), x
