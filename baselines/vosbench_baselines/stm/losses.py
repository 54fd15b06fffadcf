"""A clip through a Space-Time Memory network: the loss that trains it.

Frame t is read against the memory of all frames before it, as in testing; what is memorised of frame t - 1 is its true
mask or, as in testing again, what the network itself inferred.
"""

import torch
import torch.nn.functional as F

from vosbench_baselines.data.targets import one_hot
from vosbench_baselines.layers.aggregation import aggregated_logits
from vosbench_baselines.stm.network import STM


def unroll(
    model: STM, images: torch.Tensor, labels: torch.Tensor, objects: int, *, inferred: bool, detach: bool = False
) -> list[torch.Tensor]:
    """Aggregated logits (B, N + 1, H, W) of frames 1 to T - 1.

    Args:
        images: (B, T, 3, H, W) in [0, 1]; H and W multiples of 16.
        labels: (B, T, H, W) indices up to ``objects``; the first frame's are given to the network, and say which of the
            object slots are in use.
        inferred: memorise the network's own soft masks; else the true ones. ``detach`` stops the gradient through them.
    """
    masks = one_hot(labels[:, 0], objects)
    present = (masks.amax(dim=(2, 3)) > 0).float()[:, :, None, None]
    keys: list[torch.Tensor] = []
    values: list[torch.Tensor] = []
    logits: list[torch.Tensor] = []
    for t in range(1, images.shape[1]):
        key, value = model.memorise(images[:, t - 1], masks)
        keys.append(key)
        values.append(value)
        soft = model.segment(images[:, t], torch.cat(keys, dim=1), torch.cat(values, dim=1))
        logits.append(aggregated_logits(soft * present))
        masks = torch.softmax(logits[-1], dim=1)[:, 1:] * present if inferred else one_hot(labels[:, t], objects)
        masks = masks.detach() if detach else masks
    return logits


def clip_loss(logits: list[torch.Tensor], labels: torch.Tensor) -> torch.Tensor:
    """Cross-entropy after soft aggregation: the mean over pixels and frames 1 to T - 1 of ``labels`` (B, T, H, W)."""
    losses = [F.cross_entropy(frame, labels[:, t].long()) for t, frame in enumerate(logits, start=1)]
    return torch.stack(losses).mean()
