"""Weights of the one-shot methods: our own files, and those their authors released."""

from pathlib import Path

import torch

from vosbench_baselines.oneshot.methods import METHODS
from vosbench_baselines.oneshot.network import OneShotNetwork
from vosbench_baselines.weights import checkpoints


def load(path: Path, name: str | None = None) -> tuple[OneShotNetwork, str, dict[str, str]]:
    """Weights of our own, or, under the name of the method they are for, those its authors released.

    Returns:
        the network in evaluation mode; the name of the method; the strings of the header.

    Raises:
        InputError: no such file, another method's weights, parameters missing, unexpected or misshapen.
    """
    tensors, header = checkpoints.read_state(path)
    found = header.get("architecture", name)
    if found is None:
        raise checkpoints.refused(path, "it does not say whose weights it holds", "ask for a method by name")
    if name not in (None, found):
        raise checkpoints.refused(path, f"these are weights of {found!r}, not of {name!r}", "choose that method")
    if found not in METHODS:
        raise checkpoints.refused(path, f"these are weights of {found!r}", f"give those of {', '.join(METHODS)}")
    how = METHODS[found]
    tensors = tensors if "architecture" in header else how.released(tensors)
    with torch.device("meta"):
        network = how.build()
    return checkpoints.fill(network, tensors, path), found, header
