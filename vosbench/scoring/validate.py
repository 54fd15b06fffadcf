"""Find every problem with prediction folders before anybody waits for a score."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vosbench.datasets.discover import locate
from vosbench.errors import InputError, Problem
from vosbench.masks.colours import with_palette
from vosbench.protocols.spec import Rules
from vosbench.results.counts import SequenceCounts
from vosbench.scoring.plan import make_plan
from vosbench.scoring.remarks import notes_of, remarks_on
from vosbench.scoring.run import run
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
    sequences = found.dataset.sequences(found.split)
    truth = with_palette(found.dataset.masks(found.split), palette)
    problems: list[Problem] = []
    try:
        make_plan(sequences, found.spec.rules, truth, sources, missing=missing)
    except InputError as error:
        problems += error.problems
    if any(not p.code.startswith("missing-") for p in problems):
        raise InputError(problems)  # without ground truth there is nothing to check masks against
    plan = make_plan(sequences, found.spec.rules, truth, sources, missing="empty", resize=resize is not None)
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
        notes=tuple(dict.fromkeys([*plan.notes, *(note for one in counts for note in notes_of(one))])),
        remarks=tuple(_named_remarks(predictions, plan.remarks, counts, found.spec.rules)),
    )


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
