"""Partial files and folders: how they are named, locked, emptied and exchanged; see :mod:`vosbench.files`."""

import glob
import hashlib
import os
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path
from uuid import uuid4

try:
    import fcntl
except ModuleNotFoundError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Bytes of a name that a partial one keeps; file systems take 255 with what is added.
LONGEST = 200
#: In a partial folder: the file that is locked, the folder that is made, the folder that it replaces.
LOCK, NEW, OLD = "lock", "new", "old"
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class NoLocks(Exception):
    """The system or the file system has no locks."""


def claim(final: Path, *, folder: bool) -> tuple[Path, int | None]:
    """An empty partial file, or folder, that no other process uses, and its lock if there is one. Raises OSError."""
    name = partial_name(final, folder=folder)
    with suppress(NoLocks):
        for number in count():
            part = final.with_name(f"{name}-{number}" if number else name)
            if (lock := _claim(part, final, folder=folder)) is not None:
                return part, lock
    part = final.with_name(f"{name}-{uuid4().hex}")
    if folder:
        part.mkdir()
    return part, None


def partial_name(final: Path, *, folder: bool) -> str:
    """The same name each time, so that what a killed process left is found; at most 255 bytes, with a number.

    >>> partial_name(Path("runs/mine"), folder=True)
    '.mine.vosbench-folder'
    """
    name, raw = final.name, os.fsencode(final.name)
    if len(raw) > LONGEST:
        name = os.fsdecode(raw[: LONGEST - 16]) + hashlib.sha256(raw).hexdigest()[:16]
    return f".{name}.vosbench-{'folder' if folder else 'file'}"


def end(part: Path, lock: int | None, final: Path) -> None:
    """Remove a partial folder, its lock last."""
    try:
        with suppress(OSError):
            _empty(part, final)
            (part / LOCK).unlink(missing_ok=True)
            part.rmdir()
    finally:
        release(lock)


def release(lock: int | None) -> None:
    """Give up a lock, if there is one."""
    if lock is not None:
        os.close(lock)


def lock(path: Path) -> int | None:
    """Make a lock file, or take over that of a dead process: its lock, or None if a process has it.

    Raises:
        NoLocks, OSError
    """
    if fcntl is None:
        raise NoLocks
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            if _locks(file, path):
                return file
        except BaseException:
            os.close(file)
            raise
        held = path.exists()
        os.close(file)
        if held:
            return None


def restore(final: Path) -> None:
    """Put a folder back that a killed process had moved away to replace it."""
    for part in final.parent.glob(glob.escape(partial_name(final, folder=True)) + "*"):
        if not (part / OLD).is_dir():
            continue
        with suppress(OSError):
            try:
                lock = _claim(part, final, folder=True)
            except NoLocks:
                end(part, None, final)
            else:
                if lock is not None:
                    end(part, lock, final)


def exchange(new: Path, final: Path, old: Path) -> None:
    """Give ``new`` the name ``final``; what had it is then at ``new`` or ``old``. In one step, where that can be."""
    if not in_one_step(new, final):
        final.replace(old)
        new.replace(final)


def in_one_step(one: Path, other: Path) -> bool:
    """Let two folders take each other's names; False where the system or the file system cannot."""
    import ctypes

    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):  # macOS, an old libc, Windows
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0)


def _claim(part: Path, final: Path, *, folder: bool) -> int | None:
    """Make or take over a partial file or folder, and empty it: its lock, or None if somebody else has it."""
    if fcntl is None:
        raise NoLocks
    path = part / LOCK if folder else part
    try:
        if folder:
            part.mkdir(exist_ok=True)
        lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except FileNotFoundError:
        if final.parent.is_dir():
            return None  # another process removed the folder between our two steps
        raise
    except PermissionError:
        if part.exists():
            return None  # another user's
        raise
    try:
        if _locks(lock, path):
            if folder:
                _empty(part, final)
            else:
                os.ftruncate(lock, 0)
            return lock
    except BaseException as error:
        os.close(lock)
        if isinstance(error, NoLocks) and not folder:
            part.unlink(missing_ok=True)
        raise
    os.close(lock)
    return None


def _locks(file: int, path: Path) -> bool:
    """Lock an open file; False if another process has it, or has just removed it. Raises NoLocks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
    except OSError as error:
        raise NoLocks from error


def _empty(part: Path, final: Path) -> None:
    """Put back the folder that a killed process had moved here, and remove everything else but the lock."""
    if (part / OLD).is_dir() and not final.exists():
        (part / OLD).replace(final)
    for left in part.iterdir():
        if left.name != LOCK:
            shutil.rmtree(left)
