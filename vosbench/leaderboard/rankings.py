"""Rankings: which results may stand in one order. Same benchmark, same split, same rules, or not at all.

For measured cards, same rules means the same signature of the number that ranks them. For published ones it means the
same printed table: two papers that name one benchmark may still have scored it differently, and nobody can check.
"""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from zlib import crc32

from vosbench.leaderboard.card import Card
from vosbench.leaderboard.entries import Board, Entry
from vosbench.leaderboard.papers import Benchmark, Paper, table_name
from vosbench.measures.cells import parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An entry and its place. ``score`` is in percent; without one, or with sequences missing, there is no rank.

    ``derived`` marks a headline that the source does not print and that is the mean of its parts.
    """

    entry: Entry
    rank: int | None
    score: Decimal | None
    derived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Results that may be compared, best first. ``rules`` is the signature, or the printed table they stand in."""

    benchmark: str
    split: str
    measured: bool
    rules: str
    anchor: str
    placed: tuple[Placed, ...]

    @property
    def short(self) -> str:
        """The rules in few words: the protocol's name and version, or the printed table."""
        return self.rules.split("|")[0].removeprefix("protocol:") if self.measured else self.rules

    @property
    def label(self) -> str:
        """One line for captions: measured or published, and by which rules."""
        kind = "Measured" if self.measured else "Published"
        return f"{kind}, not ranked ({self.size}): {self.rules}" if self.size else f"{kind}: {self.rules}"

    @property
    def size(self) -> str:
        """How the data differs from that of the benchmark, in words; then nothing here has a rank."""
        result = self.placed[0].entry.card.result
        return result.size if result else ""


def headline(card: Card, benchmark: Benchmark) -> tuple[Decimal | None, bool]:
    """The number that ranks a card, in percent, and whether it had to be averaged from its parts.

    Only published cards are averaged: a measured card has the headline its protocol defines, or none.
    """
    if value := card.find(benchmark.headline):
        return value.percent, False
    parts = [card.find(cell) for cell in benchmark.parts]
    known = [part.percent for part in parts if part]
    if card.kind == "measured" or not known or len(known) < len(parts):
        return None, False
    return sum(known, Decimal()) / len(known), True


def rankings(board: Board, benchmark: str, split: str | None = None) -> list[Ranking]:
    """The rankings of a benchmark: measured ones first, then by split and size. Raises UsageError for unknown names."""
    groups: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for entry in board.of_benchmark(benchmark, split):
        groups[entry.card.split, _rules(entry.card, board.benchmarks[benchmark].headline, board.papers)].append(entry)
    order = list(board.benchmarks[benchmark].splits)
    found = [_ranking(board.benchmarks[benchmark], entries, rules) for (_, rules), entries in groups.items()]
    return sorted(found, key=lambda r: (not r.measured, order.index(r.split), -len(r.placed), r.rules))


def _rules(card: Card, headline: str, papers: dict[str, Paper]) -> str:
    """What a card must share with another one to stand in its ranking: the signature of what ranks it, or a table."""
    if card.result is not None:
        return card.result.signatures.get(parse(headline).measure, card.protocol)
    assert card.source is not None
    paper = papers[card.source.paper]
    return f"{paper.short} ({paper.venue} {paper.year}), {table_name(card.source.table)}"


def _ranking(benchmark: Benchmark, entries: list[Entry], rules: str) -> Ranking:
    scores = {e.name: headline(e.card, benchmark) for e in entries}

    def place(entry: Entry) -> tuple[bool, Decimal, str]:
        score = scores[entry.name][0]
        return not _ranked(entry, score), -(score or Decimal()), entry.name

    ranked = [s for e in entries if (s := scores[e.name][0]) is not None and _ranked(e, s)]
    card = entries[0].card
    source = f"{card.source.paper}-{card.source.table}" if card.source else f"measured-{crc32(rules.encode()):08x}"
    return Ranking(
        benchmark=card.benchmark,
        split=card.split,
        measured=card.kind == "measured",
        rules=rules,
        anchor=source,
        placed=tuple(_placed(e, *scores[e.name], ranked) for e in sorted(entries, key=place)),
    )


def _placed(entry: Entry, score: Decimal | None, derived: bool, ranked: list[Decimal]) -> Placed:
    rank = None if score is None or not _ranked(entry, score) else 1 + sum(other > score for other in ranked)
    return Placed(entry=entry, rank=rank, score=score, derived=derived)


def _ranked(entry: Entry, score: Decimal | None) -> bool:
    return score is not None and (entry.card.result is None or entry.card.result.complete)
