from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from vosbench.errors import UsageError
from vosbench.leaderboard.card import About, Flags
from vosbench.leaderboard.entries import Board, load
from vosbench.leaderboard.measured import add
from vosbench.leaderboard.rankings import rankings
from vosbench.leaderboard.tables import benchmark, one_decimal

Run = Callable[..., Path]


def add_runs(copy: Path, *runs: Path) -> Board:
    for run in runs:
        add(load(copy), run, About(method=run.name, flags=Flags(online_learning=False)))
    return load(copy)


def test_published_results_are_ranked_within_one_printed_table_only(board: Board) -> None:
    for name in board.benchmarks:
        for ranking in rankings(board, name):
            sources = {(s.paper, s.table) for p in ranking.placed if (s := p.entry.card.source)}
            assert len(sources) == 1


def test_measured_and_published_results_are_never_in_one_ranking(copy: Path, run: Run) -> None:
    board = add_runs(copy, run("one"), run("two", j=0.8))
    found = rankings(board, "davis2016")
    assert [r.measured for r in found] == [True] + [False] * (len(found) - 1)
    assert [p.entry.card.method for p in found[0].placed] == ["two", "one"]
    assert all(p.entry.card.kind == "published" for r in found[1:] for p in r.placed)


def test_another_signature_is_another_ranking(copy: Path, run: Run) -> None:
    board = add_runs(copy, run("one"), run("two", flags="filled"))
    measured = [r for r in rankings(board, "davis2016") if r.measured]
    assert sorted(len(r.placed) for r in measured) == [1, 1]
    assert len({r.anchor for r in measured}) == 2


def test_a_result_with_sequences_missing_is_shown_but_has_no_rank(copy: Path, run: Run) -> None:
    board = add_runs(copy, run("whole", j=0.5, truth="a" * 64), run("partial", j=0.9, sequences=19, truth="a" * 64))
    placed = rankings(board, "davis2016")[0].placed
    assert [(p.entry.card.method, p.rank) for p in placed] == [("whole", 1), ("partial", None)]


def test_results_are_ranked_by_the_rules_of_the_number_that_ranks_them(copy: Path, run: Run) -> None:
    """J ranks DAVIS-2016: a run of J alone stands in the ranking of those of J and F."""
    board = add_runs(copy, run("both", j=0.5), run("alone", j=0.9, measures=("J",)))
    measured = [r for r in rankings(board, "davis2016") if r.measured]
    assert [(p.entry.card.method, p.rank) for p in measured[0].placed] == [("alone", 1), ("both", 2)]
    assert len(measured) == 1


def test_equal_results_share_a_rank_and_the_next_one_is_skipped(board: Board) -> None:
    table4 = next(r for r in rankings(board, "davis2016") if r.anchor == "stcnn-2019-table4")
    assert [p.rank for p in table4.placed] == [1, 1, 1, 4, 5, 6]


def test_a_headline_the_paper_does_not_print_is_the_mean_of_its_parts_and_says_so(board: Board) -> None:
    table2 = next(r for r in rankings(board, "youtube-vos-2018") if r.anchor == "rvos-2019-table2")
    best = table2.placed[0]
    assert best.derived
    assert best.score == (Decimal("59.8") + Decimal("54.2") + Decimal("60.5") + Decimal("60.7")) / 4


def test_without_all_parts_there_is_no_headline_and_no_rank(board: Board) -> None:
    table6 = next(r for r in rankings(board, "davis2017") if r.anchor == "stcnn-2019-table6")
    ofl = next(p for p in table6.placed if p.entry.card.method == "OFL")
    assert (ofl.rank, ofl.score) == (None, None)
    assert table6.placed[-1] is ofl


def test_a_printed_headline_is_taken_as_it_is(board: Board) -> None:
    table4 = next(r for r in rankings(board, "youtube-vos-2019") if r.anchor == "stm-refinements-2019-table4")
    assert [(p.entry.card.method, p.rank, p.derived) for p in table4.placed][:2] == [
        ("zszhou", 1, False),
        ("theodoruszq", 2, False),
    ]


def test_a_table_of_a_benchmark_shows_percent_with_one_decimal(board: Board) -> None:
    grid = next(g for g in benchmark(board, "davis2016", "val") if "table 1" in g.caption)
    best = dict(zip(grid.header, grid.rows[0], strict=True))
    assert best["Method"] == "OnAVOS"
    assert (best["J mean"], best["T mean"], best["s/frame"], best["OL"]) == ("86.1", "19.0", "15.57", "✓")


@pytest.mark.parametrize(
    ("percent", "text"),
    [("79.771300", "79.8"), ("-0.04", "0.0"), ("0.05", "0.0"), ("0.15", "0.2"), ("100", "100.0")],
)
def test_one_decimal(percent: str, text: str) -> None:
    assert one_decimal(Decimal(percent)) == text


def test_an_unknown_name_is_answered_with_the_known_ones(board: Board) -> None:
    with pytest.raises(UsageError, match="choose one of davis2016"):
        benchmark(board, "davis2018")
    with pytest.raises(UsageError, match="choose one of train, val"):
        benchmark(board, "davis2016", "test")
