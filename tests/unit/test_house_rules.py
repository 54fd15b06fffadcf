"""The rules of size in CONTRIBUTING.md: short modules, short functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted([*(ROOT / "vosbench").rglob("*.py"), *(ROOT / "baselines" / "vosbench_baselines").rglob("*.py")])
KERNEL = sorted((ROOT / "vosbench" / "kernel" / "native").glob("*.[ch]"))

MODULE_LINES, FUNCTION_LINES = 250, 40


@pytest.mark.parametrize("path", [*MODULES, *KERNEL], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MODULE_LINES


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Each function with the lines of its body, without the signature and the docstring."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            yield node.name, (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_its_functions_are_short(path):
    assert {name: lines for name, lines in functions(path) if lines > FUNCTION_LINES} == {}
