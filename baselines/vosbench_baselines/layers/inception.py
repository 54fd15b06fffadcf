"""Inception-v3 (Szegedy et al., CVPR 2016), with torchvision's parameter names, so that its weights load.

The discriminator of STCNN: its auxiliary classifier is left out, its last layer has as many classes as asked for.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn


class BasicConv2d(nn.Module):
    """Convolution, batch normalisation, ReLU."""

    def __init__(
        self, channels: int, out: int, kernel: int | tuple[int, int], stride: int = 1, *, pad: bool = True
    ) -> None:
        super().__init__()
        height, width = (kernel, kernel) if isinstance(kernel, int) else kernel
        padding = (height // 2, width // 2) if pad and stride == 1 else (0, 0)
        self.conv = nn.Conv2d(channels, out, (height, width), stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, out, h', w')."""
        return torch.relu(self.bn(self.conv(x)))


#: Names of chains, and their convolutions: channels, kernel, and a stride where it is not 1.
Chains = dict[str, list[tuple[Any, ...]]]


class Branches(nn.Module):
    """Parallel chains of convolutions, concatenated; ``chains`` are pairs of a name's stem and its convolutions.

    A chain of more than one convolution numbers them from 1 (``branch7x7_1``, …). ``pool``: "average" before the chain
    ``branch_pool``, "maximum" as a chain of its own that halves the map.
    """

    def __init__(self, channels: int, chains: Chains, *, pool: str) -> None:
        super().__init__()
        self.pool = pool
        self.chains: list[list[str]] = []
        for stem, convolutions in chains.items():
            names, inside = [], channels
            for i, (out, kernel, *stride) in enumerate(convolutions, start=1):
                names.append(stem if len(convolutions) == 1 else f"{stem}_{i}")
                self.add_module(names[-1], BasicConv2d(inside, out, kernel, *stride))
                inside = out
            self.chains.append(names)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, sum of the chains' last, h', w')."""
        found = []
        for names in self.chains:
            y = F.avg_pool2d(x, 3, 1, 1) if names == ["branch_pool"] else x
            for name in names:
                y = self.get_submodule(name)(y)
            found.append(y)
        return torch.cat([*found, F.max_pool2d(x, 3, 2)] if self.pool == "maximum" else found, dim=1)


def block_a(channels: int, pooled: int) -> Branches:
    """Figure 5: two 3×3 in place of a 5×5."""
    chains: Chains = {
        "branch1x1": [(64, 1)],
        "branch5x5": [(48, 1), (64, 5)],
        "branch3x3dbl": [(64, 1), (96, 3), (96, 3)],
        "branch_pool": [(pooled, 1)],
    }
    return Branches(channels, chains, pool="average")


def block_b(channels: int) -> Branches:
    """To half the size."""
    return Branches(
        channels, {"branch3x3": [(384, 3, 2)], "branch3x3dbl": [(64, 1), (96, 3), (96, 3, 2)]}, pool="maximum"
    )


def block_c(channels: int, inside: int) -> Branches:
    """Figure 6: 7×7 as 1×7 and 7×1."""
    row, column = (1, 7), (7, 1)
    chains: Chains = {
        "branch1x1": [(192, 1)],
        "branch7x7": [(inside, 1), (inside, row), (192, column)],
        "branch7x7dbl": [(inside, 1), (inside, column), (inside, row), (inside, column), (192, row)],
        "branch_pool": [(192, 1)],
    }
    return Branches(channels, chains, pool="average")


def block_d(channels: int) -> Branches:
    """To half the size again."""
    chains: Chains = {
        "branch3x3": [(192, 1), (320, 3, 2)],
        "branch7x7x3": [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)],
    }
    return Branches(channels, chains, pool="maximum")


class BlockE(nn.Module):
    """Figure 7: 3×3 as 1×3 beside 3×1."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branch1x1 = BasicConv2d(channels, 320, 1)
        self.branch3x3_1 = BasicConv2d(channels, 384, 1)
        self.branch3x3_2a = BasicConv2d(384, 384, (1, 3))
        self.branch3x3_2b = BasicConv2d(384, 384, (3, 1))
        self.branch3x3dbl_1 = BasicConv2d(channels, 448, 1)
        self.branch3x3dbl_2 = BasicConv2d(448, 384, 3)
        self.branch3x3dbl_3a = BasicConv2d(384, 384, (1, 3))
        self.branch3x3dbl_3b = BasicConv2d(384, 384, (3, 1))
        self.branch_pool = BasicConv2d(channels, 192, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, 2048, h, w)."""
        once = self.branch3x3_1(x)
        twice = self.branch3x3dbl_2(self.branch3x3dbl_1(x))
        pooled = self.branch_pool(F.avg_pool2d(x, 3, 1, 1))
        split = [self.branch3x3_2a(once), self.branch3x3_2b(once)]
        return torch.cat(
            [self.branch1x1(x), *split, self.branch3x3dbl_3a(twice), self.branch3x3dbl_3b(twice), pooled], dim=1
        )


class InceptionV3(nn.Module):
    """Pictures of at least 75×75 to logits."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, 3, pad=False)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, 3)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80, 1)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, 3, pad=False)
        self.Mixed_5b, self.Mixed_5c, self.Mixed_5d = block_a(192, 32), block_a(256, 64), block_a(288, 64)
        self.Mixed_6a = block_b(288)
        self.Mixed_6b, self.Mixed_6c = block_c(768, 128), block_c(768, 160)
        self.Mixed_6d, self.Mixed_6e = block_c(768, 160), block_c(768, 192)
        self.Mixed_7a = block_d(768)
        self.Mixed_7b, self.Mixed_7c = BlockE(1280), BlockE(2048)
        self.fc = nn.Linear(2048, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W) in [-1, 1] to (B, classes)."""
        x = self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(images)))
        x = self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(F.max_pool2d(x, 3, 2)))
        x = self.Mixed_5d(self.Mixed_5c(self.Mixed_5b(F.max_pool2d(x, 3, 2))))
        x = self.Mixed_6e(self.Mixed_6d(self.Mixed_6c(self.Mixed_6b(self.Mixed_6a(x)))))
        x = self.Mixed_7c(self.Mixed_7b(self.Mixed_7a(x)))
        out: torch.Tensor = self.fc(F.dropout(x.mean(dim=(2, 3)), 0.5, self.training))
        return out
