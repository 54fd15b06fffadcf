"""What is to be scored in one sequence: its task, how its labels become objects, and on which frames they count."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vosbench import kernel
from vosbench.errors import InputError
from vosbench.masks.listing import subset
from vosbench.protocols import rules as verbs
from vosbench.protocols.spec import Rules
from vosbench.scoring import problems as problems_of
from vosbench.scoring.labels import BINARY_TRUTH, VOID, LabelSpace
from vosbench.types import Masks, MaskSource, Sequence

#: A longer sequence is counted in parts of at most so many frames.
PART = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One sequence to score, for one prediction or several that share the ground-truth work.

    ``missing`` is "error" or "empty", ``resize`` allows predictions of another size (nearest neighbour). ``part`` says
    which positions of frames to count, if not all: the first, and the one behind the last.
    """

    sequence: Sequence
    rules: Rules
    gt: MaskSource
    predictions: tuple[MaskSource, ...]
    missing: str = "error"
    resize: bool = False
    part: tuple[int, int] | None = None

    def __str__(self) -> str:
        name = self.sequence.name
        return name if self.part is None else f"{name}[{self.part[0]}:{self.part[1]}]"

    def parts(self) -> tuple["Task", ...]:
        """The task itself or, of a long sequence, tasks of its parts: frames are counted independently."""
        n = len(self.sequence.frames)
        if n <= PART:
            return (self,)
        ends = np.linspace(0, n, -(-n // PART) + 1).astype(int).tolist()
        return tuple(replace(self, part=bounds) for bounds in pairwise(ends))

    def portable(self) -> "Task":
        """The task for a worker that shares no memory with us: its sources hold this sequence alone."""
        gt, *predictions = (subset(source, self.sequence.name) for source in (self.gt, *self.predictions))
        return replace(self, gt=gt, predictions=tuple(predictions))


def label_space(task: Task) -> tuple[LabelSpace, tuple[str, ...]]:
    """How this sequence's labels become objects; the first frames of the ground truth may have to be looked at."""
    rules, sequence = task.rules, task.sequence
    proposals = rules.max_proposals if rules.pairing != "id" else 0
    if rules.objects == "merged":
        return LabelSpace(ids=(1,), rules=rules, binary=True, proposals=proposals), ()
    first = None
    if rules.objects != "listed":
        frames = labels_in_order(task)
        first = next(filter(len, frames), None) if rules.objects == "any-frame" else next(frames)
        if first is not None and first.tolist() == [VOID]:
            return LabelSpace(ids=(1,), rules=rules, binary=True, proposals=proposals), (BINARY_TRUTH,)
    if (
        rules.objects == "any-frame" and proposals
    ):  # every object is tried with every proposal: their number must be known
        found = {int(label) for labels in labels_in_order(task) for label in labels} - _void(rules)
        return LabelSpace(ids=tuple(sorted(found)), rules=rules, proposals=proposals), ()
    ids = verbs.object_ids(rules.objects, sequence=sequence, first=first, void=rules.void)
    if ids == ():
        raise InputError([problems_of.no_object(task.gt, sequence.name, sequence.frames[0])])
    known = tuple(first.tolist()) if ids is None and first is not None else ids or ()
    sole = 0 if proposals or len(known) != 1 else 1 if ids else known[0]
    return LabelSpace(ids=ids, rules=rules, proposals=proposals, sole=sole), ()


def _void(rules: Rules) -> set[int]:
    """The labels of the ground truth that are no objects."""
    return set() if rules.void == "object" else {VOID}


def labels_in_order(task: Task) -> Iterator[NDArray[np.int64]]:
    """The labels but 0 in each ground-truth frame."""
    for frame in task.sequence.frames:
        found = [kernel.contours(plane.astype(np.uint8)).labels for plane in read_truth(task, frame)]
        yield found[0] if len(found) == 1 else np.unique(np.concatenate(found))


def read_truth(task: Task, frame: str) -> Masks:
    """The labels of a ground-truth frame. Raises InputError for labels above 255."""
    raw = task.gt.read(task.sequence.name, frame)
    large = [int(plane.max()) for plane in raw if plane.dtype != np.uint8]
    if task.rules.objects != "merged" and max(large, default=0) > VOID:
        raise InputError([problems_of.large_label(task.gt, task.sequence.name, frame, max(large))])
    return raw


def expected_frames(task: Task, space: LabelSpace) -> NDArray[np.bool_]:
    """Which frames each object is scored on: flags (objects, frames of the sequence), one row where all agree."""
    verb = verbs.FRAMES[task.rules.frames]
    known = {info.id: info for info in task.sequence.objects or ()}
    if space.ids is None or not known:
        return verb.expected(task.sequence, None)[None]
    return np.stack([verb.expected(task.sequence, known.get(i)) for i in space.ids])
