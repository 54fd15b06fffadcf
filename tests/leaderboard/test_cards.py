import json
from pathlib import Path

import msgspec
import pytest

from vosbench.errors import InputError, UsageError
from vosbench.leaderboard.card import PUBLISHED, Card, decode, encode
from vosbench.leaderboard.entries import Board, load

CARD = {
    "schema": "vosbench.card/1",
    "kind": "published",
    "method": "OSVOS",
    "benchmark": "davis2016",
    "split": "val",
    "protocol": PUBLISHED,
    "values": [{"measure": "J", "statistic": "mean", "group": "all", "value": "0.150", "unit": "fraction"}],
    "source": {"paper": "stcnn-2019", "table": "table1", "row": 99, "label": "OSVOS"},
}
MEASURED = {
    "fingerprint": "sha256:" + "0" * 64,
    "dataset": "a",
    "predictions": "b",
    "sequences": 1,
    "objects": 1,
    "frames": 1,
    "complete": True,
}


def card(**changes: object) -> Card:
    return decode(json.dumps(CARD | changes).encode())


def test_a_card_survives_being_written_and_read() -> None:
    assert decode(encode(card())) == card()


def test_decimals_are_kept_as_printed() -> None:
    value = card().values[0]
    assert value.value == "0.150"
    assert f"{value.percent:f}" == "15.0"


def test_unknown_is_not_no() -> None:
    assert card().flags.online_learning is None


@pytest.mark.parametrize(
    "changes",
    [
        {"metod": "OSVOS"},
        {"flags": {"online-learning": True}},
        {"flags": {"online_learning": "yes"}},
        {"values": [{**CARD["values"][0], "vlaue": "1"}]},  # type: ignore[index]
        {"values": [{**CARD["values"][0], "value": "1e3"}]},  # type: ignore[index]
        {"values": [{**CARD["values"][0], "value": "nan"}]},  # type: ignore[index]
        {"values": [{**CARD["values"][0], "value": 0.15}]},  # type: ignore[index]
        {"values": [{**CARD["values"][0], "measure": "mAP"}]},  # type: ignore[index]
        {"values": [CARD["values"][0]] * 2},  # type: ignore[index]
        {"values": []},
        {"schema": "vosbench.card/2"},
        {"protocol": "davis2016@1"},
        {"kind": "measured", "source": None, "result": MEASURED},
        {"kind": "measured", "protocol": "davis2016@1", "result": MEASURED},
        {"result": MEASURED},
        {"source": None},
        {"year": "2017"},
        {"year": 17},
        {"code": "javascript:alert(1)"},
        {"code": 'https://example.org/"onmouseover="alert(1)'},
        {"benchmark": "../davis2016"},
        {"method": ""},
        {"method": "x" * 401},
    ],
)
def test_what_is_not_a_card_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        card(**changes)


def test_the_error_names_the_key() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"metod"):
        card(metod="OSVOS")


def test_all_cards_of_the_repository_are_valid_and_in_canonical_form(board: Board) -> None:
    assert len(board.entries) > 100
    for entry in board.entries:
        assert entry.path.read_bytes() == encode(entry.card)


def spoil(copy: Path, codes: set[str]) -> None:
    with pytest.raises(InputError) as caught:
        load(copy)
    assert {p.code for p in caught.value.problems} == codes


def first(copy: Path) -> Path:
    return copy / "entries" / "davis2016" / "davis-2016-toolkit-01-osvos.json"


def test_a_misspelt_key_is_found_with_its_file(copy: Path) -> None:
    path = first(copy)
    path.write_text(path.read_text().replace('"optical_flow"', '"optical-flow"'))
    with pytest.raises(InputError, match=r"davis-2016-toolkit-01-osvos\.json.*optical-flow"):
        load(copy)


def test_all_problems_are_found_at_once(copy: Path) -> None:
    path = first(copy)
    raw = path.read_bytes()
    path.write_bytes(raw.replace(b'"row": 1\n', b'"row": 2\n').replace(b'"row": 1,', b'"row": 2,'))
    (path.parent / "broken.json").write_text("{")
    (path.parent / "copy.json").write_text(json.dumps(json.loads(raw)))
    (copy / "entries" / "davis2017" / "elsewhere.json").write_bytes(raw.replace(b'"toolkit"', b'"table9"'))
    spoil(copy, {"bad-card", "card-format", "wrong-folder", "unknown-table", "duplicate-row"})


def test_two_cards_cannot_have_one_permalink(copy: Path) -> None:
    path = first(copy)
    (copy / "entries" / "davis2017" / path.name).write_bytes(path.read_bytes())
    spoil(copy, {"duplicate-name", "wrong-folder", "duplicate-row"})


def test_a_benchmark_that_is_not_described_is_refused(copy: Path) -> None:
    path = first(copy)
    path.write_bytes(path.read_bytes().replace(b'"split": "val"', b'"split": "vla"'))
    spoil(copy, {"unknown-benchmark"})


def test_a_layout_with_an_unknown_key_is_refused(copy: Path) -> None:
    path = copy / "papers" / "stcnn-2019.toml"
    path.write_text(path.read_text().replace("transposed = true", "transpose = true", 1))
    with pytest.raises(InputError, match=r"stcnn-2019\.toml.*transpose"):
        load(copy)


def test_a_table_without_its_cards_is_refused(copy: Path) -> None:
    for path in (copy / "entries" / "davis2017").glob("stcnn-*"):
        path.unlink()
    spoil(copy, {"empty-table"})


def test_a_folder_that_is_no_leaderboard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"benchmarks\.toml"):
        load(tmp_path)
