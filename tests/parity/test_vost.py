"""VOST: J, and J over the last quarter of the frames."""

from pathlib import Path

import pytest

import vosbench
from vosbench.testing import check_benchmark, write_label_maps


def world(root: Path) -> Path:
    write_label_maps(
        root / "Annotations", {"cut": {1: "xxxxxxxxxxxx", 2: "xxxx....xxxx", 3: "..xxxxxxxxxx"}}, stems="frame{:05d}"
    )
    (root / "ImageSets").mkdir()
    (root / "ImageSets/val.txt").write_text("cut\n")
    return root


def test_contract(tmp_path: Path) -> None:
    check_benchmark("vost", data=world(tmp_path))


def test_by_hand(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    # label 9 is no object, and object 3 arrives after the first frame: neither is scored
    looks = {"cut": {1: "xxxhhhhhhxxw", 2: "x...........", 3: "xxxxxxxxxxxx", 9: "x.x.x.x.x.x."}}
    write_label_maps(tmp_path / "preds", looks, stems="frame{:05d}")
    run = vosbench.score(tmp_path / "preds", benchmark="vost", data=root)
    # frames 1 to 10 are scored, 7 (= floor(0.75 x 10)) to 9 of these are the last quarter, frames 8 to 10
    assert run.value("J") == pytest.approx(((4 * 1 + 6 * 0.5) / 10 + 4 / 10) / 2)
    assert run.value("J", "tr") == pytest.approx(((0.5 + 1 + 1) / 3 + 0) / 2)
    assert run.headline == {"J": run.value("J")}
    assert "F" not in set(run.summary.measure)
