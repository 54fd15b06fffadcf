"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
from vosbench.errors import InputError, Problem
from vosbench.results.paths import require_runs_or_predictions, run_folder
from vosbench.results.reader import load
from vosbench.results.run import RunResult
from vosbench.scoring.api import score_query
from vosbench.scoring.origin import predictions_of, query_of, reading_of
from vosbench.scoring.plan import make_plan
from vosbench.scoring.reading import AS_IS, Reading, paths_of
from vosbench.scoring.run import remarks, run
from vosbench.types import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a clean validation saw, and remarks worth a line."""

    sequences: int
    objects: int
    frames: int
    notes: tuple[str, ...]


def validate_query(
    predictions: str | Path | Collection[str | Path],
    query: Query,
    *,
    reading: Reading = AS_IS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read everything that scoring would read and check it by the same rules.

    Of a finished run, its files are checked against each other, and its predictions are read again where they were.

    Raises:
        InputError: every problem: missing frames and sequences, every mask that cannot be used, and masks of a run that
            are not those that were scored.
        UsageError: contradictory or unknown choices.
    """
    paths = paths_of(predictions)
    require_runs_or_predictions(paths)
    runs = [load(folder) for path in paths if (folder := run_folder(path))]
    reports = [_validate_run(run, query, jobs, progress) for run in runs]
    if masks := tuple(path for path in paths if run_folder(path) is None):
        reports.append(_validate(masks, query, reading, jobs, progress))
    return replace(reports[-1], notes=tuple(dict.fromkeys(note for report in reports for note in report.notes)))


def _validate_run(found: RunResult, query: Query, jobs: int | None, progress: Progress | None) -> Report:
    """Check that the predictions of a run are there, fit to score, and those that were scored."""
    path, asked, reading = predictions_of(found.document), query_of(found.document, query), reading_of(found.document)
    if not path.exists():
        fix = f"validate them where they are now: vosbench validate PREDICTIONS {asked.options()}".rstrip()
        message = f"the predictions of the run {found.name} are not there"
        raise InputError([Problem(code="no-masks", message=message, where=str(path), fix=fix)])
    report = _validate((path,), asked, reading, jobs, progress)
    (now,) = score_query(path, asked, reading=reading, measures=found.spec.rules.measures, jobs=jobs)
    if now.document.predictions.fingerprint != found.document.predictions.fingerprint:
        fix = f"score them again: vosbench score {path} {asked.options()} --out RUN --overwrite"
        message = f"these masks are not those that the run {found.name} was made from"
        raise InputError([Problem(code="changed-masks", message=message, where=str(path), fix=fix)])
    return report


def _validate(
    paths: tuple[Path, ...], query: Query, reading: Reading, jobs: int | None, progress: Progress | None
) -> Report:
    """Check predictions."""
    found = locate(query)
    sources = tuple(found.dataset.predictions(path, palette=reading.palette) for path in paths)
    sequences, truth = found.dataset.sequences(found.split), found.dataset.masks(found.split)
    problems: list[Problem] = []
    try:
        make_plan(sequences, found.spec.rules, truth, sources, missing=reading.missing)
    except InputError as error:
        problems += error.problems
    if any(not p.code.startswith("missing-") for p in problems):
        raise InputError(problems)  # without ground truth there is nothing to check masks against
    plan = make_plan(sequences, found.spec.rules, truth, sources, missing="empty", resize=reading.resize is not None)
    try:
        counts = run(plan, jobs=jobs, progress=progress)[0]
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    return Report(
        sequences=len(counts),
        objects=sum(len(c.objects) for c in counts),
        frames=sum(len(c.frames) for c in counts),
        notes=(*plan.notes, *remarks(counts)),
    )
