"""Weights of RVOS: our own files, and ``encoder.pt`` and ``decoder.pt`` that its authors released, zipped or not."""

import zipfile
from io import BytesIO
from pathlib import Path, PurePosixPath

import torch

from vosbench_baselines.rvos.network import RVOS, architecture
from vosbench_baselines.weights import checkpoints


def load_rvos(path: Path, name: str | None = None) -> tuple[RVOS, str, dict[str, str]]:
    """A member of the family from our own file, see ``checkpoints.load``; or as the authors released it.

    That is a folder, or the archive in which it is downloaded, with ``encoder.pt`` and ``decoder.pt``: ResNet-101, ST;
    whether masks come in, their shapes tell. Its ``args.pkl`` is not read. The unused classifiers (``fc``, ``fc_stop``)
    are left out.

    Raises:
        InputError: none of these.
    """
    if not path.is_dir() and path.suffix != ".zip":
        return checkpoints.load(path, lambda found: RVOS(architecture(found)), name)
    tensors: checkpoints.Tensors = {}
    for part in ("encoder", "decoder"):
        state = _of_archive(path, part) if path.is_file() else checkpoints.read_state(path / f"{part}.pt")[0]
        tensors |= {f"{part}.{key}": t for key, t in state.items() if "fc_stop" not in key and ".fc." not in key}
    gates = tensors.get("decoder.clstm_list.0.Gates.weight")
    found = "rvos-st" if gates is not None and gates.shape[1] % 2 == 0 else "rvos-mask-st"
    if name not in (None, found):
        raise checkpoints.refused(path, f"these are weights of {found!r}, not of {name!r}", "choose that model")
    with torch.device("meta"):
        network = RVOS(architecture(found))
    return checkpoints.fill(network, tensors, path), found, {}


def _of_archive(path: Path, part: str) -> checkpoints.Tensors:
    """The state dict of a part, wherever it lies in a .zip."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if PurePosixPath(name).name == f"{part}.pt"]
            content = archive.read(names[0]) if len(names) == 1 else None
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        raise checkpoints.refused(path, f"cannot be read ({error})", "download it again") from error
    if content is None:
        fix = "give the archive as its authors released it, or a folder of encoder.pt and decoder.pt"
        raise checkpoints.refused(path, f"it holds {len(names)} files named {part}.pt, not one", fix)
    return checkpoints.read_pickle(BytesIO(content), path)
