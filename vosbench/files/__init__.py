"""Write files and folders so that each is complete or absent under its final name, whatever happens meanwhile.

A file or folder is made beside its final name and renamed. Cases:

=================================  ==================================================================================
an exception, an interrupt          the partial one is removed; what had the name before is unchanged
the process is killed               the partial one stays, and the next write to that name removes it
two processes, one name             each has a partial one of its own (a lock tells); the last rename stays
a folder that exists                exchanged in one step on Linux; elsewhere in two, see :func:`restore`
a symbolic link                     followed, dangling or not: the link stays, its target is written
a device or a pipe                  written to, not replaced
permissions                         those of the file or folder replaced; for a new one those the umask allows
a file system without locks         partial ones have random names; those of killed processes stay
=================================  ==================================================================================

An ``OSError`` on the way (no room, no permission, too few file handles) is an InputError of code ``unwritable``.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vosbench.errors import InputError, Problem, UsageError
from vosbench.files import partial

_FIXES = {
    errno.ENOSPC: "make room on that disk, or choose another place",
    errno.EDQUOT: "make room in your quota, or choose another place",
    errno.EFBIG: "raise the limit on the size of files (ulimit -f), or choose another place",
    errno.EMFILE: "raise the limit on open files (ulimit -n)",
    errno.ENFILE: "close other programs: the machine has no file handles left",
}


def unwritable(path: Path, error: OSError) -> InputError:
    """The error about a file or folder that cannot be written.

    >>> print(unwritable(Path("run"), OSError(28, "No space left on device")))
    1 problem with the input
      run: cannot write it (No space left on device) [unwritable]
        next: make room on that disk, or choose another place
    """
    fix = _FIXES.get(error.errno or 0, "choose another place to write to")
    message = f"cannot write it ({error.strerror or error})"
    return InputError([Problem(code="unwritable", message=message, where=str(path), fix=fix)])


@contextmanager
def writable(path: Path) -> Iterator[None]:
    """Turn an ``OSError`` of the block into an InputError about ``path``."""
    try:
        yield
    except OSError as error:
        raise unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder and those above it, where they are missing. Raises InputError."""
    with writable(path):
        path.mkdir(parents=True, exist_ok=True)


def write(path: Path, content: str | bytes) -> None:
    """Write a file: UTF-8 with ``\\n`` line ends, where it is text.

    Characters that UTF-8 cannot hold (undecodable bytes of a file name) are written as escapes.

    Raises:
        InputError: it cannot be written; what had this name before is unchanged.
    """
    with new_file(path) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode(errors="backslashreplace"))


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """The path of a partial file, to be written in the block; afterwards it has the name ``path``.

    The folder is made where it is missing. The block should do nothing but write: its ``OSError`` counts as one.

    Raises:
        InputError: it cannot be written; what had this name before is unchanged.
    """
    with writable(path):
        final = Path(os.path.realpath(path))
        if final.exists() and not final.is_file() and not final.is_dir():
            with _copied(final) as part:
                yield part
            return
        final.parent.mkdir(parents=True, exist_ok=True)
        part, lock = partial.claim(final, folder=False)
        try:
            yield part
            _keep_mode(final, part)
            part.replace(final)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        finally:
            partial.release(lock)


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """The path of an empty folder, to be filled in the block; afterwards it has the name ``path``.

    A folder of that name is replaced as a whole. The block should do nothing but write: its ``OSError`` counts as one.

    Raises:
        InputError: it cannot be written; what had this name before is unchanged.
    """
    with writable(path):
        final = Path(os.path.realpath(path))
        final.parent.mkdir(parents=True, exist_ok=True)
        part, lock = partial.claim(final, folder=True)
        try:
            new = part / partial.NEW
            new.mkdir()
            yield new
            if final.exists():
                _keep_mode(final, new)
                partial.exchange(new, final, part / partial.OLD)
            else:
                new.replace(final)
        finally:
            partial.end(part, lock, final)


@contextmanager
def working_folder(path: Path) -> Iterator[Path]:
    """An empty folder beside ``path`` to work in, removed afterwards; after a kill, by the next that asks for it.

    Raises InputError if it cannot be made.
    """
    with writable(path):
        final = Path(os.path.realpath(path))
        final.parent.mkdir(parents=True, exist_ok=True)
        part, lock = partial.claim(final, folder=True)
        new = part / partial.NEW
        new.mkdir()
    try:
        yield new
    finally:
        partial.end(part, lock, final)


@contextmanager
def locked(path: Path, fix: str) -> Iterator[None]:
    """Hold a lock file for the time of the block: no other process can. It goes with this process, however that ends.

    Where the file system has no locks, nothing is locked.

    Raises:
        UsageError: another process holds it; ``fix`` says what to do then.
        InputError: it cannot be written.
    """
    with writable(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock = partial.lock(path)
        except partial.NoLocks:
            lock = -1
    if lock is None:
        raise UsageError(f"{path} is in use: another process writes there", fix=fix)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        partial.release(None if lock < 0 else lock)


def restore(path: Path) -> None:
    """Undo a replacement of a folder that was killed between its two renames, and remove what it left.

    Only where the two folders cannot be exchanged in one step does that happen. Call it before a folder is looked for;
    it costs nothing where the folder is there.
    """
    final = Path(os.path.realpath(path))
    if not final.exists():
        partial.restore(final)


@contextmanager
def _copied(device: Path) -> Iterator[Path]:
    """A file elsewhere whose content then goes to a device or a pipe."""
    with tempfile.TemporaryDirectory() as scratch:
        part = Path(scratch) / "content"
        yield part
        with part.open("rb") as source, device.open("wb") as sink:
            shutil.copyfileobj(source, sink)


def _keep_mode(final: Path, part: Path) -> None:
    with suppress(OSError):  # there is none yet, or it is another user's
        shutil.copymode(final, part)
