"""The rooms of the baselines: each is described in docs/architecture.md and has a floor in baselines/.importlinter."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "baselines" / "vosbench_baselines"
ROOMS = sorted(folder.parent.name for folder in PACKAGE.glob("*/__init__.py"))
FAMILIES = ("masktrack_lite", "oneshot", "rvos", "s2s", "stcnn", "stm", "stm_xs")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_in_the_picture_and_has_a_floor(room):
    assert f"| `{room}/` |" in (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    floors = (ROOT / "baselines/.importlinter").read_text(encoding="utf-8")
    assert room in floors.partition("[importlinter:contract:family]")[0].replace("|", " ").split()


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_the_files_of_every_family(family):
    assert {"network.py", "door.py", "train.py", "cost.py"} <= {path.name for path in (PACKAGE / family).iterdir()}


def test_no_module_lies_loose_but_the_device():
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "devices.py"}
