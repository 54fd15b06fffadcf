"""Score one sequence: read each frame once, count, and return rows. Images never leave this function."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench.engine import problems as problems_of
from vosbench.engine.labels import BINARY_PREDICTION, VOID, LabelSpace, StrayLabel
from vosbench.engine.steadiness import REASONS, Steadiness
from vosbench.engine.tally import Frame, Tally
from vosbench.engine.task import Task, expected_frames, label_space, labels_in_order, read_truth
from vosbench.errors import InputError, Problem
from vosbench.masks.planes import resized
from vosbench.measures.catalog import COUNTS, extra_hits
from vosbench.types import Masks, MaskSource, ObjectInfo, Sequence

_REASONS = np.array(REASONS, object)


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceCounts:
    """What scoring a sequence leaves: counts by row and frame.

    ``objects`` are those scored. A row has the position of its object and the number of its proposal (0: paired by id).
    ``frames`` are positions in ``sequence.frames``; ``counts`` is int64 (counts, rows, frames), in the order of
    ``names``; ``expected`` flags, by (object, frame), what is scored; ``permuted`` is the mean J of each object under
    each label; ``stability``, where it was asked for, is T by (row, frame), with the reason where it is undefined;
    ``absent`` says that nothing at all was predicted for the sequence.
    """

    sequence: Sequence
    objects: tuple[ObjectInfo, ...]
    row_object: NDArray[np.int64]
    row_proposal: NDArray[np.int64]
    frames: NDArray[np.int64]
    counts: NDArray[np.int64]
    expected: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    resized: NDArray[np.bool_]
    gt_crc: tuple[int, ...]
    permuted: NDArray[np.float64]
    stability: NDArray[np.float64] | None = None
    stability_reason: NDArray[np.object_] | None = None
    names: tuple[str, ...] = COUNTS
    absent: bool = False
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class _Run:
    """The state of one prediction while its sequence is read."""

    source: MaskSource
    tally: Tally
    steadiness: Steadiness | None
    filled: NDArray[np.bool_]
    resized: NDArray[np.bool_]
    binary: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def score_sequence(task: Task) -> tuple[SequenceCounts, ...]:
    """Count every expected frame of a sequence for every prediction.

    Returns:
        One :class:`SequenceCounts` for each of ``task.predictions``.

    Raises:
        InputError: with every unusable mask of the sequence.
    """
    space, notes = label_space(task)
    expected = expected_frames(task, space)
    frames = np.flatnonzero(expected.any(0))
    gt_crc: list[int] = []
    problems: list[Problem] = []
    runs = [_start(task, space, source, len(frames)) for source in task.predictions]
    for t, index in enumerate(frames):
        name = task.sequence.frames[index]
        try:
            raw = read_truth(task, name)
        except InputError as error:
            problems += error.problems
            continue
        truth, void = _truth(space, raw)
        gt_crc.append(truth.crc32())
        for run in runs:
            _count(task, space, run, t, name, truth, void)
    problems += [p for run in runs for p in run.problems]
    if problems:
        raise InputError(problems)
    return tuple(_finish(task, space, run, frames, expected[:, frames], tuple(gt_crc), notes) for run in runs)


def _truth(space: LabelSpace, raw: Masks) -> tuple[Frame, NDArray[np.bool_] | None]:
    """The ground truth of a frame as objects, and the pixels to ignore, if any."""
    frame = None if space.binary else _as_written(raw)
    if frame and space.takes_truth(frame.top):
        return frame, None
    planes, voids = zip(*(space.truth(plane) for plane in space.merged(raw)), strict=True)
    void = next((v for v in voids if v is not None), None)
    return Frame.of(planes if void is None else tuple(p * ~void for p in planes)), void


def _prediction(space: LabelSpace, raw: Masks, void: NDArray[np.bool_] | None) -> Frame:
    """The prediction of a frame as objects. Raises StrayLabel."""
    frame = None if void is not None or (space.binary and not space.proposals) else _as_written(raw)
    if frame and space.takes_prediction(frame.top):
        return frame
    return Frame.of(tuple(space.prediction(plane, void) for plane in (raw if space.proposals else space.merged(raw))))


def _as_written(raw: Masks) -> Frame | None:
    """A single plane as it is, for labels that may be object numbers already: nothing is copied, or looked at twice."""
    if len(raw) > 1 or raw[0].dtype != np.uint8:
        return None
    return Frame.of((raw[0].astype(np.uint8, copy=False),))


def _start(task: Task, space: LabelSpace, source: MaskSource, n_frames: int) -> _Run:
    objects = np.arange(1, space.n_gt + 1)
    gt, pred = objects, objects
    if space.proposals:
        gt, pred = (a.ravel() for a in np.meshgrid(objects, np.arange(1, space.n_pred + 1), indexing="ij"))
    sizes = {"n_gt": space.n_gt, "n_pred": space.n_pred, "n_frames": n_frames}
    extra = extra_hits(task.rules.measures)
    tally = Tally(gt=gt, pred=pred, tolerance=task.rules.tolerance, extra_hits=extra, **sizes)
    steadiness = Steadiness(n_labels=space.n_pred, n_frames=n_frames) if "T" in task.rules.measures else None
    return _Run(source, tally, steadiness, np.zeros(n_frames, bool), np.zeros(n_frames, bool))


def _count(
    task: Task, space: LabelSpace, run: _Run, t: int, name: str, truth: Frame, void: NDArray[np.bool_] | None
) -> None:
    """Read one predicted frame and count it, or note what is wrong with it."""
    sequence, shape = task.sequence.name, truth.planes[0].shape
    try:
        raw = _read_prediction(task, run, t, name, shape)
        guess = _prediction(space, raw, void)
    except InputError as error:
        run.problems += error.problems
        return
    except StrayLabel as error:
        run.problems.append(
            problems_of.stray_label(run.source, sequence, name, error.label, space.n_gt, space.proposals)
        )
        return
    if any(space.is_binary(plane) for plane in raw):
        run.binary.append(name)
    if run.problems:
        return  # the rest of the sequence is read for its other problems, not counted
    run.tally.add(t, truth, guess)
    if run.steadiness:
        index = task.sequence.frames.index(name)
        if not run.steadiness.follows(index) and index and not space.proposals:
            before = task.gt.read(sequence, task.sequence.frames[index - 1])
            run.steadiness.begin(tuple(space.truth(plane)[0] for plane in before), index - 1)
        run.steadiness.add(t, guess.planes, index)


def _read_prediction(task: Task, run: _Run, t: int, name: str, shape: tuple[int, ...]) -> Masks:
    sequence = task.sequence.name
    if task.missing == "empty" and name not in run.source.frames(sequence):
        run.filled[t] = True
        return (np.zeros(shape, np.uint8),)
    raw = run.source.read(sequence, name)
    if any(plane.shape != shape for plane in raw):
        if not task.resize:
            raise InputError([problems_of.wrong_size(run.source, sequence, name, raw[0].shape, shape)])
        run.resized[t] = True
        raw = tuple(resized(plane, shape) for plane in raw)
    return raw


def _finish(
    task: Task,
    space: LabelSpace,
    run: _Run,
    frames: NDArray[np.int64],
    expected: NDArray[np.bool_],
    gt_crc: tuple[int, ...],
    notes: tuple[str, ...],
) -> SequenceCounts:
    tally = run.tally
    gt_area, pred_area = tally.counts[1], tally.counts[2]
    keep = np.arange(1, space.n_gt + 1)
    if space.ids is None:
        keep = np.unique(tally.gt[(gt_area > 0).any(1)])
        _refuse_strays(task, run, frames, keep)
        if len(keep) > 1 and run.binary:
            raise InputError([problems_of.stray_label(run.source, task.sequence.name, f, VOID) for f in run.binary])
    proposals = max(int(tally.pred[pred_area.any(1)].max(initial=0)), len(keep)) if space.proposals else 0
    rows = np.isin(tally.gt, keep) & ((tally.pred <= proposals) | (proposals == 0))
    known = {info.id: info for info in task.sequence.objects or ()}
    ids = [int(k) if space.ids is None else space.ids[k - 1] for k in keep]
    watched = np.broadcast_to(expected, (len(keep), len(frames))) if len(expected) == 1 else expected
    return SequenceCounts(
        sequence=task.sequence,
        objects=tuple(known.get(i, ObjectInfo(id=i)) for i in ids),
        row_object=np.searchsorted(keep, tally.gt[rows]),
        row_proposal=tally.pred[rows] if space.proposals else np.zeros(int(rows.sum()), np.int64),
        frames=frames,
        counts=tally.counts[:, rows],
        names=tally.names,
        absent=not run.source.frames(task.sequence.name),
        expected=watched,
        filled=run.filled,
        resized=run.resized,
        gt_crc=gt_crc,
        permuted=tally.permuted(keep, watched),
        stability=None if run.steadiness is None else run.steadiness.values[tally.pred[rows] - 1],
        stability_reason=None if run.steadiness is None else _REASONS[run.steadiness.reasons[tally.pred[rows] - 1]],
        notes=(*notes, *([BINARY_PREDICTION] if run.binary else [])),
    )


def _refuse_strays(task: Task, run: _Run, frames: NDArray[np.int64], keep: NDArray[np.int64]) -> None:
    """Where any label may be an object, strays show only at the end: predicted labels that never occur in the truth."""
    if task.rules.extra_ids == "ignore":
        return
    given = next(labels_in_order(task))
    strays = (run.tally.counts[2] > 0) & ~np.isin(run.tally.pred, np.append(keep, given))[:, None]
    problems = []
    for t in np.flatnonzero(strays.any(0)):
        label = int(run.tally.pred[strays[:, t]].max())
        name = task.sequence.frames[frames[t]]
        problems.append(problems_of.stray_label(run.source, task.sequence.name, name, label))
    if problems:
        raise InputError(problems)
