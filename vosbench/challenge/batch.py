"""Score the submissions of many teams, each for itself: the one call behind ``vosbench score-many``.

Nothing a submission does reaches another: it is scored in a process of its own, for a limited time and in limited
memory, and what it is called never becomes a path as it stands. What was scored is what ``vosbench score`` of that
submission alone would have written, byte for byte; only the decoded ground truth is shared.
"""

import unicodedata
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from vosbench.challenge.filenames import folder_name
from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
from vosbench.errors import IncompleteError, InputError, UsageError, VosbenchError, visible
from vosbench.execution import default_jobs, run_isolated
from vosbench.execution.limits import Limits, require_seconds
from vosbench.files import new_folder, working_folder, writable
from vosbench.masks.cache import HeldMasks
from vosbench.masks.colours import with_palette
from vosbench.masks.untrusted import require_plain_files
from vosbench.protocols import load as protocols
from vosbench.results.run import RunResult, require_free
from vosbench.scoring.api import score_query
from vosbench.scoring.plan import expected_stems, make_plan
from vosbench.scoring.reading import AS_IS, Reading
from vosbench.types import Failure

#: The table of all submissions, beside their folders.
TABLE = "results.csv"

Status = Literal["scored", "refused", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission: where it lies, and the name of its folder of results."""

    path: Path
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a submission.

    ``numbers`` are its means by name, in [0, 1] (``J&F``, or ``J seen`` for a group beside the headline's);
    ``coverage`` is the share of the masks that are scored which it has, None where it could not be opened; ``filled``
    counts those taken as empty. ``status`` is "refused" where something is wrong with the submission, and "failed"
    where it died, took too long, or met a bug; then ``code`` and ``error`` say why.
    """

    submission: Submission
    status: Status
    numbers: dict[str, float] = field(default_factory=dict)
    coverage: float | None = None
    filled: int = 0
    code: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """How every submission is scored."""

    query: Query
    reading: Reading
    measures: tuple[str, ...] | None
    jobs: int


def submissions(paths: Sequence[str | Path]) -> tuple[Submission, ...]:
    """Name the folder of each submission.

    Raises:
        UsageError: two would have the same one, which includes names that differ in case only.
    """
    found: dict[str, Path] = {TABLE: Path(TABLE)}
    named = []
    for path in map(Path, paths):
        name = folder_name(path.absolute().name.removesuffix(".zip"))
        if (other := found.setdefault(unicodedata.normalize("NFKC", name).casefold(), path)) is not path:
            message = f"{visible(str(other))} and {visible(str(path))} would both have their results in {name}"
            raise UsageError(message, fix="rename one of them")
        named.append(Submission(path=path, name=name))
    return tuple(named)


def score_many_query(
    paths: Sequence[str | Path],
    out: str | Path,
    query: Query,
    *,
    reading: Reading = AS_IS,
    measures: Collection[str] | None = None,
    jobs: int | None = None,
    seconds: float = 3600,
) -> Generator[Outcome, None, None]:
    """Score submissions one by one, each into ``out/<name>``, and yield what became of each as it is done.

    Args:
        paths: folders or zip archives.
        out: folder of the results; an earlier result of a submission there is replaced, or removed if it fails now.
        query, reading, measures: see :func:`vosbench.scoring.api.score_query`.
        jobs: submissions scored at the same time; all cores by default.
        seconds: time for each.

    Raises:
        UsageError: see :func:`submissions`; or ``out`` holds what is no run, or lies inside a submission.
        InputError: the ground truth cannot be read (any more), or ``out`` cannot be written: no team is to blame, and
            earlier results stay.
    """
    require_seconds(seconds, "--timeout")
    named, folder, workers = submissions(paths), Path(out), jobs or default_jobs()
    for one in named:
        _require_room(one, folder)
    asked = _Asked(
        query=query,
        reading=reading,
        measures=None if measures is None else tuple(measures),
        jobs=max(1, workers // len(named)),
    )
    truth = _held_truth(asked)
    with working_folder(folder / "scoring") as scratch:
        work = partial(_score_one, scratch=scratch, asked=asked, truth=truth)
        with closing(_isolated(work, named, workers, seconds)) as results:
            for one, result in results:
                outcome = _failed(one, result.error) if isinstance(result, Failure) else result
                _place(scratch / one.name, folder / one.name)
                yield outcome


def _require_room(one: Submission, folder: Path) -> None:
    require_free(folder / one.name, overwrite=True)
    if folder.resolve().is_relative_to(one.path.resolve()):
        raise UsageError(f"--out {folder} lies inside the submission {visible(str(one.path))}", fix="choose another")


def _held_truth(asked: _Asked) -> HeldMasks:
    """The ground truth of what is scored, decoded as far as there is room. What is wrong with it shows here, once."""
    found = locate(asked.query)
    if asked.measures is not None:
        protocols.with_measures(found.spec, asked.measures)
    truth = HeldMasks(with_palette(found.dataset.masks(found.split), asked.reading.palette))
    for task in make_plan(found.dataset.sequences(found.split), found.spec.rules, truth, ()).tasks:
        truth.hold(task.sequence.name, expected_stems(task.sequence, found.spec.rules))
    return truth


def _isolated(
    work: Callable[[Submission], Outcome], named: Sequence[Submission], jobs: int, seconds: float
) -> Generator[tuple[Submission, Outcome | Failure], None, None]:
    import pandas  # noqa: F401 - with what writing tables takes, here rather than in each process
    import pyarrow.compute
    import pyarrow.parquet  # noqa: F401

    with closing(run_isolated(work, named, jobs, Limits(seconds=seconds))) as results:
        yield from results


def _score_one(one: Submission, *, scratch: Path, asked: _Asked, truth: HeldMasks) -> Outcome:
    """In a process of its own: score, and leave the run in ``scratch``."""
    try:
        require_plain_files(one.path)
        (run,) = score_query(
            one.path, asked.query, reading=asked.reading, measures=asked.measures, jobs=asked.jobs, truth=truth
        )
    except VosbenchError as error:
        if isinstance(error, InputError) and _is_of_the_truth(error, one, asked, truth):
            raise
        return _refused(one, error, asked)
    run.save(scratch / one.name)
    filled = sum(run.document.filled.values())
    return Outcome(submission=one, status="scored", numbers=numbers(run), coverage=coverage(run), filled=filled)


def _is_of_the_truth(error: InputError, one: Submission, asked: _Asked, truth: HeldMasks) -> bool:
    """Is something wrong with the ground truth, which was sound when it was first read, rather than the submission?"""
    places = [truth.name, *(str(path) for path in (asked.query.data, asked.query.gt) if path)]
    own = str(one.path)
    return any(
        any(_lies_in(problem.where, place) for place in places) and not _lies_in(problem.where, own)
        for problem in error.problems
    )


def _lies_in(where: str, place: str) -> bool:
    return where == place or where.startswith((f"{place}/", f"{place}#"))


def numbers(run: RunResult) -> dict[str, float]:
    """The means of a run by name: the measure in the headline's group, "measure group" in any other."""
    cells = [cell for cell in run.document.summary if cell.statistic == "mean"]
    cells.sort(key=lambda cell: (cell.group != run.headline_group, cell.measure not in run.spec.rules.headline))
    plain = run.headline_group
    return {c.measure if c.group == plain else f"{c.measure} {c.group}": c.value for c in cells if c.value is not None}


def coverage(run: RunResult) -> float:
    """The share of the frames scored for which there was a mask."""
    return float(1 - sum(run.document.filled.values()) / run.document.dataset.frames)


def _refused(one: Submission, error: VosbenchError, asked: _Asked) -> Outcome:
    code = error.problems[0].code if isinstance(error, InputError) else error.code
    return Outcome(submission=one, status="refused", coverage=_coverage(one.path, asked), code=code, error=str(error))


def _coverage(path: Path, asked: _Asked) -> float | None:
    """The share of the frames that are scored for which a submission has a mask, None if it cannot be opened."""
    try:
        require_plain_files(path)
        found = locate(asked.query)
        masks = found.dataset.predictions(path, palette=asked.reading.palette)
        expected = [(s.name, expected_stems(s, found.spec.rules)) for s in found.dataset.sequences(found.split)]
        have = sum(len(set(stems) & set(masks.frames(name))) for name, stems in expected)
    except VosbenchError:
        return None
    return have / max(1, sum(len(stems) for _, stems in expected))


def _failed(one: Submission, error: BaseException) -> Outcome:
    if isinstance(error, InputError):  # of the truth, or of writing: no fault of the submission
        raise error
    if isinstance(error, IncompleteError):
        return Outcome(submission=one, status="failed", code=error.code, error=error.message)
    message = f"a bug in vosbench: {type(error).__name__}: {error}"
    return Outcome(submission=one, status="failed", code="bug", error=message)


def _place(made: Path, target: Path) -> None:
    """Put a run in its place, or take away an earlier one that is not what this submission scores now."""
    if made.exists():
        with new_folder(target) as new:
            new.rmdir()
            made.replace(new)
    elif target.exists():
        with writable(target):
            target.replace(made)  # removed with the folder that it is in
