"""``python -m vosbench_baselines.cost``: parameters and arithmetic of the Space-Time Memory family, without running it.

Counted on meta tensors for a video of 480×854, at the size at which the model sees it, padded to multiples of 16; one
multiply-add is two FLOP. Optical flow and online learning are left out. ``memorise`` and ``segment`` are
the two halves of a frame; a memory of nine frames is the mean on DAVIS-2016 validation, rounded.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from vosbench.adapters import ModelCost, Resolution
from vosbench_baselines.stm import ARCHITECTURES, STM, architecture

SIZE = (480, 854)
MEMORY = 9


def parameters(model: STM) -> int:
    """How many numbers are learnt."""
    return sum(p.numel() for p in model.parameters())


def gflop(model: STM, objects: int, memory: int) -> tuple[float, float]:
    """GFLOP of ``memorise`` and of ``segment`` for one frame; ``model`` on the meta device."""
    height, width = (-(-side // 16) * 16 for side in Resolution(short_side=model.size.short_side).of(*SIZE))
    image, masks = (torch.empty(1, channels, height, width, device="meta") for channels in (3, objects))
    with FlopCounterMode(display=False) as memorising:
        model.memorise(image, masks)
    cells = memory * (height // 16) * (width // 16)
    keys, values = (torch.empty(objects, cells, c, device="meta") for c in (model.size.key, model.size.value))
    with FlopCounterMode(display=False) as segmenting:
        model.segment(image, keys, values, carried=masks if model.size.guided else None)
    return memorising.get_total_flops() / 1e9, segmenting.get_total_flops() / 1e9


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    found = {}
    for name in ("stm", "stm-refine50", "stm-s", "stm-xs"):
        with torch.device("meta"):
            model = STM(architecture(name)).eval()
        found[name] = ModelCost(parameters=parameters(model), gflop=sum(gflop(model, 1, MEMORY)))
    return found


def table() -> str:
    """One line per model, as in docs/baselines.md."""
    lines = [
        "| model | parameters | memorise, 1 object | segment, 1 object | memorise, 5 objects | segment, 5 objects |",
        "|---|---|---|---|---|---|",
    ]
    for name in (*ARCHITECTURES, "stm-refine50"):
        with torch.device("meta"):
            model = STM(architecture(name)).eval()
        costs = [f"{cost:.1f}" for objects in (1, 5) for cost in gflop(model, objects, MEMORY)]
        lines.append(f"| {name} | {parameters(model):,} | {' | '.join(costs)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
