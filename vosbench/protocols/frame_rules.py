"""The frame rules a protocol may name: which frames of an object count, each with the sentence that explains it.

A rule works in two steps. ``expected`` needs only the dataset: which frames of an object may be scored at all, and so
must be predicted. ``counted`` sees the counts as well and may start an object's clock later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.types import ObjectInfo, Sequence

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameVerb:
    """Which frames of an object count.

    ``expected`` maps (sequence, object) to flags, one for each frame. ``counted`` may take some of these back once
    areas are known (arguments as for :func:`counted`). ``ends`` says how many of the frames that a dataset lists for an
    object are left out at the start and at the end, where the rule goes by that list.
    """

    says: str
    expected: Callable[[Sequence, ObjectInfo | None], Flags]
    ends: tuple[int, int] | None = None
    counted: Callable[[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]], Flags] | None = None


def _inner(first: int, last: int) -> Callable[[Sequence, ObjectInfo | None], Flags]:
    """All frames but ``first`` at the start and ``last`` at the end."""

    def expected(sequence: Sequence, _: ObjectInfo | None) -> Flags:
        flags = np.ones(len(sequence.frames), bool)
        flags[:first] = False
        flags[len(flags) - last :] = False
        return flags

    return expected


def _listed(first: int, last: int) -> Callable[[Sequence, ObjectInfo | None], Flags]:
    """The frames listed for the object but ``first`` at their start and ``last`` at their end."""

    def expected(sequence: Sequence, info: ObjectInfo | None) -> Flags:
        frames = info.frames if info and info.frames is not None else sequence.frames
        beyond = info.unreached if info else ()
        listed = set((*frames, *beyond)[first : len(frames) + len(beyond) - last]) - set(beyond)
        return np.array([frame in listed for frame in sequence.frames], bool)

    return expected


def _after_first_listed(sequence: Sequence, info: ObjectInfo | None) -> Flags:
    """The annotated frames after the first one listed for the object, but the last one of the sequence."""
    frames = info.frames if info and info.frames is not None else sequence.frames
    flags = np.array([bool(frames) and frame > frames[0] for frame in sequence.frames], bool)
    flags[-1:] = False
    return flags


def _from_appearance(gt_area: NDArray[np.int64], pred_area: NDArray[np.int64], starts: NDArray[np.int64]) -> Flags:
    rows = np.arange(len(gt_area))
    seen = np.where((gt_area > 0) | (pred_area > 0), rows, len(rows))
    lengths = np.diff(np.append(starts, len(rows)))
    return np.asarray(rows >= np.repeat(np.minimum.reduceat(seen, starts), lengths), bool)


def _present(gt_area: NDArray[np.int64], pred_area: NDArray[np.int64], starts: NDArray[np.int64]) -> Flags:
    del pred_area, starts
    return gt_area > 0


_ALL, _DROP_ENDS, _LISTED_INNER = _inner(0, 0), _inner(1, 1), _listed(1, 1)

FRAMES: Mapping[str, FrameVerb] = {
    "all": FrameVerb(says="Every annotated frame is scored.", expected=_ALL),
    "present": FrameVerb(
        says="Every annotated frame is scored on which the ground truth shows something.",
        expected=_ALL,
        counted=_present,
    ),
    "drop-first": FrameVerb(
        says="The first annotated frame of a sequence, whose mask is given, is not scored; the last one is.",
        expected=_inner(1, 0),
    ),
    "drop-first-last": FrameVerb(
        says="Every annotated frame of a sequence is scored except the first and the last.", expected=_DROP_ENDS
    ),
    "listed": FrameVerb(
        says="An object is scored on all frames the dataset lists for it.", expected=_listed(0, 0), ends=(0, 0)
    ),
    "listed-inner": FrameVerb(
        says="An object is scored on the frames the dataset lists for it, except its own first and last one.",
        expected=_LISTED_INNER,
        ends=(1, 1),
    ),
    "after-first-listed": FrameVerb(
        says="An object is scored on every annotated frame of its sequence after the first one the dataset lists for "
        "it, except the last annotated frame of the sequence; it does not matter where its own list ends.",
        expected=_after_first_listed,
    ),
    "first-appearance": FrameVerb(
        says="Every annotated frame is scored except the first and the last of the sequence, and for each object only "
        "from the frame on where it first appears in the ground truth or in the prediction.",
        expected=_DROP_ENDS,
        counted=_from_appearance,
    ),
    "listed-first-appearance": FrameVerb(
        says="An object is scored on the frames the dataset lists for it, except its own first and last one, and only "
        "from the frame on where it first appears in the ground truth or in the prediction.",
        expected=_LISTED_INNER,
        ends=(1, 1),
        counted=_from_appearance,
    ),
}


def unreached(rule: str, info: ObjectInfo) -> tuple[str, ...]:
    """The frames that the dataset counts for an object but does not reach, as far as a frame rule scores them.

    >>> unreached("listed-inner", ObjectInfo(id=1, frames=("01", "06"), unreached=("11", "16")))
    ('11',)
    """
    ends = FRAMES[rule].ends
    if ends is None or not info.unreached:
        return ()
    frames = (*(info.frames or ()), *info.unreached)
    scored = frames[ends[0] : len(frames) - ends[1]]
    return tuple(frame for frame in info.unreached if frame in scored)


def counted(rule: str, *, gt_area: NDArray[np.int64], pred_area: NDArray[np.int64], starts: NDArray[np.int64]) -> Flags:
    """Which of the expected rows count, given the areas found.

    Args:
        rule: name of a frame rule.
        gt_area, pred_area: pixels of the object in each row; rows of one object are adjacent and in frame order.
        starts: index of the first row of each object, ascending.
    """
    verb = FRAMES[rule].counted
    if verb is None or not len(gt_area):
        return np.ones(len(gt_area), bool)
    return verb(gt_area, pred_area, starts)
