"""Soft aggregation: independent object probabilities to one distribution per pixel (Oh et al., ICCV 2019, section 3.4).

    p_0 = prod_i (1 - p_i),    P_i = o(p_i) / sum_j o(p_j),    o(p) = p / (1 - p)

A differentiable layer, used in training and testing. The arithmetic is always float32: near 1, where it matters,
half precision cannot tell p from 1.
"""

import torch

EPSILON = 1e-7


def aggregated_logits(probabilities: torch.Tensor) -> torch.Tensor:
    """Log odds of background and objects: (B, N, H, W) probabilities to (B, N + 1, H, W); their softmax is P.

    An object with probability 0 everywhere (an unused slot) leaves the others as they are, to about 1e-7.
    """
    with torch.autocast(probabilities.device.type, enabled=False):
        p = probabilities.float()
        background = torch.prod(1 - p, dim=1, keepdim=True)
        p = torch.cat([background, p], dim=1).clamp(EPSILON, 1 - EPSILON)
        return torch.log(p / (1 - p))


def soft_aggregation(probabilities: torch.Tensor) -> torch.Tensor:
    """The distribution P over background and objects, (B, N + 1, H, W)."""
    return torch.softmax(aggregated_logits(probabilities), dim=1)
