"""``python -m vosbench_baselines.masktrack_lite_cost``: parameters and arithmetic of MaskTrack-lite, by counting.

Counted on meta tensors; one multiply-add is two FLOP. What is counted is the network on an object's square, plain and
mirrored: the square is the same size whatever the frame's, so a 480p frame costs what any frame costs. Optical flow,
colours and cutting out are not in it, nor is looking for an object that is lost, nor online learning, whose steps are
three forward passes each of four squares, roughly.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from vosbench.adapters import ModelCost
from vosbench_baselines.masktrack_lite import INPUTS, SIDE, MaskTrackLite
from vosbench_baselines.masktrack_lite_model import BATCH, ONLINE

VIEWS = 2


def parameters(network: MaskTrackLite) -> int:
    """How many numbers are learnt."""
    return sum(p.numel() for p in network.parameters())


def gflop(network: MaskTrackLite, views: int = VIEWS) -> float:
    """GFLOP of an object on a frame; ``network`` on the meta device."""
    with FlopCounterMode(display=False) as counter:
        network(torch.empty(views, INPUTS, SIDE, SIDE, device="meta"))
    return counter.get_total_flops() / 1e9


def costs() -> dict[str, ModelCost]:
    """Both models, which differ in online learning alone; entry point ``vosbench.model_costs``."""
    network = _meta()
    cost = ModelCost(parameters=parameters(network), gflop=gflop(network))
    return {"masktrack-lite": cost, "masktrack-lite-offline": cost}


def table() -> str:
    """As in docs/baselines/masktrack-lite.md."""
    network = _meta()
    learning = 3 * BATCH * ONLINE.steps * gflop(network, 1)
    return (
        "| parameters | GFLOP of a frame, each object | of learning it online |\n|---|---|---|\n"
        f"| {parameters(network):,} | {gflop(network):.2f} | {learning:,.0f} |"
    )


def _meta() -> MaskTrackLite:
    with torch.device("meta"):
        return MaskTrackLite().eval()


if __name__ == "__main__":
    print(table())  # noqa: T201
