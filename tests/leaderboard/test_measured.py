import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.errors import IncomparableError, InputError, UsageError
from vosbench.leaderboard.card import About, Value
from vosbench.leaderboard.check import check
from vosbench.leaderboard.entries import Board, load
from vosbench.leaderboard.measured import add, card_of, decimal, read_about, slug

Run = Callable[..., Path]
ABOUT = About(method="MyMethod", year=2026)


def test_the_numbers_of_a_card_are_those_of_the_result(run: Run) -> None:
    card = card_of(run("a", j=0.7829796617371709), ABOUT)
    assert {v.cell: v.value for v in card.values} == {"J mean all": "0.7829796617371709", "F mean all": "0.00001"}
    assert card.kind == "measured"
    assert card.protocol.startswith("protocol:davis2016@1|")
    assert card.result is not None
    assert (card.result.sequences, card.result.frames) == (20, 1376)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_decimals_read_back_as_the_same_float(value: float) -> None:
    text = decimal(value)
    assert float(text) == value
    assert "e" not in text


def test_a_run_is_added_with_the_result_behind_it(copy: Path, run: Run) -> None:
    folder = run("a")
    path = add(load(copy), folder, ABOUT)
    board = load(copy)
    check(board)
    assert path in {e.path for e in board.entries}
    assert [p.read_bytes() for p in (copy / "results").iterdir()] == [(folder / "result.json").read_bytes()]


def test_the_same_result_cannot_be_added_twice(copy: Path, run: Run) -> None:
    folder = run("a")
    add(load(copy), folder, ABOUT)
    with pytest.raises(UsageError, match="there already"):
        add(load(copy), folder, ABOUT)


@pytest.mark.parametrize("changes", [{"benchmark": None}, {"benchmark": "imagenet"}, {"split": "vla"}])
def test_a_run_of_no_known_benchmark_is_refused(copy: Path, run: Run, changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        add(load(copy), run("a", **changes), ABOUT)
    assert not (copy / "results").exists()


def test_a_result_of_a_newer_vosbench_is_refused(run: Run) -> None:
    with pytest.raises(IncomparableError, match="upgrade"):
        card_of(run("a", schema="vosbench.result/3"), ABOUT)


def test_a_folder_without_a_result_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no result\.json"):
        card_of(tmp_path, ABOUT)


@pytest.mark.parametrize("changes", [{"summary": 3}, {"dataset": {}}, {"signature": None}, {"signature": ""}])
def test_a_broken_result_is_refused_with_its_path(run: Run, changes: dict[str, object]) -> None:
    with pytest.raises(InputError, match=r"result\.json"):
        card_of(run("a", **changes), ABOUT)


def test_a_card_toml_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text('method = "A"\nonline = true\n')
    with pytest.raises(InputError, match="online"):
        read_about(path)


def test_sequences_and_curves_come_from_the_tables_of_the_run(run: Run) -> None:
    import pandas as pd

    folder = run("a")
    names = ["sequence", "object", "proposal", "measure", "statistic", "value"]
    with (folder / "objects.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [names, ["dog", 1, 0, "J", "mean", 0.5], ["dog", 2, 0, "J", "mean", 0.25], ["dog", 1, 0, "T", "mean", ""]]
        )
    frames = {"sequence": ["dog"] * 4, "object": [1, 1, 2, 2], "proposal": [0] * 4, "index": [1, 2, 1, 2]}
    counts = {"intersection": [10, 5, 0, 0], "gt_area": [10, 10, 10, 0], "pred_area": [10, 5, 10, 0]}
    pd.DataFrame(frames | counts | {"scored": True}).to_parquet(folder / "frames.parquet")
    card = card_of(folder, ABOUT)
    assert card.sequences == {"dog": {"J mean": "0.375000"}}
    assert len(card.over_time) == 21
    assert [card.over_time[i] for i in (0, 10, 20)] == ["0.5000", "0.6250", "0.7500"]


def tampered(copy: Path, run: Run, change: Callable[[Path, Path], None]) -> set[str]:
    card = add(load(copy), run("a"), ABOUT)
    change(card, next((copy / "results").iterdir()))
    with pytest.raises(InputError) as caught:
        check(load(copy))
    return {p.code for p in caught.value.problems}


def test_a_better_number_written_by_hand_is_found(copy: Path, run: Run) -> None:
    def better(card: Path, _: Path) -> None:
        card.write_bytes(card.read_bytes().replace(b'"0.75"', b'"0.95"'))

    assert tampered(copy, run, better) == {"numbers-differ"}


def test_a_better_number_in_the_result_is_found(copy: Path, run: Run) -> None:
    def better(_: Path, result: Path) -> None:
        result.write_bytes(result.read_bytes().replace(b"0.75", b"0.95"))

    assert tampered(copy, run, better) == {"fingerprint"}


def test_a_missing_result_is_found(copy: Path, run: Run) -> None:
    assert tampered(copy, run, lambda _, result: result.unlink()) == {"no-result"}


def test_another_signature_is_found(copy: Path, run: Run) -> None:
    def other(card: Path, _: Path) -> None:
        card.write_bytes(card.read_bytes().replace(b"davis2016@1|", b"davis2016@2|"))

    assert tampered(copy, run, other) == {"numbers-differ"}


def test_scoring_again_has_the_last_word(copy: Path, run: Run) -> None:
    add(load(copy), run("a"), ABOUT)
    board = load(copy)
    check(board, rescore=lambda card: card.values)
    check(board, rescore=lambda card: None)
    with pytest.raises(InputError, match="scoring again"):
        check(
            board, rescore=lambda card: (Value(measure="J", statistic="mean", group="all", value="0", unit="fraction"),)
        )


@settings(deadline=None)
@given(st.text(max_size=80))
def test_a_slug_is_a_safe_file_name(name: str) -> None:
    found = slug(name)
    assert found.isascii()
    assert found == found.lower()
    assert 0 < len(found) <= 60
    assert all(c.isalnum() or c == "-" for c in found)


def test_the_result_is_read_by_its_documented_keys_only(run: Run) -> None:
    folder = run("a")
    document = json.loads((folder / "result.json").read_text())
    kept = ("schema", "status", "signature", "benchmark", "split", "dataset", "predictions", "summary")
    (folder / "result.json").write_text(json.dumps({k: document[k] for k in kept}))
    assert len(card_of(folder, ABOUT).values) == 2


def test_the_leaderboard_of_the_repository_is_in_order(board: Board) -> None:
    check(board)
