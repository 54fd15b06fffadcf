"""``python -m vosbench_baselines.s2s.cost``: parameters and arithmetic of the sequence-to-sequence family, by counting.

Counted on meta tensors at the size at which a network sees every video. The first frame and online learning are left
out.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta, parameters, shared_and_each
from vosbench_baselines.s2s.network import S2S, State, architecture

NAMES = ("s2s", "s2s-fc1x1", "s2s-nearest", "s2s-mask-state", "s2s-previous-mask", "s2s-tiny")


def gflop(model: S2S, objects: int) -> tuple[float, float]:
    """GFLOP of a frame for all objects together (the encoder), and for each (ConvLSTM and decoder), times objects."""
    height, width = model.size.size
    image = torch.empty(1, 3, height, width, device="meta")
    state = State(*(torch.empty(objects, model.size.hidden, height // 32, width // 32, device="meta"),) * 2)
    if model.size.previous_mask:  # nothing is shared: the encoder sees the object's mask
        mask = torch.empty(objects, 1, height, width, device="meta")
        return 0.0, gflop_of(lambda: model.step(model.encode(image.expand(objects, -1, -1, -1), mask), state))
    encoded = model.encode(image).expand(objects, -1, -1, -1)
    return gflop_of(lambda: model.encode(image)), gflop_of(lambda: model.step(encoded, state))


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    model = on_meta(S2S, architecture("s2s"))
    cost = ModelCost(parameters=parameters(model), gflop=sum(gflop(model, 1)))
    return {"s2s": cost, "s2s-ol": cost}


def table() -> str:
    """One line per model, as in docs/baselines/s2s.md."""
    return shared_and_each(NAMES, lambda name: S2S(architecture(name)), gflop)


if __name__ == "__main__":
    print(table())  # noqa: T201
