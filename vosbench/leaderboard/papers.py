"""Papers, and how each of their tables is laid out: read from ``papers/*.toml`` and ``benchmarks.toml``.

A layout says which card cell stands where, so a published table can be printed again from the cards. A cell is named
``"J mean seen"`` (a value), ``"flag online_learning"``, ``"component flip"`` or ``"runtime"``; a column with several
cells joins them with a slash, as papers do for seen/unseen.
"""

from typing import Annotated

import msgspec

from vosbench.leaderboard.card import Link, Slug, Strict, Text, Year


class Column(Strict, frozen=True, kw_only=True):
    """One column (or, in a transposed table, one row) of a table of cards."""

    heading: Text
    cells: Annotated[tuple[Text, ...], msgspec.Meta(min_length=1)]


class Row(Strict, frozen=True, kw_only=True):
    """One row of a table that is not "a card a row": cells of the table's only card, or facts as printed."""

    label: Text
    cells: tuple[Text, ...] = ()
    printed: tuple[str, ...] = ()


class Layout(Strict, frozen=True, kw_only=True):
    """A table of a paper. Either ``columns`` (one card a row, in order) or ``headings`` and ``rows``.

    ``stub`` heads the labels (None: the table prints none), ``transposed`` puts the cards across, ``quoted`` is how a
    runtime taken over from another paper is printed.
    """

    caption: Text
    stub: str | None = None
    columns: tuple[Column, ...] = ()
    headings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    transposed: bool = False
    quoted: str = "{}"
    missing: str = "-"

    def __post_init__(self) -> None:
        if bool(self.columns) == bool(self.rows):
            raise ValueError("a layout has either columns, or headings and rows")
        for row in self.rows:
            if len(row.cells or row.printed) != len(self.headings):
                raise ValueError(f"row {row.label!r} has not as many cells as there are headings")


class Paper(Strict, frozen=True, kw_only=True):
    """Where published numbers come from. ``short`` is the name used in tables."""

    short: Text
    title: Text
    authors: Text
    venue: Text
    year: Year
    url: Link | None = None
    tables: dict[Slug, Layout]


class Split(Strict, frozen=True, kw_only=True):
    """A split of a benchmark: its title and what it consists of."""

    title: Text
    about: Text


class Benchmark(Strict, frozen=True, kw_only=True):
    """A benchmark: what ranks a result (``headline``), and the columns of its table.

    A card without the headline cell is ranked by the mean of ``parts`` if it has all of them.
    """

    title: Text
    about: Text
    headline: Text
    heading: Text
    parts: tuple[Text, ...] = ()
    columns: tuple[Column, ...]
    splits: dict[Slug, Split]


class Benchmarks(Strict, frozen=True, kw_only=True):
    """The file ``benchmarks.toml``: every benchmark by its name, in the order they are shown."""

    benchmarks: dict[Slug, Benchmark]


def table_name(key: str) -> str:
    """A table's key as words.

    >>> table_name("table2"), table_name("section53"), table_name("toolkit")
    ('table 2', 'section 5.3', 'toolkit')
    """
    kind, number = key.rstrip("0123456789"), key.lstrip("abcdefghijklmnopqrstuvwxyz-")
    return " ".join(filter(None, [kind, ".".join(number) if kind == "section" else number]))
