"""Run tasks on all cores: in forked processes where that is safe, else on threads.

The kernel, the inflater and file reads release the interpreter lock, but each of these calls is so short (tens of
microseconds) that two threads lose what they gain to handing the lock over; ``benchmarks/README.md`` has the numbers.
Forked workers share the start-up and the plan, and only rows come back.
"""

import gc
import multiprocessing
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from vosbench.errors import IncompleteError
from vosbench.types import Failure

T = TypeVar("T")
R = TypeVar("R")

#: What forked workers find in their memory: the work and the tasks. Only the number of a task is sent to them.
_inherited: tuple[Callable[[Any], Any], Sequence[Any]] | None = None


def run_tasks(work: Callable[[T], R], tasks: Sequence[T], jobs: int) -> Generator[tuple[T, R | Failure], None, None]:
    """Yield each task with its result, or with a Failure holding what it raised, as they finish.

    Close it (``contextlib.closing``): that, or an interrupt, abandons the tasks that have not finished.

    Raises:
        IncompleteError: a worker process died.
    """
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, _attempt(work, task)
    elif can_fork():
        yield from _in_processes(work, tasks, min(jobs, len(tasks)))
    else:
        pool = ThreadPoolExecutor(jobs, "vosbench")
        try:
            yield from _collect({pool.submit(_attempt, work, task): task for task in tasks})
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def can_fork() -> bool:
    """Is it safe to fork here? On Linux, as long as no other Python thread could hold a lock."""
    return sys.platform == "linux" and threading.active_count() == 1


def _in_processes(
    work: Callable[[T], R], tasks: Sequence[T], jobs: int
) -> Generator[tuple[T, R | Failure], None, None]:
    global _inherited
    _inherited = work, tasks
    gc.freeze()  # what workers inherit is not theirs to collect: looking through it would cost time and copy its pages
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("fork"), initializer=_leave_interrupts_to_parent)
    try:
        with warnings.catch_warnings():  # from Python 3.12 on: NumPy's sleeping threads, which hold no lock, are seen
            warnings.simplefilter("ignore", DeprecationWarning)
            futures = {pool.submit(_attempt_number, i): task for i, task in enumerate(tasks)}
        yield from _collect(futures)
    except BrokenProcessPool as error:
        raise IncompleteError("a worker process died", fix="check memory, or use fewer workers: --jobs 1") from error
    except BaseException:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        gc.unfreeze()
        _inherited = None


def _collect(waiting: dict[Future[Any], T]) -> Generator[tuple[T, Any], None, None]:
    while waiting:
        done, _ = wait(waiting, return_when=FIRST_COMPLETED)
        for future in done:
            yield waiting.pop(future), future.result()


def _leave_interrupts_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _attempt_number(i: int) -> Any:
    assert _inherited is not None
    work, tasks = _inherited
    return _attempt(work, tasks[i])


def _attempt(work: Callable[[T], R], task: T) -> R | Failure:
    try:
        return work(task)
    except Exception as error:
        return Failure(str(task), error)
