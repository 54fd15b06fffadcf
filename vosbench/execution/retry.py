"""Try every task until it is done or given up. The rules for a lost worker are the same for all executors.

A task whose worker is lost is tried again behind all others; the last try happens alone, with nothing beside it. So a
task that brings its worker down is the only one left to blame, and one that was merely beside it, or was short of
memory, gets done.
"""

import traceback
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from vosbench.errors import IncompleteError
from vosbench.types import Failure

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Lost:
    """No result: the worker died, ran out of memory or took too long. Not ``blamed``: it was not this task's turn."""

    reason: str
    blamed: bool = True


class Pool(Protocol):
    """Workers of some kind, which know tasks by their numbers."""

    @property
    def slots(self) -> int:
        """How many tasks it takes at once; may change."""

    @property
    def tries(self) -> int:
        """How often a task may lose its worker before it is given up."""

    def start(self, number: int) -> None:
        """Begin a task."""

    def wait(self) -> Iterable[tuple[int, Any]]:
        """Wait for tasks that ended: numbers and results, Failure or Lost. Raises IncompleteError if none can come."""

    def close(self) -> None:
        """Abandon what has not finished; leave no worker behind."""


def attempt_all(pool: Pool, tasks: Sequence[T]) -> Generator[tuple[T, Any], None, None]:
    """Yield each task with its result, or with a Failure: what it raised, or an IncompleteError if it was given up."""
    ready, suspects = deque(range(len(tasks))), deque[int]()
    losses: Counter[int] = Counter()
    running = 0
    while ready or suspects or running:
        if not ready and not running:
            ready.append(suspects.popleft())
        while ready and running < pool.slots:
            pool.start(ready.popleft())
            running += 1
        for number, outcome in pool.wait():
            running -= 1
            if not isinstance(outcome, Lost):
                yield tasks[number], outcome
                continue
            losses[number] += outcome.blamed
            if losses[number] >= pool.tries:
                times = f" (tried {pool.tries} times)" if pool.tries > 1 else ""
                yield tasks[number], Failure(str(tasks[number]), IncompleteError(outcome.reason + times))
            else:
                (suspects if losses[number] == pool.tries - 1 else ready).append(number)


def attempt(work: Callable[[T], R], task: T) -> R | Failure | Lost:
    """The result of one task, or what became of it; a bug keeps its traceback as a note."""
    try:
        return work(task)
    except MemoryError:
        return Lost("it ran out of memory")
    except Exception as error:
        if not hasattr(error, "exit_code"):
            error.add_note(f"while scoring {task}:\n{traceback.format_exc()}")
        return Failure(str(task), error)
