"""Are predictions named by the same frame numbers as the ground truth?

A tool that counts from 1 names its masks 00001 to 00050 where the ground truth has 00000 to 00049. Most of these names
exist on both sides, so each mask would be scored against the frame before it. All frames of a sequence are looked at,
also those that the protocol does not score, because only the ends show it.

============================================  =====================================================
names of a sequence's masks                   taken for
============================================  =====================================================
all names of the ground truth, or more        its numbers
some names of the ground truth, no others     its numbers, with masks missing
names of pictures, where these are there      its numbers
both ends moved the same way                  a shift
none of its names                             another numbering
as many names, evenly spaced, at other steps  another numbering
============================================  =====================================================
"""

from collections.abc import Iterable
from collections.abc import Sequence as Items
from dataclasses import dataclass
from itertools import pairwise

from vosbench.datasets.pictures import pictures
from vosbench.errors import InputError, Problem
from vosbench.masks.order import numbers_of, words_of
from vosbench.types import MaskSource, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class _Doubt:
    """A sequence whose masks seem to be named by other numbers."""

    sequence: str
    have: tuple[str, ...]
    want: tuple[str, ...]

    def __str__(self) -> str:
        return f"{_range(self.have)}, the ground truth {_range(self.want)}"


def other_numbering(source: MaskSource, sequences: Iterable[Sequence]) -> tuple[list[Problem], list[str]]:
    """The problem if all sequences of a prediction have other frame numbers than the ground truth, else remarks.

    Sequences of which nothing was predicted do not count.

    Returns:
        At most one problem, and at most one remark, which names the sequences in doubt where others are not.
    """
    doubts: list[_Doubt] = []
    predicted = 0
    for sequence in sequences:
        have = source.frames(sequence.name)
        predicted += bool(have)
        if have and have != sequence.frames and _is_other(have, sequence.frames) and not _are_pictures(have, sequence):
            doubts.append(_Doubt(sequence=sequence.name, have=have, want=sequence.frames))
    if not doubts:
        return [], []
    first = doubts[0]
    if len(doubts) < predicted:
        names = ", ".join(doubt.sequence for doubt in doubts[:3]) + (", …" if len(doubts) > 3 else "")
        return [], [f"{source.name}: frame numbers may be shifted in {names}: {first.sequence} has masks {first}"]
    message = f"the masks are not numbered as the ground truth is: {first.sequence} has {first}"
    if predicted > 1:
        message += f" (the same in all {predicted} sequences)"
    problem = Problem(
        code="other-numbering",
        message=message,
        where=source.where(first.sequence),
        fix=f"rename the masks by the names of the frames: the mask of the first frame is {first.want[0]}.png",
        sequence=first.sequence,
    )
    return [problem], []


def _is_other(have: tuple[str, ...], want: tuple[str, ...]) -> bool:
    """Are these names neither those that are wanted, nor more, nor fewer of them, but others?"""
    ours, theirs = set(have), set(want)
    if ours <= theirs or theirs <= ours:
        return False
    return not ours & theirs or _is_shifted(have, want) or _is_renumbered(have, want)


def _is_shifted(have: tuple[str, ...], want: tuple[str, ...]) -> bool:
    """Do the masks begin and end later, or earlier, than the ground truth, at the end by no more than at the start?

    The mask that is given on the first frame is often not written, so that only the start may be further away.
    """
    start, end = _difference(have[0], want[0]), _difference(have[-1], want[-1])
    return start >= end > 0 or end <= start < 0


def _is_renumbered(have: tuple[str, ...], want: tuple[str, ...]) -> bool:
    """Are there as many masks, evenly numbered, but at other steps?"""
    if len(have) != len(want) or len(have) < 3:
        return False
    ours, theirs = _steps(have), _steps(want)
    return len(ours) == 1 and ours != theirs


def _steps(names: tuple[str, ...]) -> set[int]:
    return {_difference(after, before) for before, after in pairwise(names)}


def _difference(name: str, other: str) -> int:
    """How much later a frame is than another, by the last number in which their names differ; 0 if words differ."""
    if words_of(name) != words_of(other):
        return 0
    pairs = zip(numbers_of(name), numbers_of(other), strict=True)
    return next((a - b for a, b in reversed(list(pairs)) if a != b), 0)


def _are_pictures(have: tuple[str, ...], sequence: Sequence) -> bool:
    """Is there a picture of each of these names? Then they are the names of the video's frames."""
    try:
        return set(have) <= pictures(sequence.images).keys()
    except InputError:
        return False


def _range(names: Items[str]) -> str:
    """The first two names and the last one, as files."""
    shown = [f"{name}.png" for name in (names if len(names) < 4 else (*names[:2], "…", names[-1]))]
    return ", ".join(shown).replace("….png", "…")
