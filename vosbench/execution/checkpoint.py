"""What a run has finished so far, on disk: if it is interrupted, the next one goes on from there.

The file is also the lock of the run's folder. The process holds it, not the presence of the file, so it goes with the
process however that ends.
"""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from vosbench.errors import UsageError
from vosbench.execution import records
from vosbench.files import unwritable

_MAGIC = b"vosbench journal 1\n"
_HEAD = struct.Struct(f"<{len(_MAGIC)}s32sq")


class Journal:
    """The finished tasks of a run by name, as bytes.

    Attributes:
        path: the file.
        resumes: goes on from what is there?
        finished: tasks found or noted.
        since: when the run began, by the file system's clock (nanoseconds since 1970).

    It does nothing before :meth:`begin`, and is a context: leaving it gives up the lock, and removes a file that holds
    no task.
    """

    def __init__(self, path: Path, *, resumes: bool = False) -> None:
        self.path, self.resumes = path, resumes
        self.finished = 0
        self.since = 0
        self._file: int | None = None

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close(remove=self.finished == 0)

    def begin(self, identity: bytes) -> None:
        """Lock the file and start it, or go on with it.

        Args:
            identity: 32 bytes that differ for runs whose tasks or results would.

        Raises:
            UsageError: another process has it, or it is to be resumed and is of another run.
            InputError: it cannot be written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = _locked(self.path)
            if self.resumes and (head := os.read(self._file, _HEAD.size)):
                self._go_on(head, identity)
            else:
                self._start(identity)
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _start(self, identity: bytes) -> None:
        assert self._file is not None
        os.lseek(self._file, 0, os.SEEK_SET)
        os.ftruncate(self._file, 0)
        os.utime(self.path)
        self.since = os.fstat(self._file).st_mtime_ns
        records.write(self._file, _HEAD.pack(_MAGIC, identity, self.since))

    def _go_on(self, head: bytes, identity: bytes) -> None:
        assert self._file is not None
        if len(head) < _HEAD.size or head[:-8] != _MAGIC + identity:
            os.close(self._file)
            self._file = None
            raise UsageError(
                f"{self.path} is of another run: other masks, rules or versions",
                fix="choose the same, or start over without --resume",
            )
        self.since = _HEAD.unpack(head)[2]

    def read(self) -> Iterator[tuple[str, bytes]]:
        """The tasks there are; what follows a torn record is cut off."""
        assert self._file is not None
        intact = _HEAD.size
        for payload, end in records.read(self._file, intact):
            intact = end
            self.finished += 1
            yield msgspec.msgpack.decode(payload, type=tuple[str, bytes])
        os.ftruncate(self._file, intact)

    def note(self, task: str, data: bytes) -> None:
        """Write down a finished task. Raises InputError if that is impossible."""
        assert self._file is not None
        try:
            records.append(self._file, msgspec.msgpack.encode((task, data)))
        except OSError as error:
            raise unwritable(self.path, error) from error
        self.finished += 1

    def close(self, *, remove: bool = True) -> None:
        """Give up the lock; the file is of no more use once the run is saved."""
        if self._file is None:
            return
        windows = os.name == "nt"  # which removes no open file
        if remove and not windows:
            self.path.unlink(missing_ok=True)
        os.close(self._file)
        self._file = None
        if remove and windows:
            self.path.unlink(missing_ok=True)


def _locked(path: Path) -> int:
    """The file, opened and locked. Raises UsageError if another process has it."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666)
        try:
            _lock(file)
        except OSError as error:
            os.close(file)
            fix = "wait for it, or choose another --out"
            raise UsageError(f"{path} is in use: another run writes there", fix=fix) from error
        if os.fstat(file).st_nlink:  # else the other run ended, and removed it, between our two steps
            return file
        os.close(file)


def _lock(file: int) -> None:
    """A lock that belongs to this process: children do not inherit it, and it does not outlive us.

    It is lost with the first descriptor of the file that we close, so nobody here may open the file again.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        import msvcrt

        windows: Any = msvcrt
        windows.locking(file, windows.LK_NBLCK, 1)
    else:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
