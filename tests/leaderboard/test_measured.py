import json
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.leaderboard.conftest import run_with
from vosbench.errors import InputError, UsageError
from vosbench.leaderboard.card import About, Value
from vosbench.leaderboard.check import check
from vosbench.leaderboard.entries import Board, load
from vosbench.leaderboard.measured import add, card_of, decimal, read_about, slug
from vosbench.leaderboard.rankings import rankings
from vosbench.leaderboard.site import render
from vosbench.leaderboard.tables import benchmark
from vosbench.results.document import ResultDocument
from vosbench.results.reader import load as load_run

Run = Callable[..., Path]
ABOUT = About(method="MyMethod", year=2026)


def test_the_numbers_of_a_card_are_those_of_the_run() -> None:
    run = run_with(0.78, called="a")
    card = card_of(run, ABOUT)
    assert {v.cell: float(v.value) for v in card.values} == {
        f"{c.measure} {c.statistic} {c.group}": c.value for c in run.document.summary
    }
    assert (card.kind, card.protocol) == ("measured", run.signature)
    assert card.result is not None
    assert (card.result.sequences, card.result.objects, card.result.frames) == (20, 20, 200)
    assert (card.result.complete, card.result.size) == (True, "")
    assert card.result.signatures == run.document.signatures


def test_a_card_may_have_every_measure_of_the_catalog() -> None:
    measures = ("J", "F", "Jv", "Fv", "Jp", "Fp", "A", "FP", "Js")
    card = card_of(run_with(0.7, called="a", measures=measures), ABOUT)
    assert {v.measure for v in card.values} == {*measures, "J&F", "Jv&Fv", "Jp&Fp", "Js&F"} - {"A"}
    assert "A mean all" not in {v.cell for v in card.values}  # undefined: every object is always there


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False, width=64))
def test_decimals_read_back_as_the_same_float(value: float) -> None:
    text = decimal(value)
    assert float(text) == value
    assert "e" not in text


def test_a_run_is_added_with_the_files_behind_it(copy: Path, run: Run) -> None:
    folder = run("a")
    path = add(load(copy), folder, ABOUT)
    board = load(copy)
    check(board)
    assert path in {e.path for e in board.entries}
    (kept,) = (copy / "results").iterdir()
    assert {p.name: p.read_bytes() for p in kept.iterdir()} == {p.name: p.read_bytes() for p in folder.iterdir()}


def test_the_same_result_cannot_be_added_twice(copy: Path, run: Run) -> None:
    folder = run("a")
    add(load(copy), folder, ABOUT)
    with pytest.raises(UsageError, match="there already"):
        add(load(copy), folder, ABOUT)


def test_a_split_that_the_benchmark_does_not_have_is_refused(copy: Path, run: Run) -> None:
    for options in ({"split": "vla"}, {"benchmark": "folder"}):
        with pytest.raises(UsageError, match="choose one of"):
            add(load(copy), run("-".join(options), **options), ABOUT)
    assert not (copy / "results").exists()


@pytest.mark.parametrize("options", [{"protocol": "folder"}, {"tolerance": 0.5}])
def test_a_run_by_other_rules_than_its_benchmark_says_is_refused(copy: Path, run: Run, options: dict) -> None:
    with pytest.raises(InputError, match="rules are not those"):
        add(load(copy), run("a", **options), ABOUT)
    assert not (copy / "results").exists()


def test_a_folder_without_a_result_is_refused(copy: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no finished run"):
        add(load(copy), tmp_path, ABOUT)


def test_a_card_toml_with_an_unknown_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    path.write_text('method = "A"\nonline = true\n')
    with pytest.raises(InputError, match="online"):
        read_about(path)


def test_sequences_and_curves_come_from_the_tables_of_the_run() -> None:
    run = run_with(0.7, called="a")
    card, table = card_of(run, ABOUT), run.objects
    j = table[(table.measure == "J") & (table.statistic == "mean")].set_index("sequence")["value"]
    assert {s: cells["J mean"] for s, cells in card.sequences.items()} == {s: f"{v:.6f}" for s, v in j.items()}
    frames = run.frames
    values = frames.intersection / (frames.gt_area + frames.pred_area - frames.intersection)
    at = np.linspace(0, 1, 21)
    expected = np.mean([np.interp(at, np.linspace(0, 1, 10), c) for c in values.to_numpy().reshape(20, 10)], axis=0)
    assert list(card.over_time) == [f"{v:.4f}" for v in expected]


def test_a_run_without_j_makes_a_card_without_a_curve() -> None:
    assert card_of(run_with(0.7, called="a", measures=("F",)), ABOUT).over_time == ()


def test_a_table_of_values_is_not_measured(copy: Path, tmp_path: Path) -> None:
    from vosbench.results.importer import import_table

    (tmp_path / "t.csv").write_text("sequence,index,J,F\n" + "".join(f"a,{t},0.9,0.9\n" for t in range(1, 9)))
    import_table(tmp_path / "t.csv")[0].save(tmp_path / "run")
    with pytest.raises(InputError, match="no masks of a benchmark"):
        add(load(copy), tmp_path / "run", ABOUT)


# ------------------------------------------------------------------ doctored runs and cards


def doctored(folder: Path, change: Callable[[dict], object]) -> Path:
    """The run with another result.json, whose seal is right."""
    document = json.loads((folder / "result.json").read_text())
    change(document)
    (folder / "result.json").write_text(msgspec.convert(document, ResultDocument).to_json())
    return folder


def better(document: dict) -> None:
    for cell in document["summary"]:
        cell["value"] = 0.999


def swapped(folder: Path, other: Path) -> Path:
    for name in ("frames.parquet", "objects.csv"):
        shutil.copy(other / name, folder / name)
    return folder


DOCTORED = {
    "edited summary": lambda run: doctored(run("a"), better),
    "edited split": lambda run: doctored(run("a"), lambda d: d.update(split="train")),
    "edited size": lambda run: doctored(run("a", sequences=3), lambda d: d["dataset"].update(sequences=20)),
    "swapped tables": lambda run: swapped(run("a"), run("b", j=0.95)),
}


@pytest.mark.parametrize("what", DOCTORED)
def test_a_doctored_run_gets_no_card(copy: Path, run: Run, what: str) -> None:
    before = sorted(copy.rglob("*"))
    with pytest.raises(InputError, match="do not belong together"):
        add(load(copy), DOCTORED[what](run), ABOUT)
    assert sorted(copy.rglob("*")) == before


def test_other_data_under_the_name_of_a_benchmark_is_shown_without_a_rank(copy: Path, run: Run) -> None:
    add(load(copy), run("demo", j=0.99, sequences=8), About(method="Demo"))
    add(load(copy), run("whole", j=0.5), ABOUT)
    measured = [p for r in rankings(load(copy), "davis2016") if r.measured for p in r.placed]
    assert {(p.entry.card.method, p.rank) for p in measured} == {("Demo", None), ("MyMethod", 1)}
    (demo,) = (p.entry.card.result for p in measured if p.rank is None)
    assert demo.size == "8 of 20 sequences, 8 of 20 objects"
    page = render(load(copy))["benchmark/davis2016.html"]
    assert "Not ranked: 8 of 20 sequences, 8 of 20 objects." in page
    assert any("not ranked (8 of 20 sequences" in grid.caption for grid in benchmark(load(copy), "davis2016"))


def test_a_benchmark_of_unknown_size_ranks_nothing() -> None:
    card = card_of(run_with(0.9, called="a", benchmark="jumpcut", split="all"), ABOUT)
    assert card.result is not None
    assert (card.result.complete, card.result.size) == (False, "the size of jumpcut all is not known")


def test_predictions_of_another_method_get_no_card(copy: Path, run: Run) -> None:
    folder = run("a")
    add(load(copy), folder, About(method="First"))
    stolen = Path(shutil.copytree(folder, folder.with_name("stolen")))
    doctored(stolen, lambda d: d["predictions"].update(name="stolen"))
    with pytest.raises(InputError, match="its predictions are those of First"):
        add(load(copy), stolen, About(method="Second"))


def tampered(copy: Path, run: Run, change: Callable[[Path, Path], object]) -> set[str]:
    card = add(load(copy), run("a"), ABOUT)
    change(card, next((copy / "results").iterdir()))
    with pytest.raises(InputError) as caught:
        check(load(copy))
    return {p.code for p in caught.value.problems}


def test_a_better_number_written_by_hand_is_found(copy: Path, run: Run) -> None:
    def change(card: Path, _: Path) -> None:
        value = next(v for v in json.loads(card.read_text())["values"] if v["measure"] == "J")["value"]
        card.write_bytes(card.read_bytes().replace(value.encode(), b"0.95"))

    assert tampered(copy, run, change) == {"numbers-differ"}


@pytest.mark.parametrize("text", [('"complete": false', '"complete": true'), ("3 of 20 seq", "20 of 20 seq")])
def test_a_size_written_by_hand_is_found(copy: Path, run: Run, text: tuple[str, str]) -> None:
    card = add(load(copy), run("a", sequences=3), ABOUT)
    card.write_text(card.read_text().replace(*text))
    with pytest.raises(InputError, match="data differ from"):
        check(load(copy))


def test_a_better_number_in_the_result_is_found(copy: Path, run: Run) -> None:
    assert tampered(copy, run, lambda _, result: doctored(result, better)) == {"run"}


def test_another_run_in_its_place_is_found(copy: Path, run: Run) -> None:
    assert tampered(copy, run, lambda _, result: run_with(0.9, called="a").save(result, overwrite=True)) == {
        "fingerprint"
    }


def test_a_missing_result_is_found(copy: Path, run: Run) -> None:
    assert tampered(copy, run, lambda _, result: shutil.rmtree(result)) == {"no-result"}


def test_another_signature_is_found(copy: Path, run: Run) -> None:
    def other(card: Path, _: Path) -> None:
        card.write_bytes(card.read_bytes().replace(b"davis2016@1|", b"davis2016@2|"))

    assert tampered(copy, run, other) == {"numbers-differ"}


def test_cards_of_two_methods_for_the_same_predictions_are_found(copy: Path, run: Run) -> None:
    card = add(load(copy), run("a"), ABOUT)
    text = card.read_text().replace('"MyMethod"', '"Zebra"')
    card.with_name(card.name.replace("mymethod", "zebra")).write_text(text)
    with pytest.raises(InputError, match="its predictions are those of MyMethod"):
        check(load(copy))


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


def test_the_leaderboard_reads_what_every_verb_reads(run: Run) -> None:
    assert load_run(run("a")) == run_with(0.75, called="a")


def test_the_leaderboard_of_the_repository_is_in_order(board: Board) -> None:
    check(board)
