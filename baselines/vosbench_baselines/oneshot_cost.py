"""``python -m vosbench_baselines.oneshot_cost``: parameters and arithmetic of the one-shot methods, by counting.

Counted on meta tensors at 480×854, padded as the method pads; one multiply-add is two FLOP. ``once`` is what an object
costs on its first frame besides learning: OSMN's visual modulator. A step of learning is three forward passes, roughly.
"""

import torch
from torch.utils.flop_counter import FlopCounterMode

from vosbench.models.interface import ModelCost
from vosbench_baselines.methods import METHODS, Method
from vosbench_baselines.oneshot import Frame, OneShotNetwork
from vosbench_baselines.osmn import OSMN

SIZE = (480, 854)


def parameters(network: OneShotNetwork) -> int:
    """How many numbers are learnt; fixed kernels of upsampling are not."""
    return sum(p.numel() for p in network.parameters())


def gflop(network: OneShotNetwork, size: tuple[int, int] = SIZE) -> tuple[float, float]:
    """GFLOP of a frame with one object, and of what is done once an object; ``network`` on the meta device."""
    picture = torch.empty(1, 3, *size, device="meta")
    mask = picture[:, :1]
    with FlopCounterMode(display=False) as once:
        if isinstance(network, OSMN):
            side = network.guide_side
            gamma = network.modulator(torch.empty(1, 3, side, side, device="meta"))
    with FlopCounterMode(display=False) as frame:
        if isinstance(network, OSMN):  # its Gaussian looks at values, which meta tensors do not have
            network.modulated(picture, mask, gamma)
        else:
            network(picture, Frame(picture, mask), None)
    return frame.get_total_flops() / 1e9, once.get_total_flops() / 1e9


def costs() -> dict[str, ModelCost]:
    """Every method with one object, an answer's samples counted; entry point ``vosbench.model_costs``."""
    found = {}
    for name, how in METHODS.items():
        network = _meta(how)
        found[name] = ModelCost(parameters=parameters(network), gflop=how.samples * gflop(network)[0])
    return found


def table() -> str:
    """One line per method, as in docs/baselines/oneshot.md."""
    lines = ["| model | parameters | GFLOP a forward pass | once an object | passes a frame |", "|---|---|---|---|---|"]
    for name, how in METHODS.items():
        network = _meta(how)
        frame, once = gflop(network)
        lines.append(f"| {name} | {parameters(network):,} | {frame:.1f} | {once:.1f} | {how.samples} |")
    return "\n".join(lines)


def _meta(how: Method) -> OneShotNetwork:
    with torch.device("meta"):
        return how.build().eval()


if __name__ == "__main__":
    print(table())  # noqa: T201
