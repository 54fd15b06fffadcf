"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query, Root
from vosbench.errors import InputError, Problem
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
        predictions: folders or zip archives.
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
    return validate_query(
        predictions,
        Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots),
        reading=Reading(missing=missing, resize=resize, palette=palette),
        jobs=jobs,
        progress=progress,
    )


def validate_query(
    predictions: str | Path | Collection[str | Path],
    query: Query,
    *,
    reading: Reading = AS_IS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """As :func:`validate`."""
    found = locate(query)
    sources = tuple(found.dataset.predictions(path, palette=reading.palette) for path in paths_of(predictions))
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
