"""Score the predictions behind a measured card again, where they and the data are at hand."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from vosbench.datasets.discover import Root, locate
from vosbench.errors import InputError, UsageError
from vosbench.leaderboard.card import Card, Value
from vosbench.leaderboard.check import Rescore, run_folder
from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.measured import values_of
from vosbench.results.reader import load as load_run
from vosbench.scoring.api import score


def rescorer(board: Board, predictions: Path, roots: Collection[Root]) -> Rescore:
    """A function for :func:`vosbench.leaderboard.check.check`.

    Args:
        board: the leaderboard.
        predictions: holds prediction folders or archives, under the names the results were made from.
        roots: where data may lie, see :func:`vosbench.datasets.discover.locate`.
    """

    def again(card: Card) -> tuple[Value, ...] | None:
        document = load_run(run_folder(board, card)).document
        masks = predictions / Path(document.predictions.name).name
        where: Any = {"benchmark": document.benchmark, "split": document.split, "roots": tuple(roots)}
        try:
            locate(**where)
        except (UsageError, InputError):
            return None  # the data is not here
        if not masks.exists():
            return None
        return values_of(score(masks, measures=document.protocol.rules.measures, **where))

    return again
