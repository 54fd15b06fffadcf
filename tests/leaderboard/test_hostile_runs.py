"""What strangers send to a leaderboard: damaged runs and damaged cards are taken or refused, and never half entered."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.mutate import damaged_json, damaged_run
from tests.fuzz.targets import explained
from tests.leaderboard.conftest import BOARD, run_with
from vosbench.errors import VosbenchError
from vosbench.leaderboard.card import About, decode, encode
from vosbench.leaderboard.check import check
from vosbench.leaderboard.entries import load
from vosbench.leaderboard.measured import add
from vosbench.results.document import ResultDocument

NAMES = ("result.json", "frames.parquet", "objects.csv")


@pytest.fixture(scope="module")
def seed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The three files of a sound run, each with its length before it."""
    folder = tmp_path_factory.mktemp("seed") / "run"
    run_with(0.7, called="seed").save(folder)
    return packed([(folder / name).read_bytes() for name in NAMES])


def packed(files: list[bytes]) -> bytes:
    return b"".join(len(data).to_bytes(4, "little") + data for data in files)


def unpack(data: bytes, folder: Path) -> None:
    at = 0
    for name in NAMES:
        size = int.from_bytes(data[at : at + 4], "little")
        (folder / name).write_bytes(data[at + 4 : at + 4 + size])
        at += 4 + size


def resealed(folder: Path) -> None:
    """Give a result.json that is still one a new seal, so that the damage comes past it."""
    path = folder / "result.json"
    try:
        path.write_text(msgspec.json.decode(path.read_bytes(), type=ResultDocument).to_json())
    except (ValueError, RecursionError):
        return


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.integers(0, 2**32), seal=st.booleans())
def test_a_damaged_run_is_refused_whole_or_gets_a_card_that_is_in_order(
    tmp_path_factory: pytest.TempPathFactory, seed: bytes, number: int, seal: bool
) -> None:
    folder = tmp_path_factory.mktemp("board")
    board, run = folder / "board", folder / "run"
    run.mkdir()
    board.mkdir()
    shutil.copy(BOARD / "benchmarks.toml", board)
    unpack(damaged_run(seed, random.Random(number), [seed]), run)
    if seal:
        resealed(run)
    before = sorted(board.rglob("*"))
    try:
        add(load(board), run, About(method="Stranger"))
    except VosbenchError as error:
        explained(error)
        assert sorted(board.rglob("*")) == before
    else:
        check(load(board))
    finally:
        shutil.rmtree(folder)


def card() -> bytes:
    return min((BOARD / "entries" / "davis2016").iterdir()).read_bytes()


@settings(max_examples=100, deadline=None)
@given(number=st.integers(0, 2**32))
def test_a_damaged_card_is_one_or_is_refused(number: int) -> None:
    data = damaged_json(card(), random.Random(number), [card()])
    try:
        found = decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return
    assert decode(encode(found)) == found


DAMAGE: list[Callable[[dict], object]] = [
    lambda v: v.update(measure="K"),
    lambda v: v.update(statistic="median"),
    lambda v: v.update(value="NaN"),
    lambda v: v.update(value="1e400"),
    lambda v: v.update(unit="points"),
]


@pytest.mark.parametrize("change", DAMAGE)
def test_a_number_that_is_none_is_refused(change: Callable[[dict], object]) -> None:
    document = msgspec.json.decode(card())
    change(document["values"][0])
    with pytest.raises(msgspec.ValidationError):
        decode(msgspec.json.encode(document))
