"""The loss of RVOS: soft intersection over union, of objects matched on the first frame where no masks were given."""

import torch
from scipy.optimize import linear_sum_assignment

EPSILON = 1e-6


def soft_iou_cost(probabilities: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """1 − Σ p y / Σ (p + y − p y), sums over the last two dimensions, which agree; the others are broadcast."""
    hit = (probabilities * truth).sum((-2, -1))
    union = (probabilities + truth - probabilities * truth).sum((-2, -1))
    return 1 - hit / (union + EPSILON)


def match(probabilities: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """The slot of each true object on the first frame, by the Hungarian algorithm; any free slot for the invalid.

    Args:
        probabilities: (B, S, H, W) of slots.
        truth: (B, N, H, W), N ≤ S.
        valid: bool (B, N), the objects there are.

    Returns:
        (B, N) int64, no slot twice.
    """
    costs = soft_iou_cost(probabilities.detach()[:, None], truth[:, :, None])
    costs = costs.masked_fill(~valid[:, :, None], 10.0)  # the released code's cost of an impossible pair
    slots = [linear_sum_assignment(of_clip)[1] for of_clip in costs.cpu().numpy()]
    return torch.stack([torch.as_tensor(row) for row in slots]).to(truth.device)


def clip_loss(logits: torch.Tensor, truth: torch.Tensor, valid: torch.Tensor, *, matched: bool) -> torch.Tensor:
    """The sum over frames of the mean cost of the valid objects.

    Args:
        logits: (B, T, S, H, W).
        truth: (B, T, N, H, W) in {0, 1}.
        valid: bool (B, N).
        matched: slot i is object i (N = S); else slots are assigned on the first frame and keep their object, and those
            without one cost nothing.
    """
    probabilities = torch.sigmoid(logits.float())
    if not matched:
        slots = match(probabilities[:, 0], truth[:, 0], valid)
        index = slots[:, None, :, None, None].expand(-1, truth.shape[1], -1, *truth.shape[-2:])
        probabilities = probabilities.gather(2, index)
    costs = soft_iou_cost(probabilities, truth) * valid[:, None]
    return costs.sum() / valid.sum().clamp(min=1)
