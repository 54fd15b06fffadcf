"""The script that makes the tables of the baselines: what it prints is what was predicted and scored."""

import importlib.util
import sys
from pathlib import Path

import pytest

from vosbench import synthetic


def script():
    spec = importlib.util.spec_from_file_location(
        "benchmark_baselines", Path(__file__).parents[2] / "benchmarks/baselines.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_rows_that_need_nothing(tmp_path, monkeypatch, capsys):
    data = tmp_path / "data"
    synthetic.make_dataset(data, layout="davis2017", sequences=2, frames=5, shape=(60, 100), objects=1)
    (data / "ImageSets/2017").rename(data / "ImageSets/2016")
    options = {"data": data, "split": "val", "work": tmp_path / "work"}
    options |= {"weights": tmp_path / "none", "only": "nothing,copy-first-mask,osvos-tiny"}
    monkeypatch.setattr(sys, "argv", ["baselines.py", *(f"--{name}={value}" for name, value in options.items())])
    script().main()
    done = capsys.readouterr()
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ") for line in done.out.splitlines()}
    assert "osvos-tiny: no " in done.err
    assert rows["nothing"][1:3] == ["0.0", "0.0"]
    assert all(0 < float(j) <= 100 for j in rows["copy-first-mask"][1:3])


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--only", "flow"], 2, "no row flow; there are nothing, copy-first-mask"),
        (["--only", "osvos-tiny", "--weights", "none"], "nothing to show: give --weights", "no none/osvos-tiny"),
        (["--only", "nothing"], 3, "is not laid out as expected"),
    ],
)
def test_mistakes(tmp_path, monkeypatch, capfd, options, code, message):
    given = ["--data", str(tmp_path), "--work", str(tmp_path / "work"), *options]
    monkeypatch.setattr(sys, "argv", ["baselines.py", *given])
    with pytest.raises(SystemExit) as stopped:
        script().main()
    assert str(stopped.value.code).startswith(str(code))
    assert message in capfd.readouterr().err
