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

needs_dask = pytest.mark.skipif(
    find_spec("distributed") is None or sys.platform == "win32", reason="needs the extra dask, and signals of POSIX"
)
needs_submitit = pytest.mark.skipif(find_spec("submitit") is None, reason="needs the extra slurm")


#: The client of a cluster leaves threads behind, beside which this process could never fork again.
_ELSEWHERE = """
import os, pickle, signal, sys
from vosbench.execution import run_tasks
from vosbench.execution import dask as dask_cluster
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


#: The commands of Slurm as far as submitit uses them: jobs of an array start at once, as processes here.
_SLURM = {
    "sbatch": """#!{python}
import os, pathlib, re, subprocess, sys
script = open(sys.argv[-1]).read()
if "SBATCH_PARTITION" in os.environ:
    sys.exit("sbatch: error: invalid partition specified: " + os.environ["SBATCH_PARTITION"])
number = 77 + len({{path.name.partition("_")[0] for path in pathlib.Path("{folder}").iterdir()}})
array = re.search(r"--array=(\\d+)-(\\d+)", script)
for k in range(int(array[1]), int(array[2]) + 1) if array else [None]:
    names = {{"SLURM_JOB_ID": str(number), "SLURM_NTASKS": "1", "SLURM_JOB_NUM_NODES": "1"}}
    names |= {{"SLURM_PROCID": "0", "SLURM_LOCALID": "0", "SLURM_NODEID": "0", "SLURM_JOB_NODELIST": "localhost"}}
    if array:
        names |= {{"SLURM_ARRAY_JOB_ID": str(number), "SLURM_ARRAY_TASK_ID": str(k)}}
    job = subprocess.Popen(["sh", sys.argv[-1]], env=os.environ | names, start_new_session=True,
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pathlib.Path("{folder}", str(number) + (f"_{{k}}" if array else "")).write_text(str(job.pid))
print("Submitted batch job", number)
""",
    "srun": """#!/bin/sh
while [ "$1" != "{python}" ]; do shift; done
exec "$@"
""",
    "sacct": """#!{python}
import os, pathlib
def alive(pid):
    try:
        return pathlib.Path(f"/proc/{{pid}}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
print("JobID|State|NodeList")
for job in sorted(pathlib.Path("{folder}").iterdir()):
    print(f"{{job.name}}|{{'RUNNING' if alive(job.read_text()) else 'NODE_FAIL'}}|localhost")
""",
    "scancel": "#!/bin/sh\n",
}


def install_slurm(folder: Path) -> Path:
    """Put the commands into a folder for the search path; returns the folder with the ids of the jobs' processes."""
    jobs = folder / "jobs"
    jobs.mkdir(parents=True)
    for name, text in _SLURM.items():
        script = folder / name
        script.write_text(text.format(python=sys.executable, folder=jobs))
        script.chmod(0o755)
    return jobs
