"""Tasks in jobs of a Slurm cluster, submitted through ``submitit``: an array of jobs, each with its share of the tasks.

A job does its tasks one by one in a worker process, so that a task that kills its worker, or hangs, does not end the
job, and writes down each outcome at once. So when a job itself dies (a lost node, the limit of time or memory), what it
had finished stands; of the rest, the task that was next is suspected, and all are submitted again.

The limits of a job are Slurm's to set: ``sbatch`` reads ``SBATCH_PARTITION``, ``SBATCH_ACCOUNT``, ``SBATCH_TIMELIMIT``.
"""

import os
import pickle
import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vosbench.errors import IncompleteError, UsageError
from vosbench.execution import records
from vosbench.execution.processes import ProcessPool, portable
from vosbench.execution.retry import Lost, attempt_all
from vosbench.execution.worker import packed

try:
    import submitit
except ModuleNotFoundError as error:
    raise UsageError("submitit is not installed", fix='python -m pip install "vosbench[slurm]"') from error

#: Seconds between two looks at what the jobs have written.
PAUSE = 0.5
#: Minutes a job may take, where SBATCH_TIMELIMIT does not say otherwise.
MINUTES = 60


@dataclass(slots=True)
class _Job:
    """A submitted job, the tasks it has yet to write down, in order, and how much of its file was read."""

    handle: Any
    file: Path
    left: list[int]
    position: int = 0

    def news(self) -> list[tuple[int, Any]]:
        """Outcomes written since the last call."""
        found = []
        with self.file.open("rb", buffering=0) as file:
            for payload, end in records.read(file.fileno(), self.position):
                number, outcome = pickle.loads(payload)
                self.left.remove(number)
                self.position = end
                found.append((number, pickle.loads(outcome)))
        return found


class SlurmJobs:
    """Arrays of jobs: one with all tasks, then, for what was lost, further ones."""

    tries = 3

    def __init__(
        self,
        work: Callable[[Any], Any],
        tasks: Sequence[Any],
        jobs: int,
        folder: Path | None,
        timeout: float | None = None,
        *,
        local: bool = False,
    ) -> None:
        if folder is None:
            raise UsageError("Slurm's jobs need a folder that all machines see", fix="say --out FOLDER")
        if not local and shutil.which("sbatch") is None:
            raise UsageError(
                "there is no sbatch here", fix="run this where you submit jobs, or try it on slurm://local"
            )
        self._work, self._tasks, self._jobs, self._timeout = work, tasks, jobs, timeout
        self._folder, self._local = folder.resolve(), local
        self._folder.mkdir(parents=True, exist_ok=True)
        self._submitter = submitit.AutoExecutor(self._folder / "logs", cluster="local" if local else "slurm")
        self._submitter.update_parameters(
            timeout_min=MINUTES, cpus_per_task=1, name="vosbench", slurm_array_parallelism=jobs
        )
        self._waiting: list[int] = []
        self._running: list[_Job] = []
        self._files = 0
        self._worked = self._lost = False

    @property
    def slots(self) -> int:
        """All tasks at once: Slurm has the queue."""
        return len(self._tasks)

    def start(self, number: int) -> None:
        """Put a task into the next array."""
        self._waiting.append(number)

    def wait(self) -> Iterable[tuple[int, Any]]:
        """What the jobs wrote down, and what is lost with jobs that ended before."""
        if self._waiting:
            self._submit()
        while True:
            over = [job for job in self._running if job.handle.done()]  # looked at before their files are
            ended = [outcome for job in self._running for outcome in job.news()]
            self._worked |= bool(ended)
            for job in over:
                self._running.remove(job)
                ended += [(n, Lost(f"its job {job.handle.job_id} died", n == job.left[0])) for n in job.left]
                self._lost |= bool(job.left)
            if not self._worked and not self._running:
                raise IncompleteError("no job left a result", fix=f"see the logs in {self._folder / 'logs'}")
            if ended:
                return ended
            time.sleep(PAUSE)

    def close(self) -> None:
        """Cancel the jobs that have something left to do; if none of them died, nobody needs the logs."""
        for job in self._running:
            if job.left:
                job.handle.cancel(check=False)
        while self._local and any(not job.handle.done() for job in self._running):
            time.sleep(PAUSE / 10)
        if not self._lost and not any(job.left for job in self._running):
            shutil.rmtree(self._folder, ignore_errors=True)

    def _submit(self) -> None:
        """One array of jobs; each takes every n-th task, so that all get long and short ones."""
        shares = [self._waiting[k :: self._jobs] for k in range(min(self._jobs, len(self._waiting)))]
        files = [self._folder / f"{self._files + k}.rows" for k in range(len(shares))]
        for file in files:
            file.touch()
        try:
            with self._submitter.batch():
                handles = [self._queued(share, file) for share, file in zip(shares, files, strict=True)]
        except submitit.core.utils.FailedJobError as error:
            fix = "see the variables that sbatch reads"
            raise IncompleteError(f"the jobs were refused ({error})", fix=fix) from error
        self._running += [_Job(*job) for job in zip(handles, files, shares, strict=True)]
        self._files += len(files)
        self._waiting = []

    def _queued(self, share: list[int], file: Path) -> Any:
        tasks = {number: portable(self._tasks[number]) for number in share}
        return self._submitter.submit(_do_share, self._work, tasks, file, self._timeout)


def _do_share(work: Callable[[Any], Any], tasks: dict[int, Any], file: Path, timeout: float | None) -> None:
    """A job: do some tasks, write down each outcome as it comes."""
    pool = ProcessPool(work, tuple(tasks.values()), 1, timeout)
    out = os.open(file, os.O_WRONLY)
    try:
        for (number, _), outcome in attempt_all(pool, tuple(tasks.items())):
            records.append(out, pickle.dumps((number, packed(outcome))))
    finally:
        pool.close()
        os.close(out)
