"""``python -m vosbench_baselines.squares_cost``: parameters and arithmetic of MaskTrack-lite and STM-XS, by counting.

Counted on meta tensors; one multiply-add is two FLOP. What is counted is the network on an object's square, plain and
mirrored: the square is the same size whatever the frame's, so a 480p frame costs what any frame costs. STM-XS
memorises a square and reads nine, the mean on DAVIS-2016 validation, rounded. Optical flow, colours and cutting out are
not in it, nor is looking for an object that is lost, nor online learning, whose steps are three forward passes each of
four squares, roughly, with two memories a square.
"""

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from vosbench.models.interface import ModelCost
from vosbench_baselines.cost import parameters
from vosbench_baselines.following import BATCH, ONLINE
from vosbench_baselines.masktrack_lite import INPUTS, SIDE, MaskTrackLite
from vosbench_baselines.stm_xs import CELL, KEY, STMXS, VALUE

VIEWS = 2
MEMORY = 9


def refining(network: MaskTrackLite, squares: int) -> float:
    """GFLOP of MaskTrack-lite on so many squares; ``network`` on the meta device."""
    return _counted(lambda: network(torch.empty(squares, INPUTS, SIDE, SIDE, device="meta")))


def reading(network: STMXS, squares: int, memory: int) -> float:
    """GFLOP of STM-XS on so many squares, each with ``memory`` memories; ``network`` on the meta device."""
    cells = memory * (SIDE // CELL) ** 2
    x, keys, values = (
        torch.empty(squares, *shape, device="meta") for shape in ((INPUTS, SIDE, SIDE), (cells, KEY), (cells, VALUE))
    )
    return _counted(lambda: network(x, keys, values))


def memorising(network: STMXS, squares: int) -> float:
    """GFLOP of memorising so many squares; ``network`` on the meta device."""
    picture, mask = (torch.empty(squares, channels, SIDE, SIDE, device="meta") for channels in (3, 1))
    return _counted(lambda: network.memorise(picture, mask))


def costs() -> dict[str, ModelCost]:
    """All four models, two of which differ in online learning alone; entry point ``vosbench.model_costs``."""
    rows = {name: ModelCost(parameters=count, gflop=frame) for name, count, frame, _ in _rows()}
    return rows | {f"{name}-offline": cost for name, cost in rows.items()}


def table() -> str:
    """As in docs/baselines.md."""
    lines = ["| | parameters | GFLOP of a frame, each object | of learning it online |", "|---|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| {n} | {count:,} | {frame:.2f} | {online:,.0f} |" for n, count, frame, online in _rows())]
    )


def _rows() -> list[tuple[str, int, float, float]]:
    """Name, parameters, GFLOP of a frame, and of learning an object online."""
    with torch.device("meta"):
        lite, xs = MaskTrackLite().eval(), STMXS().eval()
    step = reading(xs, BATCH, 2) + memorising(xs, 2 * BATCH)
    learning = [3 * ONLINE.steps * cost for cost in (refining(lite, BATCH), step)]
    return [
        ("masktrack-lite", parameters(lite), refining(lite, VIEWS), learning[0]),
        ("stm-xs", parameters(xs), reading(xs, VIEWS, MEMORY) + memorising(xs, 1), learning[1]),
    ]


def _counted(run: Callable[[], object]) -> float:
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


if __name__ == "__main__":
    print(table())  # noqa: T201
