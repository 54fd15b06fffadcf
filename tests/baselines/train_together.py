"""What one rank does in ``test_distributed.py``: every scenario there, one after the other."""

import json
import sys
import time
from pathlib import Path

import torch
from msgspec.structs import replace
from vosbench_baselines.data.config import Source, Training
from vosbench_baselines.learning import ranks
from vosbench_baselines.training import loop
from vosbench_baselines.training.loop import train

from vosbench.errors import UsageError

RENDERED = [Source(kind="procedural")]
STM = Training(
    sources=RENDERED,
    architecture="stm-nano",
    size=(32, 48),
    batch=4,
    objects=1,
    optimiser="sgd",
    learning_rate=0.1,
    steps=4,
    checkpoint_every=2,
)
STCNN = Training(
    sources=RENDERED,
    architecture="stcnn-tiny",
    phase="joint",
    size=(64, 96),
    batch=2,
    frames=5,
    max_gap=1,
    steps=2,
    learning_rate=0.05,
    settings={"discriminator": "small", "rotation": 20.0, "generator_learning_rate": 1e-3},
)
LITE = Training(sources=RENDERED, architecture="masktrack-lite", size=(96, 96), batch=2, frames=2, steps=1)


class Hare:
    """A clock on which every look takes a second on rank 0, and none on the others."""

    def __init__(self):
        self.now = 0.0

    def monotonic(self):
        self.now += ranks.rank() == 0
        return self.now


def lonely_gradients():
    """The gradients of three parameters: reached by all ranks, by rank 1 alone, and by none."""
    parameters = [torch.nn.Parameter(torch.zeros(2)) for _ in range(3)]
    parameters[0].grad = torch.tensor([1.0, 2.0]) * (1 + ranks.rank())
    if ranks.rank() == 1:
        parameters[1].grad = torch.tensor([4.0, 0.0])
    ranks.average_gradients(torch.optim.SGD(parameters, 0.1))
    return [None if p.grad is None else p.grad.tolist() for p in parameters]


def uneven(base, out):
    """The message of a batch that the ranks cannot share."""
    try:
        train(replace(STM, batch=3), base, out / "uneven")
    except UsageError as error:
        return error.message


def strayed(base, out):
    """The message where rank 1 does not find the checkpoint."""
    try:
        train(STM, base, out / ("parts" if ranks.rank() == 0 else "elsewhere"), resume=True)
    except UsageError as error:
        return error.message


def main(base, out):
    told = {"share": list(ranks.share(4)), "gradients": lonely_gradients(), "uneven": uneven(base, out)}
    train(STM, base, out / "stm")
    train(replace(STM, steps=2), base, out / "parts")
    told["strayed"] = strayed(base, out)
    train(STM, base, out / "parts", resume=True)
    train(STCNN, base, out / "stcnn")
    train(LITE, base, out / "lite")
    loop.time = Hare()
    train(replace(STM, steps=1000), base, out / "budget", budget=5)
    loop.time = time
    ranks.wait()
    told["files"] = sorted(path.relative_to(out).as_posix() for path in out.rglob("*.safetensors"))
    (out / f"told-{ranks.rank()}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    torch.set_num_threads(1)
    with ranks.joined("cpu"):
        main(*map(Path, sys.argv[1:]))
