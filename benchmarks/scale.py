"""Scoring ten thousand sequences: throughput by workers, planning time, memory, and the cost of a frame by its size.

    python -m pip install ".[dask,slurm]"
    python benchmarks/scale.py [--work FOLDER] [--sequences 10000] [--only planning,workers,memory,frames]

The sequences are small: some are drawn, the others are links to them, so that files come from the page cache and what
is measured is the work around a mask. The cost of the masks themselves is measured apart, at three sizes of frame.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image
from scoring import LAUNCH, drop_training_videos, frayed

import vosbench
from vosbench.masks.write import write_label_map
from vosbench.synthetic import make_dataset

DRAWN, FRAMES, SHAPE = 40, 10, (96, 160)
#: 480p, 720p (YouTube-VOS), and the mean size of an SA-V frame (Ravi et al., 2024).
SIZES = ((480, 854), (720, 1280), (1037, 1401))
WORKERS = (
    ("threads", 1), ("threads", 2), ("processes", 1), ("processes", 2), ("processes", 4), ("slurm://local", 2),
    ("dask", 2),
)  # fmt: skip

PLAN = """
import sys, time
from pathlib import Path
from vosbench.scoring.plan import make_plan
from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
start = time.process_time()
target = locate(Query(benchmark="davis2017", data=Path(sys.argv[1]), split="val"))
source = target.dataset.predictions(Path(sys.argv[2]), palette=None)
plan = make_plan(
    target.dataset.sequences("val"), target.spec.rules, target.dataset.masks("val"), (source,)
)
planned = time.process_time()
sent = sum(len(__import__("pickle").dumps(task.portable())) for task in plan.tasks)
print(planned - start, time.process_time() - planned, sent)
"""


def main() -> None:
    """Draw what is missing, then print the tables asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "vosbench-scale")
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--only", default="planning,workers,memory,frames")
    options = parser.parse_args()
    n = options.sequences
    counts = (n // 10, 3 * n // 10, n)
    tables = {
        "planning": lambda: planning(options.work, counts),
        "workers": lambda: workers(options.work, n),
        "memory": lambda: memory(options.work, counts),
        "frames": lambda: frames(options.work),
    }
    for name in options.only.split(","):
        print(f"\n{name}\n")
        tables[name]()


# ------------------------------------------------------------------ what is scored


def drawn(folder: Path, sequences: int, frames: int, shape: tuple[int, int]) -> tuple[Path, Path]:
    """A DAVIS root and predictions of it, kept for the next call."""
    data, preds = folder / "data", folder / "preds"
    if not data.exists():
        make_dataset(data, layout="davis2017", sequences=sequences, frames=frames, objects=2, shape=shape)
        drop_training_videos(data)
    for path in sorted((data / "Annotations/480p").glob("*/*.png")):
        mask = preds / path.parent.name / path.name
        if not mask.exists():
            mask.parent.mkdir(parents=True, exist_ok=True)
            write_label_map(mask, frayed(np.array(Image.open(path)), int(path.stem)))
    return data, preds


def linked(work: Path, n: int) -> tuple[Path, Path]:
    """A DAVIS root of ``n`` sequences and predictions of it: links to few drawn ones."""
    data, preds = drawn(work / "drawn", DRAWN, FRAMES, SHAPE)
    root, links = work / f"data-{n}", work / f"preds-{n}"
    if not (root / "ImageSets/2017/val.txt").exists():
        names = [f"v{k:05d}" for k in range(n)]
        for source, target in ((data / "Annotations/480p", root / "Annotations/480p"), (preds, links)):
            target.mkdir(parents=True, exist_ok=True)
            for name, folder in zip(names, islice(cycle(sorted(source.iterdir())), n), strict=True):
                (target / name).symlink_to(folder.resolve())
        (root / "ImageSets/2017").mkdir(parents=True)
        (root / "ImageSets/2017/val.txt").write_text("".join(f"{name}\n" for name in names))
    return root, links


def measured(*command: object) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak resident MB (largest process) of a Python call."""
    call = [sys.executable, "-S", "-c", LAUNCH, sys.executable, *map(str, command)]
    done = subprocess.run(call, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"failed: {command}\n{done.stderr}")
    wall, cpu, peak = map(float, done.stdout.split()[-3:])
    return wall, cpu, peak


def score(data: Path, preds: Path, *more: object) -> tuple[float, float, float]:
    """The same of a call of ``vosbench score``."""
    place = ("--benchmark", "davis2017", "--data", data, "--split", "val")
    return measured("-m", "vosbench", "score", preds, *place, *more)


@contextmanager
def dask(workers: int) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A scheduler and its workers on this machine: the address, and the process above the workers."""
    command = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    scheduler = subprocess.Popen([*command, "scheduler", "--port", "0", "--no-dashboard"], **quiet)
    address = next(m[1] for line in scheduler.stderr if (m := re.search(r"Scheduler at:\s+tcp://(\S+)", line)))
    count = ["--nworkers", str(workers), "--nthreads", "1", "--no-dashboard"]
    nannies = subprocess.Popen(
        [*command, "worker", f"tcp://{address}", *count], **quiet | {"stderr": subprocess.DEVNULL}
    )
    time.sleep(5)
    try:
        yield address, nannies
    finally:
        for process in (nannies, scheduler):
            process.terminate()
            process.communicate()


# ------------------------------------------------------------------ the tables


def planning(work: Path, counts: tuple[int, ...]) -> None:
    """CPU time from the command to the first task, and to make tasks ready to be sent."""
    print("| sequences | plan, CPU s | ms a sequence | to send, CPU s | bytes a sequence |\n" + "| --: " * 5 + "|")
    for n in counts:
        data, preds = linked(work, n)
        done = subprocess.run([sys.executable, "-c", PLAN, data, preds], capture_output=True, text=True, check=True)
        plan, send, size = map(float, done.stdout.split())
        print(f"| {n} | {plan:.2f} | {1000 * plan / n:.3f} | {send:.2f} | {size / n:.0f} |")


def workers(work: Path, n: int) -> None:
    """Wall and CPU time of the whole command by executor and number of workers; all results must be equal."""
    data, preds = linked(work, n)
    print(f"{n} sequences of {FRAMES} frames, {SHAPE[0]} x {SHAPE[1]} pixels; every run is written with --out\n")
    print("| executor | workers | wall s | CPU s | sequences a second |\n| :-- | --: | --: | --: | --: |")
    results = set()
    with tempfile.TemporaryDirectory(dir=work) as out, dask(2) as (address, _):
        for name, jobs in WORKERS:
            executor = f"dask://{address}" if name == "dask" else name
            run = Path(out) / f"{name.partition(':')[0]}-{jobs}"
            wall, cpu, _ = score(data, preds, "--executor", executor, "--jobs", jobs, "--out", run)
            shown = "–" if name in ("dask", "slurm://local") else f"{cpu:.1f}"
            print(f"| {name} | {jobs} | {wall:.1f} | {shown} | {n / wall:.0f} |", flush=True)
            results.add((run / "result.json").read_bytes() + (run / "frames.parquet").read_bytes())
    print(f"\ndistinct results: {len(results)}")


def memory(work: Path, counts: tuple[int, ...]) -> None:
    """Peak memory of the command, which holds all rows, and of a dask worker, which holds those of its tasks."""
    print("| sequences | command, peak MB | a dask worker, peak MB |\n| --: | --: | --: |")
    with dask(2) as (address, nannies):
        for n in counts:
            data, preds = linked(work, n)
            _, _, peak = score(data, preds, "--executor", "processes", "--jobs", 2)
            score(data, preds, "--executor", f"dask://{address}")
            print(f"| {n} | {peak:.0f} | {max(peaks_below(nannies.pid)):.0f} |", flush=True)


def peaks_below(pid: int) -> list[float]:
    """Peak resident MB of the processes that a process has started (Linux)."""
    children = [child for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]
    status = [Path(f"/proc/{child}/status").read_text() for child in children]
    return [int(m[1]) / 1024 for text in status if (m := re.search(r"VmHWM:\s+(\d+)", text))]


def frames(work: Path) -> None:
    """CPU time of one frame pair on one worker, start-up taken off, with label maps and with a file for each object."""
    print("| frame | label map of 2 objects, ms | a file for each object, ms an object |\n| :-- | --: | --: |")
    for shape in SIZES:
        data, preds = drawn(work / f"{shape[0]}p", 2, 20, shape)
        maps = cheapest(preds, benchmark="davis2017", data=data, split="val")
        trees = [object_tree(work / f"{shape[0]}p", name, masks) for name, masks in
                 (("truth", data / "Annotations/480p"), ("trees", preds))]  # fmt: skip
        objects = cheapest(trees[1] / "sav_val/Annotations_6fps", benchmark="sav", data=trees[0], split="val")
        print(f"| {shape[0]} x {shape[1]} | {maps:.2f} | {objects / 2:.2f} |", flush=True)


def object_tree(folder: Path, name: str, masks: Path) -> Path:
    """The label maps in the layout of SA-V: a folder of binary masks for each object."""
    root = folder / name
    for path in sorted(masks.glob("*/*.png")) if not root.exists() else ():
        labels = np.array(Image.open(path))
        for k in (1, 2):
            place = root / "sav_val/Annotations_6fps" / path.parent.name / f"{k - 1:03d}" / path.name
            place.parent.mkdir(parents=True, exist_ok=True)
            write_label_map(place, (labels == k).astype(np.uint8))
    return root


def cheapest(preds: Path, runs: int = 3, **options: object) -> float:
    """CPU milliseconds a frame of scoring in this process, least of several runs."""
    spent = []
    for _ in range(runs + 1):  # the first one warms up
        start = time.process_time()
        result = vosbench.score(preds, jobs=1, **options)
        spent.append(1000 * (time.process_time() - start) / result.document.dataset.frames)
    return min(spent[1:])


if __name__ == "__main__":
    main()
