"""What a worker process does: tasks from a pipe, outcomes into it, until its parent is gone."""

import gc
import os
import pickle
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

from vosbench.execution.retry import Lost, attempt
from vosbench.types import Failure

if TYPE_CHECKING:
    from vosbench.execution.limits import Limits

#: Interrupts are the parent's business: it ends the workers.
INTERRUPTS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """What a worker is told: ``tasks`` and ``parent`` (its process number) only where it was forked."""

    work: Callable[[Any], Any]
    tasks: Sequence[Any] | None
    timed: bool
    parent: int | None
    limits: "Limits | None"


def serve(pipe: "Connection[Any, Any]", inherited: Iterable["Connection[Any, Any]"], orders: Orders) -> None:
    """A worker's life: until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if orders.parent is not None:
        _die_with(orders.parent)
        for number in INTERRUPTS[1:]:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTS)
    for end in inherited:
        end.close()
    if orders.limits:
        gc.freeze()
        orders.limits.impose()
    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task = pipe.recv()
            if orders.timed:
                pipe.send_bytes(b"")
            outcome = attempt(orders.work, task if orders.tasks is None else orders.tasks[task])
            if orders.limits:
                outcome = _within(orders.limits, outcome)
            pipe.send_bytes(packed(outcome))


def _within(limits: "Limits", outcome: Any) -> Any:
    """An outcome, or the loss of the task where a limit was the reason for it."""
    if isinstance(outcome, Failure) and (reason := limits.exceeded(outcome.error)):
        return Lost(reason)
    return Lost(limits.out_of_memory()) if isinstance(outcome, Lost) else outcome


def _die_with(parent: int) -> None:
    """Let the system kill this process as soon as its parent is gone."""
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it went before that was known
        os._exit(1)


def packed(outcome: Any) -> bytes:
    """A pickled outcome; an exception that does not survive pickling becomes one that says the same."""
    with suppress(Exception):
        data = pickle.dumps(outcome)
        if isinstance(outcome, Failure):
            pickle.loads(data)
        return data
    error = RuntimeError(f"{type(outcome.error).__name__}: {outcome.error}")
    for note in getattr(outcome.error, "__notes__", ()):
        error.add_note(note)
    return pickle.dumps(Failure(outcome.task, error))
