"""What the pages show, ready to be drawn: rows, cells, heat maps and charts of each ranking."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from vosbench.leaderboard import charts
from vosbench.leaderboard.card import Card, Value
from vosbench.leaderboard.entries import Board, Entry
from vosbench.leaderboard.measured import slug
from vosbench.leaderboard.papers import Benchmark
from vosbench.leaderboard.rankings import Placed, Ranking, rankings
from vosbench.leaderboard.tables import FLAGS, one_decimal, rest, used_columns
from vosbench.measures.catalog import higher_is_better
from vosbench.views.charts import Chart, Point

SHAPES = {True: "square", False: "circle", None: "diamond"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A number as shown, the number to sort by (empty: none), and whether it is the best of its column."""

    text: str = ""
    sort: str = ""
    best: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A result in a ranking's table."""

    entry: Entry
    rank: int | None
    derived: bool
    href: str
    flags: tuple[bool | None, ...]  # in the order of tables.FLAGS
    cells: tuple[Cell, ...]
    runtime: Cell
    gpu: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """Values by method and sequence; each cell is (percent as shown, class 0 to 9), None where undefined."""

    title: str
    sequences: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, int] | None, ...]], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One ranking with its table, charts and heat maps."""

    ranking: Ranking
    split: str
    headings: tuple[tuple[str, bool], ...]
    rows: tuple[Row, ...]
    charts: tuple[Chart, ...]
    heats: tuple[Heat, ...]

    @property
    def flags(self) -> dict[str, str]:
        """The flags that are known of at least one result, by their short names."""
        known = [any(row.flags[i] is not None for row in self.rows) for i in range(len(FLAGS))]
        return {short: name for (short, name), shown in zip(FLAGS.items(), known, strict=True) if shown}

    @property
    def timed(self) -> bool:
        """Is the runtime of any result known?"""
        return any(row.runtime.sort for row in self.rows)

    @property
    def leader(self) -> Placed | None:
        """The first of a ranking that compares methods: measured, or with four methods and more."""
        methods = {p.entry.card.method for p in self.ranking.placed if p.rank}
        return self.ranking.placed[0] if methods and (self.ranking.measured or len(methods) > 3) else None


def sections(board: Board, name: str) -> list[Section]:
    """The sections of a benchmark's page, measured rankings first."""
    return [section(board.benchmarks[name], ranking) for ranking in rankings(board, name)]


def section(known: Benchmark, ranking: Ranking) -> Section:
    """A ranking made ready for its page; the table has only the columns that some result fills."""
    columns = rest(known, used_columns(known, [ranking]))
    headings = ((known.heading, False), *((c.heading, _lower(c.cells[0])) for c in columns))
    scored = [p for p in ranking.placed if p.score is not None]
    return Section(
        ranking=ranking,
        split=known.splits[ranking.split].title,
        headings=headings,
        rows=_rows(ranking, [c.cells[0] for c in columns]),
        charts=tuple(c for c in (_runtime(scored, known), _years(scored, known), _over_time(scored)) if c),
        heats=_heats(ranking),
    )


def method_href(card: Card) -> str:
    """Address of a method's page, from the site's root."""
    return f"method/{slug(card.method)}.html"


def entry_href(entry: Entry) -> str:
    """Permanent address of a result, from the site's root."""
    return f"benchmark/{entry.card.benchmark}.html#{entry.name}"


def cell_text(value: Value) -> str:
    """A value as the method pages show it: in percent, with the decimals its source has, but three at most."""
    places = min(3, max(0, -int(value.percent.as_tuple().exponent)))
    return f"{value.percent:.{places}f}"


def _lower(cell: str) -> bool:
    measure, *words = cell.split() or [""]
    return not all(higher_is_better(measure, word) for word in words or ["mean"])


def _rows(ranking: Ranking, cells: Sequence[str]) -> tuple[Row, ...]:
    numbers = [[p.score, *(_percent(p.entry.card, cell) for cell in cells)] for p in ranking.placed]
    seconds = [p.entry.card.runtimes[0].seconds if p.entry.card.runtimes else None for p in ranking.placed]
    best = [_best(column, _lower(cell)) for column, cell in zip(zip(*numbers, strict=True), ["", *cells], strict=True)]
    fastest = _best(seconds, lower=True)
    return tuple(
        Row(
            entry=placed.entry,
            rank=placed.rank,
            derived=placed.derived,
            href=method_href(placed.entry.card),
            flags=tuple(getattr(placed.entry.card.flags, flag) for flag in FLAGS.values()),
            cells=tuple(_cell(v, one_decimal(v), top) for v, top in zip(row, best, strict=True)),
            runtime=_cell(time, "" if time is None else f"{time.normalize():f}", fastest),
            gpu=(placed.entry.card.runtimes[0].gpu or "") if time is not None else "",
        )
        for placed, row, time in zip(ranking.placed, numbers, seconds, strict=True)
    )


def _percent(card: Card, cell: str) -> Decimal | None:
    value = card.find(cell)
    return value.percent if value else None


def _best(column: Sequence[Decimal | None], lower: bool) -> Decimal | None:
    known = [v for v in column if v is not None]
    if len(known) < 2:
        return None
    return min(known) if lower else max(known)


def _cell(value: Decimal | None, text: str, best: Decimal | None) -> Cell:
    return Cell(text=text, sort="" if value is None else f"{value:f}", best=value is not None and value == best)


def _point(placed: Placed, x: Decimal | int) -> Point:
    card = placed.entry.card
    online = card.flags.online_learning
    return Point(
        x=float(x),
        y=float(placed.score or 0),
        label=card.name,
        title=f"{card.name}: {one_decimal(placed.score)}",
        href=f"#{placed.entry.name}",
        shape=SHAPES[online],
    )


def _runtime(scored: Sequence[Placed], known: Benchmark) -> Chart | None:
    timed = [_point(p, p.entry.card.runtimes[0].seconds) for p in scored if p.entry.card.runtimes]
    return charts.runtime_chart(timed, known.heading) if len(timed) >= 3 else None


def _years(scored: Sequence[Placed], known: Benchmark) -> Chart | None:
    dated = [_point(p, p.entry.card.year) for p in scored if p.entry.card.year]
    return charts.year_chart(dated, known.heading) if len({p.x for p in dated}) >= 3 else None


def _over_time(scored: Sequence[Placed]) -> Chart | None:
    curves = [
        (p.entry.card.name, f"#{p.entry.name}", [100 * float(v) for v in p.entry.card.over_time])
        for p in scored
        if len(p.entry.card.over_time) > 1
    ]
    return charts.time_chart(curves) if curves else None


def _heats(ranking: Ranking) -> tuple[Heat, ...]:
    with_sequences = [p.entry for p in ranking.placed if p.entry.card.sequences]
    sequences = tuple(sorted({s for e in with_sequences for s in e.card.sequences}))
    cells = {c for e in with_sequences for values in e.card.sequences.values() for c in values}
    return tuple(_heat(c, sequences, with_sequences) for c in ("J mean", "F mean") if c in cells)


def _heat(cell: str, sequences: tuple[str, ...], entries: Sequence[Entry]) -> Heat:
    def shade(entry: Entry, sequence: str) -> tuple[str, int] | None:
        value = entry.card.sequences.get(sequence, {}).get(cell)
        if value is None:
            return None
        percent = Decimal(value) * 100
        return f"{percent:.0f}", min(9, max(0, int(percent // 10)))

    rows = ((e.card.name, f"#{e.name}", tuple(shade(e, s) for s in sequences)) for e in entries)
    return Heat(title=f"{cell} by sequence, percent", sequences=sequences, rows=tuple(rows))
