"""MaskTrack-lite: refine last frame's mask, moved by optical flow, inside a square around the object.

The idea is MaskTrack's (Perazzi et al., "Learning Video Object Segmentation from Static Images", CVPR 2017): a network
sees the picture and a rough mask and answers with the exact one; online learning on the first frame tells it which
object. The network is our own and small, trained from nothing, and sees the object enlarged: a square of
:data:`SIDE` pixels, whatever the object's size. Numbers made with it are not the paper's.

Inputs, 5 channels: RGB; the rough mask; the colour posterior, how much likelier a pixel's colour is on the object than
off it (:mod:`vosbench_baselines.video.appearance`). A U-Net with group normalisation, half resolution inside:

    channels  16 → 32 → 48 → 64 → 96  at  1/2, 1/4, 1/8, 1/16, 1/32,  and back through skip connections

Shapes: B squares, S = side of the square (a multiple of 32).
"""

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import nn

from vosbench_baselines.squares.network import INPUTS, ROUGH, WIDTHS, Block


class MaskTrackLite(nn.Module):
    """The network. It keeps no state between calls."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        above = (4 * INPUTS, *widths[:-1])
        self.down = nn.ModuleList(Block(i, o) for i, o in zip(above, widths, strict=True))
        self.up = nn.ModuleList(Block(low + high, high) for high, low in pairwise(widths))
        self.head = nn.Conv2d(widths[0], 4, 1)  # a logit for each pixel of a 2×2 cell
        self.trust = nn.Parameter(torch.tensor(6.0))  # how far the rough mask is believed at first

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Inputs (B, 5, S, S), all in [0, 1], to logits (B, 1, S, S)."""
        rough = x[:, ROUGH : ROUGH + 1] - 0.5
        x = F.pixel_unshuffle(x - 0.5, 2)  # (B, 20, S/2, S/2)
        skips: list[torch.Tensor] = []
        for block in self.down:
            x = block(x if not skips else F.max_pool2d(x, 2))
            skips.append(x)
        for block, skip in zip(reversed(self.up), reversed(skips[:-1]), strict=True):
            x = block(torch.cat([F.interpolate(x, scale_factor=2.0, mode="nearest"), skip], dim=1))
        return F.pixel_shuffle(self.head(x), 2) + self.trust * rough
