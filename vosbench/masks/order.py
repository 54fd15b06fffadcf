"""Frames in the order of time, which is that of the numbers in their names.

============================================  =============================================================
names                                         order
============================================  =============================================================
``00000 … 00012``                             that of the text, which is that of the numbers
``0 … 12``, ``frame_2 … frame_10``            that of the numbers: 2 before 10
``9999, 10000`` (``%04d``)                    that of the numbers
``shot1_frame2``                              by the first number, then by the second
``00000`` beside ``00000 copy``, ``a, b, c``  not known: names differ in more than numbers
``1`` beside ``01``                           not known: both are number 1
``t1.5`` beside ``t1.25``                     not known: 5 and 25 could be decimals or counters
============================================  =============================================================

:func:`in_time_order` always gives an order; :func:`order_doubt` says whether it is more than a guess.
"""

import re
from collections.abc import Collection, Iterable
from itertools import pairwise

_NUMBER = re.compile(r"([0-9]+)")
_DECIMALS = re.compile(r"[0-9]\.([0-9]+)")


def in_time_order(names: Iterable[str]) -> tuple[str, ...]:
    """Names of frames (stems) sorted by their numbers, then by their text.

    >>> in_time_order(["f10", "f9", "f1"])
    ('f1', 'f9', 'f10')
    """
    names = list(names)
    return tuple(sorted(names) if _is_padded(names) else sorted(names, key=_key))


def order_doubt(names: Collection[str]) -> str:
    """Why the order of some frames would be a guess, as a clause for a message; "" where it is not.

    >>> order_doubt(["9", "10"])
    ''
    >>> order_doubt(["00000", "00000 copy"])
    "'00000' and '00000 copy' differ in more than a number"
    >>> order_doubt(["1", "01"])
    "'01' and '1' are the same number"
    """
    if len(names) < 2 or _is_padded(names):
        return ""
    ordered = in_time_order(names)
    first = ordered[0]
    if other := next((n for n in ordered if words_of(n) != words_of(first)), None):
        return f"{first!r} and {other!r} differ in more than a number"
    for before, after in pairwise(ordered):
        if _key(before)[0] == _key(after)[0]:
            return f"{before!r} and {after!r} are the same number"
    if _DECIMALS.search(first) and _decimal_order(ordered) != list(ordered):
        return f"the digits after the point, as in {first!r}, could be decimals or a count"
    return ""


def numbers_of(name: str) -> tuple[int, ...]:
    """The numbers in a name, from left to right; of a number of more than 18 digits, the last 18.

    >>> numbers_of("P02_frame_0000042133")
    (2, 42133)
    """
    return tuple(int(part[-18:]) for part in _NUMBER.findall(name))


def words_of(name: str) -> tuple[str, ...]:
    """What stands around the numbers of a name, one more than there are numbers.

    >>> words_of("P02_frame_7")
    ('P', '_frame_', '')
    """
    return tuple(_NUMBER.split(name)[::2])


def _is_padded(names: Collection[str]) -> bool:
    """Are these the same words and zero-padded numbers of one width? Then the order of the text is that of time."""
    if len(set(map(len, names))) != 1:
        return False
    text = "".join(names)
    if not text.isdigit():
        words = next(iter(names)).rstrip("0123456789")
        text = "".join([name.removeprefix(words) for name in names])
    return text.isdigit() and text.isascii() and len(set(names)) == len(names)


def _key(name: str) -> tuple[list[tuple[str, int, str]], str]:
    """Words and numbers in turn; a number as its length and text, since ``int`` refuses thousands of digits."""
    parts = _NUMBER.split(name)
    numbers = [part.lstrip("0") for part in parts[1::2]]
    return [(word, len(n), n) for word, n in zip(parts[::2], [*numbers, ""], strict=True)], name


def _decimal_order(names: Iterable[str]) -> list[str]:
    """The names as they follow each other if the digits after a point are decimals."""

    def key(name: str) -> tuple[object, ...]:
        return tuple(map(float, re.findall(r"[0-9]+(?:\.[0-9]+)?", name)))

    return sorted(names, key=key)
