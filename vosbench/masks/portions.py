"""The part of a source that one task needs, in a form that can be sent to a worker who may stand elsewhere.

A listing of ten thousand videos must not travel with each of them: a portion knows its own sequences alone, and finds
its files by absolute paths, while messages name them as the user did. A source of another kind may have methods
``only(*sequences)`` and ``changed(*sequences)`` that do the same; without them it is sent whole, and trusted.
"""

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from pathlib import Path

from vosbench.masks.archive import MaskArchive, read_member
from vosbench.masks.listing import Listed
from vosbench.masks.objects import ObjectTree
from vosbench.masks.rle import InstanceFile
from vosbench.masks.sources import MaskFolder
from vosbench.masks.tar import MaskTar
from vosbench.masks.tree import Tree
from vosbench.types import MaskSource


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


@only.register(MaskFolder)
@only.register(MaskTar)
def _(source: MaskFolder | MaskTar, *sequences: str) -> MaskSource:
    return source.part(*sequences)


@changed.register
def _(source: MaskFolder, *sequences: str) -> int:
    files = source.tree.part(sequences).files
    paths = {source.root / key for frames in files.values() for key in frames.values()}
    return max(map(_last_change, paths | {path.parent for path in paths}), default=0)


@only.register
def _(source: MaskArchive, *sequences: str) -> MaskSource:
    return ArchivePortion(source.name, source.path.absolute(), source.palette, source.tree.part(sequences))


@changed.register(MaskTar)
@changed.register(MaskArchive)
@changed.register(InstanceFile)
def _(source: MaskTar | MaskArchive | InstanceFile, *_: str) -> int:
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


def _folders(tree: ObjectTree, sequences: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(path for name in sequences for path in tree.folders.get(name, {}).values())


@dataclass(frozen=True)
class ArchivePortion(Listed):
    """Some sequences of a zip archive: the names of their members came along, it is opened where it is read."""

    shown: str
    place: Path
    palette: str | None
    part: Tree

    @property
    def name(self) -> str:
        """The archive, as the user named it."""
        return self.shown

    @property
    def tree(self) -> Tree:
        """The sequences that came along."""
        return self.part

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        try:
            archive = _opened(self.place, self.place.stat().st_mtime_ns, os.getpid())
        except zipfile.BadZipFile as error:
            raise OSError(str(error)) from error
        return read_member(archive, key)


@lru_cache(maxsize=16)
def _opened(archive: Path, version: int, process: int) -> zipfile.ZipFile:
    """An archive, opened once by each process for all tasks that read it."""
    return zipfile.ZipFile(archive)
