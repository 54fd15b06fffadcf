"""The 21 methods on DAVIS-2016, aggregated again from the published frames in the slowest and plainest way."""

import csv
import math
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from vosbench.leaderboard.entries import Board

STABLE = ["blackswan", "camel", "car-roundabout", "car-shadow", "cows", "drift-straight", "kite-surf"]
STABLE += ["paragliding-launch", "scooter-black", "soapbox"]
Frames = dict[str, dict[str, list[dict[str, str]]]]


@pytest.fixture(scope="module")
def frames(realdata: Path) -> Frames:
    found: Frames = defaultdict(lambda: defaultdict(list))
    with (realdata / "published" / "davis2016_val_per_frame.csv").open(newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["method"]][row["sequence"]].append(row)
    return found


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def decay(values: list[float]) -> float:
    m = len(values)
    bounds = [math.floor(1 + (m - 1) * k / 4 + 0.5) - 1 for k in range(5)]
    return mean(values[bounds[0] : bounds[1] + 1]) - mean(values[bounds[3] : bounds[4] + 1])


def cells(rows: list[dict[str, str]]) -> dict[str, float]:
    rows = sorted(rows, key=lambda row: int(row["frame_index"]))
    found = {}
    for measure in "JF":
        values = [float(row[measure]) for row in rows]
        found[f"{measure} mean"] = mean(values)
        found[f"{measure} recall"] = mean([float(v > 0.5) for v in values])
        found[f"{measure} decay"] = decay(values)
    found["T mean"] = 5 * mean([float(row["T_raw"]) for row in rows if row["T_raw"]])
    return found


def test_all_21_methods_are_there_on_20_sequences(board: Board) -> None:
    entries = board.of_table("davis-2016", "toolkit")
    assert len(entries) == 21
    assert all(len(e.card.sequences) == 20 for e in entries)


@pytest.mark.realdata
def test_every_sequence_of_every_method_is_aggregated_from_its_frames(board: Board, frames: Frames) -> None:
    for entry in board.of_table("davis-2016", "toolkit"):
        assert entry.card.source is not None
        published = frames[entry.card.source.label]
        assert set(published) == set(entry.card.sequences)
        for sequence, rows in published.items():
            card = entry.card.sequences[sequence]
            want = cells(rows)
            assert set(want) == set(card)
            for cell, value in want.items():
                assert float(card[cell] or "nan") == pytest.approx(value, abs=5.1e-7), (entry.name, sequence, cell)


def test_the_summary_is_the_mean_of_the_sequences_and_for_t_of_the_stable_ones(board: Board) -> None:
    for entry in board.of_table("davis-2016", "toolkit"):
        for value in entry.card.values:
            cell = f"{value.measure} {value.statistic}"
            over = STABLE if value.measure == "T" else sorted(entry.card.sequences)
            want = mean([float(entry.card.sequences[s][cell] or "nan") for s in over])
            assert float(value.value) == pytest.approx(want, abs=1.1e-6), (entry.name, cell)


@pytest.mark.realdata
def test_the_summary_is_the_published_one(board: Board, realdata: Path) -> None:
    with (realdata / "published" / "davis2016_val_methods.csv").open(newline="") as lines:
        published = {row["method"]: row for row in csv.DictReader(lines)}
    for entry in board.of_table("davis-2016", "toolkit"):
        assert entry.card.source is not None
        row = published[entry.card.source.label]
        for value in entry.card.values:
            name = "T_mean_stable10" if value.measure == "T" else f"{value.measure}_{value.statistic}"
            assert abs(Decimal(value.value) - Decimal(row[name])) <= Decimal("0.000001"), (entry.name, name)
        everywhere = mean([float(cells["T mean"] or "nan") for cells in entry.card.sequences.values()])
        assert everywhere == pytest.approx(float(row["T_mean_all20"]), abs=1.1e-6)


@pytest.mark.realdata
def test_the_curves_over_time_start_and_end_with_the_first_and_last_frames(board: Board, frames: Frames) -> None:
    for entry in board.of_table("davis-2016", "toolkit"):
        assert entry.card.source is not None
        videos = frames[entry.card.source.label].values()
        ordered = [sorted(rows, key=lambda row: int(row["frame_index"])) for rows in videos]
        assert len(entry.card.over_time) == 21
        for at in (0, -1):
            assert float(entry.card.over_time[at]) == pytest.approx(
                mean([float(v[at]["J"]) for v in ordered]), abs=6e-5
            )
