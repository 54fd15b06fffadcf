"""Find out which labels of a sequence are its objects: once, and no frame that is looked at is decoded again.

Some rules look at the first frame of the ground truth, or at all up to the first that shows an object. A first frame of
0 and 255 is a binary mask if no frame holds another label; else 255 is void there. What they see is kept
(:class:`vosbench.masks.cache.HeldMasks`), since the same frames are counted afterwards.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vosbench import kernel
from vosbench.errors import InputError
from vosbench.masks.cache import Held, HeldMasks
from vosbench.protocols import rules as verbs
from vosbench.protocols.spec import Rules
from vosbench.scoring import problems as problems_of
from vosbench.scoring.labels import BINARY_TRUTH, VOID, LabelSpace
from vosbench.scoring.task import Objects, Task
from vosbench.types import Masks


@dataclass(frozen=True, slots=True)
class ObjectSearch:
    """The search for the objects of a long sequence, a task that comes before those of its parts."""

    task: Task

    def __str__(self) -> str:
        return f"{self.task.sequence.name}[objects]"

    def portable(self) -> "ObjectSearch":
        """The search for a worker that shares no memory with this process."""
        return ObjectSearch(self.task.portable())


def needs_truth(task: Task) -> bool:
    """Do the rules need to see the ground truth to tell what the objects are?"""
    return task.rules.objects not in ("merged", "listed")


def with_objects(task: Task) -> Task:
    """The task with its objects, and with the frames of the ground truth that were decoded to find them.

    Raises:
        InputError: a frame that was looked at is unusable.
    """
    if task.objects is not None:
        return task
    held = HeldMasks(task.gt)
    return replace(task, objects=_objects(task, held), gt=held if needs_truth(task) else task.gt)


def find_objects(search: ObjectSearch) -> tuple[Objects, Held]:
    """The objects, and the frames that were decoded to find them. Raises InputError as above."""
    found = with_objects(search.task)
    assert isinstance(found.gt, HeldMasks)
    assert found.objects is not None
    return found.objects, found.gt.held


def with_found(task: Task, found: tuple[Objects, Held]) -> Task:
    """The task with the objects and frames that a worker has found."""
    objects, held = found
    return replace(task, objects=objects, gt=HeldMasks(task.gt, held=held))


def parts_of(task: Task) -> tuple[Task, ...]:
    """The task itself or, of a long sequence whose objects are known, tasks of its parts.

    Each part takes along what was decoded of its own frames, and of the one before.
    """
    if not isinstance(task.gt, HeldMasks) or task.objects is None:
        return task.parts()
    name, frames = task.sequence.name, task.sequence.frames
    parts = []
    for part in task.parts():
        start, stop = part.part or (0, len(frames))
        parts.append(replace(part, gt=task.gt.of_frames(name, frames[max(0, start - 1) : stop])))
    return tuple(parts)


def space_of(task: Task) -> LabelSpace:
    """How the labels of a sequence become objects. Raises InputError as :func:`with_objects` does."""
    objects = with_objects(task).objects
    assert objects is not None
    return objects.space


def _objects(task: Task, held: HeldMasks) -> Objects:
    rules, sequence = task.rules, task.sequence
    proposals = rules.max_proposals if rules.pairing != "id" else 0
    if rules.objects == "merged":
        return Objects(space=LabelSpace(ids=(1,), rules=rules, binary=True, proposals=proposals))
    first: NDArray[np.int64] | None = None
    given: tuple[int, ...] = ()
    if needs_truth(task):
        frames = _labels_in_order(task, held)
        first = next(frames, None)
        given = () if first is None else tuple(first.tolist())
        if rules.objects == "any-frame" and not given:
            first = next(filter(len, frames), None)
        if first is not None and first.tolist() == [VOID] and all(set(found.tolist()) <= {VOID} for found in frames):
            space = LabelSpace(ids=(1,), rules=rules, binary=True, proposals=proposals)
            return Objects(space=space, notes=(BINARY_TRUTH,), given=given)
    if rules.objects == "any-frame" and proposals:  # each object is tried with each proposal, so all must be known
        rest = {int(label) for labels in frames for label in labels}
        labels = {*given, *(first.tolist() if first is not None else ()), *rest} - _void(rules)
        return Objects(space=LabelSpace(ids=tuple(sorted(labels)), rules=rules, proposals=proposals), given=given)
    ids = verbs.object_ids(rules.objects, sequence=sequence, first=first, void=rules.void)
    known = tuple(first.tolist()) if ids is None and first is not None else ids or ()
    sole = 0 if proposals or len(known) != 1 else 1 if ids else known[0]
    return Objects(space=LabelSpace(ids=ids, rules=rules, proposals=proposals, sole=sole), given=given)


def _void(rules: Rules) -> set[int]:
    """The labels of the ground truth that are no objects."""
    return set() if rules.void == "object" else {VOID}


def _labels_in_order(task: Task, held: HeldMasks) -> Iterator[NDArray[np.int64]]:
    """The labels but 0 in each ground-truth frame; what is decoded is kept."""
    for frame in task.sequence.frames:
        raw = read_truth(task, frame)
        held.keep(task.sequence.name, frame, raw)
        found = [kernel.contours(plane.astype(np.uint8)).labels for plane in raw]
        yield found[0] if len(found) == 1 else np.unique(np.concatenate(found))


def read_truth(task: Task, frame: str) -> Masks:
    """The labels of a ground-truth frame. Raises InputError for labels above 255."""
    raw = task.gt.read(task.sequence.name, frame)
    large = [int(plane.max()) for plane in raw if plane.dtype != np.uint8]
    if task.rules.objects != "merged" and max(large, default=0) > VOID:
        raise InputError([problems_of.large_label(task.gt, task.sequence.name, frame, max(large))])
    return raw
