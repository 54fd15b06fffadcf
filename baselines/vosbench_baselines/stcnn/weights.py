"""Weights of STCNN: our own files, and the authors' checkpoints by the names their code gives."""

from pathlib import Path

import torch

from vosbench_baselines.stcnn.losses import discriminator, initialise_trunks
from vosbench_baselines.stcnn.network import STCNN, architecture
from vosbench_baselines.stcnn.released import our_name, pretrained_name
from vosbench_baselines.weights.checkpoints import assembled, read_state


def load_stcnn(path: Path, name: str | None = None) -> tuple[STCNN, str, dict[str, str]]:
    """Load a network in evaluation mode; with its discriminator, if the file holds one.

    Returns:
        the network, float32 on the CPU; the name of its architecture; the strings of the header.

    Raises:
        InputError: see ``checkpoints.load``.
    """
    tensors, header = read_state(path)
    found = header.get("architecture")
    if found is None and any(key.startswith("pred_encoder.") for key in tensors):
        tensors, found = {our_name(key): tensor for key, tensor in tensors.items()}, "stcnn-released"

    def build(architecture_name: str) -> STCNN:
        model = STCNN(architecture(architecture_name))
        if any(key.startswith("critic.") for key in tensors):
            model.critic = discriminator("inception-v3" if "critic.fc.weight" in tensors else "small")
        return model

    found, model = assembled(path, tensors, found, name, build)
    return model, found, header


def start(model: STCNN, state: dict[str, torch.Tensor]) -> list[str]:
    """Initialise from a ResNet of torchvision's names, or from one of the authors' pre-training checkpoints.

    Returns:
        the names that had no place here: the classifier; in the authors' segmentation branch the layers that it has
        where the joint network joins in the temporal maps.
    """
    if not any(key.startswith(("encoder.", "decoder.", "de_layer")) for key in state):
        return initialise_trunks(model, state)
    ours, unused = model.state_dict(), []
    for key, tensor in state.items():
        target = our_name(pretrained_name(key))
        if target in ours and ours[target].shape == tensor.shape:
            ours[target].copy_(tensor)
        else:
            unused.append(key)
    return unused
