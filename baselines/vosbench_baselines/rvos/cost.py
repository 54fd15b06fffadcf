"""``python -m vosbench_baselines.rvos.cost``: parameters and arithmetic of RVOS, by counting.

Counted on meta tensors at the size at which a network sees every video. The first frame is left out.
"""

import torch

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import gflop_of, on_meta, parameters, shared_and_each
from vosbench_baselines.rvos.network import RVOS, architecture

NAMES = ("rvos-mask-st", "rvos-st", "rvos-tiny-mask-st", "rvos-tiny-st")


def gflop(model: RVOS, objects: int) -> tuple[float, float]:
    """GFLOP of a frame for all objects together (the encoder), and for each (the decoder), times objects."""
    size = model.size.size
    image = torch.empty(1, 3, *size, device="meta")
    masks = torch.empty(1, objects, *size, device="meta") if model.size.masks else None
    features = model.encoder(image)
    return gflop_of(lambda: model.encoder(image)), gflop_of(lambda: model.frame(features, objects, masks, None, size))


def costs() -> dict[str, ModelCost]:
    """Every registered model of the family with one object; entry point ``vosbench.model_costs``."""
    model = on_meta(RVOS, architecture("rvos-mask-st"))
    cost = ModelCost(parameters=parameters(model), gflop=sum(gflop(model, 1)))
    return {"rvos": cost, "rvos-painted": cost}


def table() -> str:
    """One line per model, as in docs/baselines/rvos.md."""
    return shared_and_each(NAMES, lambda name: RVOS(architecture(name)), gflop)


if __name__ == "__main__":
    print(table())  # noqa: T201
