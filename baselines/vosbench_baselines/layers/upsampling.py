"""Bilinear resizing: as PyTorch does it, and as Caffe's models do with a convolution that does not learn; a crop."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class BilinearUpsampling(nn.Module):
    """Bilinear interpolation as a transposed convolution, kernel 2 · factor, as Caffe's models write it; not learnt.

    The kernel is a buffer (channels, channels, 2 · factor, 2 · factor) with something on its diagonal only, so that
    released weights have a place to go. The border is interpolated with zeros beyond it.
    """

    weight: Tensor

    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.factor = factor
        ramp = 1 - (torch.arange(2 * factor) - (factor - 0.5)).abs() / factor
        kernel = torch.eye(channels)[..., None, None] * torch.outer(ramp, ramp)
        self.register_buffer("weight", kernel)

    def forward(self, x: Tensor) -> Tensor:
        """(B, channels, h, w) to (B, channels, (h + 1) · factor, (w + 1) · factor)."""
        diagonal = self.weight.diagonal().permute(2, 0, 1)[:, None]
        return F.conv_transpose2d(x, diagonal, stride=self.factor, groups=len(diagonal))


def centre_crop(x: Tensor, like: Tensor) -> Tensor:
    """The middle of a map, the height and width of ``like``; of an odd surplus more is cut off at the end."""
    height, width = like.shape[-2:]
    top, left = (x.shape[-2] - height) // 2, (x.shape[-1] - width) // 2
    return x[..., top : top + height, left : left + width]


def resized(x: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Bilinear, to (h, w)."""
    return x if x.shape[-2:] == size else F.interpolate(x, size=size, mode="bilinear", align_corners=False)
