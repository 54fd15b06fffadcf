"""The baselines on real video, the tables of docs/baselines.md: predicts, scores, prints.

    python -m pip install . ./baselines
    python benchmarks/baselines.py --data DAVIS [--weights runs] [--work FOLDER] [--only stm-xs,optical-flow]

Models that need weights are run with ``<weights>/<row>/weights.safetensors``, as ``vosbench-train`` leaves them
(``s2s-tiny-ol`` with those of ``s2s-tiny``, ``stcnn-tiny`` with those of its last part), and are left out where that is
missing. ``--work`` keeps predictions and runs; what is finished there is not made again.

Seconds a frame are wall time of model and adaptation by ``costs.json``, on this machine's cores, over all frames.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

#: Row, model, and the folder of its weights if it needs any.
ROWS = (
    ("nothing", "nothing", ""),
    ("copy-first-mask", "copy-first-mask", ""),
    ("optical-flow", "optical-flow", ""),
    ("masktrack-lite-offline", "masktrack-lite-offline", ""),
    ("masktrack-lite", "masktrack-lite", ""),
    ("stm-xs-offline", "stm-xs-offline", ""),
    ("stm-xs", "stm-xs", ""),
    ("s2s-tiny", "s2s", "s2s-tiny"),
    ("s2s-tiny-ol", "s2s-ol", "s2s-tiny"),
    ("rvos-tiny", "rvos", "rvos-tiny"),
    ("stcnn-tiny", "stcnn-tiny", "stcnn-tiny/3-joint"),
    ("osvos-tiny", "osvos-tiny", "osvos-tiny"),
    ("masktrack-tiny", "masktrack-tiny", "masktrack-tiny"),
    ("osmn-tiny", "osmn-tiny", "osmn-tiny"),
    ("onavos-tiny", "onavos-tiny", "onavos-tiny"),
    ("segflow-tiny", "segflow-tiny", "segflow-tiny"),
)
COLUMNS = [
    ("J", "mean"),
    ("J", "recall"),
    ("J", "decay"),
    ("F", "mean"),
    ("F", "recall"),
    ("F", "decay"),
    ("T", "mean"),
]
REFERENCE = "optical-flow"


def main() -> None:
    """Predict what is missing, score everything together, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="DAVIS 2016 or 2017, 480p")
    parser.add_argument("--split", default="val")
    parser.add_argument("--weights", type=Path, default=Path("runs"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "vosbench-baselines")
    parser.add_argument("--only", help="rows, separated by commas")
    options = parser.parse_args()
    data = ["--benchmark", "davis2016", "--data", str(options.data), "--split", options.split]
    wanted = None if options.only is None else set(options.only.split(","))
    if strange := (wanted or set()) - {row[0] for row in ROWS}:
        parser.error(f"no row {', '.join(sorted(strange))}; there are {', '.join(row[0] for row in ROWS)}")
    rows = [row for row in ROWS if (wanted is None or row[0] in wanted) and predicted(*row, options, data)]
    if not rows:
        sys.exit("nothing to show: give --weights, or --only rows that need none")
    score([options.work / "preds" / row[0] for row in rows], data, options.work / "runs")
    print("| | J mean | recall | decay | F mean | recall | decay | T | s / frame |\n|---" + "|---" * 8 + "|")
    for row, _, _ in rows:
        print(f"| {row} | {' | '.join(cells(options.work, row))} |")
    by_sequence(options.work / "runs", [row[0] for row in rows])


def predicted(row: str, model: str, weights: str, options: argparse.Namespace, data: list[str]) -> bool:
    """Whether the row's predictions are there, made now unless they were before."""
    out = options.work / "preds" / row
    command = ["predict", model, *data, "--out", str(out), "--resume"]
    if weights:
        file = options.weights / weights / "weights.safetensors"
        if not file.is_file():
            print(f"{row}: no {file}, left out", file=sys.stderr)
            return False
        command += ["--weights", str(file)]
    vosbench(command)
    return True


def score(preds: list[Path], data: list[str], out: Path) -> None:
    """One run a row."""
    for pred in preds:
        vosbench(["score", str(pred), *data, "--measures", "J,F,T", "--out", str(out / pred.name)])


def cells(work: Path, row: str) -> list[str]:
    """J, F and T in percent, seconds a frame."""
    found = json.loads((work / "runs" / row / "result.json").read_text(encoding="utf-8"))["summary"]
    values = {(v["measure"], v["statistic"]): v["value"] for v in found if v["group"] == "all"}
    shown = [values.get(column) for column in COLUMNS]
    sequences = [
        sequence
        for path in (work / "preds" / row).glob("costs*.json")
        for sequence in json.loads(path.read_text(encoding="utf-8"))["sequences"]
    ]
    seconds = sum(s["model"] + s["adaptation"] for s in sequences) / sum(s["frames"] for s in sequences)
    return [*("–" if value is None else f"{100 * value:.1f}" for value in shown), f"{seconds:.3f}"]


def by_sequence(runs: Path, rows: list[str]) -> None:
    """J mean of each sequence, and on how many a row is above optical flow."""
    j: dict[str, dict[str, float]] = {}
    for row in rows:
        with (runs / row / "objects.csv").open(encoding="utf-8", newline="") as file:
            j[row] = {
                line["sequence"]: float(line["value"])
                for line in csv.DictReader(file)
                if (line["measure"], line["statistic"]) == ("J", "mean")
            }
    names = sorted(j[rows[0]])
    print(f"\n| J mean | {' | '.join(names)} | above {REFERENCE} |\n|---" + "|---" * (len(names) + 1) + "|")
    for row in rows:
        flow = j.get(REFERENCE)
        above = "" if flow is None or row == REFERENCE else f"{sum(j[row][n] > flow[n] for n in names)} of {len(names)}"
        print(f"| {row} | {' | '.join(f'{100 * j[row][name]:.1f}' for name in names)} | {above} |")


def vosbench(arguments: list[str]) -> None:
    """Run a command; its messages are for people, and its failure is ours."""
    done = subprocess.run([sys.executable, "-m", "vosbench", *arguments], check=False, stdout=subprocess.DEVNULL)
    if done.returncode:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
