"""Tasks on one, several or dying workers."""

import os
import threading
from contextlib import closing

import pytest

from vosbench.engine import executors
from vosbench.engine.executors import run_tasks
from vosbench.errors import IncompleteError, InputError, Problem
from vosbench.types import Failure

PROBLEM = Problem(code="c", message="m", where="w", fix="f", sequence="s", frame="00001")

needs_fork = pytest.mark.skipif(not executors.can_fork(), reason="forks only on Linux, from a single thread")


def work(task):
    if task == 3:
        raise InputError([PROBLEM], summary="no")
    if task == 4:
        raise KeyError("bug")
    return task * task


def collected(jobs, tasks=range(6), function=work):
    with closing(run_tasks(function, list(tasks), jobs)) as results:
        return dict(results)


@pytest.mark.parametrize("jobs", [1, 2, 5])
@pytest.mark.parametrize("forked", [True, False])
def test_every_task_comes_back_with_its_result_or_what_it_raised(jobs, forked, monkeypatch):
    if not forked:
        monkeypatch.setattr(executors, "can_fork", lambda: False)
    found = collected(jobs)
    assert {k: v for k, v in found.items() if not isinstance(v, Failure)} == {0: 0, 1: 1, 2: 4, 5: 25}
    assert found[3].error.problems == (PROBLEM,)
    assert (str(found[3].error.message), found[3].error.exit_code) == ("no", 3)
    assert isinstance(found[4].error, KeyError)


@needs_fork
def test_workers_are_processes_where_no_other_thread_could_hold_a_lock():
    assert os.getpid() not in collected(2, range(2), lambda _: os.getpid()).values()
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert set(collected(2, range(2), lambda _: os.getpid()).values()) == {os.getpid()}
    finally:
        done.set()
        other.join()


@needs_fork
def test_a_dying_worker_is_an_error_not_a_hang():
    with pytest.raises(IncompleteError, match="worker process died"):
        collected(2, range(4), lambda task: os._exit(1) if task == 2 else task)


@needs_fork
def test_leaving_early_leaves_no_process_behind():
    import multiprocessing

    with closing(run_tasks(work, [0, 1, 2, 5], 2)) as results:
        next(results)
    assert multiprocessing.active_children() == []
