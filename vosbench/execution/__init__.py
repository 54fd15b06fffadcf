"""Run tasks on this machine or on many: one iterator of (task, result or Failure), whoever does the work.

=====================  ================================================================================================
``threads``            this process; the default where processes cannot be forked, and with one worker
``processes``          worker processes of this machine; the default where they can be forked
``dask://HOST:PORT``   the workers of a running dask scheduler; extra ``dask``
``slurm``              jobs of a Slurm cluster; extra ``slurm``. ``slurm://local`` runs the same jobs on this machine
=====================  ================================================================================================
"""

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vosbench.errors import UsageError
from vosbench.execution.limits import Limits, require_seconds
from vosbench.execution.processes import ProcessPool, can_fork
from vosbench.execution.retry import Pool, attempt_all
from vosbench.execution.threads import InOrder, ThreadPool
from vosbench.types import Failure

T = TypeVar("T")
R = TypeVar("R")


def default_jobs() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Workers:
    """Who does the work.

    ``executor`` is one of those above, None for the default; ``jobs`` the number of workers (dask has its own);
    ``timeout`` the seconds after which a task is stopped and tried again; ``folder`` is where Slurm's jobs and we leave
    each other files.

    Raises:
        UsageError: no such executor, or threads with a timeout.
    """

    executor: str | None = None
    jobs: int
    timeout: float | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        if self.timeout is not None:
            require_seconds(self.timeout, "--task-timeout")
        name = self.executor
        known = name in (None, "threads", "processes", "slurm", "slurm://local")
        if not known and not (name or "").startswith("dask://"):
            raise UsageError(f"no executor {name!r}", fix="threads, processes, dask://HOST:PORT or slurm")
        if name == "threads" and self.timeout is not None:
            raise UsageError("a thread cannot be stopped: no task timeout", fix="use the executor processes")


def run_tasks(
    work: Callable[[T], R], tasks: Sequence[T], workers: Workers
) -> Generator[tuple[T, R | Failure], None, None]:
    """Yield each task with its result, or with a Failure, as they finish.

    A Failure holds what the task raised, or an IncompleteError for a task that was given up: its worker died, ran out
    of memory or took too long, each time it was tried. Close it (``contextlib.closing``): that, or an interrupt,
    abandons the tasks that have not finished.

    Raises:
        UsageError: the executor is not installed or cannot be reached.
        IncompleteError: there is nobody left to do the work.
    """
    if not tasks:
        return
    with closing(_pool(work, tasks, workers)) as pool:
        yield from attempt_all(pool, tasks)


def run_isolated(
    work: Callable[[T], R], tasks: Sequence[T], jobs: int, limits: "Limits"
) -> Generator[tuple[T, R | Failure], None, None]:
    """Yield each task with its result, or with a Failure, as they finish: each in a process of its own, within limits.

    A process that crashes, hangs or wants too much is one Failure with an IncompleteError. Where it is not safe to fork
    (:func:`can_fork`), the tasks run here, one after the other, and only exceptions are kept apart. Close it as you
    would :func:`run_tasks`.
    """
    if not tasks:
        return
    if not can_fork():
        yield from ((task, _kept_apart(work, task)) for task in tasks)
        return
    with closing(ProcessPool(work, tasks, min(jobs, len(tasks)), limits=limits)) as pool:
        yield from attempt_all(pool, tasks)


def _kept_apart(work: Callable[[T], R], task: T) -> R | Failure:
    try:
        return work(task)
    except Exception as error:
        return Failure(str(task), error)


def _pool(work: Callable[[T], R], tasks: Sequence[T], workers: Workers) -> Pool:
    name, jobs = workers.executor, min(workers.jobs, len(tasks))
    if name is None:
        name = "processes" if workers.timeout is not None or (jobs > 1 and can_fork()) else "threads"
    if name == "processes":
        return ProcessPool(work, tasks, jobs, workers.timeout)
    if name == "threads":
        return InOrder(work, tasks) if jobs == 1 else ThreadPool(work, tasks, jobs)
    if name.startswith("slurm"):
        from vosbench.execution.slurm import SlurmJobs

        local = name == "slurm://local"
        return SlurmJobs(work, tasks, jobs, workers.folder, workers.timeout, local=local)
    from vosbench.execution.dask import DaskCluster

    return DaskCluster(work, tasks, name.removeprefix("dask://"), workers.timeout)
