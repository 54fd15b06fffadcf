"""Weights of RVOS: our own files, and the folder of ``encoder.pt`` and ``decoder.pt`` that its authors released."""

from pathlib import Path

import torch

from vosbench_baselines.rvos.network import RVOS, architecture
from vosbench_baselines.weights import checkpoints


def load_rvos(path: Path, name: str | None = None) -> tuple[RVOS, str, dict[str, str]]:
    """A member of the family from our own file, see ``checkpoints.load``; or from a folder as the authors released.

    That folder holds ``encoder.pt`` and ``decoder.pt``, ResNet-101, ST; whether masks come in, their shapes tell. Its
    ``args.pkl`` is not read. The unused classifiers (``fc``, ``fc_stop``) are left out.
    """
    if not path.is_dir():
        return checkpoints.load(path, lambda found: RVOS(architecture(found)), name)
    tensors: checkpoints.Tensors = {}
    for part in ("encoder", "decoder"):
        state, _ = checkpoints.read_state(path / f"{part}.pt")
        tensors |= {f"{part}.{key}": t for key, t in state.items() if "fc_stop" not in key and ".fc." not in key}
    gates = tensors.get("decoder.clstm_list.0.Gates.weight")
    found = "rvos-st" if gates is not None and gates.shape[1] % 2 == 0 else "rvos-mask-st"
    if name not in (None, found):
        raise checkpoints.refused(path, f"these are weights of {found!r}, not of {name!r}", "choose that model")
    with torch.device("meta"):
        network = RVOS(architecture(found))
    return checkpoints.fill(network, tensors, path), found, {}
