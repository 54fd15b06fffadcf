"""The problems a prediction can have, worded once."""

from collections.abc import Collection

import numpy as np

from vosbench.errors import Problem
from vosbench.masks.formats import instead_of_masks
from vosbench.masks.nearest import few, nearest
from vosbench.masks.palette import PALETTES
from vosbench.types import MaskSource, Sequence


def stray_label(
    source: MaskSource,
    sequence: str,
    frame: str,
    label: int,
    n_objects: int | None = None,
    proposals: int = 0,
    top: int = 0,
) -> Problem:
    """A predicted label that is no object; ``n_objects`` is None where only the whole sequence could tell, and ``top``
    then the largest label of the ground truth."""
    if proposals:
        message, fix = f"label {label}: at most {proposals} proposals may be given", "keep the best proposals"
    elif n_objects is None:
        message = f"label {label} never occurs in the ground truth"
        fix = "remove it, or use --protocol first-appearance"
    else:
        message = f"label {label} is no object here: the sequence has {n_objects}"
        fix = "save object indices, 1 for the first object"
    if label == 255:
        fix += "; 255 suggests a binary 0/255 mask, or a void label, which predictions must not hold"
    elif exchanged := _exchanged(source, label, n_objects or top):
        message += f", and with red and blue of its colour exchanged it is object {exchanged}"
        fix = f"the colours seem to be BGR, as OpenCV writes them: --palette {getattr(source, 'palette', '')}-bgr"
    return _in_frame("stray-label", message, fix, source, sequence, frame)


def large_label(source: MaskSource, sequence: str, frame: str, label: int) -> Problem:
    """A ground-truth label that no PNG of 8 bits could hold."""
    message = f"label {label} in the ground truth: labels go up to 255"
    return _in_frame("large-label", message, "number the objects of a sequence from 1", source, sequence, frame)


def wrong_size(source: MaskSource, sequence: str, frame: str, got: tuple[int, ...], want: tuple[int, ...]) -> Problem:
    """A predicted mask of another size (height, width) than the ground truth."""
    message = f"the mask is {got[1]} x {got[0]}, the ground truth {want[1]} x {want[0]} pixels"
    fix = "write masks at the size of the ground truth, or allow --resize nearest"
    if got == want[::-1]:
        message += ": width and height are exchanged"
        fix = "transpose the masks: rows come first, an array has the shape (height, width)"
    return _in_frame("wrong-size", message, fix, source, sequence, frame)


def missing_frame(source: MaskSource, sequence: str, frame: str) -> Problem:
    """A frame that is scored but was not predicted."""
    fix = "predict it, or score missing frames as empty with --missing empty"
    return _in_frame("missing-frame", "this mask is missing", fix, source, sequence, frame)


def missing_sequence(source: MaskSource, sequence: str, frames: int, others: Collection[str] = ()) -> Problem:
    """A sequence of which nothing was predicted; ``others`` are sequences of the predictions that nobody asks for."""
    message = f"no masks of this sequence ({frames} frames are scored)"
    fix = "predict it, or score missing sequences as empty with --missing empty"
    if near := nearest(sequence, others):
        message += f"; {near} is there"
        fix = f"name sequences as the ground truth does: rename {near} to {sequence}"
    inside = [path for path in getattr(source, "others", ()) if f"/{path}".rpartition("/")[0].endswith(f"/{sequence}")]
    what, advice = instead_of_masks(inside)
    if what:
        message, fix = f"{message}; it holds {what}", advice or fix
    where = source.where(sequence)
    return Problem(code="missing-sequence", message=message, where=where, fix=fix, sequence=sequence)


def nothing_wanted(source: MaskSource, sequences: Collection[str], others: Collection[str]) -> Problem:
    """Predictions that hold no sequence of the split."""
    message = f"none of the {len(sequences)} sequences to score is there ({few(sequences)}): it holds {few(others)}"
    fix = "give the predictions of this split, or name their folders as the ground truth does"
    first = next(iter(sequences))
    if (near := nearest(first, others)) or len(others) == 1:
        fix = f"name sequences as the ground truth does: rename {near or next(iter(others))} to {first}"
    return Problem(code="other-sequences", message=message, where=source.name, fix=fix)


def hidden_truth(source: MaskSource, sequence: str, frame: str, n_missing: int) -> Problem:
    """Frames without ground truth, as in splits whose annotations are kept by the organisers."""
    message = f"no ground truth for {n_missing} of the frames to score"
    fix = "this split may be hidden: score a split whose annotations are public"
    return _in_frame("hidden-ground-truth", message, fix, source, sequence, frame)


def nothing_to_score(source: MaskSource, sequence: str, frames: int, rule: str) -> Problem:
    """A sequence too short for the protocol's frame rule."""
    return Problem(
        code="nothing-to-score",
        message=f"none of its {frames} annotated frame{'s' * (frames != 1)} is scored under the frame rule {rule!r}",
        where=source.where(sequence),
        fix="leave it out with a split file, or use a protocol that scores all frames",
        sequence=sequence,
    )


def without_object(rule: str) -> str:
    """Where an object rule found none, in words."""
    places = {"any-frame": "on any frame", "listed": "in the list of objects"}
    return f"there is no object {places.get(rule, 'in the first frame')}"


def unknown_order(source: MaskSource, sequence: str, doubt: str) -> Problem:
    """A sequence whose frames cannot be put in order by their names; ``doubt`` is why."""
    return Problem(
        code="frame-order",
        message=f"the order of its frames is not known: {doubt}",
        where=source.where(sequence),
        fix="name frames by numbers that differ in nothing else, such as 00000.png, 00001.png; move other files away",
        sequence=sequence,
    )


def no_object(source: MaskSource, sequence: Sequence, rule: str) -> Problem:
    """A sequence in which the object rule finds no object, where none of the others has one."""
    fix = "check that the masks hold labels"
    if rule.startswith("first-frame"):
        fix = "use a protocol that takes objects from all frames, such as folder"
    return _in_frame("no-object", without_object(rule), fix, source, sequence.name, sequence.frames[0])


def only_void(source: MaskSource, sequence: Sequence) -> Problem:
    """A sequence of a ground truth that shows no object anywhere, under rules that take label 255 for void."""
    message = "no frame shows an object: label 255, if that is what it holds, is void under this protocol"
    fix = "write objects as 1, 2, …, or use a protocol that takes 255 for an object, such as folder"
    return _in_frame("only-void", message, fix, source, sequence.name, sequence.frames[0])


def no_foreground(source: MaskSource, sequence: str, frame: str) -> Problem:
    """Ground truth that does not know the area of all objects, which a measure needs."""
    message = "the ground truth does not say what all objects of the video are, which R needs"
    return _in_frame("no-foreground", message, "leave R out of --measures", source, sequence, frame)


def no_group(source: MaskSource, sequence: str, groups: tuple[str, ...]) -> Problem:
    """An object of which the dataset does not say whether it is, for example, seen or unseen."""
    return Problem(
        code="no-group",
        message=f"nothing says whether its objects are {' or '.join(groups)}",
        where=source.where(sequence),
        fix="put train/meta.json beside the split (its categories are the seen ones), or list the others in unseen.txt",
        sequence=sequence,
    )


def _exchanged(source: MaskSource, label: int, n_objects: int) -> int:
    """The object whose colour, with red and blue exchanged, is that of a label, where colours were read; else 0."""
    name = getattr(source, "palette", None)
    if name is None or f"{name}-bgr" not in PALETTES:
        return 0
    known = PALETTES[name]()
    if label >= len(known):
        return 0
    same = np.flatnonzero((known == known[label][::-1]).all(1))
    return int(same[0]) if len(same) and 1 <= same[0] <= n_objects else 0


def _in_frame(code: str, message: str, fix: str, source: MaskSource, sequence: str, frame: str) -> Problem:
    where = source.where(sequence, frame)
    return Problem(code=code, message=message, where=where, fix=fix, sequence=sequence, frame=frame)
