"""Masks with contours as long as they get: T answers or says why not, quickly and in bounded memory."""

import subprocess
import sys

import numpy as np
import pytest

from vosbench.errors import VosbenchError
from vosbench.kernel import BACKEND
from vosbench.measures import stability, temporal_instability

pytestmark = pytest.mark.skipif(BACKEND != "compiled", reason="time and memory are the compiled kernel's business")

SHAPE = (480, 854)
ROW, COLUMN = np.indices(SHAPE)
NOISE = np.random.default_rng(0).random(SHAPE)


def comb(length: int) -> np.ndarray:
    return (COLUMN % 2 == 0) & (length > ROW) | (ROW == 0)


RAGGED = {
    "checkerboard": (ROW + COLUMN) % 2 == 0,
    "coarse checkerboard": (ROW // 3 + COLUMN // 3) % 2 == 0,
    "noise": NOISE < 0.5,
    "percolating noise": NOISE < 0.62,
    "short comb": comb(6),
    "long comb": comb(480),
    "diagonal stripes": ((ROW + COLUMN) % 4 < 2) | (ROW == 0),
}
TOO_RAGGED = {"long comb", "diagonal stripes"}


@pytest.mark.parametrize("name", RAGGED)
def test_a_ragged_frame_has_a_value_or_an_error(name):
    if name in TOO_RAGGED:
        with pytest.raises(stability.TooRaggedError):
            temporal_instability(RAGGED[name], RAGGED[name])
    else:
        assert not temporal_instability(RAGGED[name], RAGGED[name]) > 0


def test_the_error_names_the_limit():
    with pytest.raises(VosbenchError, match=r"needs \d+ samples, temporal stability takes at most 3500") as caught:
        stability.describe(RAGGED["long comb"])
    assert caught.value.code == "too-ragged"
    assert caught.value.fix


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read the Linux way")
def test_memory_at_the_limit():
    # All costs are 1 or 2: most cells are equally good and nearly all are searched, the worst case for memory.
    script = """
import resource
import numpy as np
from vosbench import kernel
costs = 1.0 + np.random.default_rng(0).integers(0, 2, (1400, 1400), np.uint8)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
kernel.matching_cost(costs)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    kibibytes = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True).stdout
    bytes_per_cell = int(kibibytes) * 1024 / 1400**2 + np.dtype(float).itemsize
    assert bytes_per_cell * stability.MAX_SAMPLES**2 < 320e6
