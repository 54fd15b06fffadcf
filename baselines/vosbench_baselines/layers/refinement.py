"""Refinement of a coarse map with a skip connection, as Space-Time Memory networks decode."""

import torch
import torch.nn.functional as F
from torch import nn


class ResBlock(nn.Module):
    """x + conv(relu(conv(relu(x)))): activation first, no normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Same shape."""
        out: torch.Tensor = x + self.conv2(torch.relu(self.conv1(torch.relu(x))))
        return out


class Refine(nn.Module):
    """Merge a coarse map into a skip connection twice its size (Oh et al., CVPR 2018)."""

    def __init__(self, skip: int, channels: int) -> None:
        super().__init__()
        self.convFS = nn.Conv2d(skip, channels, 3, padding=1)
        self.ResFS = ResBlock(channels)
        self.ResMM = ResBlock(channels)

    def skip(self, features: torch.Tensor) -> torch.Tensor:
        """The half that does not depend on the object."""
        out: torch.Tensor = self.ResFS(self.convFS(features))
        return out

    def forward(self, skip: torch.Tensor, coarse: torch.Tensor) -> torch.Tensor:
        """``skip`` (B, C, h, w) from :meth:`skip`, ``coarse`` (B · N, C, h / 2, w / 2); (B · N, C, h, w)."""
        up = F.interpolate(coarse, size=skip.shape[-2:], mode="bilinear", align_corners=False)
        out: torch.Tensor = self.ResMM(plus_shared(up, skip))
        return out


def plus_shared(per_object: torch.Tensor, shared: torch.Tensor) -> torch.Tensor:
    """Add a clip's map to those of its objects: (B · N, C, h, w) + (B, C, h, w)."""
    out: torch.Tensor = (per_object.unflatten(0, (len(shared), -1)) + shared.unsqueeze(1)).flatten(0, 1)
    return out
