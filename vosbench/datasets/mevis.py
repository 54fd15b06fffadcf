"""The layout of MeViS: expressions that refer to objects, masks run-length encoded.

::

    <split>/mask_dict.json                {<annotation>: [encoding or null, one a frame]}
    <split>/meta_expressions.json         videos, their frames, and expressions with the annotations they mean
    <split>/meta_expressions_v2.json      the same of the second version, whose expressions may mean no annotation

A sequence is an expression, called ``<video>/<expression>``; its ground truth is the union of its annotations.
Predictions are ``<video>/<expression>/<frame>.png``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import msgspec

from vosbench.datasets.lists import not_found, read_list, require_inside
from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.listing import last_change
from vosbench.masks.planes import pack
from vosbench.masks.run_lengths import EncodingError, RunLengths, decode
from vosbench.masks.sources import open_masks
from vosbench.text import as_utf8
from vosbench.types import Masks, MaskSource, ObjectInfo, Sequence

T = TypeVar("T")
_Encoded = dict[str, tuple[RunLengths | None, ...]]


class Expression(msgspec.Struct, frozen=True):
    """The annotations that an expression means, and its kind in ReVOS."""

    anno_id: tuple[int | str, ...] = ()
    type_id: int | None = None


class Video(msgspec.Struct, frozen=True):
    """The expressions of a video by key, and its frames."""

    expressions: dict[str, Expression]
    frames: tuple[str, ...]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, Video]


@dataclass(frozen=True)
class MeViS:
    """A MeViS root, the folder that holds ``valid_u/``; ``meta`` is the file of the expressions."""

    root: Path
    meta: str = "meta_expressions.json"

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return (f"<split>/{self.meta}", "<split>/mask_dict.json")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return bool(self.splits())

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold expressions and masks."""
        metas = sorted(self.root.glob(f"*/{self.meta}"))
        return tuple(p.parent.name for p in metas if (p.parent / "mask_dict.json").is_file())

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The expressions of a split, or of a list of videos or expressions taken from any split."""
        folder, names = self._resolve(split)
        videos = self._meta(folder)
        return tuple(
            Sequence(
                name=f"{name}/{key}",
                frames=video.frames,
                objects=(ObjectInfo(id=1, category=name, group=self._group(expression)),),
            )
            for name, video in videos.items()
            for key, expression in video.expressions.items()
            if not names or name in names or f"{name}/{key}" in names
        )

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        folder = self._resolve(split)[0]
        return Expressions(self._files(folder)[1], self._meta(folder))

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<video>/<expression>/<frame>.png``."""
        videos = [item for split in self.splits() for item in self._meta(split).items()]
        known = {f"{name}/{key}" for name, video in videos for key in video.expressions}
        return open_masks(path, palette=palette, depth=2, known=known)

    def _files(self, split: str) -> tuple[Path, Path]:
        """The files of a split: its expressions and its masks."""
        return self.root / split / self.meta, self.root / split / "mask_dict.json"

    def _group(self, expression: Expression) -> str | None:
        """The group that an expression is averaged in."""
        del expression
        return None

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

    def _meta(self, folder: str) -> Mapping[str, Video]:
        cache: dict[str, _Meta] = self.__dict__.setdefault("_metas", {})
        if folder not in cache:
            path = self._files(folder)[0]
            cache[folder] = read_json(path, _Meta)
            require_inside(path, cache[folder].videos)
            require_inside(path, {key for video in cache[folder].videos.values() for key in video.expressions})
        return cache[folder].videos


@dataclass(frozen=True)
class Expressions:
    """The masks of expressions: unions of encoded annotations."""

    path: Path
    videos: Mapping[str, Video]

    @property
    def name(self) -> str:
        """The file."""
        return str(self.path)

    @cached_property
    def _encoded(self) -> _Encoded:
        return read_json(self.path, _Encoded)

    def subset(self, *sequences: str) -> "Expressions":
        """These expressions alone, with the encodings they need."""
        videos = {name: self.videos[name] for name in (s.partition("/")[0] for s in sequences) if name in self.videos}
        part = replace(self, videos=videos)
        needed = {str(a) for v in videos.values() for expression in v.expressions.values() for a in expression.anno_id}
        part.__dict__["_encoded"] = {a: self._encoded[a] for a in needed if a in self._encoded}
        return part

    def modified(self, *_: str) -> int:
        """When the file was last written or renamed (ns since 1970). Raises OSError."""
        return last_change(self.path)

    def sequences(self) -> tuple[str, ...]:
        """Names of the expressions, sorted."""
        return tuple(sorted(f"{name}/{key}" for name, video in self.videos.items() for key in video.expressions))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the frames of an expression's video."""
        video = self.videos.get(sequence.partition("/")[0])
        return video.frames if video else ()

    def read(self, sequence: str, frame: str) -> Masks:
        """The annotations that an expression means. Raises InputError."""
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
        """The file and the part of it that is meant."""
        return f"{self.path}#{sequence}" + (f"/{frame}" if frame else "")

    def _size(self, video: Video) -> tuple[int, int]:
        """The size of the video's frames, from any of its masks."""
        annotations = (str(a) for expression in video.expressions.values() for a in expression.anno_id)
        sizes = (m.size for a in annotations for m in self._encoded.get(a, ()) if m)
        size = next(sizes, None)
        if size is None:
            raise EncodingError("no mask of the video has a size")
        return size


def read_json(path: Path, kind: type[T]) -> T:
    """The content of a JSON file as ``kind``. Raises InputError where it is not there or something else."""
    try:
        return msgspec.json.decode(as_utf8(path.read_bytes()), type=kind)
    except FileNotFoundError as error:
        raise not_found(path.parent, [path.name], "the expressions and masks of MeViS") from error
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem(code="layout", message=f"not readable ({error})", where=str(path), fix="fetch it again")
        raise InputError([problem]) from error
