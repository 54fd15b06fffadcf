"""``python -m vosbench_baselines.oneshot.cost``: parameters and arithmetic of the one-shot methods, by counting.

Counted on meta tensors at 480×854, padded as the method pads; one multiply-add is two FLOP. ``once`` is what an object
costs on its first frame besides learning: OSMN's visual modulator. A step of learning is three forward passes, roughly.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta, parameters
from vosbench_baselines.oneshot.methods import METHODS
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork
from vosbench_baselines.oneshot.osmn import OSMN

SIZE = (480, 854)


def gflop(network: OneShotNetwork, size: tuple[int, int] = SIZE) -> tuple[float, float]:
    """GFLOP of a frame with one object, and of what is done once an object; ``network`` on the meta device."""
    picture = torch.empty(1, 3, *size, device="meta")
    mask = picture[:, :1]
    if not isinstance(network, OSMN):
        return gflop_of(lambda: network(picture, Frame(picture, mask), None)), 0.0
    side = network.guide_side
    first = torch.empty(1, 3, side, side, device="meta")
    gamma = network.modulator(first)  # OSMN's Gaussian looks at values, which meta tensors do not have
    return gflop_of(lambda: network.modulated(picture, mask, gamma)), gflop_of(lambda: network.modulator(first))


def costs() -> dict[str, ModelCost]:
    """Every method with one object, an answer's samples counted; entry point ``vosbench.model_costs``."""
    found = {}
    for name, how in METHODS.items():
        network = on_meta(how.build)
        found[name] = ModelCost(parameters=parameters(network), gflop=how.samples * gflop(network)[0])
    return found


def table() -> str:
    """One line per method, as in docs/baselines/oneshot.md."""
    lines = ["| model | parameters | GFLOP a forward pass | once an object | passes a frame |", "|---|---|---|---|---|"]
    for name, how in METHODS.items():
        network = on_meta(how.build)
        frame, once = gflop(network)
        lines.append(f"| {name} | {parameters(network):,} | {frame:.1f} | {once:.1f} | {how.samples} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
