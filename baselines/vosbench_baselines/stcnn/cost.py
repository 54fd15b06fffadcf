"""``python -m vosbench_baselines.stcnn.cost``: parameters and arithmetic of STCNN, without running it.

Counted on meta tensors at 480×854; one multiply-add is two FLOP. The temporal branch runs once a frame, the spatial one
once for every object. A step of online training is three spatial passes (forward and backward) and a temporal one.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers import counting
from vosbench_baselines.layers.counting import gflop_of, parameters
from vosbench_baselines.stcnn.losses import discriminator
from vosbench_baselines.stcnn.network import ARCHITECTURES, STCNN, architecture

SIZE = (480, 854)


def on_meta(name: str) -> STCNN:
    """A network without numbers."""
    network: STCNN = counting.on_meta(STCNN, architecture(name))
    return network


def gflop(model: STCNN) -> tuple[float, float]:
    """GFLOP of the temporal branch for a frame, and of the spatial branch for a frame and object."""
    image = torch.empty(1, 3, *SIZE, device="meta")
    if model.temporal is None:
        return 0.0, gflop_of(lambda: model.spatial(image, None))
    before, branch = torch.empty(1, model.size.delta, 3, *SIZE, device="meta"), model.temporal
    maps = branch(before)[1]
    return gflop_of(lambda: branch(before)), gflop_of(lambda: model.spatial(image, maps))


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
