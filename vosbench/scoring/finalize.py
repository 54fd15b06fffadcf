"""From what was counted on the frames of a sequence to its rows: what only the whole sequence can tell."""

from collections.abc import Sequence as Several

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import InputError
from vosbench.measures.catalog import COUNTS, extra_columns
from vosbench.protocols.spec import Rules
from vosbench.results.counts import PartCounts, SequenceCounts, joined
from vosbench.scoring import problems as problems_of
from vosbench.scoring.labels import BINARY_PREDICTION, VOID
from vosbench.scoring.stability import REASONS
from vosbench.scoring.task import Objects, Task, expected_frames
from vosbench.types import MaskSource, ObjectInfo

_REASONS = np.array(REASONS, object)


def finish(task: Task, parts: Several[tuple[PartCounts, ...]]) -> tuple[SequenceCounts, ...]:
    """Conclude what a whole sequence tells, from the counts of its consecutive parts.

    Args:
        task: the whole sequence, with its objects.
        parts: for each part, in order, what was counted of each prediction.

    Raises:
        InputError: predicted labels that never occur in the ground truth.
    """
    assert task.objects is not None
    expected = expected_frames(task, task.objects.space)
    frames = np.flatnonzero(expected.any(0))
    wholes = [joined(of_one) for of_one in zip(*parts, strict=True)]
    return tuple(
        _rows(task, task.objects, source, whole, frames, expected[:, frames])
        for source, whole in zip(task.predictions, wholes, strict=True)
    )


def _rows(
    task: Task,
    objects: Objects,
    source: MaskSource,
    whole: PartCounts,
    frames: NDArray[np.int64],
    expected: NDArray[np.bool_],
) -> SequenceCounts:
    space = objects.space
    keep = np.arange(1, space.n_gt + 1)
    if space.ids is None:
        keep = np.unique(whole.gt[(whole.counts[1] > 0).any(1)])
        _refuse_strays(task, source, whole, frames, np.append(keep, objects.given))
        if len(keep) > 1 and whole.binary:
            raise InputError([problems_of.stray_label(source, task.sequence.name, f, VOID) for f in whole.binary])
    proposals = _proposals(task.rules, whole, len(keep)) if space.proposals else 0
    whole = whole.padded(proposals)
    rows = np.isin(whole.gt, keep) & ((whole.pred <= proposals) | (proposals == 0))
    known = {info.id: info for info in task.sequence.objects or ()}
    ids = [int(k) if space.ids is None else space.ids[k - 1] for k in keep]
    watched = np.broadcast_to(expected, (len(keep), len(frames))) if len(expected) == 1 else expected
    return SequenceCounts(
        sequence=task.sequence,
        objects=tuple(known.get(i, ObjectInfo(id=i)) for i in ids),
        row_object=np.searchsorted(keep, whole.gt[rows]),
        row_proposal=whole.pred[rows] if space.proposals else np.zeros(int(rows.sum()), np.int64),
        frames=frames,
        counts=whole.counts[:, rows],
        names=(*COUNTS, *extra_columns(task.rules.measures)),
        absent=not source.frames(task.sequence.name),
        expected=watched,
        filled=whole.filled,
        resized=whole.resized,
        gt_crc=whole.gt_crc,
        permuted=whole.permuted(keep, watched),
        signs=whole.signs,
        stability=None if whole.stability is None else whole.stability[rows],
        stability_reason=None if whole.reasons is None else _REASONS[whole.reasons[rows]],
        notes=(*objects.notes, *([BINARY_PREDICTION] if whole.binary else [])),
    )


def _proposals(rules: Rules, whole: PartCounts, n_objects: int) -> int:
    """The number of proposals that are assigned: those drawn, with empty ones so that every object can have one.

    The rule "hungarian-padded" asks for as many as may be given.
    """
    drawn = int(whole.pred[whole.counts[2].any(1)].max(initial=0))
    return max(rules.max_proposals if rules.pairing == "hungarian-padded" else drawn, n_objects)


def _refuse_strays(
    task: Task, source: MaskSource, whole: PartCounts, frames: NDArray[np.int64], known: NDArray[np.int64]
) -> None:
    """Where any label may be an object, strays show only at the end: predicted labels that never occur in the truth."""
    if task.rules.extra_ids == "ignore":
        return
    strays = (whole.counts[2] > 0) & ~np.isin(whole.pred, known)[:, None]
    problems, top = [], int(known.max(initial=0))
    for t in np.flatnonzero(strays.any(0)):
        label = int(whole.pred[strays[:, t]].max())
        name = task.sequence.frames[frames[t]]
        problems.append(problems_of.stray_label(source, task.sequence.name, name, label, top=top))
    if problems:
        raise InputError(problems)
