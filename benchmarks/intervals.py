"""How often do four 95 % intervals hold the true number, with 5 to 30 sequences of the spread of published results?

    python benchmarks/intervals.py [--data FOLDER] [--repeats N]

FOLDER holds ``published/davis2016_val_per_frame.csv``: per-frame J and F of 21 methods on the 20 sequences of
DAVIS-2016 val. The J&F of a method's sequences is taken for all sequences there are, so that their mean is the truth;
as many as wanted are drawn anew from them. Differences are those of every pair of neighbours in the file. Printed are
the share of the intervals that hold the truth, which should be 95 %, and their median width in points.

percentile   the central 95 % of the means of 1,000 bootstrap resamples
BCa          the same, corrected for bias and acceleration (Efron, JASA 82, 1987)
studentised  bootstrap-t: quantiles of (mean - value) / its error in each resample
t            what vosbench prints: Student's t (vosbench.analysis.intervals)
"""

import argparse
import csv
import os
from collections import defaultdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import special

from vosbench.analysis.intervals import estimate
from vosbench.analysis.significance import LEVEL, SequenceSums

Floats = NDArray[np.float64]
SIZES = (5, 7, 10, 15, 20, 30)
TAILS = ((1 - LEVEL) / 2, (1 + LEVEL) / 2)
RESAMPLES = 1000


def populations(path: Path) -> Floats:
    """J&F by method and sequence."""
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["J"] and row["F"]:
                values[row["method"]][row["sequence"]].append((float(row["J"]) + float(row["F"])) / 2)
    return np.array([[np.mean(v) for _, v in sorted(found.items())] for found in values.values()])


def intervals(values: Floats, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """The intervals of one draw of sequences."""
    n, mean = len(values), float(values.mean())
    weights = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    means = weights @ values / n
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = np.sqrt(np.maximum(weights @ values**2 / n - means**2, 0) / (n - 1))
        t = (means - mean) / errors
    low, high = np.quantile(t[np.isfinite(t)], TAILS) if np.isfinite(t).any() else (0.0, 0.0)
    error = float(values.std(ddof=1) / np.sqrt(n))
    names = tuple(f"{i:03d}" for i in range(n))
    ours = estimate(SequenceSums(names=names, sums=values[:, None], counts=np.ones((n, 1))))
    return {
        "percentile": tuple(np.quantile(means, TAILS)),
        "BCa": tuple(np.quantile(means, _corrected(values, means, mean))),
        "studentised": (mean - high * error, mean - low * error),
        "t": (ours.low, ours.high),
    }


def _corrected(values: Floats, means: Floats, mean: float) -> list[float]:
    """The percentiles that BCa takes instead of 2.5 and 97.5."""
    below = np.clip(np.mean(means < mean) + np.mean(means == mean) / 2, 1 / RESAMPLES, 1 - 1 / RESAMPLES)
    bias = special.ndtri(below)
    left_out = (values.sum() - values) / (len(values) - 1)
    deviation = left_out.mean() - left_out
    acceleration = (deviation**3).sum() / (6 * (deviation**2).sum() ** 1.5 + 1e-30)
    shifted = [bias + special.ndtri(tail) for tail in TAILS]
    return [float(special.ndtr(bias + z / (1 - acceleration * z))) for z in shifted]


def measure(populations: Floats, n: int, repeats: int, rng: np.random.Generator) -> dict[str, tuple[float, float]]:
    """Coverage and median width of each interval."""
    held: dict[str, list[bool]] = defaultdict(list)
    width: dict[str, list[float]] = defaultdict(list)
    for population in populations:
        for _ in range(repeats):
            for name, (low, high) in intervals(rng.choice(population, n), rng).items():
                held[name].append(low <= population.mean() <= high)
                width[name].append(high - low)
    return {name: (float(np.mean(held[name])), float(np.median(width[name]))) for name in held}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.environ.get("VOSBENCH_TEST_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="folder of the real sequences")
    parser.add_argument("--repeats", type=int, default=100, help="draws from each method")
    arguments = parser.parse_args()
    methods = populations(arguments.data / "published/davis2016_val_per_frame.csv")
    rng = np.random.default_rng(0)
    for title, drawn in (("a number", methods), ("a difference", methods[1:] - methods[:-1])):
        print(f"| {title}, sequences | percentile | BCa | studentised | t |\n| --: | --: | --: | --: | --: |")
        for n in SIZES:
            found = measure(drawn, n, arguments.repeats, rng)
            cells = [f"{100 * c:.1f} ({100 * w:.0f})" for c, w in found.values()]
            print("| " + " | ".join([str(n), *cells]) + " |", flush=True)
        print()


if __name__ == "__main__":
    main()
