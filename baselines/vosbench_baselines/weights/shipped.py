"""Weights that come with this package: ``files/<model>.safetensors``, beside it ``<model>.md``, the model card,
``<model>.csv``, the training log, and ``SHA256SUMS`` in the format of ``sha256sum``, which is checked on every load.
"""

from pathlib import Path

from vosbench.errors import InputError, Problem, UsageError
from vosbench_baselines.weights.checkpoints import sha256

FOLDER = Path(__file__).parent / "files"


def shipped_weights(model: str, folder: Path = FOLDER) -> Path:
    """The path of a model's weights.

    Raises:
        UsageError: the package ships none for it.
        InputError: the file is not the one that was shipped.
    """
    path = folder / f"{model}.safetensors"
    sums = folder / "SHA256SUMS"
    lines = sums.read_text(encoding="ascii").splitlines() if sums.is_file() else []
    expected = {name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}
    if path.name not in expected:
        raise UsageError(f"{model} ships without weights", fix="give a weights file, or train one: vosbench-train")
    if not path.is_file() or sha256(path) != expected[path.name]:
        message = "is not the file that was shipped" if path.is_file() else "is missing"
        fix = "reinstall vosbench-baselines"
        raise InputError([Problem(code="weights", message=message, where=str(path), fix=fix)])
    return path
