"""Run tasks on several threads. Kernel, inflater and file reads release the interpreter lock: threads scale."""

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from vosbench.types import Failure

T = TypeVar("T")
R = TypeVar("R")


def run_tasks(work: Callable[[T], R], tasks: Sequence[T], jobs: int) -> Generator[tuple[T, R | Failure], None, None]:
    """Yield each task with its result, or with a Failure holding what it raised, as they finish.

    Closing the iterator early, or an interrupt, abandons the tasks that have not started.
    """
    if jobs <= 1 or len(tasks) <= 1:
        for task in tasks:
            yield task, _attempt(work, task)
        return
    pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="vosbench")
    try:
        waiting: dict[Future[R | Failure], T] = {pool.submit(_attempt, work, task): task for task in tasks}
        while waiting:
            done, _ = wait(waiting, return_when=FIRST_COMPLETED)
            for future in done:
                yield waiting.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _attempt(work: Callable[[T], R], task: T) -> R | Failure:
    try:
        return work(task)
    except Exception as error:
        return Failure(str(task), error)
