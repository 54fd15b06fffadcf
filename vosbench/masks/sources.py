"""Where masks come from: a folder of PNG files, or a zip archive of one, read in place.

Both hold ``<sequence>/<frame>.png``; a single folder above the sequences (``Annotations/``) is stepped into. A folder
of PNG files without sub-folders is one sequence, called ".".
"""

import os
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

from vosbench.errors import InputError, Problem
from vosbench.masks.png import MaskError, decode
from vosbench.types import LabelMap, Masks, MaskSource

#: A mask file that claims to be larger than this is refused.
MAX_FILE_BYTES = 256 << 20


def open_masks(path: Path, *, palette: str | None = None, depth: int = 1) -> MaskSource:
    """The masks at ``path``: a folder, a zip archive, or a JSON document (:mod:`vosbench.masks.rle`).

    ``depth`` is the number of folders that name a sequence of a folder; sequences of two are called "a/b".

    Raises:
        InputError: nothing there, no masks in it, or an archive that is not safe to read.
    """
    source: MaskSource
    if path.is_dir():
        source = MaskFolder(_inner(path, depth), palette, depth)
    elif path.suffix == ".json" and path.is_file():
        from vosbench.masks.rle import open_instances

        source = open_instances(path)
    elif zipfile.is_zipfile(path):
        source = MaskArchive(path, palette)
    else:
        what = "is neither a folder nor a zip archive" if path.exists() else "does not exist"
        raise _refused("no-masks", f"it {what}", str(path), "give a folder of <sequence>/<frame>.png, or a zip of one")
    if not source.sequences():
        raise _refused("no-masks", "it holds no PNG files", str(path), "expected <sequence>/<frame>.png")
    return source


def _inner(path: Path, depth: int) -> Path:
    """Step into a lone folder above the sequences, such as ``Annotations/`` in a submission, whatever files lie by."""
    try:
        folders = [e for e in path.iterdir() if e.is_dir() and not e.name.startswith((".", "__MACOSX"))]
        if len(folders) == 1 and _has_folders(folders[0], depth):
            return folders[0]
    except OSError as error:
        raise _refused("unreadable-folder", f"cannot list it ({error.strerror})", str(path), "check access") from error
    return path


def _has_folders(path: Path, depth: int) -> bool:
    """Are there folders ``depth`` levels below?"""
    return any(e.is_dir() and (depth == 1 or _has_folders(e, depth - 1)) for e in path.iterdir())


class _Listed:
    """A source that knows its files as {sequence: {frame: key}}."""

    palette: str | None

    @property
    def name(self) -> str:
        raise NotImplementedError

    @property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        raise NotImplementedError

    def load(self, key: str) -> bytes:
        raise NotImplementedError

    def sequences(self) -> tuple[str, ...]:
        return tuple(sorted(self.files))

    def frames(self, sequence: str) -> tuple[str, ...]:
        return tuple(sorted(self.files.get(sequence, ())))

    def where(self, sequence: str, frame: str | None = None) -> str:
        inside = PurePosixPath(sequence) if frame is None else PurePosixPath(sequence, f"{frame}.png")
        return f"{self.name}/{inside}"

    def read(self, sequence: str, frame: str) -> Masks:
        return (read_mask(lambda: self.load(self.files[sequence][frame]), self, sequence, frame, self.palette),)


def read_mask(
    load: Callable[[], bytes], source: MaskSource, sequence: str, frame: str, palette: str | None = None
) -> LabelMap:
    """Load and decode one mask file. Raises InputError with the file's path, sequence and frame."""
    error: Exception
    try:
        return decode(load(), palette=palette)
    except MaskError as problem:
        error, code, message, fix = problem, problem.code, str(problem), problem.fix
    except KeyError as problem:
        error, code, message, fix = problem, "missing-frame", "there is no such mask", "write the mask"
    except OSError as problem:
        message = f"cannot read it ({getattr(problem, 'strerror', None) or problem})"
        error, code, fix = problem, "unreadable-mask", "check the file and access to it"
    where = source.where(sequence, frame)
    raise InputError(
        [Problem(code=code, message=message, where=where, fix=fix, sequence=sequence, frame=frame)]
    ) from error


@dataclass(frozen=True)
class MaskFolder(_Listed):
    """PNG masks in ``root/<sequence>/<frame>.png``, or ``root/<frame>.png`` for a single sequence.

    With a ``depth`` of 2 a sequence is named by two folders; where there is only one level, by that.
    """

    root: Path
    palette: str | None = None
    depth: int = 1

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    @cached_property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """Paths by sequence and frame. Raises InputError for a folder that cannot be listed."""
        try:
            found = {name: _frames_in(folder) for name, folder in _folders(self.root, self.depth)}
            if not any(found.values()):
                found = {".": _frames_in(self.root)}
        except OSError as error:
            where = str(error.filename or self.root)
            raise _refused("unreadable-folder", f"cannot list it ({error.strerror})", where, "check access") from error
        return {name: frames for name, frames in found.items() if frames}

    def load(self, key: str) -> bytes:
        """The bytes of a file."""
        file = os.open(key, os.O_RDONLY | getattr(os, "O_BINARY", 0))  # a third cheaper than open() on small files
        try:
            data = os.read(file, os.fstat(file).st_size)
            while more := os.read(file, 1 << 20):
                data += more
            return data
        finally:
            os.close(file)


def _folders(root: Path, depth: int) -> Iterator[tuple[str, Path]]:
    """Names and paths of the folders up to ``depth`` levels below ``root``, sorted."""
    for entry in sorted(e for e in root.iterdir() if e.is_dir() and not e.name.startswith(".")):
        yield entry.name, entry
        if depth > 1:
            yield from ((f"{entry.name}/{name}", folder) for name, folder in _folders(entry, depth - 1))


def _frames_in(folder: Path) -> dict[str, str]:
    with os.scandir(folder) as entries:  # strings, not Path objects: folders hold thousands of frames
        names = [e.name for e in entries if e.name[-4:].lower() == ".png" and not e.name.startswith(".")]
    return {name[:-4]: f"{folder}{os.sep}{name}" for name in names}


@dataclass(frozen=True)
class MaskArchive(_Listed):
    """PNG masks in a zip archive, read without extracting it. Unsafe archives are refused as a whole."""

    path: Path
    palette: str | None = None
    _opened: dict[int, zipfile.ZipFile] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        try:
            self._opened[os.getpid()] = zipfile.ZipFile(self.path)
        except Exception as error:  # a damaged directory raises struct.error, UnicodeDecodeError, ValueError and more
            raise _refused("unreadable-archive", f"cannot open it ({error})", str(self.path), "zip it again") from error

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
        problems: list[Problem] = []
        members: dict[tuple[str, ...], str] = {}
        for info in self._archive.infolist():
            if problem := self._unsafe(info):
                problems.append(problem)
            path = PurePosixPath(info.filename)
            hidden = path.name.startswith(".") or "__MACOSX" in path.parts
            if info.is_dir() or hidden or path.suffix.lower() != ".png":
                continue
            key = (*path.parts[:-1], path.stem)
            if key in members:
                problems.append(self._problem("duplicate-frame", info, "the archive holds it twice", "zip it again"))
            members[key] = info.filename
        if problems:
            raise InputError(problems)
        return _by_sequence(members)

    def _unsafe(self, info: zipfile.ZipInfo) -> Problem | None:
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename.split("/")[0]:
            return self._problem("unsafe-archive", info, "its path leaves the archive", "zip the folder itself")
        if stat.S_ISLNK(info.external_attr >> 16):
            return self._problem("unsafe-archive", info, "it is a symbolic link", "zip the files, not links")
        if info.file_size > MAX_FILE_BYTES or info.file_size > 1200 * info.compress_size + 4096:
            return self._problem(
                "unsafe-archive", info, f"it claims to inflate to {info.file_size} bytes", "zip it again"
            )
        if info.flag_bits & 1:
            return self._problem("unsafe-archive", info, "it is encrypted", "zip it without a password")
        return None

    def _problem(self, code: str, info: zipfile.ZipInfo, message: str, fix: str) -> Problem:
        return Problem(code=code, message=message, where=f"{self.path}/{info.filename}", fix=fix)

    def load(self, key: str) -> bytes:
        """The bytes of a member. Raises OSError."""
        try:
            return self._archive.read(key)
        except Exception as error:  # BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError and more
            raise OSError(str(error) or type(error).__name__) from error


def _by_sequence(members: Mapping[tuple[str, ...], str]) -> Mapping[str, Mapping[str, str]]:
    """Group members by sequence, after dropping the folders that all of them share above the sequences."""
    parents = {key[:-1] for key in members}
    depth = 0
    while parents and len({p[:1] for p in parents}) == 1 and min(len(p) for p in parents) > 1:
        parents = {p[1:] for p in parents}
        depth += 1
    files: dict[str, dict[str, str]] = {}
    for key, member in members.items():
        files.setdefault("/".join(key[depth:-1]) or ".", {})[key[-1]] = member
    return files


def _refused(code: str, message: str, where: str, fix: str) -> InputError:
    return InputError([Problem(code=code, message=message, where=where, fix=fix)])
