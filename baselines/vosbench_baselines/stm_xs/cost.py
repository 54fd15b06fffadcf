"""``python -m vosbench_baselines.stm_xs.cost``: parameters and arithmetic of STM-XS, by counting.

STM-XS memorises a square and reads nine, the mean on DAVIS-2016 validation, rounded; online learning has two memories
a square. What else is counted, and what is not, is said in :mod:`vosbench_baselines.squares.counting`.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta
from vosbench_baselines.squares.counting import VIEWS, Counted, counted
from vosbench_baselines.squares.following import BATCH
from vosbench_baselines.squares.network import INPUTS, SIDE
from vosbench_baselines.stm_xs.network import CELL, KEY, STMXS, VALUE

MEMORY = 9


def reading(network: STMXS, squares: int, memory: int) -> float:
    """GFLOP of so many squares, each with ``memory`` memories; ``network`` on the meta device."""
    cells = memory * (SIDE // CELL) ** 2
    x, keys, values = (
        torch.empty(squares, *shape, device="meta") for shape in ((INPUTS, SIDE, SIDE), (cells, KEY), (cells, VALUE))
    )
    return gflop_of(lambda: network(x, keys, values))


def memorising(network: STMXS, squares: int) -> float:
    """GFLOP of memorising so many squares; ``network`` on the meta device."""
    picture, mask = (torch.empty(squares, channels, SIDE, SIDE, device="meta") for channels in (3, 1))
    return gflop_of(lambda: network.memorise(picture, mask))


def count() -> Counted:
    """What a frame and what online learning cost."""
    network = on_meta(STMXS)
    frame = reading(network, VIEWS, MEMORY) + memorising(network, 1)
    step = reading(network, BATCH, 2) + memorising(network, 2 * BATCH)
    return counted("stm-xs", network, frame=frame, step=step)


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    return count().costs()


if __name__ == "__main__":
    print(count().table())  # noqa: T201
