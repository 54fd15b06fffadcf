"""``python -m vosbench_baselines.masktrack_lite.cost``: parameters and arithmetic of MaskTrack-lite, by counting.

What is counted, and what is not, is said in :mod:`vosbench_baselines.squares.counting`.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta
from vosbench_baselines.masktrack_lite.network import MaskTrackLite
from vosbench_baselines.squares.counting import VIEWS, Counted, counted
from vosbench_baselines.squares.following import BATCH
from vosbench_baselines.squares.network import INPUTS, SIDE


def refining(network: MaskTrackLite, squares: int) -> float:
    """GFLOP of the network on so many squares; ``network`` on the meta device."""
    return gflop_of(lambda: network(torch.empty(squares, INPUTS, SIDE, SIDE, device="meta")))


def count() -> Counted:
    """What a frame and what online learning cost."""
    network = on_meta(MaskTrackLite)
    return counted("masktrack-lite", network, frame=refining(network, VIEWS), step=refining(network, BATCH))


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    return count().costs()


if __name__ == "__main__":
    print(count().table())  # noqa: T201
