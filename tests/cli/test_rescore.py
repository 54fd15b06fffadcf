"""``vosbench score RUN``: another protocol or other measures from the counts of a finished run."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from vosbench.cli import cli
from vosbench.errors import IncomparableError, UsageError, VosbenchError
from vosbench.testing import write_label_maps


@pytest.fixture
def finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run under the rules of "folder", the masks gone."""
    write_label_maps(tmp_path / "gt", {"v": {1: "xxxxxx", 2: "...xxx"}})
    write_label_maps(tmp_path / "preds", {"v": {1: "xxhxxx", 2: "..xxxx"}})
    monkeypatch.chdir(tmp_path)
    score("preds", "--gt", "gt", "--out", "run")
    for path in [*tmp_path.glob("gt/*/*"), *tmp_path.glob("preds/*/*")]:
        path.unlink()
    return tmp_path / "run"


def score(*arguments: str) -> str:
    result = CliRunner().invoke(cli, ["score", *arguments])
    if isinstance(result.exception, VosbenchError):
        raise result.exception
    assert result.exit_code == 0
    return result.stdout


def test_another_protocol(finished: Path) -> None:
    out = score("run", "--protocol", "first-appearance", "--out", "again")
    assert "protocol:first-appearance@1" in out
    assert (finished.parent / "again/result.json").is_file()


def test_more_columns(finished: Path) -> None:
    assert "Jv&Fv" in score("run", "--measures", "J,F,Jv,Fv")


def test_counts_that_are_not_there(finished: Path) -> None:
    with pytest.raises(IncomparableError, match="measure Fa: not counted in the run"):
        score("run", "--measures", "J,Fa")


def test_nothing_else_applies(finished: Path) -> None:
    with pytest.raises(UsageError, match="only --protocol and --measures apply"):
        score("run", "--gt", "gt")
    with pytest.raises(UsageError, match="some of these are finished runs"):
        score("run", "preds")
