"""``python -m vosbench_baselines.stcnn_cost``: parameters and arithmetic of STCNN, without running it.

Counted on meta tensors at 480×854; one multiply-add is two FLOP. The temporal branch runs once a frame, the spatial one
once for every object. A step of online training is three spatial passes (forward and backward) and a temporal one.
"""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vosbench.models.interface import ModelCost
from vosbench_baselines.stcnn import ARCHITECTURES, STCNN, architecture
from vosbench_baselines.stcnn_training import discriminator

SIZE = (480, 854)


def on_meta(name: str) -> STCNN:
    """A network without numbers."""
    with torch.device("meta"):
        return STCNN(architecture(name)).eval()


def parameters(module: nn.Module | None) -> int:
    """How many numbers are learnt."""
    return 0 if module is None else sum(p.numel() for p in module.parameters())


def gflop(model: STCNN) -> tuple[float, float]:
    """GFLOP of the temporal branch for a frame, and of the spatial branch for a frame and object."""
    image, maps = torch.empty(1, 3, *SIZE, device="meta"), None
    with FlopCounterMode(display=False) as temporal:
        if model.temporal is not None:
            maps = model.temporal(torch.empty(1, model.size.delta, 3, *SIZE, device="meta"))[1]
    with FlopCounterMode(display=False) as spatial:
        model.spatial(image, maps)
    return temporal.get_total_flops() / 1e9, spatial.get_total_flops() / 1e9


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    models = {name: on_meta(name) for name in ARCHITECTURES}
    return {name: ModelCost(parameters=parameters(m), gflop=sum(gflop(m))) for name, m in models.items()}


def table() -> str:
    """The tables of docs/baselines/stcnn.md: parts and their parameters, then arithmetic."""
    lines = ["| parameters | " + " | ".join(ARCHITECTURES) + " |", "|---|" + "---|" * len(ARCHITECTURES)]
    models = [on_meta(name) for name in ARCHITECTURES]
    with torch.device("meta"):
        critics = [discriminator("small" if name == "stcnn-tiny" else "inception-v3") for name in ARCHITECTURES]
    parts = {
        "temporal encoder": [parameters(m.temporal.encoder) for m in models if m.temporal],
        "temporal decoder": [parameters(m.temporal.decoder) for m in models if m.temporal],
        "spatial encoder": [parameters(m.spatial.encoder) for m in models],
        "pyramid, attention, predictions": [parameters(m.spatial) - parameters(m.spatial.encoder) for m in models],
        "all": [parameters(m) for m in models],
        "discriminator (training only)": [parameters(c) for c in critics],
    }
    lines += [f"| {part} | {' | '.join(f'{n:,}' for n in numbers)} |" for part, numbers in parts.items()]
    temporal, spatial = zip(*(gflop(m) for m in models), strict=True)
    rows = {
        "temporal, a frame": temporal,
        "spatial, a frame and object": spatial,
        "a frame with one object": [t + s for t, s in zip(temporal, spatial, strict=True)],
        "a step of online training": [t + 3 * s for t, s in zip(temporal, spatial, strict=True)],
    }
    lines += ["", "| GFLOP at 480×854 | " + " | ".join(ARCHITECTURES) + " |", "|---|" + "---|" * len(ARCHITECTURES)]
    lines += [f"| {row} | {' | '.join(f'{n:,.1f}' for n in numbers)} |" for row, numbers in rows.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
