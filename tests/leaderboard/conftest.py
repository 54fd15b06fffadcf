import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vosbench.leaderboard.entries import Board, load

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "leaderboard"
SIGNATURE = "protocol:davis2016@1|split:val|data:0be53c0d86e8|engine:1"


@pytest.fixture(scope="session")
def board() -> Board:
    return load(BOARD)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the leaderboard that a test may spoil."""
    return Path(shutil.copytree(BOARD, tmp_path / "board"))


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """Make a run folder with a result.json; keyword arguments replace its keys."""

    def make(name: str = "run", j: float = 0.75, **changes: object) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        document = {
            "schema": "vosbench.result/2",
            "status": "complete",
            "signature": SIGNATURE,
            "protocol": {"name": "davis2016", "version": 1},
            "benchmark": "davis2016",
            "split": "val",
            "dataset": {"fingerprint": "0be53c0d86e8", "sequences": 20, "objects": 20, "frames": 1376},
            "predictions": {"name": name, "fingerprint": "77aa00bb11cc"},
            "environment": {},
            "summary": [
                {"group": "all", "measure": "J", "statistic": "mean", "value": j, "n": 20},
                {"group": "all", "measure": "F", "statistic": "mean", "value": 1e-05, "n": 20},
                {"group": "all", "measure": "T", "statistic": "mean", "value": None, "n": 0},
            ],
        }
        (folder / "result.json").write_text(json.dumps(document | changes, indent=1, sort_keys=True))
        return folder

    return make
