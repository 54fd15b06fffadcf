"""Tasks in processes of this machine, one at a time each, so that it is known which task a dead process was at.

The kernel, the inflater and file reads release the interpreter lock, but each of these calls is so short (tens of
microseconds) that two threads lose what they gain to handing the lock over; ``benchmarks/README.md`` has the numbers.
Forked workers share the start-up and the plan: the number of a task goes in, its rows come back. The parent runs no
thread of its own, which is why it may fork again after a death. Where forking is not safe, processes are started afresh
and sent whole tasks.

With limits (Linux, where forking is safe) each task has a process of its own, which may start others: whatever becomes
of it leaves the other tasks alone. Forked processes die with their parent, however that ends.
"""

import gc
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING, Any

from vosbench.execution.retry import Lost
from vosbench.execution.worker import INTERRUPTS, Orders, serve

if TYPE_CHECKING:
    from vosbench.execution.limits import Limits


def can_fork() -> bool:
    """Is it safe to fork here? On Linux, as long as no other Python thread could hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


#: What a worker says first where tasks have a time.
_BEGUN = object()


@dataclass(slots=True, eq=False)
class _Worker:
    """A process, our end of the pipe to it, the task it is at, and when that is overdue (monotonic seconds; its clock
    starts when the worker says that it begins)."""

    process: BaseProcess
    pipe: "Connection[Any, Any]"
    number: int = -1
    deadline: float | None = None

    def end(self) -> int | None:
        """Make sure that it is dead; its exit code."""
        self.process.kill()
        self.process.join()
        self.pipe.close()
        return self.process.exitcode


class ProcessPool:
    """Worker processes; one that dies, or is overdue and so killed, is replaced.

    Args:
        work, tasks: what to do, on what.
        jobs: the number of workers.
        timeout: seconds after which a task is stopped.
        limits: in place of a timeout: a process for each task, tried once.
    """

    def __init__(
        self,
        work: Callable[[Any], Any],
        tasks: Sequence[Any],
        jobs: int,
        timeout: float | None = None,
        limits: "Limits | None" = None,
    ) -> None:
        self.slots = jobs
        self.tries = 1 if limits else 3
        self._work, self._tasks, self._limits = work, tasks, limits
        self._timeout = limits.seconds if limits else timeout
        self._forks = can_fork()
        assert self._forks or limits is None
        if self._forks:
            gc.freeze()  # what workers inherit is not theirs to collect: looking through it would copy its pages
        self._idle: list[_Worker] = []
        self._busy: list[_Worker] = []

    def start(self, number: int) -> None:
        """Give a task to an idle worker, or a new one."""
        worker = self._idle.pop() if self._idle else self._hire()
        worker.number, worker.deadline = number, None
        self._busy.append(worker)
        with suppress(BrokenPipeError):  # it died idle: found by wait()
            worker.pipe.send(number if self._forks else portable(self._tasks[number]))

    def wait(self) -> Iterable[tuple[int, Any]]:
        """Results, deaths and delays since the last call; at least one."""
        ended: list[tuple[int, Any]] = []
        while not ended:
            ends = [end for w in self._busy for end in (w.pipe, w.process.sentinel)]
            ready = set(wait(ends, self._patience()))
            for worker in tuple(self._busy):
                if worker.pipe in ready or worker.process.sentinel in ready:
                    if (outcome := self._received(worker)) is not _BEGUN:
                        ended.append((worker.number, outcome))
                elif worker.deadline is not None and worker.deadline <= time.monotonic():
                    self._busy.remove(worker)
                    worker.end()
                    reason = self._limits.overdue() if self._limits else overdue(self._timeout)
                    ended.append((worker.number, Lost(reason)))
        return ended

    def close(self) -> None:
        """Kill all workers."""
        for worker in (*self._busy, *self._idle):
            worker.end()
        self._busy, self._idle = [], []
        if self._forks:
            gc.unfreeze()

    def _patience(self) -> float | None:
        deadlines = [w.deadline for w in self._busy if w.deadline is not None]
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _received(self, worker: _Worker) -> Any:
        try:
            if worker.pipe.poll():
                if not (data := worker.pipe.recv_bytes()):
                    worker.deadline = time.monotonic() + (self._timeout or 0)
                    return _BEGUN
                self._busy.remove(worker)
                if self._limits:
                    worker.end()
                else:
                    self._idle.append(worker)
                return pickle.loads(data)
        except (EOFError, OSError):  # it died while it answered
            pass
        self._busy.remove(worker)
        code = worker.end()
        return Lost(self._limits.death(code) if self._limits else _death(code))

    def _hire(self) -> _Worker:
        context = multiprocessing.get_context("fork" if self._forks else "spawn")
        ours, theirs = context.Pipe()
        # A forked child holds our ends of all pipes; unless it closes them its siblings would not see us die.
        inherited = [ours, *(w.pipe for w in (*self._busy, *self._idle))] if self._forks else []
        orders = Orders(
            work=self._work,
            tasks=self._tasks if self._forks else None,
            timed=self._timeout is not None,
            parent=os.getpid() if self._forks else None,
            limits=self._limits,
        )
        process: BaseProcess = context.Process(  # type: ignore[attr-defined]
            target=serve, args=(theirs, inherited, orders), daemon=self._limits is None
        )
        with _no_interrupt(), warnings.catch_warnings():
            # From Python 3.12 on: NumPy's sleeping threads, which hold no lock, are seen.
            warnings.simplefilter("ignore", DeprecationWarning)
            process.start()
        theirs.close()
        return _Worker(process, ours)


@contextmanager
def _no_interrupt() -> Iterator[None]:
    """Put off an interrupt: one that arrives among the callbacks around a fork would be lost."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def portable(task: Any) -> Any:
    """What to send of a task to a worker that shares no memory with us."""
    return task.portable() if hasattr(task, "portable") else task


def overdue(timeout: float | None) -> str:
    """Why a task was stopped."""
    return f"it took longer than {timeout:g} seconds (--task-timeout)"


def _death(code: int | None) -> str:
    if code is not None and code < 0:
        return f"its worker was killed (signal {-code})"
    return f"its worker ended with exit code {code}"
