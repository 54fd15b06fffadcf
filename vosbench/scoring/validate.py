"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
from vosbench.errors import InputError, Problem
from vosbench.masks.colours import with_palette
from vosbench.protocols.spec import Rules
from vosbench.results.counts import SequenceCounts
from vosbench.results.paths import require_runs_or_predictions, run_folder
from vosbench.results.reader import load
from vosbench.results.tables import frames_table
from vosbench.scoring.api import score_query
from vosbench.scoring.origin import predictions_of, query_of, reading_of
from vosbench.scoring.plan import make_plan
from vosbench.scoring.reading import AS_IS, Reading, paths_of
from vosbench.scoring.remarks import notes_of, remarks_on
from vosbench.scoring.run import run
from vosbench.scoring.unscored import notes_of_unscored
from vosbench.types import Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What validation saw where every mask can be scored.

    ``notes`` inform. ``remarks`` name what is improbable: a prediction is fit to score only without any.
    """

    sequences: int
    objects: int
    frames: int
    notes: tuple[str, ...]
    remarks: tuple[str, ...]


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
    folders = filter(None, map(run_folder, paths))
    checks: list[Callable[[], Report]] = [partial(_validate_run, folder, query, jobs, progress) for folder in folders]
    if masks := tuple(path for path in paths if run_folder(path) is None):
        checks.append(partial(_validate, masks, query, reading, jobs, progress))
    reports, problems = [], list[Problem]()
    for check in checks:
        try:
            reports.append(check())
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    notes = dict.fromkeys(note for report in reports for note in report.notes)
    remarks = dict.fromkeys(remark for report in reports for remark in report.remarks)
    return replace(reports[-1], notes=tuple(notes), remarks=tuple(remarks))


def _validate_run(folder: Path, query: Query, jobs: int | None, progress: Progress | None) -> Report:
    """Check that a run is sound, and that its predictions are there, fit to score, and those that were scored."""
    found = load(folder)
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
    sequences = found.dataset.sequences(found.split)
    truth = with_palette(found.dataset.masks(found.split), reading.palette)
    problems: list[Problem] = []
    try:
        make_plan(sequences, found.spec.rules, truth, sources, missing=reading.missing)
    except InputError as error:
        problems += error.problems
    if any(not p.code.startswith("missing-") for p in problems):
        raise InputError(problems)  # without ground truth there is nothing to check masks against
    plan = make_plan(sequences, found.spec.rules, truth, sources, missing="empty", resize=reading.resize is not None)
    try:
        counts = run(plan, jobs=jobs, progress=progress)
    except InputError as error:
        problems += error.problems
    if problems:
        raise InputError(problems)
    first = counts[0]
    return Report(
        sequences=len(first),
        objects=sum(len(c.objects) for c in first),
        frames=sum(len(c.frames) for c in first),
        notes=tuple(dict.fromkeys([*plan.notes, *(note for one in counts for note in _notes(one, found.spec.rules))])),
        remarks=tuple(_named_remarks(paths, plan.remarks, counts, found.spec.rules)),
    )


def _notes(counts: tuple[SequenceCounts, ...], rules: Rules) -> tuple[str, ...]:
    return (*notes_of(counts), *notes_of_unscored(counts, frames_table(counts, rules), rules))


def _named_remarks(
    predictions: Sequence[str | Path],
    planned: tuple[tuple[str, ...], ...],
    counts: tuple[tuple[SequenceCounts, ...], ...],
    rules: Rules,
) -> Iterator[str]:
    """The remarks on each prediction, with its name where there are several."""
    for path, before, after in zip(predictions, planned, counts, strict=True):
        for remark in (*before, *remarks_on(after, rules)):
            yield f"{path}: {remark}" if len(predictions) > 1 else remark
