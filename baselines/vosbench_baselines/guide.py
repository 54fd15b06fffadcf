"""What guides a query: the previous frame's masks, carried along the optical flow."""

import numpy as np
import torch
import torch.nn.functional as F

from vosbench_baselines.flow import Flow


def look_up(flow: Flow, now: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Where each pixel of ``now`` was in ``before``, both (B, 3, H, W) in [0, 1]: (B, 2, H, W) in pixels, x first."""
    pictures = [(clip * 255).round().byte().permute(0, 2, 3, 1).cpu().numpy() for clip in (now, before)]
    found = np.stack([flow.look_up(*pair) for pair in zip(*pictures, strict=True)])
    return torch.from_numpy(found).permute(0, 3, 1, 2).to(now.device)


def carried(masks: torch.Tensor, displacement: torch.Tensor) -> torch.Tensor:
    """Look soft masks (B, N, H, W) up where :func:`look_up` says; what comes from outside the picture is 0."""
    height, width = masks.shape[-2:]
    x = displacement[:, 0] + torch.arange(width, device=masks.device)
    y = displacement[:, 1] + torch.arange(height, device=masks.device)[:, None]
    grid = torch.stack([(2 * x + 1) / width - 1, (2 * y + 1) / height - 1], dim=-1)
    return F.grid_sample(masks.float(), grid.float(), align_corners=False)
