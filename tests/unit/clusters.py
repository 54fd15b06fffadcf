"""Clusters on this machine, started as a user would start them, for the tests of the executors."""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

needs_dask = pytest.mark.skipif(find_spec("distributed") is None, reason="needs the extra dask")
needs_submitit = pytest.mark.skipif(find_spec("submitit") is None, reason="needs the extra slurm")


#: The client of a cluster leaves threads behind, beside which this process could never fork again.
_ELSEWHERE = """
import os, pickle, signal, sys
from vosbench.engine.executors import dask_cluster, run_tasks
work, tasks, workers, dask_cluster.PATIENCE, victim = pickle.loads(sys.stdin.buffer.read())
found = {}
try:
    for task, outcome in run_tasks(work, tasks, workers):
        if victim and not found:
            os.kill(victim(task), signal.SIGKILL)
        found[task.name] = outcome
except Exception as error:
    found = error
sys.stdout.buffer.write(pickle.dumps(found))
"""


def outcomes(work, tasks, workers, *, patience=30.0, victim=None):
    """Outcomes by the names of tasks that another process had done by dask; raises what it raised.

    ``victim`` maps the first task that ended to the id of a process to kill at that moment.
    """
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    message = pickle.dumps((work, tasks, workers, patience, victim))
    command = [sys.executable, "-c", _ELSEWHERE]
    done = subprocess.run(command, input=message, env=environment, stdout=subprocess.PIPE, check=True)
    found = pickle.loads(done.stdout)
    if isinstance(found, Exception):
        raise found
    return found


@dataclass
class DaskCluster:
    """A scheduler and its workers, each a process with one thread and a nanny."""

    address: str
    processes: list[subprocess.Popen] = field(default_factory=list)

    def add_worker(self) -> None:
        """Start a worker; it is ready when it is."""
        self.processes.append(_start("worker", f"tcp://{self.address}", "--nthreads", "1"))


@contextmanager
def dask_workers(n: int) -> Iterator[DaskCluster]:
    """A scheduler on a free port with ``n`` workers."""
    scheduler = _start("scheduler", "--port", "0", "--host", "127.0.0.1")
    address = next(m[1] for line in scheduler.stderr if (m := re.search(r"Scheduler at:\s+tcp://(\S+)", line)))
    cluster = DaskCluster(address, [scheduler])
    for _ in range(n):
        cluster.add_worker()
    try:
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            process.terminate()
        for process in cluster.processes:
            process.communicate()


def _start(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
    # A result on a worker that died is asked for until this time is up.
    environment = os.environ | {"PYTHONPATH": str(ROOT), "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "2s"}
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
