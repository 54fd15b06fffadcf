"""Where masks come from: a folder of PNG files, an archive of one, read in place, or a JSON document.

All hold ``<sequence>/<frame>.png`` at some depth; what else lies around does not count (:mod:`vosbench.masks.tree`).
A folder of PNG files alone is one sequence, called ".".
"""

import os
import stat
import zipfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from vosbench.errors import InputError
from vosbench.masks.archive import MaskArchive
from vosbench.masks.formats import instead_of_masks
from vosbench.masks.listing import MAX_FILE_BYTES, Listed, last_change, refused
from vosbench.masks.names import Found
from vosbench.masks.tar import MaskTar, is_tar
from vosbench.masks.tree import Tree, Wanted, arranged, exactly
from vosbench.masks.walk import unlistable, walk
from vosbench.types import MaskSource

if TYPE_CHECKING:
    from vosbench.masks.rle import Video

#: A pipe opened like this does not wait for somebody to write to it.
_READ = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)

_FORMS = "give a folder of <sequence>/<frame>.png, or a zip or tar of one"

#: Endings of archives, and what the first bytes of those say that are not read.
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".rar", ".7z", ".gz", ".bz2", ".xz", ".zst")
_NOT_READ = {
    b"Rar!": "RAR", b"7z\xbc\xaf\x27\x1c": "7z", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"(\xb5/\xfd": "zstd",
    b"\x1f\x8b": "gzip (but no tar)",
}  # fmt: skip


def open_masks(
    path: Path,
    *,
    palette: str | None = None,
    depth: int = 1,
    known: Collection[str] = (),
    objects: bool = False,
    videos: "Mapping[int, Video] | None" = None,
) -> MaskSource:
    """The masks at ``path``: a folder, a zip or tar archive, or a JSON document (:mod:`vosbench.masks.rle`).

    Args:
        path: where they are.
        palette: the palette whose exact colours RGB masks use.
        depth: the number of folders that name a sequence; sequences of two are called "a/b".
        known: names of sequences to look for, such as those of the ground truth.
        objects: a sequence may also hold a folder for each object: these are then called "<sequence>/<object>". Else,
            where sequences that are known hold nothing but such folders, they are read as the labels of a label map.
        videos: the videos that a JSON list of results speaks of.

    Raises:
        InputError: nothing there, no masks in it, several folders that could be meant, or an archive that is not safe
            to read.
    """
    if (source := _masklets(path)) is not None:
        return source
    top = path.absolute().name
    for ending in ARCHIVES:
        top = top.removesuffix(ending)
    wanted = Wanted(known=frozenset(known), depth=depth, objects=objects, top=top)
    if wanted.known and not objects and (by_object := _by_object(path, palette, wanted)):
        return by_object
    return _open(path, palette, wanted, videos)


def _by_object(path: Path, palette: str | None, wanted: Wanted) -> MaskSource | None:
    """Masks of one object a folder, where label maps are expected and no sequence that is known holds one; else None.

    Raises:
        InputError: such folders whose names are no labels.
    """
    from vosbench.masks.objects import ObjectTree

    try:
        source = _open(path, palette, replace(wanted, objects=True), None)
    except InputError:
        return None
    names = set(source.sequences())
    if wanted.known & names or not any(name.rpartition("/")[0] in wanted.known for name in names):
        return None
    found = ObjectTree(source, first=1)
    found.sequences()
    return found


def _open(path: Path, palette: str | None, wanted: Wanted, videos: "Mapping[int, Video] | None") -> MaskSource:
    if path.is_dir():
        return _opened(MaskFolder(path, palette, wanted.depth, wanted), videos)
    if path.suffix.lower() == ".json" and path.is_file():
        from vosbench.masks.rle import open_instances

        return open_instances(path, videos)
    if path.is_file() and is_tar(path):  # a pipe would be waited for; and a tar may hold a zip, whose end is found
        return _opened(MaskTar.open(path, palette, wanted), videos)
    if path.is_file() and zipfile.is_zipfile(path):
        return _opened(MaskArchive(path, palette, wanted), videos)
    raise refused("no-masks", *_nothing(path))


def _masklets(path: Path) -> MaskSource | None:
    """The masks of SA-V's own files, if ``path`` holds such: JSON beside no folder, or one file of it."""
    if path.suffix != ".json" and not (path.is_dir() and next(path.glob("*.json"), None)):
        return None
    from vosbench.masks.masklets import find_masklets

    return find_masklets(path)


def _nothing(path: Path) -> tuple[str, str, str]:
    """Why there are no masks at a path, the path, and what to do."""
    what, fix = "it does not exist", _FORMS
    if path.exists():
        what = "it is neither a folder nor a zip or tar archive"
    if path.is_file():
        with path.open("rb") as file:
            start = file.read(8)
        form = next((name for magic, name in _NOT_READ.items() if start.startswith(magic)), None)
        if form:
            what, fix = f"it is a {form} archive, which is not read", "unpack it, or pack the masks as zip"
        elif path.suffix.lower() == ".zip":
            what, fix = "it is no zip archive, or not the whole of one", "zip the masks and copy the archive again"
    return what, str(path), fix


def _opened(source: "MaskFolder | MaskArchive | MaskTar", videos: "Mapping[int, Video] | None") -> MaskSource:
    """The source itself or, where it holds no masks but a JSON document, that. Raises InputError."""
    if source.sequences():
        return source
    documents = [key for key in source.others if key.lower().endswith(".json")]
    named = [key for key in documents if PurePosixPath(key).name == "results.json"]
    chosen = named or documents
    if len(chosen) == 1:
        from vosbench.masks.rle import read_instances

        return read_instances(lambda: source.load(chosen[0]), f"{source.name}/{chosen[0]}", source.path, videos)
    message, fix = "it holds no PNG files", "expected <sequence>/<frame>.png"
    if len(chosen) > 1:
        message, fix = f"it holds no PNG files, and several JSON files: {', '.join(chosen[:3])}", "leave the one meant"
    if inner := next((key for key in source.others if key.lower().endswith(ARCHIVES)), None):
        message, fix = f"it holds no PNG files, but an archive: {inner}", "take the archive out, and give that"
    elif len(chosen) < 2:
        what, advice = instead_of_masks(source.others)
        message, fix = message + (what and f", but {what}"), advice or fix
    raise refused("no-masks", message, source.name, fix)


@dataclass(frozen=True)
class MaskFolder(Listed):
    """PNG masks in ``root/<sequence>/<frame>.png``, or ``root/<frame>.png`` for a single sequence.

    With a ``depth`` of 2 a sequence is named by two folders; where there is only one level, by that. If ``wanted`` is
    given, sequences are looked for at any depth instead. ``shown`` is what messages call the folder.
    """

    root: Path
    palette: str | None = None
    depth: int = 1
    wanted: Wanted | None = None
    shown: str | None = None

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root) if self.shown is None else self.shown

    @property
    def path(self) -> Path:
        """The folder."""
        return self.root

    @cached_property
    def _walked(self) -> tuple[Found, list[str]]:
        try:
            return walk(self.root, None if self.wanted else self.depth)
        except OSError as error:
            raise unlistable(str(self.root), error) from error

    @cached_property
    def tree(self) -> Tree:
        """The sequences. Raises InputError for a folder that cannot be listed, or names that cannot be used."""
        found = self._walked[0]
        return arranged(found, self.wanted, self._place) if self.wanted else exactly(found, self._place)

    @property
    def others(self) -> tuple[str, ...]:
        """Files that are no masks."""
        return tuple(self._walked[1])

    def _place(self, key: str) -> str:
        return f"{self.name}/{key}"

    def subset(self, *sequences: str) -> "MaskFolder":
        """These sequences alone, under an absolute path."""
        part = MaskFolder(self.root.absolute(), self.palette, self.depth, shown=self.name)
        part.__dict__["tree"] = self.tree.part(sequences)
        return part

    def modified(self, *sequences: str) -> int:
        """When a file of these sequences was last written, renamed or removed (ns since 1970). Raises OSError."""
        files = self.tree.part(sequences).files
        paths = {self.root / key for frames in files.values() for key in frames.values()}
        return max(map(last_change, paths | {path.parent for path in paths}), default=0)

    def load(self, key: str) -> bytes:
        """The bytes of a file. Raises OSError, also for a pipe or a device, which would never end."""
        file = os.open(f"{self.root}{os.sep}{key}", _READ)  # a third cheaper than open() on small files
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
