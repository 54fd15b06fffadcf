"""A tar archive of masks, plain or compressed with gzip, read in place: nothing is extracted.

The headers are read here rather than by Python's ``tarfile``, which takes sizes and extended headers by the archive's
word. The masks of a plain archive are read where they lie in it; those of a compressed one, in which nothing can be
found without inflating all before it, are held in memory. Links, devices and sparse files are refused.

The format: POSIX.1-2001 (ustar and pax headers), and the long names of GNU tar.
"""

import gzip
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from vosbench.errors import InputError, Problem
from vosbench.masks.archive import listed, unsafe_member, unsafe_path
from vosbench.masks.listing import MAX_MEMBERS, Listed, largest, last_change, refused
from vosbench.masks.names import Found
from vosbench.masks.tree import ANY, Tree, Wanted, arranged

_BLOCK = 512
#: A compressed archive of more bytes is refused: its masks are held in memory.
MAX_HELD = 1 << 30
#: An extended header of more bytes is refused: it holds a path.
MAX_HEADER = 1 << 16

_GZIP = b"\x1f\x8b"
_FILES, _FOLDER, _LINKS = (b"0", b"\0", b"7"), b"5", (b"1", b"2")
_LONG_NAME, _PAX, _PAX_GLOBAL, _LONG_LINK = b"L", b"x", b"g", b"K"


class DamagedTar(ValueError):
    """Bytes that are no tar archive, or one that is cut off; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class _Member:
    path: str
    kind: bytes
    size: int
    at: int


@dataclass(frozen=True)
class MaskTar(Listed):
    """PNG masks in a tar archive. ``contents`` holds the (place, size) of each member in it, or its bytes."""

    path: Path
    palette: str | None
    wanted: Wanted
    contents: Mapping[str, tuple[int, int] | bytes] = field(repr=False)
    shown: str = ""

    @classmethod
    def open(cls, path: Path, palette: str | None = None, wanted: Wanted | None = None) -> "MaskTar":
        """Read the headers. Raises InputError for what is damaged, and naming every member that is not safe."""
        contents: dict[str, tuple[int, int] | bytes] = {}
        problems: list[Problem] = []
        try:
            with path.open("rb") as plain:
                packed = plain.read(2) == _GZIP
                plain.seek(0)
                file = cast(BinaryIO, gzip.GzipFile(fileobj=plain)) if packed else plain
                for member in _members(file, MAX_HELD if packed else 1 << 62):
                    if why := _unsafe(member):
                        problems.append(unsafe_member(why, f"{path}/{member.path}", "pack the files of masks alone"))
                    elif member.kind in _FILES and member.path in contents:
                        twice = "it is there twice"
                        problems.append(
                            Problem(
                                code="duplicate-frame",
                                message=twice,
                                where=f"{path}/{member.path}",
                                fix="pack it again",
                            )
                        )
                    elif member.kind in _FILES:
                        contents[member.path] = _exactly(file, member.size) if packed else (member.at, member.size)
                    if len(contents) + len(problems) > MAX_MEMBERS:
                        raise DamagedTar(f"it has more than {MAX_MEMBERS} members")
        except (OSError, EOFError, zlib.error, DamagedTar) as error:
            raise refused("unreadable-archive", f"cannot read it ({error})", str(path), "pack it again") from error
        if problems:
            raise InputError(problems)
        return cls(path, palette, wanted or ANY, contents)

    @property
    def name(self) -> str:
        """The archive."""
        return self.shown or str(self.path)

    @cached_property
    def _listed(self) -> tuple[Found, list[str]]:
        return listed((path, path) for path in self.contents)

    @cached_property
    def tree(self) -> Tree:
        """The sequences. Raises InputError for names that cannot be used."""
        return arranged(self._listed[0], self.wanted, lambda key: f"{self.name}/{key}")

    @property
    def others(self) -> tuple[str, ...]:
        """Members that are no masks."""
        return tuple(self._listed[1])

    def modified(self, *_: str) -> int:
        """When the archive was last written or renamed (ns since 1970). Raises OSError."""
        return last_change(self.path)

    def subset(self, *sequences: str) -> "MaskTar":
        """These sequences alone, found by an absolute path."""
        tree = self.tree.part(sequences)
        contents = {key: self.contents[key] for frames in tree.files.values() for key in frames.values()}
        part = replace(self, path=self.path.absolute(), wanted=ANY, contents=contents, shown=self.name)
        part.__dict__["tree"] = tree
        return part

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        found = self.contents[key]
        if isinstance(found, bytes):
            return found
        with self.path.open("rb") as file:
            file.seek(found[0])
            data = file.read(found[1])
        if len(data) < found[1]:
            raise OSError("the archive is cut off")
        return data


def is_tar(path: Path) -> bool:
    """Does a file begin like a tar archive, plain or compressed with gzip?"""
    try:
        with path.open("rb") as plain:
            start = plain.read(_BLOCK)
            plain.seek(0)
            if start.startswith(_GZIP):
                start = gzip.GzipFile(fileobj=plain).read(_BLOCK)
    except (OSError, EOFError, zlib.error):
        return path.name.lower().endswith((".tar.gz", ".tgz", ".tar"))
    return len(start) == _BLOCK and _checksum_is_right(start)


def _members(file: BinaryIO, limit: int) -> Iterator[_Member]:
    """The members in order; the caller may read a member's bytes before it asks for the next. Raises DamagedTar."""
    at, path, size = 0, "", -1
    while header := file.read(_BLOCK):
        if header == bytes(_BLOCK):  # two such blocks end an archive
            return
        if len(header) < _BLOCK or not _checksum_is_right(header):
            raise DamagedTar(f"the header at byte {at} is damaged, or the archive is cut off")
        kind, claimed = header[156:157], _number(header[124:136])
        own, at = size if size >= 0 and kind in _FILES else claimed, at + _BLOCK
        end = at + -(-own // _BLOCK) * _BLOCK
        if end > limit:
            raise DamagedTar(f"it claims to hold more than {limit} bytes: unpack it, or pack less")
        if kind in (_LONG_NAME, _PAX):
            data = _exactly(file, min(own, MAX_HEADER + 1))
            if own > MAX_HEADER:
                raise DamagedTar(f"a header of {own} bytes")
            path, size = (_text(data.split(b"\0")[0]), size) if kind == _LONG_NAME else _extended(data, path, size)
        elif kind not in (_PAX_GLOBAL, _LONG_LINK):
            yield _Member(path or _path(header), kind, own, at)
            path, size = "", -1
        file.seek(end)  # a compressed file is inflated up to there
        at = end
    raise DamagedTar("it is cut off")


def _unsafe(member: _Member) -> str:
    """Why a member is not safe to read; "" where it is."""
    if why := unsafe_path(member.path):
        return why
    if member.kind in _LINKS:
        return "it is a link"
    if member.kind not in (*_FILES, _FOLDER):
        return "it is no plain file"
    most = largest(member.path)
    return f"it has {member.size} bytes, at most {most} are read" if member.size > most else ""


def _checksum_is_right(header: bytes) -> bool:
    try:
        return _number(header[148:156]) == sum(header) - sum(header[148:156]) + 8 * 32
    except DamagedTar:
        return False


def _number(digits: bytes) -> int:
    """A number of a header: octal digits or, where it is too large for them, the bytes after a mark."""
    if digits[0] == 0x80:
        return int.from_bytes(digits[1:], "big")
    try:
        number = int(digits.strip(b" \0") or b"0", 8)
    except ValueError as error:
        raise DamagedTar("a number of a header is none") from error
    if number < 0:
        raise DamagedTar("a number of a header is negative")
    return number


def _path(header: bytes) -> str:
    name, prefix = header[:100].split(b"\0")[0], header[345:500].split(b"\0")[0]
    return _text(prefix + b"/" + name if prefix and header[257:263] == b"ustar\0" else name)


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")


def _extended(data: bytes, path: str, size: int) -> tuple[str, int]:
    """The path and size in a pax header, "length key=value\\n" in turn, or those known before."""
    while data:
        digits, _, rest = data.partition(b" ")
        if not digits.isdigit() or len(digits) > 8 or not 0 < int(digits) <= len(data):
            raise DamagedTar("an extended header is damaged")
        key, _, value = rest[: int(digits) - len(digits) - 2].partition(b"=")
        if key == b"path":
            path = _text(value)
        elif key == b"size":
            if not value.isdigit() or len(value) > 18:
                raise DamagedTar("an extended header is damaged")
            size = int(value)
        elif key.startswith(b"GNU.sparse"):
            raise DamagedTar("it holds sparse files")
        data = data[int(digits) :]
    return path, size


def _exactly(file: BinaryIO, n: int) -> bytes:
    data = file.read(n)
    if len(data) < n:
        raise DamagedTar("it is cut off")
    return data
