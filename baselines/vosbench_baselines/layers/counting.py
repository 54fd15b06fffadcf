"""Parameters and arithmetic of networks, by counting instead of running; one multiply-add is two FLOP."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


def parameters(model: nn.Module) -> int:
    """How many numbers are learnt.

    >>> parameters(nn.Linear(3, 2))
    8
    """
    return sum(p.numel() for p in model.parameters())


def gflop_of(call: Callable[[], object]) -> float:
    """GFLOP of the convolutions and matrix products that ``call`` makes; its tensors may be on the meta device.

    >>> gflop_of(lambda: torch.empty(10, 100, device="meta") @ torch.empty(100, 1000, device="meta"))
    0.002
    """
    with FlopCounterMode(display=False) as counter:
        call()
    return float(counter.get_total_flops()) / 1e9


def on_meta(build: Callable[..., Any], *args: Any) -> Any:
    """``build(*args)``, a network in evaluation mode whose parameters have shapes but no numbers."""
    with torch.device("meta"):
        return build(*args).eval()


def shared_and_each(
    names: Sequence[str], build: Callable[[str], Any], count: Callable[[Any, int], tuple[float, float]]
) -> str:
    """A table of recurrent models: GFLOP once a frame, and for each object."""
    lines = ["| model | size | parameters | once a frame | each object |", "|---|---|---|---|---|"]
    for name in names:
        model = on_meta(build, name)
        (height, width), (shared, each) = model.size.size, count(model, 1)
        lines.append(f"| {name} | {height}×{width} | {parameters(model):,} | {shared:.2f} | {each:.2f} |")
    return "\n".join(lines)
