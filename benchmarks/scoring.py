"""Speed of scoring, against vos-benchmark from PyPI, on a drawn data set of the size of DAVIS-2017 val.

    python -m pip install . vos-benchmark
    python benchmarks/scoring.py [--work FOLDER] [--runs 3] [--jobs 2]

Both tools score the same masks with the same number of workers, one after the other; every figure is the best of the
runs and every comparison a ratio within this one call. The floor is a process that only reads and inflates every PNG.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from vosbench.masks.write import write_label_map
from vosbench.synthetic import make_dataset

SEQUENCES, FRAMES, OBJECTS = 30, 1999, 61

OURS = ["-m", "vosbench", "score", "{preds}", "--benchmark", "davis2017", "--data", "{data}", "--jobs", "{jobs}"]
THEIRS = [
    "-c",
    "from vos_benchmark.benchmark import benchmark\n"
    "if __name__ == '__main__':\n"
    "    benchmark(['{data}/Annotations/480p'], ['{preds}'], strict=True, num_processes={jobs}, verbose=False)",
]
FLOOR = [
    "-S",
    "-c",
    "import ctypes, os, struct, sys\nsys.path += {path}\nfrom zlib_ng import zlib_ng\n"
    "if sys.platform == 'linux':\n"  # else memory is given back to the system and fetched anew for the next file
    "    [ctypes.CDLL(None).mallopt(option, 1 << 30) for option in (-1, -3)]\n"
    "for root in ('{data}/Annotations/480p', '{preds}'):\n"
    "    for folder in filter(os.DirEntry.is_dir, os.scandir(root)):\n"
    "        for entry in os.scandir(folder):\n"
    "            file = os.open(entry.path, os.O_RDONLY)\n"
    "            data = os.read(file, 1 << 20)\n"
    "            os.close(file)\n"
    "            at, parts = 8, []\n"
    "            while at < len(data):\n"
    "                size, kind = struct.unpack_from('>I4s', data, at)\n"
    "                parts += [data[at + 8 : at + 8 + size]] * (kind == b'IDAT')\n"
    "                at += size + 12\n"
    "            zlib_ng.decompress(b''.join(parts), bufsize=480 * 855)",
]
# Started from a small process of its own: a child's peak memory counts that of its parent at the fork.
LAUNCH = """import os, subprocess, sys, time
start = time.perf_counter()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
print(time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
sys.exit(bool(status))"""
START = {
    "vosbench": ["-c", "import vosbench.cli.score, vosbench.scoring.api, vosbench.views.summary"],
    "vos-benchmark": ["-c", "from vos_benchmark.benchmark import benchmark"],
}


def main() -> None:
    """Draw the data if need be, run both tools, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "vosbench-benchmark")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    data, preds = draw(options.work)
    fill = {"data": data, "preds": preds, "jobs": options.jobs, "path": sys.path}
    times = {
        name: best([part.format(**fill) for part in command], options.runs)
        for name, command in {"floor: read + inflate": FLOOR, "vosbench": OURS, "vos-benchmark": THEIRS}.items()
    }
    starts = {name: best(command, options.runs)[1] for name, command in START.items()}
    report(times, starts)
    stages(data, preds)


def draw(work: Path) -> tuple[Path, Path]:
    """A drawn data set, and predictions that are its masks moved and frayed by a few pixels; kept for the next call."""
    data, preds = work / "data", work / "preds"
    if not data.exists():
        print(f"drawing {FRAMES} frames into {work}", file=sys.stderr)
        frames = [FRAMES // SEQUENCES] * SEQUENCES
        frames[: FRAMES % SEQUENCES] = [n + 1 for n in frames[: FRAMES % SEQUENCES]]
        objects = [OBJECTS // SEQUENCES] * (SEQUENCES - OBJECTS % SEQUENCES) + [OBJECTS // SEQUENCES + 1]
        make_dataset(data, layout="davis2017", sequences=SEQUENCES, frames=frames, objects=objects, shape=(480, 854))
        drop_training_videos(data)
    if not preds.exists():
        for path in sorted((data / "Annotations/480p").glob("*/*.png")):
            (preds / path.parent.name).mkdir(parents=True, exist_ok=True)
            write_label_map(preds / path.parent.name / path.name, frayed(np.array(Image.open(path)), int(path.stem)))
    return data, preds


def drop_training_videos(data: Path) -> None:
    """vos-benchmark scores whatever folders it finds: leave only those of the split."""
    kept = set((data / "ImageSets/2017/val.txt").read_text().split())
    for folder in (data / "Annotations/480p").iterdir():
        if folder.name not in kept:
            for mask in folder.iterdir():
                mask.unlink()
            folder.rmdir()


def frayed(labels: np.ndarray, seed: int) -> np.ndarray:
    """Labels moved by up to 4 pixels, row by row a little differently: ragged contours, as methods draw them."""
    rng = np.random.default_rng(seed)
    shift = int(rng.integers(-4, 5)) + rng.integers(-1, 2, len(labels))
    columns = (np.arange(labels.shape[1])[None] - shift[:, None]) % labels.shape[1]
    return np.take_along_axis(labels, columns, axis=1)


def best(command: list[str], runs: int) -> tuple[float, float, float]:
    """Least wall seconds, CPU seconds and peak resident MB (largest process) of a Python call."""
    seen = []
    for _ in range(runs):
        launched = subprocess.run([sys.executable, "-S", "-c", LAUNCH, sys.executable, *command], capture_output=True)
        if launched.returncode:
            sys.exit(f"failed: {command}\n{launched.stderr.decode()}")
        seen.append(tuple(map(float, launched.stdout.split())))
    return tuple(min(column) for column in zip(*seen, strict=True))  # type: ignore[return-value]


def report(times: dict[str, tuple[float, float, float]], starts: dict[str, float]) -> None:
    """The table and the ratios."""
    print("| whole process | wall s | CPU s | peak MB |\n| :-- | --: | --: | --: |")
    for name, (wall, cpu, memory) in times.items():
        print(f"| {name} | {wall:.2f} | {cpu:.2f} | {memory:.0f} |")
    ours, theirs, floor = times["vosbench"], times["vos-benchmark"], times["floor: read + inflate"]
    scoring = {name: times[name][1] - starts[name] for name in starts}
    print(f"\nwhole process: {theirs[1] / ours[1]:.1f}x less CPU, {theirs[0] / ours[0]:.1f}x less wall time")
    print(f"scoring alone (start-up taken off): {scoring['vos-benchmark'] / scoring['vosbench']:.1f}x less CPU")
    print(f"start-up: vosbench {starts['vosbench']:.2f} CPU-s, vos-benchmark {starts['vos-benchmark']:.2f} CPU-s")
    print(f"distance to the floor: {ours[1] / floor[1]:.1f}x its CPU")


def stages(data: Path, preds: Path) -> None:
    """Milliseconds a frame pair for each stage, on one thread, warm."""
    from zlib_ng import zlib_ng

    from vosbench import kernel
    from vosbench.kernel import compiled
    from vosbench.masks.chunks import read_chunks
    from vosbench.measures import contour
    from vosbench.scoring.counting import Frame

    pairs = [(p, preds / p.parent.name / p.name) for p in sorted((data / "Annotations/480p").glob("*/*.png"))[::10]]
    spent: dict[str, float] = {}
    recent: deque[object] = deque(maxlen=4)
    same = np.array([[1, 1], [2, 2], [3, 3]], np.uint8)
    counts = np.zeros((7, 3), np.int64)

    def timed(stage: str, work: Callable[[], object]) -> object:
        start = time.perf_counter()
        result = work()
        spent[stage] = spent.get(stage, 0.0) + time.perf_counter() - start
        return result

    for pair in pairs:
        files = timed("read", lambda pair=pair: [p.read_bytes() for p in pair])
        packed = timed("parse, checksums", lambda files=files: [read_chunks(f).packed for f in files])
        raw = timed("inflate", lambda packed=packed: [zlib_ng.decompress(p, bufsize=480 * 855) for p in packed])
        masks = timed("unfilter", lambda raw=raw: [compiled.unfilter(r, 480, 854, 8) for r in raw])
        outlines = timed("contours", lambda masks=masks: [kernel.contours(m) for m in masks])
        timed(
            "overlap, contour hits",
            lambda m=masks, o=outlines: kernel.count_pair(*m, *o, same, contour.reach((480, 854)), counts),
        )
        timed("fingerprint", lambda masks=masks, o=outlines: Frame((masks[0],), (o[0],)).crc32())
        recent.append((files, raw, masks))
    print("\n| stage | ms a frame pair |\n| :-- | --: |")
    for stage, seconds in spent.items():
        print(f"| {stage} | {1000 * seconds / len(pairs):.3f} |")
    print(f"| all | {1000 * sum(spent.values()) / len(pairs):.3f} |")


if __name__ == "__main__":
    main()
