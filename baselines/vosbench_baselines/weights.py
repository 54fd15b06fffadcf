"""Weights on disk: safetensors of our own, and the layout of the checkpoint the STM authors released.

Pickles are read with ``weights_only``: nothing in them is run.
"""

import hashlib
import json
from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from vosbench.errors import InputError, Problem, UsageError
from vosbench_baselines.stm import STM, QueryEncoder, architecture

FORMAT = "vosbench-baselines.stm/1"
M = TypeVar("M", bound=nn.Module)


def save_stm(model: STM, name: str, path: Path, *, half: bool = False, card: dict[str, str] | None = None) -> None:
    """Write a model under its architecture's name; ``half`` stores float16; ``card`` adds strings to the header."""
    write_state(model, path, {"format": FORMAT, "architecture": name, **(card or {})}, half=half)


def write_state(model: nn.Module, path: Path, header: dict[str, str], *, half: bool = False) -> None:
    """Write a model's state as safetensors: complete or not at all."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    partial = path.with_name(f".{path.name}.partial")
    save_file(tensors, partial, metadata=header)
    partial.replace(path)


def load_stm(path: Path, name: str | None = None) -> tuple[STM, str, dict[str, str]]:
    """Load a model in evaluation mode from our own file, or from the authors' ``.pth``.

    Returns:
        the model, float32 on the CPU; the name of its architecture; the strings of the header.

    Raises:
        InputError: no such file, another architecture than asked for, parameters missing, unexpected or misshapen.
    """
    tensors, header = read_state(path)
    found = header.get("architecture", "stm")
    if name not in (None, found):
        raise refused(path, f"these are weights of {found!r}, not of {name!r}", "choose the model of that name")
    try:
        size = architecture(found)
    except UsageError as error:
        raise refused(path, error.message, error.fix) from error
    with torch.device("meta"):
        model = STM(size)
    return fill(model, tensors, path), found, header


def fill(model: M, tensors: dict[str, torch.Tensor], path: Path) -> M:
    """Give a model on the meta device its parameters: float32, evaluation mode, no gradients.

    Counters of batch normalisation may be missing. Raises InputError for all else missing, unexpected or misshapen.
    """
    state = model.state_dict()
    expected = {name: t for name, t in state.items() if not name.endswith("num_batches_tracked")}
    problems = [f"{name} is missing" for name in sorted(expected.keys() - tensors.keys())]
    problems += [f"{name} is unexpected" for name in sorted(tensors.keys() - state.keys())]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in sorted(expected.items())
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if problems:
        shown = "; ".join(problems[:3]) + f" … and {len(problems) - 3} more" * (len(problems) > 3)
        raise refused(path, shown, "use the file as the training wrote it")
    counters = {key: torch.zeros((), dtype=torch.int64) for key in state if key not in expected}
    full = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    model.load_state_dict(counters | full, assign=True)
    return model.eval().requires_grad_(False)


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


def sha256(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_state(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and header of a safetensors file, or of a pickled state dict (no header)."""
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, SafetensorError, RuntimeError, EOFError, ValueError, json.JSONDecodeError) as error:
        raise refused(path, f"cannot be read ({error})", "give a .safetensors file, or the authors' .pth") from error
    except Exception as error:  # unpickling errors have many types
        raise refused(path, f"is no plain state dict ({error})", "convert it to a plain state dict") from error
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}, {}


def refused(path: Path, message: str, fix: str) -> InputError:
    """The error for a file of weights that cannot be used."""
    return InputError([Problem(code="weights", message=message, where=str(path), fix=fix)])
