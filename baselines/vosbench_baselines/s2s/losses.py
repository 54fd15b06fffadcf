"""The loss of the sequence-to-sequence family."""

import torch
import torch.nn.functional as F


def clip_loss(logits: torch.Tensor, truth: torch.Tensor, *, balance: float = 0.0) -> torch.Tensor:
    """Eq. 5: binary cross-entropy, the mean over pixels and annotated frames; others count nothing.

    The equation as printed has the wrong sign on its second term.

    Args:
        logits: (B, T, H, W).
        truth: (B, T, H, W) in {0, 1}, negative where a frame is not annotated.
        balance: 0 for the paper's loss, 1 for one in which object and background weigh alike, between them their mean.
            Online learning begins with 1 and ends with 0: a small object weighs so little in the paper's loss that a
            network soon answers background everywhere, and stays there.
    """
    annotated = (truth >= 0).float()
    weight = annotated
    if balance > 0:
        object_, ground = (truth > 0.5).float(), ((truth >= 0) & (truth <= 0.5)).float()
        half = annotated.sum() / 2
        alike = half * (object_ / object_.sum().clamp(min=1) + ground / ground.sum().clamp(min=1))
        weight = (1 - balance) * annotated + balance * alike
    losses = F.binary_cross_entropy_with_logits(logits.float(), truth.clamp(min=0), reduction="none")
    return (losses * weight).sum() / annotated.sum().clamp(min=1)
