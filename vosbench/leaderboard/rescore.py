"""Score the predictions behind a measured card again, where they and the data are at hand."""

from collections.abc import Collection
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query, Root
from vosbench.errors import InputError, UsageError
from vosbench.leaderboard.card import Card, Value
from vosbench.leaderboard.check import Rescore, run_folder
from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.measured import values_of
from vosbench.results.reader import load as load_run
from vosbench.scoring.api import score_query


def rescorer(board: Board, predictions: Path, roots: Collection[Root]) -> Rescore:
    """A function for :func:`vosbench.leaderboard.check.check`.

    Args:
        board: the leaderboard.
        predictions: holds prediction folders or archives, under the names the results were made from.
        roots: where data may lie, see :class:`vosbench.datasets.query.Query`.
    """

    def again(card: Card) -> tuple[Value, ...] | None:
        document = load_run(run_folder(board, card)).document
        masks = predictions / Path(document.predictions.name).name
        query = Query.of(benchmark=document.benchmark, split=document.split, roots=roots)
        try:
            locate(query)
        except (UsageError, InputError):
            return None  # the data is not here
        if not masks.exists():
            return None
        (run,) = score_query(masks, query, measures=document.protocol.rules.measures)
        return values_of(run)

    return again
