"""The masklets of SA-V: one JSON file a video, as its training set is released, of manual or of automatic masks.

``<video>_manual.json`` and ``<video>_auto.json`` hold ``masklet[frame][object]``, run-length encodings, with the number
of each object in ``masklet_id``. The label of an object is its number plus 1, as in the folders of the validation set
(:mod:`vosbench.masks.objects`). Masks are given on every fourth of ``video_frame_count`` frames, called ``00000``,
``00004`` and so on as there, or on all of them. Numbers of automatic masklets are not those of manual ones.

Source: Ravi et al., SAM 2 (arXiv 2408.00714), ``sav_dataset/README.md``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import last_change
from vosbench.masks.planes import TooManyPlanes, pack
from vosbench.masks.run_lengths import EncodingError, RunLengths, decode
from vosbench.types import Masks, ObjectInfo

KINDS = ("manual", "auto")

#: SA-V annotates every fourth frame.
STEP = 4

#: Bytes at the start of a file within which its keys begin, and the most that a file may have.
_HEAD, _MAX_BYTES = 1 << 16, 1 << 30


class Video(msgspec.Struct, frozen=True):
    """The content of a file that is read."""

    masklet: tuple[tuple[RunLengths | None, ...], ...]
    video_height: float
    video_width: float
    video_frame_count: float = 0
    masklet_id: tuple[int, ...] | None = None

    @property
    def labels(self) -> tuple[int, ...]:
        """The label of each object."""
        n = max(map(len, self.masklet), default=0)
        return tuple(k + 1 for k in (range(n) if self.masklet_id is None else self.masklet_id))

    @property
    def frames(self) -> tuple[str, ...]:
        """Stems of the frames."""
        step = 1 if len(self.masklet) == int(self.video_frame_count) else STEP
        return tuple(f"{step * t:05d}" for t in range(len(self.masklet)))

    def fault(self) -> str:
        """What is wrong with the file as a whole, or ""."""
        n, count = len(self.masklet), int(self.video_frame_count)
        if len(set(self.labels)) < len(self.labels) or any(not 0 < label < 1 << 16 for label in self.labels):
            return "an object is there twice, or has no usable number"
        if any(len(frame) != len(self.labels) for frame in self.masklet):
            return f"a frame does not hold one mask for each of the {len(self.labels)} objects"
        if count and n != count and abs(STEP * n - count) > STEP:
            return f"it has masks of {n} frames, which is neither each nor every fourth of the video's {count}"
        return ""


@lru_cache(maxsize=4)
def _read(path: Path, changed: int) -> Video:
    del changed
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError(f"it is larger than {_MAX_BYTES} bytes")
        video = msgspec.json.decode(path.read_bytes(), type=Video)
    except (OSError, ValueError, RecursionError) as error:
        raise _problem(str(path), f"not readable as masklets ({error})") from error
    if fault := video.fault():
        raise _problem(str(path), fault)
    return video


@dataclass(frozen=True)
class Masklets:
    """The masks of one file for each video."""

    root: Path
    files: Mapping[str, Path]

    @property
    def name(self) -> str:
        """The folder or file."""
        return str(self.root)

    @cached_property
    def kind(self) -> str:
        """Whose numbers the objects have: "manual", "auto", or "" where the names of the files do not say."""
        return next((kind for kind in KINDS if any(_kind(path) == kind for path in self.files.values())), "")

    def subset(self, *sequences: str) -> "Masklets":
        """These videos alone."""
        return Masklets(self.root, {name: self.files[name] for name in sequences if name in self.files})

    def modified(self, *sequences: str) -> int:
        """When a file of these videos last changed (ns since 1970). Raises OSError."""
        return max((last_change(self.files[name]) for name in sequences if name in self.files), default=0)

    def sequences(self) -> tuple[str, ...]:
        """Names of the videos, sorted."""
        return tuple(sorted(self.files))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of a video's frames, in order."""
        return self._outline[sequence][0] if sequence in self.files else ()

    def objects(self, sequence: str) -> tuple[ObjectInfo, ...]:
        """The objects of a video, each with the frames it is annotated on."""
        return self._outline[sequence][1]

    def read(self, sequence: str, frame: str) -> Masks:
        """All objects of a frame. Raises InputError for an encoding that is no mask of the video's size."""
        video = self._video(sequence)
        shape = (int(video.video_height), int(video.video_width))
        encoded = zip(video.labels, video.masklet[video.frames.index(frame)], strict=True)
        try:
            masks = ((label, decode(e)) for label, e in encoded if e)
            return pack(((label, _of_shape(mask, shape)) for label, mask in masks), shape)
        except (EncodingError, TooManyPlanes) as error:
            raise _problem(self.where(sequence, frame), str(error), sequence, frame) from error

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The file and the frame that are meant."""
        return f"{self.files.get(sequence, self.root)}" + (f"#{frame}" if frame else "")

    def _video(self, sequence: str) -> Video:
        path = self.files[sequence]
        return _read(path, last_change(path))

    @cached_property
    def _outline(self) -> Mapping[str, tuple[tuple[str, ...], tuple[ObjectInfo, ...]]]:
        return {name: _outline_of(self._video(name)) for name in self.files}


def _outline_of(video: Video) -> tuple[tuple[str, ...], tuple[ObjectInfo, ...]]:
    frames = video.frames
    have = [[f for f, masks in zip(frames, video.masklet, strict=True) if masks[k]] for k in range(len(video.labels))]
    return frames, tuple(ObjectInfo(id=label, frames=tuple(f)) for label, f in zip(video.labels, have, strict=True))


def _of_shape(mask: NDArray[np.bool_], shape: tuple[int, int]) -> NDArray[np.bool_]:
    if mask.shape != shape:
        raise EncodingError(f"a mask is of size {mask.shape}, the video {shape}")
    return mask


def find_masklets(path: Path) -> Masklets | None:
    """The masklets at ``path``, a file or a folder of files; None if there are none. Raises InputError.

    >>> find_masklets(Path("a folder that is not there")) is None
    True
    """
    if path.is_file():
        return Masklets(path, {_video_name(path): path}) if _holds_masklets(path) else None
    files = sorted(path.glob("*.json")) if path.is_dir() else []
    if not files or not _holds_masklets(files[0]):
        return None
    kinds: dict[str, dict[str, Path]] = {}
    for file in files:
        kinds.setdefault(_kind(file), {})[_video_name(file)] = file
    if len(kinds) > 1:
        message = "it holds manual and automatic masklets, whose numbers mean different objects"
        raise _problem(str(path), message, fix="put the files of one kind into a folder of their own")
    return Masklets(path, next(iter(kinds.values())))


def _kind(path: Path) -> str:
    last = path.stem.rpartition("_")[2]
    return last if last in KINDS else ""


def _video_name(path: Path) -> str:
    return path.stem.removesuffix(f"_{_kind(path)}") if _kind(path) else path.stem


def _holds_masklets(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return path.suffix == ".json" and b'"masklet"' in file.read(_HEAD)
    except OSError:
        return False


def _problem(
    where: str, message: str, sequence: str | None = None, frame: str | None = None, *, fix: str = "write it again"
) -> InputError:
    code = "unreadable-mask" if frame else "no-masks"
    return InputError([Problem(code=code, message=message, where=where, fix=fix, sequence=sequence, frame=frame)])
