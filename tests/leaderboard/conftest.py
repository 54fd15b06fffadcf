import shutil
from collections.abc import Callable
from pathlib import Path
from zlib import crc32

import msgspec
import numpy as np
import pytest

from vosbench.leaderboard.entries import Board, load
from vosbench.protocols import load as protocols
from vosbench.results.assemble import assemble
from vosbench.results.run import RunResult

ROOT = Path(__file__).parents[2]
BOARD = ROOT / "leaderboard"


@pytest.fixture(scope="session")
def board() -> Board:
    return load(BOARD)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the leaderboard that a test may spoil."""
    return Path(shutil.copytree(BOARD, tmp_path / "board"))


def run_with(
    j: float, *, called: str, sequences: int = 20, benchmark: str = "davis2016", protocol: str = "", split: str = "val",
    flags: str = "", measures: tuple[str, ...] = ("J", "F"), tolerance: float = 0.008,
    truth: str = "",
) -> RunResult:  # fmt: skip
    """A run of as many sequences as the benchmark has, each with an object of about this J and F on ten frames."""
    spec = protocols.load(protocol or benchmark)
    rules = msgspec.structs.replace(spec.rules, measures=measures, tolerance=tolerance)
    n, names = sequences * 10, [f"video-{k:02d}" for k in range(sequences)]
    noise = np.random.default_rng(crc32(called.encode())).integers(0, 5, n)
    shared = round(2000 * j / (1 + j)) - noise
    counts = {"intersection": shared, "gt_area": 1000, "pred_area": 1000, "gt_length": 100, "pred_length": 100}
    counts |= {"gt_hits": int(100 * j), "pred_hits": int(100 * j)}
    frames = {
        "sequence": np.repeat(np.array(names, object), 10),
        "object": np.ones(n, np.int64),
        "proposal": np.zeros(n, np.int64),
        "frame": np.array([f"{t + 1:05d}" for t in range(10)] * sequences, object),
        "index": np.array([*range(1, 11)] * sequences),
        "scored": np.ones(n, bool),
        **{name: np.broadcast_to(np.asarray(value, np.int64), n).copy() for name, value in counts.items()},
        "flags": np.full(n, flags, object),
    }
    blank = np.full(sequences, "", object)
    keys = {
        "sequence": np.array(names, object), "object": np.ones(sequences, np.int64), "category": blank,
        "group": blank, "stable": blank, "instances": np.ones(sequences, np.int64),
    }  # fmt: skip
    spec = msgspec.structs.replace(spec, rules=rules)
    truth = truth or f"{sequences:x}".ljust(64, "0")
    return assemble(spec, frames=frames, keys=keys, benchmark=benchmark, split=split, truth=truth, name=called)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """Save a run of :func:`run_with` in a folder of the given name."""

    def make(name: str = "run", j: float = 0.75, **options: object) -> Path:
        run_with(j, called=name, **options).save(tmp_path / name)
        return tmp_path / name

    return make
