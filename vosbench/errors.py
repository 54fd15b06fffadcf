"""Everything that can go wrong, as types with a stable code and an exit code.

::

    VosbenchError            1  a bug, if it reaches a user bare
    ├── UsageError           2  the command or the call makes no sense
    ├── InputError           3  files are missing or unusable; carries every Problem found
    ├── IncomparableError    4  signatures differ, or a result is from a newer vosbench
    ├── RegressionFound      5  a check found numbers that got worse
    └── IncompleteError      6  some sequences could not be finished

Only ``vosbench.cli`` turns them into output and exit codes.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

#: Characters of a name or a message that are shown: a stranger's archive can hold names of 65,000.
LONGEST = 600


def visible(text: str) -> str:
    """The text on one line: line breaks, terminal codes and other unprintable characters are written as escapes.

    >>> print(visible("a\\nb"))
    a\\nb
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def cut(text: str, longest: int = LONGEST) -> str:
    """A text of at most ``longest`` characters: the middle of a longer one is left out.

    >>> cut("x" * 20, 9)
    'xxxx…xxxx'
    """
    half = (longest - 1) // 2
    return text if len(text) <= longest else f"{text[:half]}…{text[-half:]}"


def few(names: Sequence[str]) -> str:
    """The first three names, and dots where there are more.

    >>> few(["a", "b", "c", "d"])
    'a, b, c, …'
    """
    return ", ".join(names[:3]) + (", …" if len(names) > 3 else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question for a name that is not known: the nearest one, or nothing.

    >>> did_you_mean("davis17", ["davis2016", "davis2017", "lvos-v2"]), did_you_mean("x", ["davis2017"])
    ("did you mean 'davis2017'?", '')
    """
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), 1)
    return f"did you mean {close[0]!r}?" if close else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with the input: what, where, and what to do about it.

    ``code`` is stable and lower-case (``missing-frame``, ``unreadable-mask``); ``where`` is the path of the file or
    folder, ``fix`` the next step in one clause.
    """

    code: str
    message: str
    where: str
    fix: str
    sequence: str | None = None
    frame: str | None = None

    def __str__(self) -> str:
        return visible(f"{cut(self.where)}: {cut(self.message)} [{self.code}]")


class VosbenchError(Exception):
    """Base of all errors vosbench raises on purpose."""

    code = "bug"
    exit_code = 1

    def __init__(self, message: str, *, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix

    def __str__(self) -> str:
        return f"{self.message}\n  next: {self.fix}" if self.fix else self.message


class UsageError(VosbenchError):
    """The request itself is wrong: an unknown name, a contradiction, a missing choice."""

    code = "usage"
    exit_code = 2


class InputError(VosbenchError):
    """The input cannot be scored. ``problems`` holds every one that was found, not just the first."""

    code = "input"
    exit_code = 3

    def __init__(self, problems: Sequence[Problem], *, summary: str = "") -> None:
        self.problems = tuple(problems)
        super().__init__(summary or f"{len(problems)} problem{'s' * (len(problems) != 1)} with the input")

    def __reduce__(self) -> tuple[object, ...]:
        return _input_error, (self.problems, self.message)

    def __str__(self) -> str:
        return "\n".join([self.message, *self.lines()])

    def lines(self, limit_per_code: int = 10) -> list[str]:
        """The problems as readable lines, grouped by code; long groups are cut and counted."""
        lines: list[str] = []
        for code, n in Counter(p.code for p in self.problems).items():
            group = [p for p in self.problems if p.code == code]
            lines += [f"  {p}" for p in group[:limit_per_code]]
            if n > limit_per_code:
                lines.append(f"  … and {n - limit_per_code} more [{code}]")
            lines += [f"    next: {cut(fix)}" for fix in dict.fromkeys(p.fix for p in group if p.fix)]
        return lines


def _input_error(problems: tuple[Problem, ...], summary: str) -> InputError:
    """Make one again where it was pickled in another process."""
    return InputError(problems, summary=summary)


class IncomparableError(VosbenchError):
    """Two numbers were made by different rules, or a result file is newer than this vosbench."""

    code = "incomparable"
    exit_code = 4


class RegressionFound(VosbenchError):
    """A check found numbers worse than its baseline allows."""

    code = "regression"
    exit_code = 5


class IncompleteError(VosbenchError):
    """Some sequences could not be finished; what could be is complete."""

    code = "incomplete"
    exit_code = 6
