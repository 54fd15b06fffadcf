"""Tasks on every kind of worker, with workers that die, hang and run out of memory."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.unit.clusters import dask_workers, install_slurm, needs_dask, needs_submitit, outcomes
from tests.unit.faulty_work import PROBLEM, Errand, run_errand
from vosbench import execution as executors
from vosbench.errors import IncompleteError, InputError, UsageError
from vosbench.execution import Workers, processes, run_tasks
from vosbench.types import Failure

needs_fork = pytest.mark.skipif(not executors.can_fork(), reason="forks only on Linux, from a single thread")

IN_PROCESS = ["in-order", "threads"]
PROCESSES = [pytest.param("forked", marks=needs_fork), "spawned"]
CLUSTERS = [pytest.param("dask", marks=needs_dask), pytest.param("slurm", marks=needs_submitit)]
KILLABLE = [*PROCESSES, *CLUSTERS]
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
linux = pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")


@pytest.fixture(scope="module")
def dask():
    """The address of a dask scheduler with two workers."""
    with dask_workers(2) as cluster:
        yield cluster


@pytest.fixture
def perform(request, monkeypatch, tmp_path):
    """Run errands on a kind of workers: ``perform(kind, errands)`` gives outcomes by name."""

    def workers(kind, jobs, timeout):
        if kind == "spawned":
            monkeypatch.setattr(processes, "can_fork", lambda: False)
        names = {"in-order": "threads", "forked": "processes", "spawned": "processes", "slurm": "slurm://local"}
        name = f"dask://{request.getfixturevalue('dask').address}" if kind == "dask" else names.get(kind, kind)
        return Workers(executor=name, jobs=1 if kind == "in-order" else jobs, timeout=timeout, folder=tmp_path / "jobs")

    def run(kind, errands, *, jobs=2, timeout=None):
        if kind == "dask":
            return outcomes(run_errand, errands, workers(kind, jobs, timeout))
        with closing(run_tasks(run_errand, errands, workers(kind, jobs, timeout))) as results:
            return {task.name: outcome for task, outcome in results}

    return run


@pytest.fixture
def errand(tmp_path):
    """Make an errand; its attempts are noted in a folder of the test."""
    (tmp_path / "notes").mkdir()
    return lambda name, fault="", times=99: Errand(name, tmp_path / "notes", fault, times)


def given_up(outcome):
    """Is it a task that was given up, rather than one that raised?"""
    return isinstance(outcome, Failure) and isinstance(outcome.error, IncompleteError)


# ------------------------------------------------------------------ what all have in common


@pytest.mark.parametrize("kind", [*IN_PROCESS, *KILLABLE])
def test_every_task_comes_back_with_its_result_or_what_it_raised(perform, errand, kind):
    errands = [errand("a"), errand("b", "input"), errand("c"), errand("d", "bug"), errand("e", "awkward"), errand("f")]
    found = perform(kind, errands)
    assert {k: v for k, v in found.items() if not isinstance(v, Failure)} == {"a": "A", "c": "C", "f": "F"}
    assert isinstance(found["b"].error, InputError)
    assert found["b"].error.problems == (PROBLEM,)
    assert (str(found["b"].error.message), found["b"].error.exit_code, found["b"].task) == ("no", 3, "b")
    assert isinstance(found["d"].error, KeyError)
    assert 'raise KeyError("bug")' in found["d"].error.__notes__[0]
    assert "one and two" in str(found["e"].error)
    assert all(e.tries() == 1 for e in errands)


@pytest.mark.parametrize("kind", [*IN_PROCESS, *KILLABLE])
def test_no_task_is_no_work(perform, kind):
    assert perform(kind, []) == {}


@pytest.mark.parametrize("kind", [*IN_PROCESS, *KILLABLE])
def test_memory_that_was_short_for_a_moment_costs_one_try(perform, errand, kind):
    errands = [errand("a", "memory", 1), errand("b"), errand("c")]
    assert perform(kind, errands) == {"a": "A", "b": "B", "c": "C"}
    assert [e.tries() for e in errands] == [2, 1, 1]


# ------------------------------------------------------------------ workers that die


@pytest.mark.parametrize("kind", KILLABLE)
@pytest.mark.parametrize("fault", ["killed", "hangs"])
def test_a_worker_lost_once_costs_a_retry_and_nothing_else(perform, errand, kind, fault):
    errands = [errand("a"), errand("b", fault, 1), errand("c"), errand("d"), errand("e")]
    found = perform(kind, errands, timeout=1.0 if fault == "hangs" else None)
    assert found == {"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}
    assert errands[1].tries() == 2


@pytest.mark.parametrize("kind", KILLABLE)
@pytest.mark.parametrize("fault", ["killed", "hangs"])
def test_a_task_that_always_loses_its_worker_is_given_up_and_all_others_are_done(perform, errand, kind, fault):
    errands = [errand("a"), errand("b", fault), errand("c"), errand("d", "slow"), errand("e")]
    found = perform(kind, errands, timeout=1.0 if fault == "hangs" else None)
    assert given_up(found.pop("b"))
    assert found == {"a": "A", "c": "C", "d": "D", "e": "E"}
    assert errands[1].tries() <= 10


@pytest.mark.parametrize("kind", PROCESSES)
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        pytest.param("killed", r"its worker was killed \(signal 9\) \(tried 3 times\)", marks=posix),
        ("exits", r"its worker ended with exit code 3 \(tried 3 times\)"),
        ("hangs", r"it took longer than 0.5 seconds \(--task-timeout\) \(tried 3 times\)"),
        ("memory", r"it ran out of memory \(tried 3 times\)"),
    ],
)
def test_why_a_task_was_given_up_is_said(perform, errand, kind, fault, reason):
    found = perform(kind, [errand("a", fault)], timeout=0.5 if fault == "hangs" else None)
    with pytest.raises(IncompleteError, match=reason):
        raise found["a"].error


@needs_fork
def test_only_poison_is_left_when_all_others_are_innocent_bystanders(perform, errand):
    """One that kills its worker at once, among many: nobody else is tried twice."""
    errands = [errand(f"{k:02d}", "killed" if k in (3, 11) else "") for k in range(20)]
    found = perform("forked", errands, jobs=4)
    assert sorted(name for name, outcome in found.items() if given_up(outcome)) == ["03", "11"]
    assert {e.tries() for e in errands if not e.fault} == {1}
    assert {e.tries() for e in errands if e.fault} == {3}


@needs_fork
def test_workers_killed_at_random_from_outside_cost_nothing_but_time(perform, errand):
    errands = [errand(f"{k:02d}", "slow") for k in range(12)]
    stop = threading.Event()

    def murder():
        for _ in range(2):  # a third one might meet the same task again, which would then be given up
            if not stop.wait(0.45):
                for child in multiprocessing.active_children()[:1]:
                    os.kill(child.pid, signal.SIGKILL)

    killer = threading.Thread(target=murder)
    pool = processes.ProcessPool(run_errand, errands, 3)  # before the thread: it would be in the way of forking
    killer.start()
    try:
        with closing(pool):
            found = {e.name: outcome for e, outcome in executors.attempt_all(pool, errands)}
    finally:
        stop.set()
        killer.join()
    assert found == {e.name: e.name for e in errands}
    assert sum(e.tries() for e in errands) > len(errands)


# ------------------------------------------------------------------ processes of this machine


@needs_fork
def test_workers_are_processes_where_no_other_thread_could_hold_a_lock():
    def whereabouts():
        with closing(run_tasks(lambda _: os.getpid(), range(2), Workers(jobs=2))) as results:
            return {pid for _, pid in results}

    assert os.getpid() not in whereabouts()
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert whereabouts() == {os.getpid()}
    finally:
        done.set()
        other.join()


@pytest.mark.parametrize("kind", PROCESSES)
def test_leaving_early_leaves_no_process_behind(monkeypatch, errand, kind):
    if kind == "spawned":
        monkeypatch.setattr(processes, "can_fork", lambda: False)
    errands = [errand("a"), errand("b", "hangs"), errand("c")]
    with closing(run_tasks(run_errand, errands, Workers(executor="processes", jobs=2))) as results:
        next(results)
    assert multiprocessing.active_children() == []


ORPHANS = """
import os, sys, time
from vosbench.execution import Workers, run_tasks
def work(task):
    os.write(1, b"%d\\n" % os.getpid())  # at once: what workers print runs together
    time.sleep(0.5)
list(run_tasks(work, range(50), Workers(executor="processes", jobs=3)))
"""


@needs_fork
def test_workers_end_soon_after_their_parent_was_killed():
    parent = subprocess.Popen([sys.executable, "-c", ORPHANS], stdout=subprocess.PIPE, text=True)
    workers = {int(parent.stdout.readline()) for _ in range(3)}
    assert len(workers) == 3
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [pid for pid in workers if alive(pid)] == []
    parent.stdout.close()


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# ------------------------------------------------------------------ threads


def test_threads_cannot_be_stopped_and_say_so():
    with pytest.raises(UsageError, match="a thread cannot be stopped: no task timeout"):
        Workers(executor="threads", jobs=2, timeout=1)


@needs_fork
def test_a_timeout_asks_for_processes_even_with_one_worker(errand):
    tasks = [errand("a", "hangs", 1)]
    with closing(run_tasks(run_errand, tasks, Workers(jobs=1, timeout=0.3))) as results:
        assert [outcome for _, outcome in results] == ["A"]


# ------------------------------------------------------------------ clusters


@needs_dask
def test_dask_without_a_worker_gives_up_after_a_while(errand):
    with dask_workers(0) as cluster, pytest.raises(IncompleteError, match="no dask worker is left at"):
        outcomes(run_errand, [errand("a")], Workers(executor=f"dask://{cluster.address}", jobs=1), patience=2.0)


@needs_dask
def test_dask_goes_on_with_workers_that_come_late_and_when_one_is_killed(errand):
    errands = [errand(f"{k:02d}", "slow") for k in range(16)]
    with dask_workers(1) as cluster:
        late = threading.Timer(0.5, cluster.add_worker)
        late.start()
        workers = Workers(executor=f"dask://{cluster.address}", jobs=1)
        found = outcomes(run_errand, errands, workers, victim=Errand.worker)
        late.join()
    assert found == {e.name: e.name for e in errands}


@needs_dask
def test_dask_that_is_not_there_is_a_usage_error(errand):
    with pytest.raises(UsageError, match=r"no dask scheduler answers at 127\.0\.0\.1:9"):
        outcomes(run_errand, [errand("a")], Workers(executor="dask://127.0.0.1:9", jobs=1), patience=0.5)


@needs_submitit
@linux
def test_a_slurm_job_that_dies_keeps_what_it_had_finished(errand, tmp_path):
    """The job itself is killed, not the process in it that does the task."""
    errands = [errand(f"{k}", "slow") for k in range(8)]
    workers = Workers(executor="slurm://local", jobs=2, folder=tmp_path / "jobs")
    found = {}
    for task, outcome in run_tasks(run_errand, errands, workers):
        if not found:
            os.kill(parent_of(task.worker()), signal.SIGKILL)
        found[task.name] = outcome
    assert found == {e.name: e.name for e in errands}
    assert errands[int(next(iter(found)))].tries() == 1
    assert sum(e.tries() for e in errands) <= len(errands) + 1


def parent_of(pid):
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


@needs_submitit
@linux
def test_a_queue_of_slurm_gets_one_array_and_a_node_that_fails_costs_a_retry(errand, tmp_path, monkeypatch):
    """Through the commands of Slurm, played by small scripts."""
    jobs = install_slurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    errands = [errand(f"{k}", "slow") for k in range(6)]
    found = {}
    for task, outcome in run_tasks(run_errand, errands, Workers(executor="slurm", jobs=2, folder=tmp_path / "jobs")):
        if not found:
            os.killpg(int((jobs / "77_0").read_text()), signal.SIGKILL)
            submission = (tmp_path / "jobs" / "logs" / "77_submission.sh").read_text()
        found[task.name] = outcome
    assert found == {e.name: e.name for e in errands}
    assert "#SBATCH --array=0-1%2" in submission
    assert "#SBATCH --time=60" in submission


@needs_submitit
def test_a_queue_that_refuses_the_jobs_says_why(errand, tmp_path, monkeypatch):
    install_slurm(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SBATCH_PARTITION", "nowhere")
    with pytest.raises(IncompleteError, match=r"the jobs were refused .*invalid partition specified: nowhere"):
        list(run_tasks(run_errand, [errand("a")], Workers(executor="slurm", jobs=1, folder=tmp_path / "jobs")))


@needs_submitit
def test_jobs_none_of_which_can_start_are_told_from_tasks_that_fail(errand, tmp_path, monkeypatch):
    from vosbench.execution import slurm as slurm_jobs

    monkeypatch.setattr(slurm_jobs, "_do_share", lambda *_: os._exit(1))
    with pytest.raises(IncompleteError, match="no job left a result") as error:
        list(run_tasks(run_errand, [errand("a")], Workers(executor="slurm://local", jobs=1, folder=tmp_path / "jobs")))
    assert str(tmp_path / "jobs" / "logs") in error.value.fix
    assert list((tmp_path / "jobs" / "logs").iterdir())


@needs_submitit
def test_slurm_wants_sbatch_and_a_folder(errand, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="there is no sbatch here"):
        list(run_tasks(run_errand, [errand("a")], Workers(executor="slurm", jobs=1, folder=tmp_path / "jobs")))
    with pytest.raises(UsageError, match="need a folder that all machines see"):
        list(run_tasks(run_errand, [errand("a")], Workers(executor="slurm://local", jobs=1)))


@pytest.mark.parametrize("name", ["", "dask", "dask:", "mpi", "Threads", "slurm://other"])
def test_an_executor_that_does_not_exist(name):
    with pytest.raises(UsageError, match="no executor"):
        Workers(executor=name, jobs=1)


@pytest.mark.parametrize(
    ("executor", "module", "extra"),
    [("dask://127.0.0.1:9", "distributed", "dask"), ("slurm://local", "submitit", "slurm")],
)
def test_without_the_extra_the_error_says_how_to_install_it(errand, tmp_path, monkeypatch, executor, module, extra):
    monkeypatch.setitem(sys.modules, module, None)
    for name in ("dask", "slurm"):
        monkeypatch.delitem(sys.modules, f"vosbench.execution.{name}", raising=False)
    with pytest.raises(UsageError, match="is not installed") as error:
        list(run_tasks(run_errand, [errand("a")], Workers(executor=executor, jobs=1, folder=tmp_path / "jobs")))
    assert error.value.fix == f'python -m pip install "vosbench[{extra}]"'
