"""``python -m vosbench_baselines.cost``: parameters and arithmetic of the models, without running them.

Counted on meta tensors; one multiply-add is two FLOP. Space-Time Memory networks are counted at 480×854, padded to
multiples of 16; ``memorise`` and ``segment`` are the two halves of a frame, a memory of nine frames is the mean on
DAVIS-2016 validation, rounded. The recurrent models see every video at a size of their own; the first frame is left out
of their costs, and so is online learning.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from vosbench.models.interface import ModelCost
from vosbench_baselines import rvos, s2s
from vosbench_baselines.stm import ARCHITECTURES, STM, architecture

SIZE = (480, 854)
MEMORY = 9


def parameters(model: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(p.numel() for p in model.parameters())


def gflop(model: STM, objects: int, memory: int) -> tuple[float, float]:
    """GFLOP of ``memorise`` and of ``segment`` for one frame; ``model`` on the meta device."""
    height, width = (-(-side // 16) * 16 for side in SIZE)
    image, masks = (torch.empty(1, channels, height, width, device="meta") for channels in (3, objects))
    with FlopCounterMode(display=False) as memorising:
        model.memorise(image, masks)
    cells = memory * (height // 16) * (width // 16)
    keys, values = (torch.empty(objects, cells, c, device="meta") for c in (model.size.key, model.size.value))
    with FlopCounterMode(display=False) as segmenting:
        model.segment(image, keys, values)
    return memorising.get_total_flops() / 1e9, segmenting.get_total_flops() / 1e9


def s2s_gflop(model: s2s.S2S, objects: int) -> tuple[float, float]:
    """GFLOP of a frame for all objects together (the encoder), and for each (ConvLSTM and decoder), times objects."""
    height, width = model.size.size
    image = torch.empty(1, 3, height, width, device="meta")
    state = s2s.State(*(torch.empty(objects, model.size.hidden, height // 32, width // 32, device="meta"),) * 2)
    if model.size.previous_mask:  # nothing is shared: the encoder sees the object's mask
        mask = torch.empty(objects, 1, height, width, device="meta")
        with FlopCounterMode(display=False) as alone:
            model.step(model.encode(image.expand(objects, -1, -1, -1), mask), state)
        return 0.0, alone.get_total_flops() / 1e9
    with FlopCounterMode(display=False) as encoding:
        encoded = model.encode(image).expand(objects, -1, -1, -1)
    with FlopCounterMode(display=False) as stepping:
        model.step(encoded, state)
    return encoding.get_total_flops() / 1e9, stepping.get_total_flops() / 1e9


def rvos_gflop(model: rvos.RVOS, objects: int) -> tuple[float, float]:
    """GFLOP of a frame for all objects together (the encoder), and for each (the decoder), times objects."""
    size = model.size.size
    with FlopCounterMode(display=False) as encoding:
        features = model.encoder(torch.empty(1, 3, *size, device="meta"))
    masks = torch.empty(1, objects, *size, device="meta") if model.size.masks else None
    with FlopCounterMode(display=False) as decoding:
        model.frame(features, objects, masks, None, size)
    return encoding.get_total_flops() / 1e9, decoding.get_total_flops() / 1e9


def costs() -> dict[str, ModelCost]:
    """Every registered model with one object; entry point ``vosbench.model_costs``."""
    found = {}
    for name in ("stm", "stm-refine50", "stm-s"):
        with torch.device("meta"):
            model = STM(architecture(name)).eval()
        found[name] = ModelCost(parameters=parameters(model), gflop=sum(gflop(model, 1, MEMORY)))
    with torch.device("meta"):
        sequence = s2s.S2S(s2s.architecture("s2s")).eval()
        one_shot = rvos.RVOS(rvos.architecture("rvos-mask-st")).eval()
    found["s2s"] = ModelCost(parameters=parameters(sequence), gflop=sum(s2s_gflop(sequence, 1)))
    found["rvos"] = ModelCost(parameters=parameters(one_shot), gflop=sum(rvos_gflop(one_shot, 1)))
    return found | {"s2s-ol": found["s2s"], "rvos-painted": found["rvos"]}


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


def s2s_table() -> str:
    """One line per model, as in docs/baselines/s2s.md."""
    names = ("s2s", "s2s-fc1x1", "s2s-nearest", "s2s-mask-state", "s2s-previous-mask", "s2s-tiny")
    return _shared_and_each(names, lambda name: s2s.S2S(s2s.architecture(name)), s2s_gflop)


def rvos_table() -> str:
    """One line per model, as in docs/baselines/rvos.md."""
    names = ("rvos-mask-st", "rvos-st", "rvos-tiny-mask-st", "rvos-tiny-st")
    return _shared_and_each(names, lambda name: rvos.RVOS(rvos.architecture(name)), rvos_gflop)


def _shared_and_each(
    names: Sequence[str], build: Callable[[str], Any], count: Callable[..., tuple[float, float]]
) -> str:
    lines = ["| model | size | parameters | once a frame | each object |", "|---|---|---|---|---|"]
    for name in names:
        with torch.device("meta"):
            model = build(name).eval()
        (height, width), (shared, each) = model.size.size, count(model, 1)
        lines.append(f"| {name} | {height}×{width} | {parameters(model):,} | {shared:.2f} | {each:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(), s2s_table(), rvos_table(), sep="\n\n")  # noqa: T201
