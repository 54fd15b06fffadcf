"""Remarks on masks that can be scored but look improbable, made of counts and of :mod:`vosbench.scoring.signs`.

A number that was computed correctly from masks that went wrong is worse than an error: each remark says what is seen,
what usually causes it, and in which sequences. A remark is no proof; nothing is changed or refused because of one.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vosbench.protocols.spec import Rules
from vosbench.results.counts import SequenceCounts
from vosbench.results.permutation import best_permutation
from vosbench.scoring.signs import SIGNS, Flag

#: Best-permutation J is worth a remark when it exceeds J by more than this.
PERMUTED_MARGIN = 0.05

#: J of a prediction turned inside out is worth a remark when it is above the first, and exceeds J by the second.
INVERTED_J, INVERTED_MARGIN = 0.5, 0.3

#: Fewer frames say nothing about change.
FEW_FRAMES = 3

_NAMED = 3  # sequences or objects that a remark names
_GT, _PRED, _BOTH = 1, 2, 0  # rows of ``SequenceCounts.counts``: areas, and their intersection


def notes_of(counts: Sequence[SequenceCounts]) -> tuple[str, ...]:
    """What was noted while sequences were read, for information: one line for each kind of note."""
    found = Counter(note for c in counts for note in c.notes)
    return tuple(f"{note} ({n} of {len(counts)} sequences)" for note, n in found.items())


def remarks_on(counts: Sequence[SequenceCounts], rules: Rules) -> tuple[str, ...]:
    """The remarks on one prediction.

    Args:
        counts: of all sequences.
        rules: of the protocol.

    Returns:
        One line for each kind of remark; none where nothing looks improbable.
    """
    if _is_truth(counts):
        return ("every mask equals the ground truth: was the ground truth scored against itself?",)
    found = [_reordered(counts, rules)]
    for tells, text in _OF_A_SEQUENCE:
        names = [c.sequence.name for c in counts if tells(c, rules)]
        found.append(f"{text} ({_of(names, len(counts))})" if names else "")
    found += [_never_predicted(counts, rules), _permuted(counts, rules)]
    return tuple(filter(None, found))


def _of(names: Sequence[str], n: int) -> str:
    return f"{len(names)} of {n} sequences: {_few(names)}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + ", …" * (len(names) > _NAMED)


# ------------------------------------------------------------------ all sequences together


def _is_truth(counts: Sequence[SequenceCounts]) -> bool:
    """Do all objects have their own pixels in all frames, and nothing else?"""
    if not any(c.counts[_GT].any() for c in counts):
        return False
    for c in counts:
        own = (c.row_proposal == 0) | (c.row_proposal == c.row_object + 1)
        gt, pred, both = (c.counts[k][own] for k in (_GT, _PRED, _BOTH))
        if not ((gt == pred) & (gt == both)).all():
            return False
    return True


def _reordered(counts: Sequence[SequenceCounts], rules: Rules) -> str:
    """Palettes that give an index the colour of another one of the truth."""
    names, example = [], ""
    for c in counts:
        pairs = [(k >> 8 & 255, k & 255) for k in _sign(c, "moved").tolist() if k]
        if rules.objects == "merged" or rules.pairing != "id":  # which object it is does not matter
            pairs = [pair for pair in pairs if 0 in pair]
        if pairs:
            names.append(c.sequence.name)
            example = example or "index {} has the colour of index {} in the ground truth".format(*pairs[0])
    if not names:
        return ""
    cause = "the palette was reordered, as quantize() does, and indices are what is scored"
    return f"{example}: {cause} ({_of(names, len(counts))})"


def _never_predicted(counts: Sequence[SequenceCounts], rules: Rules) -> str:
    """Objects that the truth shows and no predicted mask does, in sequences with any prediction."""
    if rules.pairing != "id":
        return ""
    lost, n = [], 0
    for c in counts:
        n += len(c.objects)
        shown, predicted = (c.counts[_GT] * c.expected).any(1), c.counts[_PRED].any(1)
        if predicted.any():  # else the whole sequence is remarked on
            lost += [f"{c.sequence.name}/{c.objects[k].id}" for k in np.flatnonzero(shown & ~predicted)]
    return f"objects that are never predicted: {_few(lost)} ({len(lost)} of {n} objects)" if lost else ""


def _permuted(counts: Sequence[SequenceCounts], rules: Rules) -> str:
    """Labels that fit much better when those of each sequence change places."""
    if rules.pairing != "id" or rules.objects == "merged":
        return ""
    matrices = {c.sequence.name: c.permuted for c in counts if len(c.permuted)}
    best = best_permutation(matrices)
    if best is None:
        return ""
    have = float(np.concatenate([m.diagonal() for m in matrices.values()]).mean())
    if best - have <= PERMUTED_MARGIN:
        return ""
    what = "of objects in sequences of several"
    return f"J {what} would be {100 * best:.1f}, not {100 * have:.1f}, with labels permuted: are your ids permuted?"


# ------------------------------------------------------------------ one sequence


def _sign(c: SequenceCounts, name: str) -> NDArray[np.int64]:
    sign: NDArray[np.int64] = c.signs[SIGNS.index(name)]
    return sign


def _always(flag: Flag) -> Callable[[SequenceCounts, Rules], bool]:
    """Do all frames that were looked at have a flag?"""

    def tells(c: SequenceCounts, _: Rules) -> bool:
        flags = _sign(c, "flags")
        looked_at = flags & Flag.LOOKED_AT > 0
        return bool(looked_at.any() and (flags[looked_at] & flag > 0).all())

    return tells


def _mostly(flag: Flag) -> Callable[[SequenceCounts, Rules], bool]:
    """Do at least half of the frames that were looked at have a flag?"""

    def tells(c: SequenceCounts, _: Rules) -> bool:
        flags = _sign(c, "flags")
        looked_at, flagged = (flags & Flag.LOOKED_AT > 0).sum(), (flags & flag > 0).sum()
        return bool(flagged and 2 * flagged >= looked_at)

    return tells


def _has_background_in_truth(c: SequenceCounts, rules: Rules) -> bool:
    """Has the prediction no background, and the truth has?"""
    truth = _always(Flag.TRUTH_WITHOUT_BACKGROUND)(c, rules)
    return not truth and _always(Flag.PREDICTION_WITHOUT_BACKGROUND)(c, rules)


def _inverted(c: SequenceCounts, rules: Rules) -> bool:
    """Would background and object, exchanged, fit much better? Told where one object is predicted by one label."""
    rows = np.flatnonzero(c.counts[_PRED].any(1))
    if len(c.objects) != 1 or len(rows) != 1:
        return False
    both, gt, pred = c.counts[[_BOTH, _GT, _PRED], rows[0]].astype(float)
    outside = _sign(c, "pixels") - pred
    j = both / np.maximum(gt + pred - both, 1)
    turned = (gt - both) / np.maximum(outside + both, 1)
    return bool(turned.mean() > INVERTED_J and turned.mean() - j.mean() > INVERTED_MARGIN)


def _transposed(c: SequenceCounts, _: Rules) -> bool:
    return bool((_sign(c, "flags") & Flag.TRANSPOSED > 0).any())


def _never_changes(c: SequenceCounts, _: Rules) -> bool:
    """Is the prediction the same in all frames, and the truth is not?"""
    present = ~c.filled
    same = len(set(_sign(c, "checksum")[present].tolist())) == 1
    return bool(present.sum() >= FEW_FRAMES and same and len(set(c.gt_crc)) > 1 and c.counts[_PRED].any())


def _all_empty(c: SequenceCounts, _: Rules) -> bool:
    """Is there no pixel of any object in the prediction, and there is in the truth?"""
    return bool(not c.absent and len(c.objects) and c.counts[_GT].any() and not c.counts[_PRED].any())


def _truth_empty(c: SequenceCounts, _: Rules) -> bool:
    return bool(len(c.frames)) and not c.counts[_GT].any()


_OF_A_SEQUENCE: tuple[tuple[Callable[[SequenceCounts, Rules], bool], str], ...] = (
    (
        _mostly(Flag.SOFT_PREDICTION),
        "predictions hold many grey levels, as interpolated edges or probabilities do: threshold them,"
        " and resize masks by nearest neighbour",
    ),
    (
        _mostly(Flag.SOFT_TRUTH),
        "the ground truth holds many grey levels, as interpolated edges do: each level counts as an object or as"
        " foreground",
    ),
    (_has_background_in_truth, "predictions without a background label: 0 is background"),
    (_always(Flag.TRUTH_WITHOUT_BACKGROUND), "the ground truth has no background label: 0 is background"),
    (_inverted, "predictions look inverted: background and object, exchanged, would fit much better"),
    (_transposed, "masks with width and height exchanged (transposed) were stretched by --resize: transpose them"),
    (_never_changes, "predictions never change, while the ground truth does"),
    (_all_empty, "all predictions are empty"),
    (_truth_empty, "the ground truth is empty in all frames that are scored: nothing predicted there is counted"),
)
