"""What ``import vosbench`` offers: its names, and keywords that an editor can complete."""

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import vosbench

ROOT = Path(vosbench.__file__).parent.parent
FUNCTIONS = ["check", "compare", "load", "predict", "score", "score_all", "score_many", "validate"]


def test_dir_lists_the_public_names_and_nothing_else():
    code = "import vosbench; print(*dir(vosbench))"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert out.split() == sorted(vosbench.__all__)
    assert {*FUNCTIONS, "RunResult", "errors", "measures", "__version__"} <= set(out.split())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_keyword_is_named_and_typed(name):
    function = getattr(vosbench, name)
    parameters = inspect.signature(function).parameters.values()
    plain = {inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY}
    assert {p.kind for p in parameters} <= plain
    hints = get_type_hints(function)
    assert {p.name for p in parameters} | {"return"} == set(hints)
    assert Any not in hints.values()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_docstring_has_an_example(name):
    assert ">>> " in (inspect.getdoc(getattr(vosbench, name)) or "")


def test_the_query_means_the_same_everywhere():
    """benchmark, protocol, data, gt, split and roots have one type wherever they are asked for."""
    named = ("benchmark", "protocol", "data", "gt", "split", "roots")
    hints = [get_type_hints(getattr(vosbench, f)) for f in FUNCTIONS if f != "load"]
    for name in named:
        assert len({str(hint[name]) for hint in hints}) == 1


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="no attribute 'evaluate'"):
        vosbench.evaluate  # noqa: B018


def readme_lines() -> str:
    """The Python block of the README."""
    (block,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    return str(block)


def test_the_python_lines_of_the_readme_run(world, monkeypatch):
    import numpy as np

    mask = np.zeros((30, 40), np.uint8)
    mask[5:20, 5:20] = 1
    data = world.davis({"bear": [mask] * 5}, name="DAVIS")
    world.masks("preds", {"bear": [mask] * 5})
    monkeypatch.chdir(world.root)
    lines = readme_lines().replace("/data/DAVIS", str(data))
    assert "run.save(" in lines
    names: dict[str, Any] = {"labels": mask == 1, "predicted": mask == 1}
    exec(compile(lines, "README.md", "exec"), names)
    assert names["run"].value("J&F") == 1
    assert (world.root / "runs" / "mine" / "result.json").is_file()
