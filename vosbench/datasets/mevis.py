"""The layout of MeViS: expressions that refer to objects, masks run-length encoded.

::

    <split>/mask_dict.json                {<annotation>: [encoding or null, one a frame]}
    <split>/meta_expressions.json         videos, their frames, and expressions with the annotations they mean

A sequence is an expression, called ``<video>/<expression>``; its ground truth is the union of its annotations.
Predictions are ``<video>/<expression>/<frame>.png``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from vosbench.datasets.lists import not_found, read_list, require_inside
from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.planes import pack
from vosbench.masks.run_lengths import EncodingError, RunLengths, decode
from vosbench.masks.sources import open_masks
from vosbench.text import as_utf8
from vosbench.types import Masks, MaskSource, ObjectInfo, Sequence

T = TypeVar("T")
_Encoded = dict[str, tuple[RunLengths | None, ...]]


class _Expression(msgspec.Struct, frozen=True):
    anno_id: tuple[int | str, ...] = ()


class _Video(msgspec.Struct, frozen=True):
    expressions: dict[str, _Expression]
    frames: tuple[str, ...]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


@dataclass(frozen=True)
class MeViS:
    """A MeViS root, the folder that holds ``valid_u/``."""

    root: Path

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return ("<split>/meta_expressions.json", "<split>/mask_dict.json")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return bool(self.splits())

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold expressions and masks."""
        metas = sorted(self.root.glob("*/meta_expressions.json"))
        return tuple(p.parent.name for p in metas if (p.parent / "mask_dict.json").is_file())

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The expressions of a split, or of a list of videos or expressions taken from any split."""
        folder, names = self._resolve(split)
        videos = self._meta(folder)
        return tuple(
            Sequence(name=f"{name}/{key}", frames=video.frames, objects=(ObjectInfo(id=1, category=name),))
            for name, video in videos.items()
            for key in video.expressions
            if not names or name in names or f"{name}/{key}" in names
        )

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        folder = self._resolve(split)[0]
        return _Expressions(self.root / folder / "mask_dict.json", self._meta(folder))

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<video>/<expression>/<frame>.png``."""
        videos = [item for split in self.splits() for item in self._meta(split).items()]
        known = {f"{name}/{key}" for name, video in videos for key in video.expressions}
        return open_masks(path, palette=palette, depth=2, known=known)

    def _resolve(self, split: str) -> tuple[str, tuple[str, ...]]:
        if split in self.splits():
            return split, ()
        if not split.endswith(".txt"):
            have = ", ".join(self.splits()) or "none"
            raise UsageError(f"{self.root} has no split called {split!r}: it has {have}", fix="name one of them")
        names = read_list(Path(split))
        for folder in self.splits():
            if {name.partition("/")[0] for name in names} <= set(self._meta(folder)):
                return folder, names
        raise UsageError(f"no split of {self.root} holds all videos listed in {split}", fix="check the names")

    def _meta(self, folder: str) -> Mapping[str, _Video]:
        cache: dict[str, _Meta] = self.__dict__.setdefault("_metas", {})
        if folder not in cache:
            path = self.root / folder / "meta_expressions.json"
            cache[folder] = _read(path, _Meta)
            require_inside(path, cache[folder].videos)
            require_inside(path, {key for video in cache[folder].videos.values() for key in video.expressions})
        return cache[folder].videos


@dataclass(frozen=True)
class _Expressions:
    """The masks of expressions: unions of encoded annotations."""

    path: Path
    videos: Mapping[str, _Video]

    @property
    def name(self) -> str:
        return str(self.path)

    @cached_property
    def _encoded(self) -> _Encoded:
        return _read(self.path, _Encoded)

    def only(self, *sequences: str) -> "_Expressions":
        videos = {name: self.videos[name] for name in (s.partition("/")[0] for s in sequences) if name in self.videos}
        part = _Expressions(self.path, videos)
        needed = {str(a) for v in videos.values() for expression in v.expressions.values() for a in expression.anno_id}
        part.__dict__["_encoded"] = {a: self._encoded[a] for a in needed if a in self._encoded}
        return part

    def changed(self, *sequences: str) -> int:
        return max(self.path.stat().st_mtime_ns, self.path.stat().st_ctime_ns)

    def sequences(self) -> tuple[str, ...]:
        return tuple(sorted(f"{name}/{key}" for name, video in self.videos.items() for key in video.expressions))

    def frames(self, sequence: str) -> tuple[str, ...]:
        video = self.videos.get(sequence.partition("/")[0])
        return video.frames if video else ()

    def read(self, sequence: str, frame: str) -> Masks:
        name, _, key = sequence.partition("/")
        video = self.videos[name]
        at = video.frames.index(frame)
        ours = [self._encoded.get(str(a), ()) for a in video.expressions[key].anno_id]
        masks = [e[at] for e in ours if at < len(e)]
        try:
            decoded = [(k, decode(m)) for k, m in enumerate((m for m in masks if m), start=1)]
            return pack(decoded, decoded[0][1].shape if decoded else self._size(video))
        except (ValueError, IndexError) as error:
            where = self.where(sequence, frame)
            message, fix = f"no usable encoding ({error})", "fetch the file again"
            raise InputError(
                [Problem(code="unreadable-mask", message=message, where=where, fix=fix, sequence=sequence, frame=frame)]
            ) from error

    def where(self, sequence: str, frame: str | None = None) -> str:
        return f"{self.path}#{sequence}" + (f"/{frame}" if frame else "")

    def _size(self, video: _Video) -> tuple[int, int]:
        """The size of the video's frames, from any of its masks."""
        annotations = (str(a) for expression in video.expressions.values() for a in expression.anno_id)
        sizes = (m.size for a in annotations for m in self._encoded.get(a, ()) if m)
        size = next(sizes, None)
        if size is None:
            raise EncodingError("no mask of the video has a size")
        return size


def _read(path: Path, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(as_utf8(path.read_bytes()), type=kind)
    except FileNotFoundError as error:
        raise not_found(path.parent, [path.name], "the expressions and masks of MeViS") from error
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem(code="layout", message=f"not readable ({error})", where=str(path), fix="fetch it again")
        raise InputError([problem]) from error
