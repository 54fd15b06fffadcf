"""The verbs a protocol may name, each a small pure function with the sentence that explains it.

Frame rules work in two steps. ``expected`` needs only the dataset: which frames of an object may be scored at all, and
so must be predicted. ``counted`` sees the counts as well and may start an object's clock later.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.types import LabelMap, ObjectInfo, Sequence

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameVerb:
    """Which frames of an object count.

    ``expected`` maps (sequence, object) to flags, one for each frame. ``counted`` may take some of these back once
    areas are known (arguments as for :func:`counted`).
    """

    says: str
    expected: Callable[[Sequence, ObjectInfo | None], Flags]
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
        listed = set(frames[first : len(frames) - last])
        return np.array([frame in listed for frame in sequence.frames], bool)

    return expected


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
    "listed": FrameVerb(says="An object is scored on all frames the dataset lists for it.", expected=_listed(0, 0)),
    "listed-inner": FrameVerb(
        says="An object is scored on the frames the dataset lists for it, except its own first and last one.",
        expected=_LISTED_INNER,
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
        counted=_from_appearance,
    ),
}


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


#: Object rules and what they say; the engine finds the ids (:func:`object_ids`).
OBJECTS: Mapping[str, str] = {
    "merged": "All labels but 0 are one object, the foreground, in the ground truth and in the prediction.",
    "first-frame": "The objects are the labels of the first annotated frame; later ones are background.",
    "first-frame-max": "The objects are numbered 1 to the largest label of the first annotated frame; larger labels "
    "that turn up later are background.",
    "any-frame": "The objects are all labels that occur in a scored frame of the ground truth.",
    "listed": "The objects are those the dataset lists.",
}

VOID: Mapping[str, str] = {
    "object": "Label 255 is an object like any other.",
    "background": "Label 255 in the ground truth is void and counts as background.",
    "ignore": "Label 255 in the ground truth is void: its pixels are removed from both masks before anything is "
    "measured, so that the outline of the void region is contour in both.",
}

PAIRING: Mapping[str, str] = {
    "id": "A predicted object belongs to the true object with the same label.",
    "hungarian": "Predicted proposals carry no identity: in each sequence they are assigned to the true objects one to "
    "one so that the mean of (J + F) / 2 is largest. A true object without a proposal is scored against an empty mask; "
    "a proposal without an object costs nothing.",
    "best-by-frame": "Predicted proposals carry no identity, not even from frame to frame: on each frame the one with "
    "the largest J of those that show something is scored, and the others cost nothing.",
}

#: Which pixels of a prediction are foreground where all labels are merged.
FOREGROUND: Mapping[str, str] = {
    "labels": "",
    "salient": "A prediction of 0 and 1 is a mask; any other is a grey-scale map of which 127 and above is foreground.",
}


def foreground(rule: str, labels: LabelMap) -> Flags:
    """The foreground of a predicted label map under a foreground rule.

    >>> foreground("salient", np.array([[0, 126, 127, 255]], np.uint8)).tolist()
    [[False, False, True, True]]
    >>> foreground("salient", np.array([[0, 1]], np.uint8)).tolist()
    [[False, True]]
    """
    return labels >= 127 if rule == "salient" and labels.max() > 1 else labels > 0


EXTRA_IDS: Mapping[str, str] = {
    "error": "A predicted label that is no object is an error.",
    "ignore": "A predicted label that is no object counts as background.",
}

#: What a sequence scores of which nothing was predicted, once missing masks are accepted.
ABSENT: Mapping[str, str] = {
    "empty": "",
    "zero": "A sequence without a single predicted mask then gets 0 on every frame, also where its objects are absent.",
}

AVERAGING: Mapping[str, str] = {
    "object": "The result is the mean over all objects of all sequences; every object weighs the same.",
    "sequence": "Objects are averaged within their sequence, and the result is the mean over sequences.",
    "category": "Objects are averaged within their sequence, sequences within their category, and the result is the "
    "mean over categories.",
    "frame": "The result is the mean over all scored frames pooled; a long sequence weighs more than a short one.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticVerb:
    """A statistic of :mod:`vosbench.measures.statistics`; ``of_composites``: of J&F rather than of J and F each."""

    says: str
    of_composites: bool = False


STATISTICS: Mapping[str, StatisticVerb] = {
    "mean": StatisticVerb(says="the mean"),
    "recall": StatisticVerb(says="recall, the share of frames above 0.5"),
    "decay": StatisticVerb(says="decay, the mean over the first quarter of the frames minus that over the last"),
    "tr": StatisticVerb(says="tr, the mean over the last quarter of the frames"),
    "V": StatisticVerb(
        says="V, the root of the variance of J&F over the frames, the variance rounded to four decimals (lower is "
        "better)",
        of_composites=True,
    ),
    "disappear": StatisticVerb(
        says="disappear, the mean over the stretches of frames on which the object is absent, each stretch weighing "
        "the same, without one that begins the scored frames",
        of_composites=True,
    ),
    "reappear": StatisticVerb(
        says="reappear, the same over the stretches from an appearance to the next disappearance", of_composites=True
    ),
}


def object_ids(
    rule: str, *, sequence: Sequence, first: NDArray[np.integer] | None, void: str
) -> tuple[int, ...] | None:
    """The ids to score in a sequence, or None if only the scored frames can tell.

    ``first`` holds the labels that occur in the first annotated frame (needed by the first-frame rules).
    """
    if rule == "merged":
        return (1,)
    if rule == "listed":
        return tuple(info.id for info in sequence.objects or ())
    if rule == "any-frame":
        return None
    labels = [] if first is None else [int(v) for v in first if v > 0 and not (v == 255 and void != "object")]
    return tuple(range(1, max(labels, default=0) + 1)) if rule == "first-frame-max" else tuple(sorted(labels))
