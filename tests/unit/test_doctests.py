"""Every example in a docstring of the toolkit prints what it says."""

import doctest
import importlib
import pkgutil

import pytest

import vosbench

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(vosbench.__path__, "vosbench.")
    if not module.name.endswith(("._native", ".__main__"))
)


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some examples draw masks into the current folder
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = [t for name in MODULES for t in finder.find(importlib.import_module(name)) if t.examples]
    assert len(found) > 30
