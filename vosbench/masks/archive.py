"""A zip archive of masks, read in place: nothing is extracted, and what is not safe to read is refused as a whole."""

import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import MAX_FILE_BYTES, Listed, by_sequence, last_change, refused

#: Deflate makes 1032 bytes of one at most; what claims more lies.
MAX_INFLATION = 1032

#: An archive of more members, or a member with a longer path, is refused before its paths are taken apart.
MAX_MEMBERS, MAX_PATH = 1 << 20, 1024

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True)
class MaskArchive(Listed):
    """PNG masks in a zip archive. Unsafe archives are refused as a whole."""

    path: Path
    palette: str | None = None
    _opened: dict[int, zipfile.ZipFile] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self._opened[os.getpid()] = zipfile.ZipFile(self.path)
        except Exception as error:  # a damaged directory raises struct.error, UnicodeDecodeError, ValueError and more
            raise refused("unreadable-archive", f"cannot open it ({error})", str(self.path), "zip it again") from error

    @property
    def _archive(self) -> zipfile.ZipFile:
        """The archive as this process opened it: a forked process shares the parent's position in the file."""
        process = os.getpid()
        if process not in self._opened:
            self._opened[process] = zipfile.ZipFile(self.path)
        return self._opened[process]

    @property
    def name(self) -> str:
        """The archive."""
        return str(self.path)

    @cached_property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """Members by sequence and frame. Raises InputError naming every unsafe member."""
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:
            message = f"it has {len(members)} members, at most {MAX_MEMBERS} are read"
            raise refused("unsafe-archive", message, self.name, "zip the masks alone")
        if problems := [problem for info in members if (problem := self._unsafe(info))]:
            raise InputError(problems)
        masks = [(PurePosixPath(info.filename), info.filename) for info in members if _is_mask(info)]
        return by_sequence(_below_shared_folders(masks), lambda key: f"{self.path}/{key}")

    def _unsafe(self, info: zipfile.ZipInfo) -> Problem | None:
        name = info.filename
        path = PurePosixPath(name[:MAX_PATH])
        why, fix = "", "zip it again"
        if len(name) > MAX_PATH:
            why = f"its path has {len(name)} characters, at most {MAX_PATH} are read"
        elif path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name.split("/")[0]:
            why, fix = "its path leaves the archive", "zip the folder itself"
        elif stat.S_ISLNK(info.external_attr >> 16):
            why, fix = "it is a symbolic link", "zip the files, not links"
        elif info.file_size > MAX_FILE_BYTES or info.file_size > MAX_INFLATION * info.compress_size + 4096:
            why = f"it claims to inflate to {info.file_size} bytes"
        elif info.flag_bits & 1:
            why, fix = "it is encrypted", "zip it without a password"
        elif info.compress_type not in _METHODS:
            why, fix = f"it is packed by method {info.compress_type}", "zip it with deflate"
        return Problem(code="unsafe-archive", message=why, where=f"{self.path}/{name}", fix=fix) if why else None

    def subset(self, *sequences: str) -> "ArchivePart":
        """These sequences alone, found by an absolute path."""
        files = {name: self.files[name] for name in sequences if name in self.files}
        return ArchivePart(self.name, self.path.absolute(), self.palette, files)

    def modified(self, *_: str) -> int:
        """When the archive was last written or renamed (ns since 1970). Raises OSError."""
        return last_change(self.path)

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        try:
            return self._archive.read(key)
        except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError and more
            raise OSError(str(error) or type(error).__name__) from error


@dataclass(frozen=True)
class ArchivePart(Listed):
    """Some sequences of an archive: the names of their members came along, the archive is opened where it is read."""

    called: str
    place: Path
    palette: str | None
    members: Mapping[str, Mapping[str, str]]

    @property
    def name(self) -> str:
        """What the whole archive is called."""
        return self.called

    @property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """Members by sequence and frame."""
        return self.members

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        try:
            return _opened(self.place, self.place.stat().st_mtime_ns, os.getpid()).read(key)
        except Exception as error:  # as a whole archive does
            raise OSError(str(error) or type(error).__name__) from error


@lru_cache(maxsize=16)
def _opened(archive: Path, version: int, process: int) -> zipfile.ZipFile:
    """An archive, opened once by each process for all tasks that read it."""
    return zipfile.ZipFile(archive)


def _is_mask(info: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(info.filename)
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return not info.filename.endswith("/") and not hidden and path.suffix.lower() == ".png"


def _below_shared_folders(masks: list[tuple[PurePosixPath, str]]) -> Iterator[tuple[str, str, str]]:
    """(sequence, frame, member), without the folders that all masks share above the sequences."""
    parents = {path.parts[:-1] for path, _ in masks}
    depth = 0
    while parents and len({p[:1] for p in parents}) == 1 and min(len(p) for p in parents) > 1:
        parents = {p[1:] for p in parents}
        depth += 1
    for path, member in masks:
        yield "/".join(path.parts[depth:-1]) or ".", path.stem, member
