"""A measured card is scored again where its predictions and their data are at hand."""

import subprocess
import sys

import numpy as np

from vosbench.masks.write import write_label_map

SQUARE = np.zeros((40, 60), np.uint8)
SQUARE[10:30, 10:30] = 1


def vosbench(*arguments, data=None):
    import os

    environment = os.environ | ({"VOSBENCH_DATA": str(data)} if data else {})
    command = [sys.executable, "-m", "vosbench", *map(str, arguments)]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_predictions_that_changed_since_are_noticed(world, copy, tmp_path):
    data = world.davis({"walk": [np.roll(SQUARE, t, 1) for t in range(5)]}, year="2016")
    predictions = world.masks("preds/mine", {"walk": [np.roll(SQUARE, 2 * t, 1) for t in range(5)]})
    card = tmp_path / "card.toml"
    card.write_text('method = "Mine"\n')
    run = tmp_path / "run"
    scored = vosbench("score", predictions, "--benchmark", "davis2016", "--data", data, "--out", run)
    assert scored.returncode == 0, scored.stderr
    assert vosbench("leaderboard", "add", run, "--card", card, "--board", copy).returncode == 0

    check = ("leaderboard", "check", copy, "--predictions", predictions.parent)
    assert vosbench(*check, data=data).returncode == 0
    write_label_map(predictions / "walk" / "00002.png", SQUARE * 0)
    noticed = vosbench(*check, data=data)
    assert (noticed.returncode, "rescored-differs" in noticed.stderr) == (3, True)
    assert vosbench(*check).returncode == 0  # without the data there is nothing to compare with
