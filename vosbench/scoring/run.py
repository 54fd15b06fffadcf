"""Carry out a plan: all sequences, all predictions, every problem collected before anything is reported."""

from contextlib import closing
from dataclasses import dataclass, field

from vosbench.errors import IncompleteError, InputError, Problem, VosbenchError
from vosbench.execution import Workers, default_jobs, run_tasks
from vosbench.execution.checkpoint import Journal
from vosbench.masks.listing import modified
from vosbench.measures.catalog import COUNTS
from vosbench.results import counts as rows
from vosbench.results.counts import PartCounts, Rows, SequenceCounts
from vosbench.scoring import problems as problems_of
from vosbench.scoring.finalize import finish
from vosbench.scoring.objects import ObjectSearch, find_objects, needs_truth, parts_of, with_found, with_objects
from vosbench.scoring.plan import Plan
from vosbench.scoring.sequence import score_sequence
from vosbench.scoring.task import Task
from vosbench.types import Failure, Progress


def run(
    plan: Plan,
    *,
    jobs: int | None = None,
    progress: Progress | None = None,
    executor: str | None = None,
    task_timeout: float | None = None,
    journal: Journal | None = None,
) -> tuple[tuple[SequenceCounts, ...], ...]:
    """Score every task of a plan.

    Args:
        plan: what to score.
        jobs: workers; all cores by default.
        progress: called after each sequence, or part of a long one, with (frames done, frames in all, sequence name).
        executor: who the workers are (:mod:`vosbench.execution`).
        task_timeout: seconds after which a task is taken for hung.
        journal: where finished tasks are noted, and found; it has begun.

    Returns:
        For each prediction, the counts of every sequence in the order of their names. The result does not depend on
        the workers.

    Raises:
        InputError: with every problem of every sequence, or where none of them has an object.
        IncompleteError: with the sequences that could not be finished; all others were.
    """
    folder = None if journal is None else journal.path.with_name(journal.path.name.removesuffix(".journal") + ".jobs")
    workers = Workers(executor=executor, jobs=jobs or default_jobs(), timeout=task_timeout, folder=folder)
    outcome = _Outcome({task.sequence.name: task for task in plan.tasks}, progress)
    _find_objects(outcome, workers)
    tasks = {str(part): part for task in outcome.waiting() for part in parts_of(task)}
    if journal:
        _recall(journal, tasks, outcome)
    with closing(run_tasks(_encoded_rows, tuple(tasks.values()), workers)) as results:
        for task, result in results:
            if isinstance(result, Failure):
                outcome.fail(task, result.error)
                continue
            if journal:
                journal.note(str(task), result)
            outcome.add(task, result)
    counts = outcome.counts()
    if counts and (bare := _without_object(plan, counts[0])):
        raise InputError([problems_of.no_object(t.gt, t.sequence, t.rules.objects) for t in bare])
    if counts and plan.tasks[0].rules.void != "object" and not any(c.counts[_GT_AREA].any() for c in counts[0]):
        raise InputError([problems_of.only_void(t.gt, t.sequence) for t in plan.tasks])
    return counts


_GT_AREA = COUNTS.index("gt_area")


def _without_object(plan: Plan, counts: tuple[SequenceCounts, ...]) -> list[Task]:
    """The sequences without an object, where that is an error: where the rules say so, or where none has one."""
    empty = {c.sequence.name for c in counts if not c.objects}
    bare = [task for task in plan.tasks if task.sequence.name in empty]
    if len(empty) == len(counts):
        return bare
    return [t for t in bare if t.rules.unscored == "error" and t.rules.objects != "any-frame"]


def _find_objects(outcome: "_Outcome", workers: Workers) -> None:
    """Find the objects of the long sequences, once for all their parts; a sequence where that fails has failed."""
    long = [task for task in outcome.wholes.values() if task.is_long]
    for task in long:
        if not needs_truth(task):
            try:
                outcome.know(task, with_objects(task))
            except InputError as error:
                outcome.fail(task, error)
    with closing(
        run_tasks(find_objects, [ObjectSearch(task) for task in long if needs_truth(task)], workers)
    ) as results:
        for search, result in results:
            if isinstance(result, Failure):
                outcome.fail(search.task, result.error)
            else:
                outcome.know(search.task, with_found(search.task, result))


def _encoded_rows(task: Task) -> bytes:
    return rows.encode(score_sequence(task))


def _recall(journal: Journal, tasks: dict[str, Task], outcome: "_Outcome") -> None:
    """Take from ``tasks`` what the journal says of them."""
    for name, data in journal.read():
        if name in tasks and not _changed(tasks[name], journal.since):
            outcome.add(tasks.pop(name), data)


def _changed(task: Task, since: int) -> bool:
    """Has a file of the task changed since it may have been read?"""
    name = task.sequence.name
    try:
        return any(modified(source, name) > since for source in (task.gt, *task.predictions))
    except OSError:  # it is gone by now
        return True


@dataclass(slots=True)
class _Outcome:
    """What has become of the sequences so far."""

    wholes: dict[str, Task]
    progress: Progress | None
    found: dict[str, tuple[SequenceCounts, ...]] = field(default_factory=dict)
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    unfinished: dict[str, IncompleteError] = field(default_factory=dict)
    bugs: list[BaseException] = field(default_factory=list)
    _parts: dict[str, dict[int, tuple[PartCounts, ...]]] = field(default_factory=dict)
    _done: int = 0
    _total: int = field(init=False)

    def __post_init__(self) -> None:
        self._total = sum(len(task.sequence.frames) for task in self.wholes.values())

    def know(self, task: Task, known: Task) -> None:
        """Go on with a task whose objects are known."""
        self.wholes[task.sequence.name] = known

    def waiting(self) -> tuple[Task, ...]:
        """The tasks that have not failed yet."""
        failed = self.problems.keys() | {name.partition("[")[0] for name in self.unfinished}
        return tuple(task for name, task in self.wholes.items() if name not in failed)

    def add(self, task: Task, data: bytes) -> None:
        """Take the rows of a task; with its last part a sequence is concluded."""
        result, name = rows.decode(data, task.sequence), task.sequence.name
        if task.part is None:
            self.found[name] = _whole(result)
        else:
            parts = self._parts.setdefault(name, {})
            parts[task.part[0]] = tuple(r for r in result if isinstance(r, PartCounts))
            if len(parts) == len(self.wholes[name].parts()):
                self._conclude(name, [parts[start] for start in sorted(self._parts.pop(name))])
        self._step(task)

    def fail(self, task: Task, error: BaseException) -> None:
        """Note why a task has no rows."""
        if isinstance(error, InputError):
            self.problems.setdefault(task.sequence.name, []).extend(error.problems)
        elif isinstance(error, IncompleteError):
            self.unfinished[str(task)] = error
        elif isinstance(error, VosbenchError):
            raise error
        else:
            self.bugs.append(error)
        self._step(task)

    def counts(self) -> tuple[tuple[SequenceCounts, ...], ...]:
        """The counts of all sequences, or what stands against it."""
        if self.bugs:
            raise self.bugs[0]
        if self.problems:
            raise InputError([p for name in sorted(self.problems) for p in dict.fromkeys(self.problems[name])])
        if self.unfinished:
            raise _incomplete(self.unfinished, len(self.wholes))
        return tuple(zip(*(self.found[name] for name in sorted(self.found)), strict=True))

    def _conclude(self, name: str, parts: list[tuple[PartCounts, ...]]) -> None:
        whole = self.wholes[name]
        try:
            self.found[name] = finish(whole, parts)
        except InputError as error:
            self.problems[name] = list(error.problems)

    def _step(self, task: Task) -> None:
        start, stop = task.part or (0, len(task.sequence.frames))
        self._done += stop - start
        if self.progress:
            self.progress(self._done, self._total, task.sequence.name)


def _whole(result: tuple[Rows, ...]) -> tuple[SequenceCounts, ...]:
    return tuple(r for r in result if isinstance(r, SequenceCounts))


def _incomplete(unfinished: dict[str, IncompleteError], n: int, limit: int = 10) -> IncompleteError:
    lines = [f"  {name}: {error.message}" for name, error in sorted(unfinished.items())]
    if len(lines) > limit:
        lines[limit:] = [f"  … and {len(lines) - limit} more"]
    heading = f"{len(unfinished)} of {n} sequences could not be finished, all others are scored"
    fix = "give them more memory (--jobs 1) or time (--task-timeout); with --out, add --resume to try only these again"
    return IncompleteError("\n".join([heading, *lines]), fix=fix)
