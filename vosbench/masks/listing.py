"""What every source of mask files is: masks by sequence and frame, under names that can be shown and told apart."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.png import MAX_PIXELS, MaskError, decode
from vosbench.types import DivisibleSource, LabelMap, Masks, MaskSource

#: A mask file that is, or claims to be, larger than this is refused: the largest image at 16 bits, not compressed.
MAX_FILE_BYTES = 2 * MAX_PIXELS


class Listed:
    """A source that knows its files as {sequence: {frame: key}}."""

    palette: str | None

    @property
    def name(self) -> str:
        """The folder or archive."""
        raise NotImplementedError

    @property
    def files(self) -> Mapping[str, Mapping[str, str]]:
        """Keys of the files by sequence and frame."""
        raise NotImplementedError

    def load(self, key: str) -> bytes:
        """The bytes of a file. Raises OSError."""
        raise NotImplementedError

    def sequences(self) -> tuple[str, ...]:
        """Names of the sequences, sorted."""
        return tuple(sorted(self.files))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the frames of a sequence, sorted."""
        return tuple(sorted(self.files.get(sequence, ())))

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The path of a sequence or frame."""
        inside = sequence if frame is None else f"{sequence}/{frame}.png"
        return f"{self.name}/{inside.removeprefix('./')}"

    def read(self, sequence: str, frame: str) -> Masks:
        """The mask of a frame. Raises InputError naming the file."""
        return (read_mask(lambda: self.load(self.files[sequence][frame]), self, sequence, frame, self.palette),)


def by_sequence(found: Iterable[tuple[str, str, str]], where: Callable[[str], str]) -> dict[str, dict[str, str]]:
    """Group (sequence, frame, key) as {sequence: {frame: key}}.

    Raises:
        InputError: every name that cannot be shown in a line of text, and every pair that a file system which ignores
            case would take for one file, each with its place, ``where(key)``.
    """
    files: dict[str, dict[str, str]] = {}
    spelled: dict[str, str] = {}
    problems = []
    for sequence, frame, key in found:
        name = f"{sequence}/{frame}"
        if not name.isprintable():
            message = "its name holds a line break or another character that cannot be shown"
            problems.append(_problem("unsafe-name", message, where(key), "rename it"))
        other = spelled.setdefault(name.casefold(), key)
        if other is not key:
            message = (
                "it is there twice"
                if other == key
                else f"{where(other)} has the same name, or one that differs in case only"
            )
            problems.append(_problem("duplicate-frame", message, where(key), "leave one of the two"))
        files.setdefault(sequence, {})[frame] = key
    if problems:
        raise InputError(problems)
    return files


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


def refused(code: str, message: str, where: str, fix: str) -> InputError:
    """The error for a whole folder or archive."""
    return InputError([_problem(code, message, where, fix)])


def _problem(code: str, message: str, where: str, fix: str) -> Problem:
    return Problem(code=code, message=message, where=where, fix=fix)


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
