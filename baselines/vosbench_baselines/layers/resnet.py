"""ResNet stages (He et al., CVPR 2016), with torchvision's parameter names, so that its weights load.

The stride of a bottleneck sits in its 3×3 convolution, as in torchvision ("V1.5"), or with ``early`` in its first 1×1,
as in the paper and the Caffe models: the names are the same, the numbers are not.
"""

from collections.abc import Sequence

import torch
from torch import nn


class Bottleneck(nn.Module):
    """1×1 to ``width``, 3×3, 1×1 to ``4 * width``; residual."""

    expansion = 4

    def __init__(self, channels: int, width: int, stride: int, dilation: int = 1, *, early: bool = False) -> None:
        super().__init__()
        first, second = (stride, 1) if early else (1, stride)
        self.conv1 = nn.Conv2d(channels, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, second, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, 4 * width, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * width)
        self.downsample = _projection(channels, 4 * width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, 4 * width, h / stride, w / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = torch.relu(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class BasicBlock(nn.Module):
    """Two 3×3 of ``width``; residual. Its stride is always in the first."""

    expansion = 1

    def __init__(self, channels: int, width: int, stride: int, dilation: int = 1, *, early: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, dilation, dilation, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _projection(channels, width, stride)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, h, w) to (B, width, h / stride, w / stride)."""
        y = torch.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


#: Kinds of blocks by name.
BLOCKS: dict[str, type[Bottleneck | BasicBlock]] = {"bottleneck": Bottleneck, "basic": BasicBlock}


def stage(
    block: type[Bottleneck | BasicBlock],
    channels: int,
    width: int,
    depth: int,
    stride: int,
    *,
    dilations: Sequence[int] = (1,),
    early: bool = False,
) -> nn.Sequential:
    """``depth`` blocks, the first with the stride; ``dilations`` are those of the blocks in turn, repeated."""
    out = block.expansion * width
    return nn.Sequential(
        *(
            block(
                channels if i == 0 else out,
                width,
                stride if i == 0 else 1,
                dilations[i % len(dilations)],
                early=early,
            )
            for i in range(depth)
        )
    )


def _projection(channels: int, out: int, stride: int) -> nn.Sequential | None:
    if stride == 1 and channels == out:
        return None
    return nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
