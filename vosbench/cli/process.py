"""How the command lives with its surroundings: its output streams, signals, and errors of the system."""

import errno
import io
import signal
import sys

from vosbench.errors import InputError, Problem, VosbenchError

#: Errors of the system that are nobody's bug.
_OF_THE_SYSTEM = (
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EMFILE, errno.ENFILE, errno.EACCES, errno.EPERM,
    errno.EIO,
)  # fmt: skip


class _Pipe(io.FileIO):
    """A file that takes everything, and drops it once the reader at the other end has left, as ``| head`` does."""

    def write(self, data: object) -> int:
        try:
            return super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            return len(memoryview(data))  # type: ignore[arg-type]


def prepare() -> None:
    """Set up output and signals. Raises InputError if standard output is closed.

    Pipes on Windows know few of our signs, and names may be no text, so both streams escape what they cannot show. A
    request to end (TERM, HUP) is an interrupt, unless it is ignored, as ``nohup`` asks.
    """
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)
    if sys.stderr is None:
        sys.stderr = io.StringIO()
    if sys.stdout is None:
        fix = "redirect it to a file, or to /dev/null"
        problem = Problem(code="unwritable", message="it is closed", where="standard output", fix=fix)
        raise InputError([problem])
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        raw = _Pipe(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), line_buffering=sys.stdout.isatty())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def flush() -> None:
    """Write what is left of standard output. Raises InputError if that is impossible, as on a full disk."""
    try:
        sys.stdout.flush()
    except OSError as error:
        from pathlib import Path  # only here: the help of a verb does without it

        from vosbench.files import unwritable

        raise unwritable(Path("standard output"), error) from error


def leave() -> None:
    """Let nothing be written again at exit: all is, or it cannot be."""
    if isinstance(getattr(getattr(sys.stdout, "buffer", None), "raw", None), _Pipe):
        sys.stdout = None


def typed(error: BaseException) -> VosbenchError | None:
    """The typed error that an error of the system is; None for a bug of ours."""
    from pathlib import Path

    from vosbench.errors import IncompleteError
    from vosbench.files import unwritable

    if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
        return unwritable(Path(str(error.filename or "standard output")), error)
    starved = isinstance(error, ImportError) and any(
        said in str(error) for said in ("annot allocate memory", "failed to map segment")
    )
    if isinstance(error, MemoryError) or starved:
        return IncompleteError("there is not enough memory", fix="use fewer workers, --jobs 1, or raise the limit")
    return None
