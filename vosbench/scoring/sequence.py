"""Score one sequence: read each frame once, count, and return rows. Images never leave this function."""

from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import InputError, Problem
from vosbench.masks.planes import resized
from vosbench.measures.catalog import extra_areas, extra_hits, own_columns
from vosbench.results.counts import PartCounts, Rows
from vosbench.scoring import problems as problems_of
from vosbench.scoring.counting import Frame, Tally
from vosbench.scoring.finalize import finish
from vosbench.scoring.labels import LabelSpace, StrayLabel
from vosbench.scoring.objects import read_truth, with_objects
from vosbench.scoring.signs import SIGNS, Look, frame_signs
from vosbench.scoring.stability import Steadiness
from vosbench.scoring.task import Task, expected_frames
from vosbench.types import Masks, MaskSource


@dataclass(slots=True)
class _Run:
    """The state of one prediction while its sequence is read."""

    source: MaskSource
    tally: Tally
    steadiness: Steadiness | None
    filled: NDArray[np.bool_]
    resized: NDArray[np.bool_]
    signs: NDArray[np.int64]
    binary: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def counts(self, gt_crc: tuple[int, ...]) -> PartCounts:
        """What was counted."""
        tally, steadiness = self.tally, self.steadiness
        stability, reasons = steadiness.of(tally.pred) if steadiness else (None, None)
        return PartCounts(
            gt=tally.gt,
            pred=tally.pred,
            counts=tally.counts,
            overlaps=tally.overlaps,
            stability=stability,
            reasons=reasons,
            unseen=steadiness.reasons(0) if steadiness else None,
            filled=self.filled,
            resized=self.resized,
            gt_crc=gt_crc,
            binary=tuple(self.binary),
            signs=self.signs,
        )


def score_sequence(task: Task) -> tuple[Rows, ...]:
    """Count every expected frame of a sequence, or of a part of it, for every prediction.

    Returns:
        For each of ``task.predictions`` a :class:`SequenceCounts` or, of a part, a :class:`PartCounts`.

    Raises:
        InputError: with every unusable mask of the sequence.
    """
    task = with_objects(task)
    assert task.objects is not None
    counts = _count_all(task, task.objects.space)
    return counts if task.part else finish(task, [counts])


def _count_all(task: Task, space: LabelSpace) -> tuple[PartCounts, ...]:
    frames = np.flatnonzero(expected_frames(task, space).any(0))
    start, stop = task.part or (0, len(task.sequence.frames))
    here = frames[(frames >= start) & (frames < stop)]
    gt_crc: list[int] = []
    problems: list[Problem] = []
    runs = [_start(task, space, source, len(here)) for source in task.predictions]
    if len(here) and start and here[0] - 1 in frames:
        _lead_in(task, space, runs, int(here[0]) - 1)
    for t, index in enumerate(here):
        name = task.sequence.frames[index]
        try:
            raw = read_truth(task, name)
        except InputError as error:
            problems += error.problems
            continue
        truth, void = _truth(space, raw)
        gt_crc.append(truth.crc32())
        look = Look(raw)
        for run in runs:
            _count(task, space, run, t, name, truth, void, look)
        if extra_areas(task.rules.measures):
            _add_foreground(task, runs, t, name, problems)
    problems += [p for run in runs for p in run.problems]
    if problems:
        raise InputError(problems)
    return tuple(run.counts(tuple(gt_crc)) for run in runs)


def _add_foreground(task: Task, runs: list["_Run"], t: int, name: str, problems: list[Problem]) -> None:
    """Note the area of all objects of the video on a frame, or what is wrong with it."""
    sequence = task.sequence.name
    area = getattr(task.gt, "foreground_area", None)
    if area is None:
        problems.append(problems_of.no_foreground(task.gt, sequence, name))
        return
    try:
        pixels = area(sequence, name)
    except InputError as error:
        problems += error.problems
        return
    for run in runs:
        run.tally.counts[run.tally.names.index("foreground_area"), :, t] = pixels


def _lead_in(task: Task, space: LabelSpace, runs: list["_Run"], index: int) -> None:
    """Look at the last frame before a part where T needs it: the part before this one counts it."""
    name = task.sequence.frames[index]
    for run in runs:
        if run.steadiness:
            with suppress(InputError, StrayLabel):  # reported with the part before
                truth, void = _truth(space, read_truth(task, name))
                raw, _ = _read_prediction(task, run.source, name, truth.planes[0].shape)
                run.steadiness.begin(_prediction(space, raw, void).planes, index)


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
    grows = space.ids is None and not space.proposals
    gt, pred = (objects[:0], objects[:0]) if grows else (objects, objects)
    if space.proposals:
        gt, pred = (a.ravel() for a in np.meshgrid(objects, np.arange(1, space.n_pred + 1), indexing="ij"))
    measures = task.rules.measures
    tally = Tally(
        gt=gt,
        pred=pred,
        n_gt=space.n_gt,
        n_pred=space.n_pred,
        n_frames=n_frames,
        tolerance=task.rules.tolerance,
        extra_hits=extra_hits(measures),
        extra_areas=extra_areas(measures),
        grows=grows,
    )
    steadiness = Steadiness(n_frames) if own_columns(task.rules.measures) else None
    flags = np.zeros((2, n_frames), bool)
    return _Run(source, tally, steadiness, flags[0], flags[1], np.zeros((len(SIGNS), n_frames), np.int64))


def _count(
    task: Task,
    space: LabelSpace,
    run: _Run,
    t: int,
    name: str,
    truth: Frame,
    void: NDArray[np.bool_] | None,
    look: Look,
) -> None:
    """Read one predicted frame and count it, or note what is wrong with it."""
    sequence, shape = task.sequence.name, truth.planes[0].shape
    try:
        raw, flag = _read_prediction(task, run.source, name, shape)
        guess = _prediction(space, raw, void)
    except InputError as error:
        run.problems += error.problems
        return
    except StrayLabel as error:
        run.problems.append(
            problems_of.stray_label(run.source, sequence, name, error.label, space.n_gt, space.proposals)
        )
        return
    run.filled[t], run.resized[t] = flag == "filled", flag in ("resized", "transposed")
    if any(space.is_binary(plane) for plane in raw):
        run.binary.append(name)
    if run.problems:
        return  # the rest of the sequence is read for its other problems, not counted
    run.tally.add(t, truth, guess)
    run.signs[:, t] = frame_signs(t, look, Look(raw), guess, transposed=flag == "transposed")
    if run.steadiness:
        index = task.sequence.frames.index(name)
        if not run.steadiness.follows(index) and index and not space.proposals:
            before = task.gt.read(sequence, task.sequence.frames[index - 1])
            run.steadiness.begin(tuple(space.truth(plane)[0] for plane in before), index - 1)
        run.steadiness.add(t, guess.planes, index)


def _read_prediction(task: Task, source: MaskSource, name: str, shape: tuple[int, ...]) -> tuple[Masks, str]:
    """The masks of a predicted frame at the size of the truth, and "filled", "resized" or "transposed" (resized from
    width and height exchanged) if that took something."""
    sequence = task.sequence.name
    if task.missing == "empty" and name not in source.frames(sequence):
        return (np.zeros(shape, np.uint8),), "filled"
    raw = source.read(sequence, name)
    if all(plane.shape == shape for plane in raw):
        return raw, ""
    if not task.resize:
        raise InputError([problems_of.wrong_size(source, sequence, name, raw[0].shape, shape)])
    exchanged = all(plane.shape == shape[::-1] for plane in raw)
    return tuple(resized(plane, shape) for plane in raw), "transposed" if exchanged else "resized"
