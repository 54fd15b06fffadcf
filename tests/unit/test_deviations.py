"""What the protocols say of the effect of their deviations is what the script measures."""

import importlib.util
import re
from pathlib import Path

import pytest

from vosbench.protocols import load as protocols
from vosbench.views.protocol_page import EFFECT

EFFECTS = {text.partition(EFFECT)[2] for name in protocols.names() for text in protocols.load(name).deviations}


def script(name):
    path = Path(__file__).parents[2] / f"benchmarks/{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


DRAWN, REAL = script("deviations").DRAWN, script("deviations_on_davis").REAL


@pytest.mark.parametrize("measure", DRAWN, ids=lambda f: f.__name__)
def test_drawn(tmp_path, measure):
    assert measure(tmp_path) in EFFECTS


def test_no_figure_without_a_measurement(tmp_path, realdata):
    """What is measured on real masks is quoted too; any other effect is none, or not measured, and has no figure."""
    real = {measure(realdata) for measure in REAL}
    assert real <= EFFECTS
    for effect in EFFECTS - real - {measure(tmp_path / measure.__name__) for measure in DRAWN}:
        assert effect.startswith(("none", "not measured: ")), effect
        assert not re.search(r"\d", effect), effect
