"""Score and validate predictions."""

from collections.abc import Collection, Generator, Sequence
from pathlib import Path

from vosbench.challenge import batch
from vosbench.challenge.batch import Outcome
from vosbench.datasets.query import Query, Root
from vosbench.execution.checkpoint import Journal
from vosbench.results.run import RunResult
from vosbench.scoring import api as scoring
from vosbench.scoring import validate as validation
from vosbench.scoring.reading import Reading
from vosbench.scoring.validate import Report
from vosbench.types import Progress


def score(
    predictions: str | Path,
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    measures: Collection[str] | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    roots: Collection[Root] = (),
    executor: str | None = None,
    task_timeout: float | None = None,
    journal: Journal | None = None,
) -> RunResult:
    """Score one prediction folder or zip archive. See :func:`score_all` for the options and errors.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> write_label_maps("annotations", {"bear": {1: "xxxxxx"}})
    >>> write_label_maps("preds", {"bear": {1: "xxhhxx"}})
    >>> run = vosbench.score("preds", gt="annotations")
    >>> run.value("J")
    0.75
    """
    return score_all(
        [predictions],
        benchmark=benchmark,
        protocol=protocol,
        data=data,
        gt=gt,
        split=split,
        measures=measures,
        missing=missing,
        resize=resize,
        palette=palette,
        jobs=jobs,
        progress=progress,
        roots=roots,
        executor=executor,
        task_timeout=task_timeout,
        journal=journal,
    )[0]


def score_all(
    predictions: str | Path | Collection[str | Path],
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    measures: Collection[str] | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    roots: Collection[Root] = (),
    executor: str | None = None,
    task_timeout: float | None = None,
    journal: Journal | None = None,
) -> tuple[RunResult, ...]:
    """Score several prediction folders against the same ground truth, which is read once.

    Args:
        predictions: folders or zip archives of ``<sequence>/<frame>.png``.
        benchmark, protocol, data, gt, split, roots: see :class:`vosbench.datasets.query.Query`.
        measures: measures to report instead of the protocol's.
        missing, resize, palette: see :class:`vosbench.scoring.reading.Reading`.
        jobs: workers; all cores by default.
        progress: called with (frames done, frames in all, sequence).
        executor: who the workers are, "threads", "processes", "dask://HOST:PORT" or "slurm"; by default processes of
            this machine where it is safe to fork them, else threads. The result does not depend on it.
        task_timeout: seconds after which the scoring of a sequence is stopped and tried again.
        journal: notes what is finished, so that an interrupted run can go on (:mod:`vosbench.execution.checkpoint`).

    Returns:
        One result for each prediction, in the order given.

    Raises:
        UsageError: contradictory or unknown choices.
        InputError: every problem with the data or the predictions; nothing was scored.
        IncompleteError: sequences whose workers died or took too long, each time they were tried.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> write_label_maps("annotations", {"bear": {1: "xxxxxx"}})
    >>> for name, frames in (("a", "xxxxxx"), ("b", "xxhhxx")):
    ...     write_label_maps(name, {"bear": {1: frames}})
    >>> [run.value("J") for run in vosbench.score_all(["a", "b"], gt="annotations")]
    [1.0, 0.75]
    """
    return scoring.score_query(
        predictions,
        Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots),
        reading=Reading(missing=missing, resize=resize, palette=palette),
        measures=measures,
        jobs=jobs,
        progress=progress,
        executor=executor,
        task_timeout=task_timeout,
        journal=journal,
    )


def score_many(
    paths: Sequence[str | Path],
    out: str | Path,
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    measures: Collection[str] | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    seconds: float = 3600,
    roots: Collection[Root] = (),
) -> Generator[Outcome, None, None]:
    """Score submissions one by one, each into ``out/<name>``, and yield what became of each as it is done.

    Args:
        paths: folders or zip archives.
        out: folder of the results; an earlier result of a submission there is replaced, or removed if it fails now.
        benchmark, protocol, data, gt, split, roots: see :class:`vosbench.datasets.query.Query`.
        measures, missing, resize, palette: see :func:`vosbench.score_all`.
        jobs: submissions scored at the same time; all cores by default.
        seconds: time for each.

    Raises:
        UsageError: two submissions of the same name; ``out`` holds what is no run, or lies inside a submission.
        InputError: the ground truth cannot be read.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> write_label_maps("annotations", {"bear": {1: "xxxxxx"}})
    >>> write_label_maps("team-a", {"bear": {1: "xxxhhh"}})
    >>> for outcome in vosbench.score_many(["team-a"], "results", gt="annotations"):
    ...     print(outcome.submission, outcome.status, outcome.numbers["J"])
    team-a scored 0.75
    """
    yield from batch.score_many_query(
        paths,
        out,
        Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots),
        reading=Reading(missing=missing, resize=resize, palette=palette),
        measures=measures,
        jobs=jobs,
        seconds=seconds,
    )


def validate(
    predictions: str | Path | Collection[str | Path],
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    roots: Collection[Root] = (),
) -> Report:
    """Read everything that scoring would read and check it by the same rules.

    Args:
        predictions: folders or zip archives, or finished runs, whose predictions are read again where they were.
        benchmark, protocol, data, gt, split, roots: see :class:`vosbench.datasets.query.Query`.
        missing, resize, palette: see :class:`vosbench.scoring.reading.Reading`.
        jobs: workers; all cores by default.
        progress: called with (frames done, frames in all, sequence).

    Raises:
        InputError: every problem: missing frames and sequences, and every mask that cannot be used.
        UsageError: contradictory or unknown choices.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> write_label_maps("annotations", {"bear": {1: "xxxxxx"}})
    >>> vosbench.validate("annotations", gt="annotations").frames
    4
    """
    return validation.validate_query(
        predictions,
        Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots),
        reading=Reading(missing=missing, resize=resize, palette=palette),
        jobs=jobs,
        progress=progress,
    )
