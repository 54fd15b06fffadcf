"""What a task may take of the machine, in a process of its own; what is said of one that takes more. Linux only.

=============  =========================  ===========================================================================
limit          default                    how it is held
=============  =========================  ===========================================================================
time           none, must be given        the parent kills the process
CPU time       as many seconds            each process of the task has its own clock (``RLIMIT_CPU``)
memory         4 GB beyond the start      each process of the task (``RLIMIT_DATA``)
open files     256                        each process of the task (``RLIMIT_NOFILE``)
size of files  1 GB                       each file that is written (``RLIMIT_FSIZE``)
=============  =========================  ===========================================================================
"""

import errno
import math
import signal
from dataclasses import dataclass
from pathlib import Path

from vosbench.errors import UsageError

MOST_SECONDS = 1e8


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """``seconds`` of time and of CPU time; bytes of ``memory`` and of a file; ``files`` open at once."""

    seconds: float
    memory: int = 4 << 30
    files: int = 256
    file_size: int = 1 << 30

    def __post_init__(self) -> None:
        require_seconds(self.seconds, "--timeout")

    def impose(self) -> None:
        """Hold this process, and those it starts, to the limits; a stricter one that there is stays."""
        import resource

        seconds = math.ceil(self.seconds)
        _lower(resource.RLIMIT_CPU, seconds, seconds + 1)
        _lower(resource.RLIMIT_DATA, _data_bytes() + self.memory)
        _lower(resource.RLIMIT_NOFILE, self.files)
        _lower(resource.RLIMIT_FSIZE, self.file_size)
        _lower(resource.RLIMIT_CORE, 0)

    def overdue(self) -> str:
        """What is said of a task that has run out of time."""
        return f"it takes more than {self.seconds:g} s"

    def out_of_memory(self) -> str:
        """What is said of a task that has run out of memory."""
        return f"it takes more than {self.memory >> 20} MB of memory"

    def death(self, code: int | None) -> str:
        """What is said of a task whose process ended with this exit code before it had a result."""
        if code == -signal.SIGXCPU:
            return f"it takes more than {math.ceil(self.seconds)} s of CPU time"
        return f"its process died ({signal.Signals(-code).name if code and code < 0 else code})"

    def exceeded(self, error: BaseException | None) -> str | None:
        """What is said of a task that raised this error because of a limit; None if it was for another reason."""
        while error is not None:
            if isinstance(error, MemoryError):
                return self.out_of_memory()
            if isinstance(error, OSError) and error.errno == errno.EMFILE:
                return f"it takes more than {self.files} open files"
            if isinstance(error, OSError) and error.errno == errno.EFBIG:
                return f"it takes a file of more than {self.file_size >> 20} MB"
            error = error.__cause__ or error.__context__
        return None


def require_seconds(seconds: float, name: str) -> None:
    """Raise UsageError for a time that is not above 0 and at most 10 ** 8 seconds (three years)."""
    if not 0 < seconds <= MOST_SECONDS:
        raise UsageError(f"{name} is {seconds:g}", fix=f"give seconds above 0, at most {MOST_SECONDS:g}")


def _lower(what: int, soft: int, hard: int | None = None) -> None:
    import resource

    _, most = resource.getrlimit(what)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(most if hard is None else hard, most)
    resource.setrlimit(what, (soft, most if hard is None else hard))


def _data_bytes() -> int:
    """What this process has taken of memory that is its own to write to."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[5])
    return pages * resource.getpagesize()
