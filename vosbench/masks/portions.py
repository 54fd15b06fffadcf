"""The part of a source that one task needs, in a form that can be sent to a worker who may stand elsewhere.

A listing of ten thousand videos must not travel with each of them: a portion knows its own sequences alone, and finds
its files by absolute paths, while messages name them as the user did. A source of another kind may have methods
``only(*sequences)`` and ``changed(*sequences)`` that do the same; without them it is sent whole, and trusted.
"""

import os
import zipfile
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from pathlib import Path, PurePosixPath

from vosbench.masks.archive import MaskArchive
from vosbench.masks.listing import read_mask
from vosbench.masks.objects import ObjectTree
from vosbench.masks.order import in_time_order
from vosbench.masks.rle import InstanceFile
from vosbench.masks.sources import MaskFolder
from vosbench.types import Masks, MaskSource

Files = Mapping[str, Mapping[str, str]]


@singledispatch
def only(source: MaskSource, *sequences: str) -> MaskSource:
    """The source with these sequences alone."""
    own: Callable[..., MaskSource] | None = getattr(source, "only", None)
    return own(*sequences) if own else source


@singledispatch
def changed(source: MaskSource, *sequences: str) -> int:
    """When a file of these sequences was last written, renamed or removed (ns since 1970); 0 if unknown.

    Raises:
        OSError: a file is gone.
    """
    own: Callable[..., int] | None = getattr(source, "changed", None)
    return own(*sequences) if own else 0


@only.register
def _(source: MaskFolder, *sequences: str) -> MaskSource:
    part = copy(source)
    # The property finds its files there, as if it had listed them.
    part.__dict__["files"] = {
        name: {frame: str(Path(path).absolute()) for frame, path in frames.items()}
        for name, frames in _of(source.files, sequences).items()
    }
    return part


@changed.register
def _(source: MaskFolder, *sequences: str) -> int:
    paths = {Path(path) for frames in _of(source.files, sequences).values() for path in frames.values()}
    return max(map(_last_change, paths | {path.parent for path in paths}), default=0)


@only.register
def _(source: MaskArchive, *sequences: str) -> MaskSource:
    return ArchivePortion(source.name, source.path.absolute(), source.palette, _of(source.files, sequences))


@changed.register(MaskArchive)
@changed.register(InstanceFile)
def _(source: MaskArchive | InstanceFile, *_: str) -> int:
    return _last_change(source.path)


@only.register
def _(source: ObjectTree, *sequences: str) -> MaskSource:
    required = source.required or {}
    needed = source.required and {name: required[name] for name in sequences if name in required}
    return ObjectTree(only(source.files, *_folders(source, sequences)), needed)


@changed.register
def _(source: ObjectTree, *sequences: str) -> int:
    return changed(source.files, *_folders(source, sequences))


def _last_change(path: Path) -> int:
    state = path.stat()
    return max(state.st_mtime_ns, state.st_ctime_ns)  # on Windows the second one is when it was created


def _of(files: Files, sequences: tuple[str, ...]) -> Files:
    return {name: files[name] for name in sequences if name in files}


def _folders(tree: ObjectTree, sequences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for name in sequences for path in tree.folders.get(name, {}).values())


@dataclass(frozen=True)
class ArchivePortion:
    """Some sequences of an archive: the names of their members came along, the archive is opened where it is read."""

    name: str
    place: Path
    palette: str | None
    files: Files

    def sequences(self) -> tuple[str, ...]:
        """Names of the sequences, sorted."""
        return tuple(sorted(self.files))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the frames of a sequence, in the order of time."""
        return in_time_order(self.files.get(sequence, ()))

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The path for a message."""
        return f"{self.name}/{PurePosixPath(sequence, '' if frame is None else f'{frame}.png')}"

    def read(self, sequence: str, frame: str) -> Masks:
        """The labels of a frame. Raises InputError naming the file."""
        return (read_mask(lambda: self._load(self.files[sequence][frame]), self, sequence, frame, self.palette),)

    def _load(self, member: str) -> bytes:
        try:
            return _opened(self.place, self.place.stat().st_mtime_ns, os.getpid()).read(member)
        except Exception as error:  # as a whole archive does
            raise OSError(str(error) or type(error).__name__) from error


@lru_cache(maxsize=16)
def _opened(archive: Path, version: int, process: int) -> zipfile.ZipFile:
    """An archive, opened once by each process for all tasks that read it."""
    return zipfile.ZipFile(archive)
