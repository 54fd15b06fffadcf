"""Time temporal stability T on the ground truth of DAVIS-2016: CPU milliseconds per pair of frames, by stage.

    python benchmarks/stability.py [--data FOLDER] [--limit N]

FOLDER holds ``Annotations/480p/<sequence>/<frame>.png``. A pair costs one new descriptor (polygon, samples, shape
contexts; the previous frame's is reused), one cost matrix and one matching. Reading PNGs is not counted.
"""

import argparse
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from vosbench import kernel

STAGES = ("polygon", "samples", "shape contexts", "costs", "matching")


class Stopwatch:
    """CPU seconds by stage."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def time(self, stage: str, function: Callable[..., Any], *arguments: Any) -> Any:
        start = time.process_time()
        result = function(*arguments)
        self.seconds[stage] += time.process_time() - start
        return result


def masks(folder: Path, limit: int | None) -> Iterator[np.ndarray]:
    for path in sorted(folder.glob("*.png"))[:limit]:
        yield (np.asarray(Image.open(path)) > 0).astype(np.uint8)


def measure(folder: Path, limit: int | None) -> tuple[float, dict[str, float]]:
    """Mean number of samples, and milliseconds per pair by stage, of one sequence."""
    watch, sizes, previous = Stopwatch(), [], None
    for mask in masks(folder, limit):
        vertices = watch.time("polygon", kernel.longest_polygon, mask)
        samples = watch.time("samples", kernel.resample, vertices)
        current = watch.time("shape contexts", kernel.shape_contexts, samples)
        if previous is None:
            watch.seconds = dict.fromkeys(STAGES, 0.0)  # the first frame only gets the sequence started
        else:
            costs = watch.time("costs", kernel.chi_square, previous, current)
            watch.time("matching", kernel.matching_cost, costs)
        sizes.append(len(samples))
        previous = current
    return float(np.mean(sizes)), {k: 1000 * s / (len(sizes) - 1) for k, s in watch.seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    root = Path(os.environ.get("VOSBENCH_TEST_DATA", beside))
    parser.add_argument("--data", type=Path, default=root / "davis2016", help="DAVIS-2016, original layout")
    parser.add_argument("--limit", type=int, help="frames to read of each sequence")
    options = parser.parse_args()
    folders = sorted(path for path in (options.data / "Annotations" / "480p").glob("*") if path.is_dir())
    if not folders:
        parser.error(f"no sequences in {options.data}/Annotations/480p")

    print(f"backend: {kernel.BACKEND}; CPU ms per pair of frames")
    print(f"{'sequence':20}{'samples':>9}" + "".join(f"{stage:>16}" for stage in STAGES) + f"{'sum':>8}")
    rows = []
    for folder in folders:
        size, stages = measure(folder, options.limit)
        rows.append([size, *stages.values(), sum(stages.values())])
        print_row(folder.name, rows[-1])
    print_row("mean", np.mean(rows, axis=0).tolist())


def print_row(name: str, row: list[float]) -> None:
    size, *stages, total = row
    print(f"{name:20}{size:9.0f}" + "".join(f"{ms:16.2f}" for ms in stages) + f"{total:8.2f}", flush=True)


if __name__ == "__main__":
    main()
