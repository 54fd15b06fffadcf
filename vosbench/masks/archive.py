"""A zip archive of masks, read in place: nothing is extracted, and what is not safe to read is refused as a whole."""

import os
import stat
import struct
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import MAX_MEMBERS, MAX_OTHERS, MAX_PATH, Listed, largest, last_change, refused
from vosbench.masks.names import Found, split_path
from vosbench.masks.tree import ANY, Tree, Wanted, arranged
from vosbench.masks.walk import MAX_DEPTH

#: Deflate makes 1032 bytes of one at most; what claims more lies.
MAX_INFLATION = 1032

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UTF8 = 0x800  # the flag of a name in UTF-8
_UNICODE_PATH = 0x7075  # the extra field of Info-ZIP with the name in UTF-8


@dataclass(frozen=True)
class MaskArchive(Listed):
    """PNG masks in a zip archive. Unsafe archives are refused as a whole."""

    path: Path
    palette: str | None = None
    wanted: Wanted = ANY
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
    def _listed(self) -> tuple[Found, list[str]]:
        """The masks by folder, and other members. Raises InputError naming every unsafe member."""
        members = self._archive.infolist()
        if len(members) > MAX_MEMBERS:
            message = f"it has {len(members)} members, at most {MAX_MEMBERS} are read"
            raise refused("unsafe-archive", message, self.name, "zip the masks alone")
        if problems := [problem for info in members if (problem := self._unsafe(info))]:
            raise InputError(problems)
        return listed((decoded_name(info), info.filename) for info in members)

    @cached_property
    def tree(self) -> Tree:
        """The sequences. Raises InputError for an archive or names that are not safe."""
        return arranged(self._listed[0], self.wanted, lambda key: f"{self.path}/{key}")

    @property
    def others(self) -> tuple[str, ...]:
        """Members that are no masks."""
        return tuple(self._listed[1])

    def _unsafe(self, info: zipfile.ZipInfo) -> Problem | None:
        why, fix = unsafe_path(info.filename), "zip the folder itself"
        if why:
            pass
        elif stat.S_ISLNK(info.external_attr >> 16):
            why, fix = "it is a symbolic link", "zip the files, not links"
        elif info.file_size > largest(info.filename) or info.file_size > MAX_INFLATION * info.compress_size + 4096:
            why, fix = f"it claims to inflate to {info.file_size} bytes", "zip it again"
        elif info.flag_bits & 1:
            why, fix = "it is encrypted", "zip it without a password"
        elif info.compress_type not in _METHODS:
            why, fix = f"it is packed by method {info.compress_type}", "zip it with deflate"
        return unsafe_member(why, f"{self.path}/{info.filename}", fix) if why else None

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        return _read(self._archive, key)

    def subset(self, *sequences: str) -> "ArchivePart":
        """These sequences alone, found by an absolute path."""
        return ArchivePart(self.name, self.path.absolute(), self.palette, self.tree.part(sequences))

    def modified(self, *_: str) -> int:
        """When the archive was last written or renamed (ns since 1970). Raises OSError."""
        return last_change(self.path)


@dataclass(frozen=True)
class ArchivePart(Listed):
    """Some sequences of an archive: the names of their members came along, the archive is opened where it is read."""

    called: str
    place: Path
    palette: str | None
    members: Tree

    @property
    def name(self) -> str:
        """What the whole archive is called."""
        return self.called

    @property
    def tree(self) -> Tree:
        """The sequences that came along."""
        return self.members

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        try:
            archive = _opened(self.place, self.place.stat().st_mtime_ns, os.getpid())
        except Exception as error:  # as a whole archive does
            raise OSError(str(error) or type(error).__name__) from error
        return _read(archive, key)


@lru_cache(maxsize=16)
def _opened(archive: Path, version: int, process: int) -> zipfile.ZipFile:
    """An archive, opened once by each process for all tasks that read it."""
    return zipfile.ZipFile(archive)


def listed(members: Iterable[tuple[str, str]]) -> tuple[Found, list[str]]:
    """The masks by folder, and the keys of other members, of (path, key) of each member."""
    found: Found = {}
    others: list[str] = []
    for path, key in members:
        place = split_path(path)
        if place is None:
            continue
        if place[1][-4:].lower() == ".png":
            found.setdefault(place[0], []).append((place[1][:-4], key))
        elif len(others) < MAX_OTHERS:
            others.append(key)
    return found, sorted(others)


def unsafe_path(name: str) -> str:
    """Why the path of a member is not safe to read; "" where it is. Backslashes part folders, as on Windows."""
    path = name[:MAX_PATH].replace("\\", "/")
    parts = path.split("/")
    if len(name) > MAX_PATH:
        return f"its path has {len(name)} characters, at most {MAX_PATH} are read"
    if path.startswith("/") or ".." in parts or ":" in parts[0]:
        return "its path leaves the archive"
    if len(parts) > MAX_DEPTH + 1:
        return f"it lies {len(parts) - 1} folders deep, at most {MAX_DEPTH} are read"
    return ""


def unsafe_member(why: str, where: str, fix: str) -> Problem:
    """The problem of one member, for which the whole archive is refused."""
    return Problem(code="unsafe-archive", message=why, where=where, fix=fix)


def decoded_name(info: zipfile.ZipInfo) -> str:
    """The path of a member: in UTF-8 if its flag, its extra field or its bytes say so, else by code page 437."""
    if info.flag_bits & _UTF8 or info.filename.isascii():
        return info.filename
    raw = info.filename.encode("cp437", errors="replace")
    try:
        return (_unicode_path(info.extra) or raw).decode()
    except UnicodeDecodeError:
        return info.filename


def _unicode_path(extra: bytes) -> bytes:
    """The name in the extra field of Info-ZIP; empty without one."""
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == _UNICODE_PATH:
            return extra[9 : 4 + size]  # after a version and the checksum of the other name
        extra = extra[4 + size :]
    return b""


def _read(archive: zipfile.ZipFile, key: str) -> bytes:
    """The bytes of a member. Raises OSError."""
    try:
        return archive.read(key)
    except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError and more
        raise OSError(str(error) or type(error).__name__) from error
