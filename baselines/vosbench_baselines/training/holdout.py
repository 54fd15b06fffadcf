"""Region similarity J on sequences kept out of training, through the same runner that everyone uses."""

import tempfile
from pathlib import Path

import numpy as np

from vosbench.kernel import joint_histogram
from vosbench.models.interface import VOSModel
from vosbench.models.predict import predict
from vosbench.models.recipe import Recipe
from vosbench_baselines.data.folders import VideoFolder, read_labels


def holdout_j(models: list[VOSModel], folder: VideoFolder, recipe: Recipe | None = None) -> float:
    """Mean J in [0, 1] over objects, each over its sequence's frames but the first and the last, as DAVIS scores.

    For choosing among checkpoints; report numbers with ``vosbench score``.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch) / "predictions"
        predict(folder, split="all", models=models, out=out, recipe=recipe)
        return float(np.mean([j for sequence in folder.videos for j in _of_objects(folder, sequence.name, out)]))


def _of_objects(folder: VideoFolder, sequence: str, out: Path) -> list[float]:
    frames = folder.masks("all").frames(sequence)[1:-1]
    counts = []
    for frame in frames:
        gt = folder.labels(sequence, frame)
        pred = read_labels(out / sequence / f"{frame}.png", binary=False)
        counts.append(joint_histogram(np.ascontiguousarray(gt), np.ascontiguousarray(pred), 255, 255))
    both = np.stack(counts)
    objects = np.flatnonzero(both.sum(axis=(0, 2))[1:]) + 1
    hit = both[:, objects, objects].astype(np.float64)
    union = both.sum(axis=2)[:, objects] + both.sum(axis=1)[:, objects] - hit
    return list(np.where(union > 0, hit / np.maximum(union, 1), 1.0).mean(axis=0))
