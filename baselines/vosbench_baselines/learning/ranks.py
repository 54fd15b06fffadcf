"""Processes that train one network together, as ``torchrun`` starts them; a process alone is rank 0 of 1.

Every rank holds the whole network, draws its share of every batch and computes the gradients of its share's loss. These
are averaged before each step of an optimiser, so that all ranks take the same step: where the loss is a mean over the
batch, the one that a single process takes with the whole batch, up to rounding.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

from vosbench.errors import UsageError
from vosbench_baselines.devices import usable

PATIENCE = timedelta(hours=12)  # rank 0 tests on the hold-out while the others wait; torchrun ends all if one fails


@contextmanager
def joined(device: str) -> Iterator[str]:
    """Meet the other processes, if ``torchrun`` started several; gives the device of this one.

    NCCL for CUDA, Gloo for the CPU; of several GPUs each process takes that of its number on its machine.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(usable(device))
    dist.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    try:
        yield device
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if _several() else 0


def size() -> int:
    """How many processes there are."""
    return dist.get_world_size() if _several() else 1


def _several() -> bool:
    return dist.is_available() and dist.is_initialized()  # PyTorch can be built without


def share(batch: int) -> range:
    """The places in a batch that this rank draws.

    Raises:
        UsageError: the ranks' shares would differ in size.
    """
    if batch % size():
        raise UsageError(
            f"a batch of {batch} clips cannot be shared among {size()} processes",
            fix=f"choose a batch that is a multiple of {size()}, or another --nproc-per-node",
        )
    each = batch // size()
    return range(rank() * each, (rank() + 1) * each)


def average_gradients(optimiser: torch.optim.Optimizer) -> None:
    """Replace the gradients of an optimiser's parameters by their means over the ranks; before each of its steps.

    A parameter that the loss of some ranks does not reach has gradient zero there; one that no loss reaches, none.
    """
    if size() == 1:
        return
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    pieces = [(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters]
    reached = pieces[0].new_tensor([p.grad is not None for p in parameters])
    flat = torch.cat([*pieces, reached])  # one message instead of hundreds
    dist.all_reduce(flat)
    flat /= size()
    *gradients, reached = torch.split(flat, [*(p.numel() for p in parameters), len(parameters)])
    for parameter, gradient, anyone in zip(parameters, gradients, reached.tolist(), strict=True):
        parameter.grad = gradient.view_as(parameter) if anyone else None


def mean(value: float) -> float:
    """The mean of a number over the ranks."""
    if size() == 1:
        return value
    total = torch.tensor(value, dtype=torch.float64)
    dist.all_reduce(total)
    return float(total) / size()


def of_first(value: float) -> float:
    """Rank 0's number, for all: clocks differ, and all ranks have to stop at the same step."""
    if size() == 1:
        return value
    found = torch.tensor(value, dtype=torch.float64)
    dist.broadcast(found, 0)
    return float(found)


def wait() -> None:
    """Until every rank is here.

    A barrier and not an average: Gloo's thread lets go of a tensor some time after it was told, and if that is while
    Python ends, the process dies of it.
    """
    if size() > 1:
        dist.barrier()


def own_seed(seed: int) -> int:
    """A seed of this rank's own for ``torch.manual_seed``; rank 0's is the one given, as in a process alone."""
    return seed + (rank() << 40)
