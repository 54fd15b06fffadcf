"""What the networks of MaskTrack-lite and STM-XS have in common: the square they see, a block of layers, the loss.

Shapes: B squares, S = side of the square (a multiple of 32).
"""

import torch
import torch.nn.functional as F
from torch import nn

SIDE = 160
INPUTS = 5
ROUGH = 3  # the channel of the rough mask
WIDTHS = (16, 32, 48, 64, 96)
GROUP = 8  # channels normalised together


class Block(nn.Sequential):
    """Twice: convolution, group normalisation, ReLU."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for channels in (inputs, outputs):
            layers += [
                nn.Conv2d(channels, outputs, 3, padding=1, bias=False),
                nn.GroupNorm(outputs // GROUP, outputs),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


def mask_loss(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Twice the binary cross-entropy, plus one minus the soft J of each square; both (B, 1, S, S), target 0 or 1."""
    entropy = F.binary_cross_entropy_with_logits(logits, target)
    soft = torch.sigmoid(logits)
    both = (soft * target).sum(dim=(1, 2, 3))
    either = (soft + target - soft * target).sum(dim=(1, 2, 3))
    return 2 * entropy + (1 - (both + 1) / (either + 1)).mean()
