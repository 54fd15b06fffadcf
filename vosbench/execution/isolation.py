"""Run each task in a process of its own, so that whatever becomes of one leaves the others alone.

A process that crashes, hangs or wants too much memory is one failure. Only Linux forks safely; elsewhere the tasks run
here, one after the other, and only exceptions are kept apart.
"""

import gc
import multiprocessing
import os
import resource
import signal
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Generic, TypeVar

from vosbench.errors import IncompleteError
from vosbench.types import Failure

T = TypeVar("T")
R = TypeVar("R")

#: Bytes a task may take beyond what its process starts with.
MEMORY = 4 << 30


@dataclass(slots=True)
class _Child(Generic[T]):
    """A process at work on a task."""

    task: T
    process: multiprocessing.process.BaseProcess
    end: Connection
    deadline: float

    def is_over(self, ready: Sequence[object]) -> bool:
        """Has it sent a result, died, or run out of time?"""
        return self.end in ready or self.process.sentinel in ready or self.deadline <= time.monotonic()

    def stop(self) -> None:
        """End it and all it started."""
        assert self.process.pid is not None
        with suppress(ProcessLookupError):  # it is gone, or has no group of its own yet
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.join()
        self.end.close()


@dataclass(slots=True, kw_only=True)
class Isolation(Generic[T, R]):
    """``work`` on each task in a process of its own, ``jobs`` at a time, each for ``seconds`` at most."""

    work: Callable[[T], R]
    jobs: int
    seconds: float
    memory: int = MEMORY
    _children: list["_Child[T]"] = field(init=False, default_factory=list)

    def run(self, tasks: Sequence[T]) -> Iterator[tuple[T, R | Failure]]:
        """Yield each task with its result or failure, as they finish. Close it to stop what is still at work."""
        waiting = list(reversed(tasks))
        try:
            while waiting or self._children:
                while waiting and len(self._children) < self.jobs:
                    self._children.append(self._start(waiting.pop()))
                first = min(child.deadline for child in self._children)
                ends = [end for child in self._children for end in (child.end, child.process.sentinel)]
                ready = wait(ends, max(0.0, first - time.monotonic()))
                for child in [c for c in self._children if c.is_over(ready)]:
                    result = self._result(child)
                    self._children.remove(child)
                    yield child.task, result
        finally:
            for child in self._children:
                child.stop()
            self._children.clear()

    def _start(self, task: T) -> "_Child[T]":
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=self._attempt, args=(task, theirs))
        with warnings.catch_warnings():  # from Python 3.12 on: NumPy's sleeping threads, which hold no lock, are seen
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        return _Child(task, process, ours, time.monotonic() + self.seconds)

    def _attempt(self, task: T, end: Connection) -> None:
        """In the child: work, and send what became of it."""
        gc.freeze()  # what is inherited stays shared if it is not looked through
        os.setpgid(0, 0)  # a group of its own: an interrupt reaches the parent alone, which ends the group
        _, most = resource.getrlimit(resource.RLIMIT_DATA)
        allowed = _data_bytes() + self.memory
        resource.setrlimit(resource.RLIMIT_DATA, (allowed if most < 0 else min(allowed, most), most))
        result: R | Failure
        try:
            result = self.work(task)
        except MemoryError:
            result = Failure(str(task), IncompleteError(f"it takes more than {self.memory >> 20} MB of memory"))
        except Exception as error:
            result = Failure(str(task), error)
        try:
            end.send(result)
        except Exception as error:  # an error that cannot be sent
            end.send(Failure(str(task), RuntimeError(f"{result}: {error}")))

    def _result(self, child: "_Child[T]") -> R | Failure:
        error = IncompleteError(f"it takes more than {self.seconds:g} s")
        try:
            if child.end.poll():
                result: R | Failure = child.end.recv()
                return result
            if not child.process.is_alive():
                error = _death(child.process)
        except EOFError:
            child.process.join()
            error = _death(child.process)
        finally:
            child.stop()
        return Failure(str(child.task), error)


def _death(process: multiprocessing.process.BaseProcess) -> IncompleteError:
    code = process.exitcode
    return IncompleteError(f"its process died ({signal.Signals(-code).name if code and code < 0 else code})")


def _data_bytes() -> int:
    """What this process has taken of memory that is its own to write to."""
    pages = int(Path("/proc/self/statm").read_text().split()[5])
    return pages * resource.getpagesize()
