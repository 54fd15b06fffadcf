"""Networks on disk: safetensors whose header names the architecture; and pickled state dicts that others released.

Pickles are read with ``weights_only``: nothing in them is run.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from vosbench.errors import InputError, Problem, UsageError
from vosbench.files import new_file

Tensors = dict[str, torch.Tensor]
READABLE = "give a .safetensors file, or the authors' .pth"
NESTED = ("state_dict", "model", "net")  # where training scripts put the network beside their optimiser
Network = TypeVar("Network", bound=nn.Module)


def save(
    network: nn.Module, family: str, name: str, path: Path, *, half: bool = False, card: Mapping[str, str] | None = None
) -> None:
    """Write a network under its family and architecture; ``half`` stores float16; ``card`` adds header strings."""
    header = {"format": f"vosbench-baselines.{family}/1", "architecture": name}
    write_state(network, path, header | dict(card or {}), half=half)


def write_state(network: nn.Module, path: Path, header: dict[str, str], *, half: bool = False) -> None:
    """Write a network's state as safetensors: complete or not at all. Raises InputError if that is impossible."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    if half:
        tensors = {name: t.half() if t.is_floating_point() else t for name, t in tensors.items()}
    with new_file(path) as part:
        try:
            save_file(tensors, part, metadata=header)
        except SafetensorError as error:
            raise OSError(str(error)) from error


def load(
    path: Path, build: Callable[[str], Network], name: str | None = None, *, unnamed: str | None = None
) -> tuple[Network, str, dict[str, str]]:
    """Load a network in evaluation mode.

    Args:
        path: our own file, or a state dict.
        build: makes the network of an architecture by name; raises UsageError for one it does not know.
        name: the architecture wanted; None takes any that ``build`` knows.
        unnamed: the architecture of a file that names none.

    Returns:
        the network, float32 on the CPU; the name of its architecture; the strings of the header.

    Raises:
        InputError: no such file, another architecture than asked for, parameters missing, unexpected or misshapen.
    """
    tensors, header = read_state(path)
    found, network = assembled(path, tensors, header.get("architecture", unnamed), name, build)
    return network, found, header


def assembled(
    path: Path, tensors: Tensors, found: str | None, wanted: str | None, build: Callable[[str], Network]
) -> tuple[str, Network]:
    """The network of an architecture, ``found`` in a file's header, with the file's tensors; see :func:`load`."""
    if found is None:
        raise refused(path, "it does not say which network it belongs to", "give a file that vosbench-train wrote")
    if wanted not in (None, found):
        raise refused(path, f"these are weights of {found!r}, not of {wanted!r}", "choose the model of that name")
    try:
        with torch.device("meta"):
            network = build(found)
    except UsageError as error:
        raise refused(path, error.message, error.fix) from error
    return found, fill(network, tensors, path)


def fill(network: Network, tensors: Tensors, path: Path) -> Network:
    """Give a network on the meta device its parameters: float32, evaluation mode, no gradients.

    Counters of batch normalisation may be missing. Raises InputError about ``path`` for anything else missing,
    unexpected or misshapen.
    """
    shapes = network.state_dict()
    expected = {name: t for name, t in shapes.items() if not name.endswith("num_batches_tracked")}
    problems = [f"{name} is missing" for name in sorted(expected.keys() - tensors.keys())]
    problems += [f"{name} is unexpected" for name in sorted(tensors.keys() - shapes.keys())]
    problems += [
        f"{name} is {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in sorted(expected.items())
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if problems:
        shown = "; ".join(problems[:3]) + f" … and {len(problems) - 3} more" * (len(problems) > 3)
        raise refused(path, shown, "use the file as the training wrote it")
    counters = {key: torch.zeros((), dtype=torch.int64) for key in shapes if key not in expected}
    full = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
    network.load_state_dict(counters | full, assign=True)
    return network.eval().requires_grad_(False)


def read_state(path: Path) -> tuple[Tensors, dict[str, str]]:
    """Tensors of a file, without the ``module.`` of parallel training, and the strings of its header.

    A pickled file holds a state dict, or one under ``state_dict``, ``model`` or ``net`` beside other things.

    Raises:
        InputError: it cannot be read, or holds something else.
    """
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118
        with path.open("rb") as pickled:
            return read_pickle(pickled, path), {}
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise refused(path, f"cannot be read ({error})", READABLE) from error


def read_pickle(file: IO[bytes], path: Path) -> Tensors:
    """The tensors of a pickled state dict; see :func:`read_state`. ``path`` is for messages."""
    try:
        state = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, EOFError, ValueError) as error:
        raise refused(path, f"cannot be read ({first_line(error)})", READABLE) from error
    except Exception as error:  # unpickling errors have many types
        message = f"is no plain state dict ({first_line(error)})"
        raise refused(path, message, "convert it to a plain state dict") from error
    for key in NESTED:
        if isinstance(state, dict) and isinstance(state.get(key), dict):
            state = state[key]
    if not isinstance(state, dict):
        raise refused(path, f"holds {_kind(state)}, not a state dict", READABLE)
    odd = [f"{name!r} is {_kind(value)}" for name, value in state.items() if not _is_entry(name, value)]
    if odd or not state:
        message = f"is no state dict: {'; '.join(odd[:3]) or 'it holds nothing'}"
        raise refused(path, message, "save the network's state_dict() alone")
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}


def _is_entry(name: object, value: object) -> bool:
    return isinstance(name, str) and isinstance(value, torch.Tensor)


def _kind(value: object) -> str:
    return "a tensor" if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"


def first_line(error: Exception) -> str:
    """What an error says first: PyTorch's go on for lines."""
    return str(error).strip().partition("\n")[0]


def sha256(path: Path) -> str:
    """Of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def refused(path: Path, message: str, fix: str) -> InputError:
    """The error about a weights file."""
    return InputError([Problem(code="weights", message=message, where=str(path), fix=fix)])
