"""Where masks come from: a folder of PNG files, or a zip archive of one, read in place.

Both hold ``<sequence>/<frame>.png``; a single folder above the sequences (``Annotations/``) is stepped into. A folder
of PNG files without sub-folders is one sequence, called ".".
"""

import os
import stat
import zipfile
from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vosbench.masks.archive import MaskArchive
from vosbench.masks.listing import MAX_FILE_BYTES, Listed, by_sequence, last_change, refused
from vosbench.types import MaskSource

#: A pipe opened like this does not wait for somebody to write to it.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def open_masks(path: Path, *, palette: str | None = None, depth: int = 1) -> MaskSource:
    """The masks at ``path``: a folder, a zip archive, or a JSON document (:mod:`vosbench.masks.rle`).

    ``depth`` is the number of folders that name a sequence of a folder; sequences of two are called "a/b".

    Raises:
        InputError: nothing there, no masks in it, or an archive that is not safe to read.
    """
    source: MaskSource | None
    if (source := _masklets(path)) is not None:
        return source
    if path.is_dir():
        source = MaskFolder(_inner(path, depth), palette, depth)
    elif path.suffix == ".json" and path.is_file():
        from vosbench.masks.rle import open_instances

        source = open_instances(path)
    elif path.is_file() and zipfile.is_zipfile(path):  # a pipe would be waited for
        source = MaskArchive(path, palette)
    else:
        what, fix = "does not exist", "give a folder of <sequence>/<frame>.png, or a zip of one"
        if path.exists():
            what = "is neither a folder nor a zip archive"
        if path.is_file() and path.suffix.lower() == ".zip":
            what, fix = "is no zip archive, or not the whole of one", "zip the masks and copy the archive again"
        raise refused("no-masks", f"it {what}", str(path), fix)
    if not source.sequences():
        raise refused("no-masks", "it holds no PNG files", str(path), "expected <sequence>/<frame>.png")
    return source


def _masklets(path: Path) -> MaskSource | None:
    """The masks of SA-V's own files, if ``path`` holds such: JSON beside no folder, or one file of it."""
    if path.suffix != ".json" and not (path.is_dir() and next(path.glob("*.json"), None)):
        return None
    from vosbench.masks.masklets import find_masklets

    return find_masklets(path)


def _inner(path: Path, depth: int) -> Path:
    """Step into a lone folder above the sequences, such as ``Annotations/`` in a submission, whatever files lie by."""
    try:
        folders = [e for e in path.iterdir() if e.is_dir() and not e.name.startswith((".", "__MACOSX"))]
        if len(folders) == 1 and _has_folders(folders[0], depth):
            return folders[0]
    except OSError as error:
        raise refused("unreadable-folder", f"cannot list it ({error.strerror})", str(path), "check access") from error
    return path


def _has_folders(path: Path, depth: int) -> bool:
    """Are there folders ``depth`` levels below?"""
    return any(e.is_dir() and (depth == 1 or _has_folders(e, depth - 1)) for e in path.iterdir())


@dataclass(frozen=True)
class MaskFolder(Listed):
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
            found = [mask for name, folder in _folders(self.root, self.depth) for mask in _masks_in(folder, name)]
            found = found or list(_masks_in(self.root, "."))
        except OSError as error:
            where = str(error.filename or self.root)
            raise refused("unreadable-folder", f"cannot list it ({error.strerror})", where, "check access") from error
        return by_sequence(found, str)

    def subset(self, *sequences: str) -> "MaskFolder":
        """These sequences alone, with absolute paths."""
        part = copy(self)
        # The property finds its files there, as if it had listed them.
        part.__dict__["files"] = {
            name: {frame: str(Path(path).absolute()) for frame, path in self.files[name].items()}
            for name in sequences
            if name in self.files
        }
        return part

    def modified(self, *sequences: str) -> int:
        """When a file of these sequences was last written, renamed or removed (ns since 1970). Raises OSError."""
        paths = {Path(path) for name in sequences for path in self.files.get(name, {}).values()}
        return max(map(last_change, paths | {path.parent for path in paths}), default=0)

    def load(self, key: str) -> bytes:
        """The bytes of a file. Raises OSError, also for a pipe or a device, which would never end."""
        file = os.open(key, _READ)  # a third cheaper than open() on small files
        try:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("it is no file")
            if status.st_size > MAX_FILE_BYTES:
                raise OSError(f"it has {status.st_size} bytes, a mask at most {MAX_FILE_BYTES}")
            data = os.read(file, status.st_size)
            while len(data) <= MAX_FILE_BYTES and (more := os.read(file, 1 << 20)):
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


def _masks_in(folder: Path, sequence: str) -> Iterator[tuple[str, str, str]]:
    """(sequence, frame, path) of the PNG files in a folder."""
    with os.scandir(folder) as entries:  # strings, not Path objects: folders hold thousands of frames
        names = [e.name for e in entries if e.name[-4:].lower() == ".png" and not e.name.startswith(".")]
    for name in names:
        yield sequence, name[:-4], f"{folder}{os.sep}{name}"
