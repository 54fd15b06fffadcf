"""The script that makes the tables of the baselines: what it prints is what was predicted and scored."""

import importlib.util
import sys
from pathlib import Path

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
