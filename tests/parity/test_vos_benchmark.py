"""The protocol ``first-appearance`` gives the numbers of vos-benchmark from PyPI."""

import numpy as np
import pytest

from vosbench import score

evaluator = pytest.importorskip("vos_benchmark.evaluator", reason="vos-benchmark is not installed")


def video(rng, frames, objects, shape):
    """Rectangles that walk about, overlap, leave and appear late."""
    at = rng.integers(0, 20, (objects, 2))
    masks = []
    for _ in range(frames):
        mask = np.zeros(shape, np.uint8)
        at += rng.integers(-3, 4, at.shape)
        for label, (y, x) in enumerate(at, start=1):
            if rng.random() < 0.7:
                mask[max(y, 0) : max(y + 12, 0), max(x, 0) : max(x + 15, 0)] = label
        masks.append(mask)
    return masks


@pytest.mark.parametrize("seed", range(6))
def test_every_object_scores_as_with_vos_benchmark(world, seed):
    rng = np.random.default_rng(seed)
    gt, pred = {}, {}
    for name in ("a", "b"):
        shape = tuple(rng.integers(20, 60, 2))
        objects = int(rng.integers(1, 4))
        gt[name] = video(rng, 9, objects, shape)
        pred[name] = [np.roll(mask, rng.integers(-2, 3, 2), (0, 1)) for mask in gt[name]]
        pred[name][4][:5, :5] = 3  # perhaps no object at all: a pure false alarm is not reported
    run = score(world.masks("pred", pred), gt=world.masks("gt", gt), protocol="first-appearance")
    ours = run.objects[run.objects["statistic"] == "mean"].set_index(["sequence", "object", "measure"])["value"]
    compared = 0
    for name in gt:
        judge = evaluator.Evaluator()
        for mask, truth in list(zip(pred[name], gt[name], strict=True))[1:-1]:
            judge.feed_frame(mask, truth)
        for measure, theirs in zip("JF", judge.conclude(), strict=True):
            for label, value in theirs.items():
                assert ours[name, label, measure] == pytest.approx(value / 100, abs=1e-12)
                compared += 1
    assert compared == (ours.index.get_level_values("measure") != "J&F").sum()
