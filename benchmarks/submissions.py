"""CPU time of scoring many submissions together, against a process for each, on the data of benchmarks/scoring.py.

    python -m pip install .
    python benchmarks/submissions.py [--work FOLDER] [--submissions 8] [--jobs 2]

Both ways write the same files, which is checked. The figure is the ratio of the CPU seconds within one call.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scoring import draw


def main() -> None:
    """Link the predictions under many names, score them both ways, compare the files, print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "vosbench-benchmark")
    parser.add_argument("--submissions", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    data, preds = draw(options.work)
    against = ["--benchmark", "davis2017", "--data", str(data), "--jobs", str(options.jobs)]
    with tempfile.TemporaryDirectory(dir=options.work) as scratch:
        work = Path(scratch)
        paths = [work / f"team-{k}" for k in range(options.submissions)]
        for path in paths:
            path.symlink_to(preds)
        single = sum(cpu(["score", str(p), *against, "--out", str(work / "single" / p.name)]) for p in paths)
        many = cpu(["score-many", *map(str, paths), *against, "--out", str(work / "many")])
        same = all(files(work / "single" / p.name) == files(work / "many" / p.name) for p in paths)
    print(f"| {len(paths)} submissions | CPU s | CPU s each |\n| :-- | --: | --: |")
    print(f"| a process for each | {single:.2f} | {single / len(paths):.2f} |")
    print(f"| score-many | {many:.2f} | {many / len(paths):.2f} |")
    print(f"\n{single / many:.2f} times less CPU; files {'equal byte for byte' if same else 'DIFFER'}")
    sys.exit(not same)


def cpu(arguments: list[str]) -> float:
    """CPU seconds of a vosbench command and all its processes."""
    before = os.times()
    subprocess.run([sys.executable, "-m", "vosbench", *arguments], check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def files(folder: Path) -> dict[str, bytes]:
    """The files of a run."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


if __name__ == "__main__":
    main()
