"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vosbench.datasets.discover import locate
from vosbench.errors import InputError, Problem
from vosbench.results.tables import frames_table, scored_sequences
from vosbench.scoring.plan import make_plan
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
    predictions: Sequence[str | Path],
    *,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    **target: Any,
) -> Report:
    """Read everything that scoring would read and check it by the same rules.

    Args:
        predictions: folders or zip archives.
        missing, resize, palette, jobs, progress: see :func:`vosbench.scoring.api.score_all`.
        target: what to score against, see :func:`vosbench.datasets.discover.locate`; paths may be strings.

    Raises:
        InputError: every problem: missing frames and sequences, and every mask that cannot be used.
        UsageError: contradictory or unknown choices.
    """
    for name in ("data", "gt"):
        if target.get(name) is not None:
            target[name] = Path(target[name])
    found = locate(**target)
    sources = tuple(found.dataset.predictions(Path(p), palette=palette) for p in predictions)
    sequences, truth = found.dataset.sequences(found.split), found.dataset.masks(found.split)
    problems: list[Problem] = []
    try:
        make_plan(sequences, found.spec.rules, truth, sources, missing=missing)
    except InputError as error:
        problems += error.problems
    if any(not p.code.startswith("missing-") for p in problems):
        raise InputError(problems)  # without ground truth there is nothing to check masks against
    plan = make_plan(sequences, found.spec.rules, truth, sources, missing="empty", resize=resize is not None)
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
        notes=(
            *plan.notes,
            *remarks(counts, found.spec.rules, scored_sequences(frames_table(counts, found.spec.rules))),
        ),
    )
