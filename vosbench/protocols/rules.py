"""The verbs a protocol may name, each with the sentence that explains it.

Which frames are scored is in :mod:`vosbench.protocols.frame_rules`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.types import LabelMap, Sequence

Flags = NDArray[np.bool_]


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
    "hungarian-padded": "Predicted proposals carry no identity: in each sequence they are assigned to the true objects "
    "one to one so that the mean of (J + F) / 2 is largest. There are always as many proposals as may be given, and "
    "those that are not drawn are empty, so that a true object may get an empty mask instead of a bad one. A proposal "
    "without an object costs nothing.",
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

#: What a frame counts on which neither the ground truth nor the prediction shows the object.
BOTH_EMPTY: Mapping[str, str] = {
    "one": "A frame on which an object is rightly absent counts 1.",
    "zero": "A frame on which neither the ground truth nor the prediction shows the object counts 0.",
}

#: What becomes of a sequence, or an object, that has no frame to score.
UNSCORED: Mapping[str, str] = {
    "error": "A sequence that has nothing to score is an error: one with too few frames, or without an object in the "
    "frame or list where the rules look for it. One that shows no object on any frame is named in a note. An object "
    "without a frame to score is left out of every mean.",
    "leave-out": "A sequence that has nothing to score is left out of every mean and named in a note: one with too few "
    "frames, or without an object that the rules find. So is an object without a frame to score.",
    "zero": "An object without a frame to score counts 0 in every mean over frames, and a sequence that has nothing to "
    "score is named in a note.",
}

#: What a frame counts that a dataset counts for an object but does not reach.
UNREACHED: Mapping[str, str] = {
    "leave-out": "",
    "zero": "Where the dataset counts more frames for an object than its list reaches, each of them counts 0 and is "
    "not read.",
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
