"""``vosbench data check``: sizes beside the published ones, and the first problems."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from vosbench.cli import cli
from vosbench.errors import InputError
from vosbench.testing import write_label_maps


def mose(root: Path) -> Path:
    write_label_maps(root / "valid/Annotations", {"a": {1: "xxxx", 2: ".xx."}, "b": {1: "xxxx"}})
    videos = {"a": {"objects": {"1": {}, "2": {}}}, "b": {"objects": {"1": {}}}}
    (root / "valid/meta.json").write_text(json.dumps({"videos": videos}))
    return root


def test_in_order(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["data", "check", str(mose(tmp_path)), "--benchmark", "mose-v2"])
    assert result.exit_code == 0
    assert result.stdout == "mose-v2 · valid · 2 sequences, 3 objects, 8 frames\n"
    assert result.stderr == "note: 2 sequences, 433 according to MOSEv2 paper\n"


def test_problems(tmp_path: Path) -> None:
    root = mose(tmp_path)
    (root / "valid/Annotations/a/00000.png").write_bytes(b"no image")
    result = CliRunner().invoke(cli, ["data", "check", str(root), "--benchmark", "mose-v2"])
    assert isinstance(result.exception, InputError)
    assert [p.code for p in result.exception.problems] == ["unreadable-mask"]


@pytest.mark.parametrize(("pictures", "code"), [(True, "hidden-ground-truth"), (False, "nothing-to-score")])
def test_truth_that_is_hidden(tmp_path: Path, pictures: bool, code: str) -> None:
    root = mose(tmp_path)
    for path in [p for p in (root / "valid/Annotations").rglob("*.png") if p.stem != "00000"]:
        path.unlink()
    if pictures:
        for t in range(4):
            (root / "valid/JPEGImages/b").mkdir(parents=True, exist_ok=True)
            (root / f"valid/JPEGImages/b/{t:05d}.jpg").touch()
    result = CliRunner().invoke(cli, ["data", "check", str(root), "--benchmark", "mose-v2"])
    assert isinstance(result.exception, InputError)
    assert result.exception.problems[0].code == code


def test_list_says_where_to_get_it_and_how_to_lay_it_out() -> None:
    text = CliRunner().invoke(cli, ["list", "benchmarks"]).stdout
    line = next(line for line in text.splitlines() if line.startswith("davis2017 "))
    assert "public (hidden: test-dev, test-challenge)" in line
    assert "CC BY 4.0" in line
    assert "ImageSets/2017/<split>.txt and Annotations/480p/<sequence>/<frame>.png" in line
