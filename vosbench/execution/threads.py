"""Tasks one by one, or on threads of this process. A thread cannot be stopped: a task that hangs, hangs the run."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any

from vosbench.execution.retry import attempt


class InOrder:
    """No worker but the caller."""

    slots, tries = 1, 2

    def __init__(self, work: Callable[[Any], Any], tasks: Sequence[Any]) -> None:
        self._work, self._tasks = work, tasks
        self._next = 0

    def start(self, number: int) -> None:
        """Remember the task."""
        self._next = number

    def wait(self) -> Iterable[tuple[int, Any]]:
        """Do it."""
        return [(self._next, attempt(self._work, self._tasks[self._next]))]

    def close(self) -> None:
        """Nothing is left."""


class ThreadPool:
    """Threads of this process."""

    tries = 2

    def __init__(self, work: Callable[[Any], Any], tasks: Sequence[Any], jobs: int) -> None:
        self.slots = jobs
        self._work, self._tasks = work, tasks
        self._pool = ThreadPoolExecutor(jobs, "vosbench")
        self._done: SimpleQueue[tuple[int, Any]] = SimpleQueue()

    def start(self, number: int) -> None:
        """Hand a task to the next free thread."""
        self._pool.submit(lambda: self._done.put((number, attempt(self._work, self._tasks[number]))))

    def wait(self) -> Iterable[tuple[int, Any]]:
        """The next task to end."""
        return [self._done.get()]

    def close(self) -> None:
        """Drop what has not begun and wait for what has."""
        self._pool.shutdown(wait=True, cancel_futures=True)
