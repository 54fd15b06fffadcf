"""``python -m vosbench_baselines.stm.cost``: parameters and arithmetic of Space-Time Memory networks, by counting.

Counted on meta tensors at 480×854, padded to multiples of 16. ``memorise`` and ``segment`` are the two halves of a
frame. A memory of nine frames is the mean on DAVIS-2016 validation, rounded.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta, parameters
from vosbench_baselines.stm.network import ARCHITECTURES, STM, architecture

SIZE = (480, 854)
MEMORY = 9


def gflop(model: STM, objects: int, memory: int) -> tuple[float, float]:
    """GFLOP of ``memorise`` and of ``segment`` for one frame; ``model`` on the meta device."""
    height, width = (-(-side // 16) * 16 for side in SIZE)
    image, masks = (torch.empty(1, channels, height, width, device="meta") for channels in (3, objects))
    cells = memory * (height // 16) * (width // 16)
    keys, values = (torch.empty(objects, cells, c, device="meta") for c in (model.size.key, model.size.value))
    return gflop_of(lambda: model.memorise(image, masks)), gflop_of(lambda: model.segment(image, keys, values))


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    models = {name: on_meta(STM, architecture(name)) for name in ("stm", "stm-refine50", "stm-s")}
    return {n: ModelCost(parameters=parameters(m), gflop=sum(gflop(m, 1, MEMORY))) for n, m in models.items()}


def table() -> str:
    """One line per model, as in docs/baselines.md."""
    lines = [
        "| model | parameters | memorise, 1 object | segment, 1 object | memorise, 5 objects | segment, 5 objects |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*ARCHITECTURES, "stm-refine50"):
        model = on_meta(STM, architecture(name))
        costs = [f"{cost:.1f}" for objects in (1, 5) for cost in gflop(model, objects, MEMORY)]
        lines.append(f"| {name} | {parameters(model):,} | {' | '.join(costs)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
