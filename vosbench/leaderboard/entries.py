"""Load a leaderboard folder: every card, paper and benchmark, with every problem found and not just the first."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from vosbench.errors import InputError, Problem, UsageError
from vosbench.leaderboard.card import Card, decode, encode
from vosbench.leaderboard.papers import Benchmark, Benchmarks, Layout, Paper
from vosbench.text import as_utf8

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A card and where it lies; ``name`` is the file's stem and the card's permalink."""

    name: str
    path: Path
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """A whole leaderboard: entries by name order, papers and benchmarks by id."""

    root: Path
    entries: tuple[Entry, ...]
    papers: dict[str, Paper]
    benchmarks: dict[str, Benchmark]

    def of_table(self, paper: str, table: str) -> list[Entry]:
        """The entries of one printed table, in the order of its rows."""
        found = [e for e in self.entries if (s := e.card.source) and (s.paper, s.table) == (paper, table)]
        return sorted(found, key=lambda e: e.card.source.row if e.card.source else 0)

    def of_benchmark(self, benchmark: str, split: str | None = None) -> list[Entry]:
        """The entries of a benchmark. Raises UsageError naming the benchmarks there are."""
        if benchmark not in self.benchmarks:
            raise UsageError(f"no benchmark {benchmark!r}", fix=f"choose one of {', '.join(sorted(self.benchmarks))}")
        splits = self.benchmarks[benchmark].splits
        if split is not None and split not in splits:
            raise UsageError(f"{benchmark} has no split {split!r}", fix=f"choose one of {', '.join(sorted(splits))}")
        return [e for e in self.entries if e.card.benchmark == benchmark and split in (None, e.card.split)]

    def layout(self, paper: str, table: str) -> Layout:
        """The layout of a paper's table. Raises UsageError naming the tables there are."""
        tables = {f"{p}/{t}": layout for p, known in self.papers.items() for t, layout in known.tables.items()}
        if f"{paper}/{table}" not in tables:
            raise UsageError(f"no table {paper}/{table}", fix=f"choose one of {', '.join(sorted(tables))}")
        return tables[f"{paper}/{table}"]


def load(root: Path) -> Board:
    """Read a leaderboard folder. Raises InputError with every file that cannot be used, UsageError if there is none."""
    if not (root / "benchmarks.toml").is_file():
        raise UsageError(f"{root} is not a leaderboard: no benchmarks.toml", fix="name a folder that has one")
    problems: list[Problem] = []
    benchmarks = _read_toml(root / "benchmarks.toml", Benchmarks, problems)
    papers = {p.stem: _read_toml(p, Paper, problems) for p in sorted((root / "papers").glob("*.toml"))}
    cards = {p: _read_card(p, problems) for p in sorted((root / "entries").rglob("*.json"))}
    entries = [Entry(name=path.stem, path=path, card=card) for path, card in cards.items() if card]
    board = Board(
        root=root,
        entries=tuple(sorted(entries, key=lambda e: e.name)),
        papers={name: paper for name, paper in papers.items() if paper},
        benchmarks=benchmarks.benchmarks if benchmarks else {},
    )
    problems += [*_misplaced(board), *_empty(board)]
    if problems:
        raise InputError(problems, summary=f"the leaderboard {root} has {len(problems)} problem(s)")
    return board


def _read_toml(path: Path, kind: type[T], problems: list[Problem]) -> T | None:
    try:
        return msgspec.toml.decode(as_utf8(path.read_bytes()), type=kind)
    except (msgspec.DecodeError, ValueError) as error:
        problems.append(_problem("bad-toml", str(error), path, "compare it with its neighbours"))
        return None


def _read_card(path: Path, problems: list[Problem]) -> Card | None:
    raw = path.read_bytes()
    try:
        card = decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        problems.append(_problem("bad-card", str(error), path, "see docs/leaderboard.md for the keys of a card"))
        return None
    if raw != encode(card):
        fix = "write it with `vosbench leaderboard add`, or sort its keys and indent by two"
        problems.append(_problem("card-format", "is not in the one canonical form", path, fix))
    return card


def _misplaced(board: Board) -> Iterator[Problem]:
    """Cards that point to a benchmark, split, paper or table that does not exist, or share a name or a row."""
    names = Counter(e.name for e in board.entries)
    rows = Counter((s.paper, s.table, s.row) for e in board.entries if (s := e.card.source))
    for entry in board.entries:
        card, source = entry.card, entry.card.source
        if names[entry.name] > 1:
            yield _problem("duplicate-name", f"the name {entry.name} is used twice", entry.path, "rename one file")
        if entry.path.parent.name != card.benchmark:
            fix = f"move it to entries/{card.benchmark}/"
            yield _problem("wrong-folder", f"a card of {card.benchmark} in {entry.path.parent.name}/", entry.path, fix)
        if (known := board.benchmarks.get(card.benchmark)) is None or card.split not in known.splits:
            message = f"unknown benchmark or split: {card.benchmark}, {card.split}"
            yield _problem("unknown-benchmark", message, entry.path, "add it to benchmarks.toml")
        if source is None:
            continue
        if (paper := board.papers.get(source.paper)) is None or source.table not in paper.tables:
            message = f"unknown paper or table: {source.paper}/{source.table}"
            yield _problem("unknown-table", message, entry.path, "add it to papers/")
        if rows[source.paper, source.table, source.row] > 1:
            message = f"row {source.row} of {source.paper}/{source.table} is given twice"
            yield _problem("duplicate-row", message, entry.path, "number the rows as printed")


def _empty(board: Board) -> Iterator[Problem]:
    """Tables whose cards are not there."""
    for name, paper in board.papers.items():
        for table, layout in paper.tables.items():
            facts = bool(layout.rows) and all(row.printed for row in layout.rows)
            if not facts and not board.of_table(name, table):
                message, path = f"no card is of {name}/{table}", board.root / "papers" / f"{name}.toml"
                yield _problem("empty-table", message, path, "add the cards, or remove the table")


def _problem(code: str, message: str, path: Path, fix: str) -> Problem:
    return Problem(code=code, message=message, where=str(path), fix=fix)
