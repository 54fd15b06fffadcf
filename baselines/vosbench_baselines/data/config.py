"""A training run as a TOML file. Unknown keys are errors; relative paths are relative to the file."""

import tomllib
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from vosbench.errors import UsageError

T = TypeVar("T")


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where clips come from, and their share of the batches.

    ``stills`` warps single annotated images, from folders of images and masks that may hold sequences; ``videos`` takes
    frames in order from ``<images>/<sequence>/`` and ``<masks>/<sequence>/``; ``procedural`` renders. ``sequences``
    names a text file with one sequence per line; ``binary`` reads any non-zero mask value as object 1. ``fraction`` is
    how much of the sequences is used, drawn once and for all: smaller fractions are parts of larger ones.
    ``frames`` are videos without masks; all of a picture counts as object 1.
    """

    kind: Literal["stills", "videos", "frames", "procedural"]
    share: float = 1.0
    images: str = ""
    masks: str = ""
    sequences: str = ""
    binary: bool = False
    fraction: float = 1.0


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run. Defaults are the refinement paper's (384², Adam 1e-5) where it says, Space-Time Memory's elsewhere.

    ``initial``: weights to start from, our ``.safetensors``, an ImageNet trunk's ``.pth`` in torchvision's names, or
    "imagenet", which asks torchvision for that trunk.
    ``truth_steps``: for so many steps the network is shown the true mask of the previous frame, after that the inferred
    one; ``detach`` stops the gradient through it. ``max_gap`` between neighbouring frames of a clip is reached linearly
    after ``gap_steps``. Clips have ``frames`` frames, or from ``frames`` to ``most_frames``, drawn anew for every
    batch. From step ``unlabelled_after`` on, clips of videos have pictures without annotation, too: for S2S, whose loss
    leaves them out.
    ``optimiser`` "adam" and "sgd" (momentum 0.9, the family's rates for each layer) keep their rate, "adamw" follows a
    cosine to zero; ``weight_decay`` unset is the optimiser's own. ``trunk_learning_rate`` is that of the parameters
    that ImageNet weights are for; unset, the same as all. ``warm_up``: steps over which the rate rises from zero.
    ``phase`` names a part of the training of a family that trains in parts, ``settings`` holds keys of its own.
    ``workers``: processes that prepare clips; 0 prepares them on a thread of this one.
    """

    sources: list[Source]
    holdout: Source | None = None
    architecture: str = "stm"
    initial: str = ""
    seed: int = 0
    steps: int = 100_000
    batch: int = 4
    frames: int = 3
    most_frames: int = 0
    unlabelled_after: int | None = None
    size: tuple[int, int] = (384, 384)
    objects: int = 3
    optimiser: Literal["adam", "adamw", "sgd"] = "adam"
    learning_rate: float = 1e-5
    trunk_learning_rate: float | None = None
    weight_decay: float | None = None
    warm_up: int = 0
    clip_gradient: float = 10.0
    freeze_batch_norm: bool = True
    truth_steps: int = 0
    detach: bool = False
    max_gap: int = 25
    gap_steps: int = 0
    ema: float = 0.999
    checkpoint_every: int = 1000
    workers: int = 0
    phase: str = ""
    settings: dict[str, Any] = {}


def read_config(path: Path, kind: type[T]) -> T:
    """Read a TOML file as ``kind``.

    Raises:
        UsageError: not there, not TOML, an unknown key or a value of the wrong type.
    """
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), kind)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}", fix="give the path of a configuration") from error
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UsageError(f"{path}: {error}", fix="see docs/baselines.md for the keys") from error
