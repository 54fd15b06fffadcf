"""The device that someone names: there, or refused in a sentence."""

import torch

from vosbench.errors import UsageError


def usable(name: str) -> torch.device:
    """The device called ``name``, as PyTorch calls it: "cpu", "cuda", "cuda:1".

    Raises:
        UsageError: PyTorch knows none of that name, or cannot use it here.

    >>> usable("cpu")
    device(type='cpu')
    """
    fix = "choose cpu, or install a PyTorch that drives this device"
    if name.partition(":")[0] == "meta":
        raise UsageError(f"cannot use device {name!r}: it keeps shapes and no numbers", fix=fix)
    try:
        found = torch.device(name)
        torch.empty(0, device=found)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"cannot use device {name!r}: {reason}", fix=fix) from error
    return found
