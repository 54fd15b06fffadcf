"""docs/architecture.md names every room of the package, and every room is on a floor."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "vosbench"
ROOMS = {p.stem for p in PACKAGE.iterdir() if (p / "__init__.py").is_file() or p.suffix == ".py"} - {"__init__"}


def test_the_page_names_every_room():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)/?`", page))
    assert {room for room in ROOMS if not room.startswith("_")} <= named


def test_every_room_is_on_a_floor():
    floors = re.search(r"layers =\n(.*?)\n\n", (ROOT / ".importlinter").read_text(encoding="utf-8"), re.DOTALL)
    assert set(re.findall(r"\w+", floors[1])) == ROOMS
