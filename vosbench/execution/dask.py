"""Tasks on the workers of a running dask scheduler, through the futures of ``distributed``.

The scheduler starts a task again whose worker died, and gives up after a few deaths; what it gives up is tried once
more here, with nothing beside it. A task that takes too long is left by its worker, which is then restarted.
"""

import pickle
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from vosbench._version import __version__
from vosbench.errors import IncompleteError, UsageError
from vosbench.execution.processes import overdue, portable
from vosbench.execution.retry import Lost, attempt
from vosbench.execution.worker import packed
from vosbench.types import Failure

try:
    from distributed import Client, Future, KilledWorker, get_worker
except ModuleNotFoundError as error:
    raise UsageError("dask is not installed", fix='python -m pip install "vosbench[dask]"') from error

#: Seconds to wait for a scheduler, and for a worker where there is none (left).
PATIENCE = 30.0
#: Tasks sent ahead for each thread of a worker, so that it need not wait for us between two of them.
AHEAD = 2


class DaskCluster:
    """The workers at a scheduler, however many there are at the time."""

    tries = 2

    def __init__(
        self, work: Callable[[Any], Any], tasks: Sequence[Any], address: str, timeout: float | None = None
    ) -> None:
        self._work, self._tasks, self._timeout, self._address = work, tasks, timeout, address
        try:
            self._client = Client(f"tcp://{address}", timeout=PATIENCE, set_as_default=False)
        except (OSError, ValueError) as error:
            fix = "start one: dask scheduler, then dask worker HOST:PORT"
            raise UsageError(f"no dask scheduler answers at {address} ({error})", fix=fix) from error
        self._running: dict[Any, int] = {}
        self._done: SimpleQueue[Future] = SimpleQueue()
        self._slots, self._counted = 0, -PATIENCE

    @property
    def slots(self) -> int:
        """Threads of all workers, and as many again; asked once a second, since workers come and go."""
        if time.monotonic() - self._counted > 1:
            threads = sum(self._client.nthreads().values())
            self._slots, self._counted = max(1, AHEAD * threads), time.monotonic()
        return self._slots

    def start(self, number: int) -> None:
        """Submit a task."""
        task = portable(self._tasks[number])
        future = self._client.submit(_attempt_here, self._work, task, self._timeout, __version__, pure=False)
        self._running[future.key] = number
        future.add_done_callback(self._done.put)

    def wait(self) -> Iterable[tuple[int, Any]]:
        """Outcomes of tasks that ended, fetched together."""
        futures = [self._next()]
        while not self._done.empty():
            futures.append(self._done.get())
        return [(self._running.pop(future.key), self._outcome(future)) for future in futures]

    def close(self) -> None:
        """Cancel what has not finished and leave the scheduler."""
        self._client.close()

    def _next(self) -> Future:
        """The next task to end. Raises IncompleteError if there has been no worker for a while."""
        empty_since = None
        while True:
            try:
                return self._done.get(timeout=1)
            except Empty:
                if self._client.status != "running" or not self._client.nthreads():
                    empty_since = empty_since or time.monotonic()
                    if time.monotonic() - empty_since > PATIENCE:
                        fix = f"start workers again: dask worker {self._address}"
                        raise IncompleteError(f"no dask worker is left at {self._address}", fix=fix) from None
                else:
                    empty_since = None

    def _outcome(self, future: Future) -> Any:
        try:
            outcome = pickle.loads(future.result())
        except KilledWorker:
            return Lost("the dask workers that took it died")
        except CancelledError as error:
            fix = "start it again"
            raise IncompleteError(f"the dask scheduler at {self._address} went away", fix=fix) from error
        except Exception as error:
            fix = f"install vosbench {__version__} where the workers run"
            raise UsageError(f"the dask workers cannot run vosbench ({error})", fix=fix) from error
        future.release()  # else the scheduler would do again what was only on a worker that is lost
        if isinstance(outcome, _Overdue):
            with suppress(ValueError):  # a worker without a nanny stays, its thread with it
                self._client.restart_workers([outcome.worker], raise_for_error=False)
            return Lost(overdue(self._timeout))
        return outcome


@dataclass(frozen=True, slots=True)
class _Overdue:
    """What a worker answers that has left a task to itself."""

    worker: str


def _attempt_here(work: Callable[[Any], Any], task: Any, timeout: float | None, version: str) -> bytes:
    """On a worker: the pickled outcome of a task."""
    if version != __version__:
        fix = "install the same version everywhere"
        return packed(
            Failure(str(task), UsageError(f"a dask worker has vosbench {__version__}, this is {version}", fix=fix))
        )
    if timeout is None:
        return packed(attempt(work, task))
    done: list[bytes] = []
    thread = threading.Thread(target=lambda: done.append(packed(attempt(work, task))), daemon=True)
    thread.start()
    thread.join(timeout)
    return done[0] if done else packed(_Overdue(get_worker().address))
