"""What is to be scored in one sequence: its task, and on which frames its objects count."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from vosbench.masks.listing import subset
from vosbench.protocols.frame_rules import FRAMES
from vosbench.protocols.spec import Rules
from vosbench.scoring.labels import LabelSpace
from vosbench.types import MaskSource, Sequence

#: A longer sequence is counted in parts of at most so many frames.
PART = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Objects:
    """Which labels of a sequence are its objects.

    ``notes`` are worth a line; ``given`` are the labels in the first frame of the ground truth, where it was looked at.
    """

    space: LabelSpace
    notes: tuple[str, ...] = ()
    given: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One sequence to score, for one prediction or several that share the ground-truth work.

    ``missing`` is "error" or "empty", ``resize`` allows predictions of another size (nearest neighbour). ``part`` says
    which positions of frames to count, if not all: the first, and the one behind the last. ``objects`` are those of the
    sequence, where they are known already, as they are to its parts.
    """

    sequence: Sequence
    rules: Rules
    gt: MaskSource
    predictions: tuple[MaskSource, ...]
    missing: str = "error"
    resize: bool = False
    part: tuple[int, int] | None = None
    objects: Objects | None = None

    def __str__(self) -> str:
        name = self.sequence.name
        return name if self.part is None else f"{name}[{self.part[0]}:{self.part[1]}]"

    @property
    def is_long(self) -> bool:
        """Is it counted in parts?"""
        return len(self.sequence.frames) > PART

    def parts(self) -> tuple["Task", ...]:
        """The task itself or, of a long sequence, tasks of its parts: frames are counted independently."""
        n = len(self.sequence.frames)
        if not self.is_long:
            return (self,)
        ends = np.linspace(0, n, -(-n // PART) + 1).astype(int).tolist()
        return tuple(replace(self, part=bounds) for bounds in pairwise(ends))

    def portable(self) -> "Task":
        """The task for a worker that shares no memory with us: its sources hold this sequence alone."""
        gt, *predictions = (subset(source, self.sequence.name) for source in (self.gt, *self.predictions))
        return replace(self, gt=gt, predictions=tuple(predictions))


def expected_frames(task: Task, space: LabelSpace) -> NDArray[np.bool_]:
    """Which frames each object is scored on: flags (objects, frames of the sequence), one row where all agree."""
    verb = FRAMES[task.rules.frames]
    known = {info.id: info for info in task.sequence.objects or ()}
    if space.ids == ():
        return np.zeros((0, len(task.sequence.frames)), bool)
    if space.ids is None or not known:
        return verb.expected(task.sequence, None)[None]
    return np.stack([verb.expected(task.sequence, known.get(i)) for i in space.ids])
