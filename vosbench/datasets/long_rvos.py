"""The layout of Long-RVOS: expressions that refer to one object each, masks as PNG.

::

    <split>/meta_expressions.json                          videos, their frames, and expressions with their ``obj_id``
    <split>/Annotations/<video>/<object>/<frame>.png       any pixel but 0 is the object; no file, no object

A sequence is an expression, called ``<video>/<expression>``. Predictions are ``<video>/<expression>/<frame>.png``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from vosbench.datasets.lists import not_found, read_list, require_inside
from vosbench.datasets.mevis import read_json
from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.listing import modified, subset
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.types import Masks, MaskSource, ObjectInfo, Sequence

META = "meta_expressions.json"


class _Expression(msgspec.Struct, frozen=True):
    obj_id: int | str
    type: str = ""


class _Video(msgspec.Struct, frozen=True):
    expressions: dict[str, _Expression]
    frames: tuple[str, ...]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


@dataclass(frozen=True)
class LongRVOS:
    """A Long-RVOS root, the folder that holds ``valid/`` and ``test/``."""

    root: Path

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return (f"<split>/{META}", "<split>/Annotations")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return bool(self.splits())

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold expressions and masks."""
        folders = (path.parent for path in sorted(self.root.glob(f"*/{META}")))
        return tuple(folder.name for folder in folders if (folder / "Annotations").is_dir())

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The expressions of a split, or of a list of videos or expressions; their kind is the category."""
        folder, names = self._resolve(split)
        return tuple(
            Sequence(
                name=f"{name}/{key}", frames=video.frames, objects=(ObjectInfo(id=1, category=expression.type or None),)
            )
            for name, video in self._meta(folder).items()
            for key, expression in video.expressions.items()
            if not names or name in names or f"{name}/{key}" in names
        )

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        folder = self._resolve(split)[0]
        return _Expressions(MaskFolder(self.root / folder / "Annotations", depth=2), self._meta(folder))

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<video>/<expression>/<frame>.png``."""
        return open_masks(path, palette=palette, depth=2)

    def _resolve(self, split: str) -> tuple[str, tuple[str, ...]]:
        if split in self.splits():
            return split, ()
        if split.endswith(".txt"):
            names = read_list(Path(split))
            for folder in self.splits():
                if {name.partition("/")[0] for name in names} <= set(self._meta(folder)):
                    return folder, names
        have = ", ".join(self.splits()) or "none"
        raise UsageError(f"{self.root} has no split called {split!r}: it has {have}", fix="name one of them")

    def _meta(self, folder: str) -> Mapping[str, _Video]:
        path = self.root / folder / META
        if not path.is_file():
            raise not_found(path.parent, [META], "the expressions of Long-RVOS")
        videos = read_json(path, _Meta).videos
        require_inside(path, [*videos, *(key for video in videos.values() for key in video.expressions)])
        require_inside(path, {str(e.obj_id) for video in videos.values() for e in video.expressions.values()})
        return videos


@dataclass(frozen=True)
class _Expressions:
    """The masks of the objects under the names of the expressions; a frame without a file is empty."""

    files: MaskSource
    videos: Mapping[str, _Video]

    @property
    def name(self) -> str:
        return self.files.name

    def sequences(self) -> tuple[str, ...]:
        return tuple(sorted(f"{name}/{key}" for name, video in self.videos.items() for key in video.expressions))

    def frames(self, sequence: str) -> tuple[str, ...]:
        video = self.videos.get(sequence.partition("/")[0])
        return video.frames if video else ()

    def read(self, sequence: str, frame: str) -> Masks:
        path = self._path(sequence)
        if frame in self._have.get(path, frozenset()):
            return self.files.read(path, frame)
        return (np.zeros(self._shape(sequence.partition("/")[0]), np.uint8),)

    def where(self, sequence: str, frame: str | None = None) -> str:
        return self.files.where(self._path(sequence), frame)

    def subset(self, *sequences: str) -> "_Expressions":
        videos = {name: self.videos[name] for name in (s.partition("/")[0] for s in sequences) if name in self.videos}
        paths = (path for path in self.files.sequences() if path.partition("/")[0] in videos)
        return _Expressions(subset(self.files, *paths), videos)

    def modified(self, *sequences: str) -> int:
        return modified(self.files, *{path for path in map(self._path, sequences) if path in self._have})

    def _path(self, sequence: str) -> str:
        name, _, key = sequence.partition("/")
        video = self.videos.get(name)
        return f"{name}/{video.expressions[key].obj_id}" if video and key in video.expressions else sequence

    @cached_property
    def _have(self) -> Mapping[str, frozenset[str]]:
        return {path: frozenset(self.files.frames(path)) for path in self.files.sequences()}

    def _shape(self, video: str) -> tuple[int, int]:
        """The size of the video's frames, from the first mask of any of its objects."""
        shapes: dict[str, tuple[int, int]] = self.__dict__.setdefault("_shapes", {})
        if video not in shapes:
            path = next((p for p in self._have if p.startswith(f"{video}/") and self._have[p]), None)
            if path is None:
                fix = "fetch the annotations again"
                message, where = "no mask of the video tells its size", self.files.where(video)
                raise InputError([Problem(code="unreadable-mask", message=message, where=where, fix=fix)])
            rows, columns = self.files.read(path, min(self._have[path]))[0].shape
            shapes[video] = (rows, columns)
        return shapes[video]
