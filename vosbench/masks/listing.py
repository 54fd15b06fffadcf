"""What every source of mask files is: masks by sequence and frame, under names that can be shown and told apart."""

from collections.abc import Callable, Mapping
from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.png import MAX_PIXELS, MaskError, decode
from vosbench.masks.tree import Tree
from vosbench.types import DivisibleSource, LabelMap, Masks, MaskSource

#: A mask file that is, or claims to be, larger than this is refused: the largest image at 16 bits, not compressed.
MAX_FILE_BYTES = 2 * MAX_PIXELS

#: The same for a JSON document in an archive.
MAX_DOCUMENT_BYTES = 1 << 29

#: A tree of more files is refused, and so is a path of more characters in an archive.
MAX_MEMBERS, MAX_PATH = 1 << 20, 1024

#: Files that are no masks are noted up to this number, for messages.
MAX_OTHERS = 1000


class Listed:
    """A source that knows its files as a tree. Keys are the paths of files below the folder or in the archive."""

    palette: str | None

    @property
    def name(self) -> str:
        """The folder or archive."""
        raise NotImplementedError

    @property
    def tree(self) -> Tree:
        """The sequences, and the keys of their files."""
        raise NotImplementedError

    @property
    def others(self) -> tuple[str, ...]:
        """Paths of files that are no masks, below the folder or in the archive: the first ``MAX_OTHERS``, sorted."""
        return ()

    def load(self, key: str) -> bytes:
        """The bytes of a file. Raises OSError."""
        raise NotImplementedError

    @property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """Keys of the files by sequence and frame."""
        return self.tree.files

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on what was found, each a line."""
        ignored = self.tree.ignored
        if not ignored:
            return ()
        few = ", ".join(folder or "the top" for folder in ignored[:3]) + (", …" if len(ignored) > 3 else "")
        return (f"{self.name}: ignored masks in {len(ignored)} folder(s) that are no sequences ({few})",)

    def sequences(self) -> tuple[str, ...]:
        """Names of the sequences, sorted."""
        return tuple(sorted(self.files))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the frames of a sequence, in the order of time."""
        return tuple(self.files.get(sequence, ()))

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The path of a sequence or frame: that of the file, if there is one."""
        key = self.files.get(sequence, {}).get(frame or "")
        if key is None:
            folder = self.tree.folders.get(sequence, f"{self.tree.above}{sequence}")
            key = "/".join(part for part in (folder, frame and f"{frame}.png") if part and part != ".")
        return f"{self.name}/{key}".rstrip("/")

    def read(self, sequence: str, frame: str) -> Masks:
        """The mask of a frame. Raises InputError naming the file."""
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


def largest(name: str) -> int:
    """The bytes that a file of an archive may have at most."""
    return MAX_DOCUMENT_BYTES if name.lower().endswith(".json") else MAX_FILE_BYTES


def last_change(path: Path) -> int:
    """When a file or folder was last written or renamed, ns since 1970. Raises OSError."""
    state = path.stat()
    return max(state.st_mtime_ns, state.st_ctime_ns)  # on Windows the second one is when it was created


def subset(source: MaskSource, *sequences: str) -> MaskSource:
    """A source with these sequences alone, if it is divisible, else all of it."""
    return source.subset(*sequences) if isinstance(source, DivisibleSource) else source


def modified(source: MaskSource, *sequences: str) -> int:
    """When a file of these sequences last changed, ns since 1970; 0 if unknown. Raises OSError for one that is gone."""
    return source.modified(*sequences) if isinstance(source, DivisibleSource) else 0


def refused(code: str, message: str, where: str, fix: str) -> InputError:
    """The error for a whole folder or archive."""
    return InputError([Problem(code=code, message=message, where=where, fix=fix)])
