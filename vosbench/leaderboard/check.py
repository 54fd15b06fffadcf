"""Check a leaderboard: does every measured card say what the run behind it says?"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from vosbench.errors import IncomparableError, InputError, Problem
from vosbench.leaderboard.card import Card, Value
from vosbench.leaderboard.entries import Board, Entry
from vosbench.leaderboard.measured import (
    digest_of,
    fingerprint,
    measurement,
    over_time,
    require_benchmark,
    same_predictions,
    sequence_values,
    values_of,
)
from vosbench.results.reader import load as load_run
from vosbench.results.run import RunResult

Rescore: TypeAlias = Callable[[Card], tuple[Value, ...] | None]
"""Scores a card's predictions again: its values, or None where data or predictions are not at hand."""


def check(board: Board, rescore: Rescore | None = None) -> None:
    """Raises InputError with everything that is wrong; loading the board has already checked the cards' form.

    =================  ==================================================================================
    no-result          the run behind a measured card is not in ``results/``
    run                its files disagree, as for any other reader of a run
    no-benchmark       it is no run of a benchmark; ``other-rules``: not by the rules of its benchmark
    newer-result       a newer vosbench wrote it
    fingerprint        it is in order, but it is not the run that the card was made from
    numbers-differ     the card's numbers, signature, benchmark, split, data or size are not those of the run
    same-predictions   the cards of two methods stand for the same predictions
    rescored-differs   scoring the predictions again gives other numbers (only with ``rescore``)
    =================  ==================================================================================
    """
    problems = [p for entry in board.entries if entry.card.result for p in _entry(board, entry, rescore)]
    if problems:
        raise InputError(problems, summary=f"{len(problems)} problem(s) on the leaderboard {board.root}")


def run_folder(board: Board, card: Card) -> Path:
    """Where the run behind a measured card lies."""
    return board.root / "results" / digest_of(card)


def _entry(board: Board, entry: Entry, rescore: Rescore | None) -> Iterator[Problem]:
    path = run_folder(board, entry.card)
    if not path.is_dir():
        fix = "add the run again with `vosbench leaderboard add`"
        yield _problem("no-result", f"{path.name} is not in {path.parent}", entry, fix)
        return
    try:
        run = load_run(path)
        require_benchmark(run)
    except InputError as error:
        yield from error.problems
        return
    except IncomparableError as error:
        yield _problem("newer-result", error.message, entry, error.fix)
        return
    if digest_of(entry.card) != fingerprint(run.to_json().encode()).removeprefix("sha256:"):
        yield _problem("fingerprint", f"{path} has been changed", entry, "restore the files as they were submitted")
        return
    if wrong := [name for name, same in _agreement(entry.card, run).items() if not same]:
        fix = "write the card with `vosbench leaderboard add`, not by hand"
        yield _problem("numbers-differ", f"{', '.join(wrong)} differ from {path}", entry, fix)
    for other in board.entries:
        if other.name < entry.name and same_predictions(other.card, entry.card):
            message = f"its predictions are those of {other.card.name}"
            yield _problem("same-predictions", message, entry, "remove the card that came later")
    again = rescore(entry.card) if rescore else None
    if again is not None and _cells(again) != _cells(entry.card.values):
        yield _problem("rescored-differs", "scoring again gives other numbers", entry, "find out what has changed")


def _agreement(card: Card, run: RunResult) -> dict[str, bool]:
    d = run.document
    return {
        "values": _cells(values_of(run)) == _cells(card.values),
        "sequences": sequence_values(run) == card.sequences,
        "over_time": tuple(over_time(run)) == card.over_time,
        "signature": d.signature == card.protocol,
        "benchmark": (d.benchmark, d.split) == (card.benchmark, card.split),
        "data": measurement(run) == card.result,
    }


def _cells(values: tuple[Value, ...]) -> dict[str, tuple[str, str]]:
    return {v.cell: (v.value, v.unit) for v in values}


def _problem(code: str, message: str, entry: Entry, fix: str) -> Problem:
    return Problem(code=code, message=message, where=str(entry.path), fix=fix)
