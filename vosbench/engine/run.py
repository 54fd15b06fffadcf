"""Carry out a plan: all sequences, all predictions, every problem collected before anything is reported."""

import os
from collections import Counter
from collections.abc import Callable
from contextlib import closing

from vosbench.engine.executors import run_tasks
from vosbench.engine.plan import Plan
from vosbench.engine.score_sequence import SequenceCounts, score_sequence
from vosbench.engine.task import Task
from vosbench.errors import InputError, Problem
from vosbench.types import Failure

Progress = Callable[[int, int, str], None]


def default_jobs() -> int:
    """The number of cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run(
    plan: Plan, *, jobs: int | None = None, progress: Progress | None = None
) -> tuple[tuple[SequenceCounts, ...], ...]:
    """Score every task of a plan.

    Args:
        plan: what to score.
        jobs: workers; all cores by default.
        progress: called after each sequence with (frames done, frames in all, sequence name).

    Returns:
        For each prediction, the counts of every sequence in the order of their names. The result does not depend on
        the number of workers.

    Raises:
        InputError: with every problem of every sequence.
    """
    found: dict[str, tuple[SequenceCounts, ...]] = {}
    problems: dict[str, tuple[Problem, ...]] = {}
    total, done = sum(_size(t) for t in plan.tasks), 0
    with closing(run_tasks(score_sequence, plan.tasks, jobs or default_jobs())) as results:
        for task, result in results:
            name = task.sequence.name
            if not isinstance(result, Failure):
                found[name] = result
            elif isinstance(result.error, InputError):
                problems[name] = result.error.problems
            else:
                raise result.error
            done += _size(task)
            if progress:
                progress(done, total, name)
    if problems:
        raise InputError([p for name in sorted(problems) for p in problems[name]])
    return tuple(zip(*(found[name] for name in sorted(found)), strict=True))


def remarks(counts: tuple[SequenceCounts, ...]) -> tuple[str, ...]:
    """What was noted about some sequences: one line for each kind of note."""
    found = Counter(note for c in counts for note in c.notes)
    return tuple(f"{note} ({n} of {len(counts)} sequences)" for note, n in found.items())


def _size(task: Task) -> int:
    return len(task.sequence.frames)
