"""Weights of Space-Time Memory networks: our own files, the checkpoint the authors released, and ImageNet trunks."""

from collections.abc import Mapping
from pathlib import Path

import torch

from vosbench_baselines.stm.network import STM, QueryEncoder, architecture
from vosbench_baselines.weights import checkpoints
from vosbench_baselines.weights.checkpoints import sha256

__all__ = ["load_stm", "load_trunk", "save_stm", "sha256"]


def save_stm(model: STM, name: str, path: Path, *, half: bool = False, card: Mapping[str, str] | None = None) -> None:
    """Write a model under its architecture's name; ``half`` stores float16; ``card`` adds strings to the header."""
    checkpoints.save(model, "stm", name, path, half=half, card=card)


def load_stm(path: Path, name: str | None = None) -> tuple[STM, str, dict[str, str]]:
    """Load a model in evaluation mode from our own file, or from the authors' ``.pth``; see ``checkpoints.load``."""
    return checkpoints.load(path, lambda found: STM(architecture(found)), name, unnamed="stm")


def load_trunk(encoder: QueryEncoder, state: dict[str, torch.Tensor]) -> list[str]:
    """Initialise an encoder from a ResNet's state dict in torchvision's names.

    Returns:
        the names that had no place here (the classifier, stages not in use).
    """
    stages = {"layer1.": "res2.", "layer2.": "res3.", "layer3.": "res4.", "layer4.": "top.res5."}
    ours = encoder.state_dict()
    unused = []
    for name, tensor in state.items():
        target = next((new + name[len(old) :] for old, new in stages.items() if name.startswith(old)), name)
        if target in ours and ours[target].shape == tensor.shape:
            ours[target].copy_(tensor)
        else:
            unused.append(name)
    return unused
