"""Each task in a process of its own: whatever it does is one failure, told by its true reason."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from multiprocessing import popen_fork
from pathlib import Path

import pytest

from vosbench.errors import IncompleteError, InputError, Problem
from vosbench.execution import Workers, can_fork, run_isolated, run_tasks
from vosbench.execution.limits import Limits
from vosbench.types import Failure

pytestmark = pytest.mark.skipif(not can_fork(), reason="forks only on Linux, from a single thread")


def isolated(work, tasks, *, jobs=2, **limits):
    """Outcomes by task."""
    with closing(run_isolated(work, tasks, jobs, Limits(**{"seconds": 30, **limits}))) as results:
        return dict(results)


def reason(outcome) -> str:
    assert isinstance(outcome, Failure)
    assert isinstance(outcome.error, IncompleteError), outcome.error
    return outcome.error.message


def die(task):
    os.kill(os.getpid(), signal.SIGKILL)


def leave(task):
    os._exit(3)


def hang(task):
    time.sleep(60)


def burn(task):
    while True:
        pass


def eat(task):
    return bytearray(1 << 30)


def open_many(task):
    return [Path("/dev/null").open() for _ in range(100)]


def write_much(task):
    Path(task).write_bytes(bytes(1 << 20))


def wrapped(task):
    try:
        open_many(task)
    except OSError as error:
        raise InputError([Problem(code="unreadable", message="no", where="x", fix="")]) from error


FAULTS = [
    (die, {}, "its process died (SIGKILL)"),
    (leave, {}, "its process died (3)"),
    (hang, {"seconds": 0.5}, "it takes more than 0.5 s"),
    (eat, {"memory": 64 << 20}, "it takes more than 64 MB of memory"),
    (open_many, {"files": 60}, "it takes more than 60 open files"),
    (wrapped, {"files": 60}, "it takes more than 60 open files"),
    (write_much, {"file_size": 1 << 19}, "it takes a file of more than 0 MB"),
]


@pytest.mark.parametrize(("fault", "limits", "said"), FAULTS, ids=lambda value: getattr(value, "__name__", None))
def test_a_task_that_goes_wrong_is_one_failure_with_its_reason(tmp_path, fault, limits, said):
    bad = str(tmp_path / "bad")
    found = isolated(lambda task: fault(task) if task == bad else task, [bad, "a", "b", "c"], **limits)
    assert reason(found.pop(bad)) == said
    assert found == {"a": "a", "b": "b", "c": "c"}


def test_cpu_time_has_a_limit_of_its_own():
    """The parent's clock would let it go on: it is stopped, as a parent that has no time to look would be."""
    found = {}

    def work(task):
        limits = Limits(seconds=1)
        limits.impose()
        burn(task)

    found = isolated(work, ["a"], seconds=20)
    assert reason(found["a"]) == "it takes more than 20 s of CPU time"  # the number is that of the parent's limits


@pytest.mark.parametrize("fault", [die, leave])
def test_a_killed_process_is_not_told_as_late_however_long_it_takes_to_be_reaped(monkeypatch, fault):
    """The end of a process is seen (its sentinel) before the system lets it be waited for without waiting."""
    waitpid = os.waitpid

    def not_yet(pid, options):
        return (0, 0) if options & os.WNOHANG else waitpid(pid, options)

    monkeypatch.setattr(popen_fork.os, "waitpid", not_yet)
    said = "SIGKILL" if fault is die else "3"
    assert reason(isolated(fault, ["a"])["a"]) == f"its process died ({said})"
    with closing(run_tasks(fault, ["a"], Workers(executor="processes", jobs=1, timeout=30))) as results:
        (_, outcome), = results  # fmt: skip
    assert "--task-timeout" not in reason(outcome)
    assert ("signal 9" if fault is die else "exit code 3") in reason(outcome)


def test_each_task_has_a_process_of_its_own():
    found = isolated(lambda _: os.getpid(), range(6))
    assert len({os.getpid(), *found.values()}) == 7
    assert multiprocessing.active_children() == []


def test_a_task_may_start_workers_of_its_own():
    def work(task):
        with closing(run_tasks(lambda n: n * task, range(4), Workers(executor="processes", jobs=2))) as results:
            return sorted(value for _, value in results)

    assert isolated(work, [1, 10]) == {1: [0, 1, 2, 3], 10: [0, 10, 20, 30]}


def test_without_forking_exceptions_are_still_kept_apart():
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        found = isolated(lambda task: 1 // task, [0, 1])
    finally:
        done.set()
        other.join()
    assert isinstance(found[0].error, ZeroDivisionError)
    assert found[1] == 1


PARENT = """
import os, sys, time
from contextlib import closing
from vosbench.execution import Workers, run_isolated, run_tasks
from vosbench.execution.limits import Limits
def inner(task):
    os.write(1, b"%d\\n" % os.getpid())
    time.sleep(60)
def outer(task):
    os.write(1, b"%d\\n" % os.getpid())
    list(run_tasks(inner, range(2), Workers(executor="processes", jobs=2)))
list(run_isolated(outer, range(2), 2, Limits(seconds=60)))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_children_and_theirs_die_with_the_parent(number):
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True)
    children = {int(parent.stdout.readline()) for _ in range(6)}
    assert len(children) == 6
    parent.send_signal(number)
    parent.wait(timeout=20)
    deadline = time.monotonic() + 10
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, children))
    parent.stdout.close()


def alive(pid) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_stricter_limit_that_was_there_stays():
    import resource

    def work(task):
        resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
        Limits(seconds=30).impose()
        return resource.getrlimit(resource.RLIMIT_NOFILE), resource.getrlimit(resource.RLIMIT_CPU)

    files, cpu = isolated(work, ["a"])["a"]
    assert files == (50, 50)
    assert cpu[0] == 30
