"""The nearest thing that is there: for errors about something that is not."""

import re
from collections.abc import Collection, Iterable
from difflib import get_close_matches

_LIKELY = 0.8  # of two names that differ by a slip
_SHORTEST = 3  # characters of a name that a longer one may hold


def nearest(name: str, present: Collection[str]) -> str | None:
    """The name among those present that was probably meant: in another case, with other separators, with something
    before or behind it, or misspelled; None if none is likely.

    >>> nearest("bear", ["Bear", "cows"]), nearest("my_video", ["my video"]), nearest("bear", ["bear_mask", "cows"])
    ('Bear', 'my video', 'bear_mask')
    >>> nearest("bear", ["cows", "dog"]) is None
    True
    """
    plain = _plain(name)
    if same := sorted(other for other in present if _plain(other) == plain):
        return same[0]
    if longer := sorted(other for other in present if _is_part(plain, _plain(other))):
        return min(longer, key=len)
    close = get_close_matches(name, sorted(present), n=1, cutoff=_LIKELY)
    return close[0] if close and re.sub(r"\d", "", close[0]) != re.sub(r"\d", "", name) else None


def few(names: Iterable[str], limit: int = 3) -> str:
    """Some names in a line.

    >>> few(["a", "b", "c", "d"])
    'a, b, c, …'
    """
    listed = list(names)
    return ", ".join(listed[:limit]) + ", …" * (len(listed) > limit)


def _plain(name: str) -> str:
    """A name without case and separators."""
    return re.sub(r"[\s_.\-+]+", "", name).casefold()


def _is_part(plain: str, other: str) -> bool:
    """Is one name the other with something before or behind it that is no number?"""
    for short, long in ((plain, other), (other, plain)):
        if len(short) >= _SHORTEST and short != long and (long.startswith(short) or long.endswith(short)):
            rest = long.removeprefix(short) if long.startswith(short) else long.removesuffix(short)
            if not any(map(str.isdigit, rest)):
                return True
    return False
