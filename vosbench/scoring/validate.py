"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
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


def validate_query(
    predictions: str | Path | Collection[str | Path],
    query: Query,
    *,
    reading: Reading = AS_IS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """Read everything that scoring would read and check it by the same rules.

    Raises:
        InputError: every problem: missing frames and sequences, and every mask that cannot be used.
        UsageError: contradictory or unknown choices.
    """
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
