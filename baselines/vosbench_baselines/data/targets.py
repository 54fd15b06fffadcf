"""Label maps of a clip as the masks that losses compare with."""

import torch
import torch.nn.functional as F


def one_hot(labels: torch.Tensor, objects: int) -> torch.Tensor:
    """(B, H, W) indices to float32 masks (B, N, H, W), background left out."""
    return F.one_hot(labels.long(), objects + 1)[..., 1:].permute(0, 3, 1, 2).float()
