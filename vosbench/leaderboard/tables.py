"""Grids of text: a benchmark's rankings, and the papers' tables printed again from the cards."""

from decimal import ROUND_HALF_EVEN, Decimal

from vosbench.leaderboard.card import Card
from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.papers import Benchmark, Column, Layout
from vosbench.leaderboard.rankings import Placed, Ranking, rankings
from vosbench.views.grid import Grid

FLAGS = {"OL": "online_learning", "PP": "post_processing", "OF": "optical_flow", "RNN": "rnn"}
MARKS = {True: "✓", False: "✗", None: ""}


def like(board: Board, name: str) -> Grid:
    """A paper's table as printed, by ``paper/table``. Raises UsageError naming the tables there are.

    Every digit comes from the cards, so this is also the proof that they hold the whole table.
    """
    paper, _, table = name.partition("/")
    layout = board.layout(paper, table)
    cards = [e.card for e in board.of_table(paper, table)]
    stub = () if layout.stub is None else (layout.stub,)
    if layout.rows:
        facts = [row.printed or [_cell(cards[0], cell, layout) for cell in row.cells] for row in layout.rows]
        rows = tuple((row.label, *cells) for row, cells in zip(layout.rows, facts, strict=True))
        return Grid(caption=layout.caption, header=(*stub, *layout.headings), rows=rows, labels=len(stub))
    printed = [[_join(card, column, layout) for column in layout.columns] for card in cards]
    labels = [card.source.label if card.source else card.name for card in cards]
    headings = [column.heading for column in layout.columns]
    if layout.transposed:
        headings, labels, printed = labels, headings, [list(row) for row in zip(*printed, strict=True)]
    rows = tuple((*([label] if stub else []), *row) for label, row in zip(labels, printed, strict=True))
    return Grid(caption=layout.caption, header=(*stub, *headings), rows=rows, labels=len(stub))


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


def benchmark(board: Board, name: str, split: str | None = None) -> list[Grid]:
    """One table a ranking, all with the same headings: numbers in percent with one decimal, time in seconds a frame."""
    found = rankings(board, name, split)
    known = board.benchmarks[name]
    columns = used_columns(known, found)
    return [_ranking_table(ranking, known, columns) for ranking in found]


def used_columns(known: Benchmark, found: list[Ranking]) -> tuple[Column, ...]:
    """The benchmark's columns that at least one of these results fills."""
    cards = [p.entry.card for ranking in found for p in ranking.placed]
    return tuple(c for c in known.columns if any(card.find(cell) for card in cards for cell in c.cells))


def _ranking_table(ranking: Ranking, known: Benchmark, columns: tuple[Column, ...]) -> Grid:
    values = (known.heading, *(c.heading for c in rest(known, columns)))
    return Grid(
        caption=f"{known.title} {known.splits[ranking.split].title}. {ranking.label}",
        header=("Rank", "Method", *values, "s/frame", "GPU", "Year", "Task", *FLAGS, "Entry"),
        rows=tuple(_row(placed, known, columns) for placed in ranking.placed),
        labels=2,
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
        one_decimal(placed.score),
        *(one_decimal(v.percent if (v := card.find(c.cells[0])) else None) for c in rest(known, columns)),
        f"{time.seconds.normalize():f}" if time else "",
        (time.gpu if time else None) or "",
        str(card.year or ""),
        card.task or "",
        *(MARKS[getattr(card.flags, flag)] for flag in FLAGS.values()),
        placed.entry.name,
    )


def one_decimal(percent: Decimal | None) -> str:
    """A percentage with one decimal, empty for None; halves to even, and no minus before a zero."""
    if percent is None:
        return ""
    return f"{percent.quantize(Decimal('0.1'), ROUND_HALF_EVEN) + 0:f}"
