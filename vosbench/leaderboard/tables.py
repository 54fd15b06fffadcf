"""Tables of strings: a benchmark's rankings, and the papers' tables printed again from the cards."""

from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from vosbench.leaderboard.card import Card
from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.papers import Benchmark, Column, Layout
from vosbench.leaderboard.rankings import Placed, Ranking, rankings

FLAGS = {"OL": "online_learning", "PP": "post_processing", "OF": "optical_flow", "RNN": "rnn"}
MARKS = {True: "✓", False: "✗", None: ""}


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A caption, headings, and rows of as many strings as there are headings. ``labels``: the first column has names."""

    caption: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    labels: bool = True


def like(board: Board, name: str) -> Table:
    """A paper's table as printed, by ``paper/table``. Raises UsageError naming the tables there are.

    Every digit comes from the cards, so this is also the proof that they hold the whole table.
    """
    paper, _, table = name.partition("/")
    layout = board.layout(paper, table)
    cards = [e.card for e in board.of_table(paper, table)]
    stub = () if layout.stub is None else (layout.stub,)
    if layout.rows:
        rows = tuple((row.label, *(row.printed or [_cell(cards[0], c, layout) for c in row.cells])) for row in layout.rows)
        return Table(caption=layout.caption, headings=(*stub, *layout.headings), rows=rows)
    printed = [[_join(card, column, layout) for column in layout.columns] for card in cards]
    labels = [card.source.label if card.source else card.name for card in cards]
    headings = [column.heading for column in layout.columns]
    if layout.transposed:
        headings, labels, printed = labels, headings, [list(row) for row in zip(*printed, strict=True)]
    rows = tuple((*([label] if stub else []), *row) for label, row in zip(labels, printed, strict=True))
    return Table(caption=layout.caption, headings=(*stub, *headings), rows=rows, labels=bool(stub))


def _join(card: Card, column: Column, layout: Layout) -> str:
    return "/".join(_cell(card, cell, layout) for cell in column.cells)


def _cell(card: Card, cell: str, layout: Layout) -> str:
    kind, _, name = cell.partition(" ")
    if kind == "flag":
        return MARKS[getattr(card.flags, name)]
    if kind == "component":
        return MARKS[card.components[name] or None]
    if cell == "runtime":
        runtime = card.runtimes[0] if card.runtimes else None
        return layout.missing if runtime is None else (layout.quoted if runtime.quoted else "{}").format(runtime.value)
    value = card.find(cell)
    return value.value if value else layout.missing


def benchmark(board: Board, name: str, split: str | None = None) -> list[Table]:
    """One table a ranking, all with the same headings: numbers in percent with one decimal, time in seconds a frame."""
    known = board.benchmarks[name] if name in board.benchmarks else None
    found = rankings(board, name, split)
    columns = used_columns(known, found) if known else ()
    return [_ranking_table(ranking, board.benchmarks[name], columns) for ranking in found]


def used_columns(known: Benchmark, found: list[Ranking]) -> tuple[Column, ...]:
    """The benchmark's columns that at least one of these results fills."""
    cards = [p.entry.card for ranking in found for p in ranking.placed]
    return tuple(c for c in known.columns if any(card.find(cell) for card in cards for cell in c.cells))


def _ranking_table(ranking: Ranking, known: Benchmark, columns: tuple[Column, ...]) -> Table:
    headings = ("Rank", "Method", "Year", "Task", *FLAGS, known.heading, *(c.heading for c in rest(known, columns)))
    return Table(
        caption=f"{known.title} {known.splits[ranking.split].title}. {ranking.label}",
        headings=(*headings, "s/frame", "GPU", "Entry"),
        rows=tuple(_row(placed, known, columns) for placed in ranking.placed),
        labels=False,
    )


def rest(known: Benchmark, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """The columns beside the headline."""
    return tuple(c for c in columns if c.cells != (known.headline,))


def _row(placed: Placed, known: Benchmark, columns: tuple[Column, ...]) -> tuple[str, ...]:
    card = placed.entry.card
    time = card.runtimes[0] if card.runtimes else None
    return (
        str(placed.rank or ""),
        card.name,
        str(card.year or ""),
        card.task or "",
        *(MARKS[getattr(card.flags, flag)] for flag in FLAGS.values()),
        one_decimal(placed.score),
        *(one_decimal(v.percent if (v := card.find(c.cells[0])) else None) for c in rest(known, columns)),
        f"{time.seconds.normalize():f}" if time else "",
        (time.gpu if time else None) or "",
        placed.entry.name,
    )


def one_decimal(percent: Decimal | None) -> str:
    """A percentage with one decimal, empty for None; halves to even, and no minus before a zero."""
    if percent is None:
        return ""
    return f"{percent.quantize(Decimal('0.1'), ROUND_HALF_EVEN) + 0:f}"
