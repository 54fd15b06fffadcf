"""The names of numbers: "J", "J decay", "J mean seen", "J&F overall". Read and written here and nowhere else.

A name is a measure, then a statistic unless it is the mean, then a group unless it is the one that the headline shows.
Every verb, table, card and ``RunResult.value`` takes the same names.
"""

from typing import NamedTuple

from vosbench.errors import UsageError
from vosbench.measures.catalog import COMPOSITES, EVERY_STATISTIC, MEASURES

#: Every statistic: those of single measures, and those of composites.
STATISTICS = (*EVERY_STATISTIC, "V", "disappear", "reappear")


class CellName(NamedTuple):
    """Which number: ``group`` is "" where the name does not say; then the group of the headline is meant."""

    measure: str
    statistic: str = "mean"
    group: str = ""

    def __str__(self) -> str:
        return cell_name(*self)

    @property
    def parts(self) -> tuple[str, ...]:
        """The measures of the catalog that it is made of: two for a composite."""
        return COMPOSITES.get(self.measure, (self.measure,))


def cell_name(measure: str, statistic: str = "mean", group: str = "") -> str:
    """What a number is called: the mean is named only where a group follows, so that no name is read two ways.

    >>> cell_name("J"), cell_name("J", "decay"), cell_name("J&F", "mean", "seen")
    ('J', 'J decay', 'J&F mean seen')
    """
    if group:
        return f"{measure} {statistic} {group}"
    return measure if statistic == "mean" else f"{measure} {statistic}"


def parse(name: str) -> CellName:
    """The number that a name means. Raises UsageError where no measure or statistic is called so.

    >>> tuple(parse("J&F")), tuple(parse("J decay")), tuple(parse("J seen")), tuple(parse("J mean seen"))
    (('J&F', 'mean', ''), ('J', 'decay', ''), ('J', 'mean', 'seen'), ('J', 'mean', 'seen'))
    """
    measure, *rest = name.split(maxsplit=2) or [""]
    if measure not in MEASURES and measure not in COMPOSITES:
        known = ", ".join([*MEASURES, *COMPOSITES])
        raise UsageError(f"there is no measure {measure!r} in {name!r}", fix=f"choose from {known}")
    if rest and rest[0] in STATISTICS:
        return CellName(measure, rest[0], " ".join(rest[1:]))
    if len(rest) > 1:
        raise UsageError(
            f"there is no statistic {rest[0]!r} in {name!r}", fix=f"choose from {', '.join(STATISTICS)}, then a group"
        )
    return CellName(measure, "mean", " ".join(rest))
