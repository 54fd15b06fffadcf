"""Check a leaderboard: is every measured card still what its ``result.json`` says?"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from vosbench.errors import InputError, Problem
from vosbench.leaderboard.card import Card, Value
from vosbench.leaderboard.entries import Board, Entry
from vosbench.leaderboard.measured import fingerprint, measurement, read_result, values_of

Rescore: TypeAlias = Callable[[Card], tuple[Value, ...] | None]
"""Scores a card's predictions again: its values, or None where data or predictions are not at hand."""


def check(board: Board, rescore: Rescore | None = None) -> None:
    """Raises InputError with everything that is wrong; loading the board has already checked the cards' form.

    =================  ==================================================================================
    no-result          the result.json behind a measured card is not in ``results/``
    fingerprint        it is there, but it is not the file the card was made from
    numbers-differ     the card's numbers, signature, benchmark, split or data are not those of the result
    rescored-differs   scoring the predictions again gives other numbers (only with ``rescore``)
    =================  ==================================================================================
    """
    problems = [p for entry in board.entries if entry.card.result for p in _entry(board, entry, rescore)]
    if problems:
        raise InputError(problems, summary=f"{len(problems)} problem(s) on the leaderboard {board.root}")


def result_path(board: Board, card: Card) -> Path:
    """Where the ``result.json`` behind a measured card lies."""
    assert card.result is not None
    return board.root / "results" / f"{card.result.fingerprint.removeprefix('sha256:')}.json"


def _entry(board: Board, entry: Entry, rescore: Rescore | None) -> Iterator[Problem]:
    path = result_path(board, entry.card)
    if not path.is_file():
        fix = "add the run again with `vosbench leaderboard add`"
        yield _problem("no-result", f"{path.name} is not in {path.parent}", entry, fix)
        return
    raw = path.read_bytes()
    if entry.card.result is None or fingerprint(raw) != entry.card.result.fingerprint:
        yield _problem("fingerprint", f"{path} has been changed", entry, "restore the file as it was submitted")
        return
    if wrong := [name for name, same in _agreement(entry.card, raw, path).items() if not same]:
        fix = "write the card with `vosbench leaderboard add`, not by hand"
        yield _problem("numbers-differ", f"{', '.join(wrong)} differ from {path}", entry, fix)
    again = rescore(entry.card) if rescore else None
    if again is not None and _cells(again) != _cells(entry.card.values):
        yield _problem("rescored-differs", "scoring again gives other numbers", entry, "find out what has changed")


def _agreement(card: Card, raw: bytes, path: Path) -> dict[str, bool]:
    result, made = read_result(raw, path), card.result
    assert made is not None
    return {
        "values": _cells(values_of(result)) == _cells(card.values),
        "signature": result.signature == card.protocol,
        "benchmark": (result.benchmark, result.split) == (card.benchmark, card.split),
        "data": measurement(raw, result) == made,
    }


def _cells(values: tuple[Value, ...]) -> dict[str, tuple[str, str]]:
    return {v.cell: (v.value, v.unit) for v in values}


def _problem(code: str, message: str, entry: Entry, fix: str) -> Problem:
    return Problem(code=code, message=message, where=str(entry.path), fix=fix)
