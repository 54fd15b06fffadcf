import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vosbench.cli.leaderboard import leaderboard
from vosbench.errors import InputError

BOARD = str(Path(__file__).parents[2] / "leaderboard")


def call(*args: str) -> Result:
    return CliRunner().invoke(leaderboard, args, catch_exceptions=False)


@pytest.mark.parametrize("verb", ["add", "build", "check", "table"])
def test_every_verb_has_an_example(verb: str) -> None:
    assert f"vosbench leaderboard {verb}" in call(verb, "--help").stdout


def test_a_table_is_printed_in_every_format() -> None:
    found = {f: call("table", "--board", BOARD, "--like", "stcnn-2019/table6", "--format", f).stdout for f in FORMATS}
    assert all("43.2" in text and "Ours" in text for text in found.values())
    assert found["csv"].splitlines()[2] == "F Mean (↑),-,57.3,57.1,61.8,63.9,69.1,64.6"
    assert r"F Mean ($\uparrow$) & - & 57.3" in found["latex"]
    assert json.loads(found["json"])[0]["rows"][0][1] == "43.2"


FORMATS = ("table", "md", "latex", "csv", "json")


def test_all_rankings_of_a_benchmark_make_one_csv() -> None:
    lines = call("table", "--board", BOARD, "--benchmark", "davis2017", "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("ranking,Rank,Method,J&F mean,")
    assert len(lines) == 1 + 17


def test_benchmark_and_like_exclude_each_other() -> None:
    assert call("table", "--board", BOARD).exit_code == 2
    assert call("table", "--board", BOARD, "--like", "a/b", "--benchmark", "c").exit_code == 2


def test_add_check_and_build_follow_each_other(copy: Path, run: Callable[..., Path], tmp_path: Path) -> None:
    about = tmp_path / "card.toml"
    about.write_text('method = "Mine"\nruntimes = [{ value = "0.05", unit = "s/frame", gpu = "V100" }]\n')
    added = call("add", str(run("mine")), "--card", str(about), "--board", str(copy)).stdout.strip()
    assert Path(added).is_file()
    assert "1 of them measured" in call("check", str(copy)).stderr
    built = call("build", str(copy), "--out", str(tmp_path / "site")).stdout.strip()
    assert "Mine" in Path(built).read_text(encoding="utf-8")


def test_check_fails_on_a_spoilt_card(copy: Path) -> None:
    next((copy / "entries" / "davis2016").iterdir()).write_text("{}")
    with pytest.raises(InputError, match="bad-card"):
        call("check", str(copy))
