"""What became of many submissions: a line while it happens, a table for people, a table for machines."""

from collections.abc import Sequence

from vosbench.challenge.batch import Outcome
from vosbench.errors import cut, visible
from vosbench.views.grid import Grid
from vosbench.views.summary import percent

#: Characters of a cell: spreadsheets take 32,767.
MOST_IN_A_CELL = 20_000


def line(outcome: Outcome, done: int, total: int) -> str:
    """One line about one submission: its numbers, or what is wrong first."""
    said = " · ".join(f"{name} {percent(value)}" for name, value in list(outcome.numbers.items())[:3])
    if outcome.error:
        first, *others = [part.strip() for part in outcome.error.splitlines()]
        said = f"{first}: {others[0]}" if others else first
    return visible(cut(f"[{done}/{total}] {outcome.submission}: {outcome.status}, {said}"))


def table(outcomes: Sequence[Outcome], *, exact: bool = False) -> Grid:
    """A row for each submission in the order given.

    ``exact`` keeps fractions in full, and adds the numbers of all groups and the code and words of errors; else there
    are the percentages of the headline's group.
    """
    measures = list(dict.fromkeys(name for o in outcomes for name in o.numbers if exact or " " not in name))
    show = (lambda v: "" if v is None else repr(v)) if exact else percent
    rows = []
    for o in outcomes:
        cells = [
            str(o.submission),
            o.status,
            *(show(o.numbers.get(m)) for m in measures),
            show(o.coverage),
            str(o.filled),
        ]
        rows.append([*cells, o.code, visible_lines(o.error)] if exact else cells)
    extra = ["code", "error"] if exact else []
    return Grid(header=["submission", "status", *measures, "coverage", "filled", *extra], rows=rows, labels=2)


def visible_lines(text: str) -> str:
    """Several lines as one that can be shown."""
    return cut(" | ".join(visible(part.strip()) for part in text.split("\n")), MOST_IN_A_CELL)
