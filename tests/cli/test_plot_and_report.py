"""``vosbench plot`` and ``vosbench report`` on what ``vosbench demo`` and ``vosbench score`` leave."""

import re

import numpy as np
import pytest


@pytest.fixture
def scored(world, vosbench):
    """Two videos with images, a prediction that loses the object, and its run."""
    gt = np.zeros((8, 48, 64), np.uint8)
    gt[:, 10:30, 10:30] = 1
    pred = gt.copy()
    pred[4:] = np.roll(gt[4:], 25, axis=2)
    data = world.davis({"a": gt, "b<i>": gt})
    preds = world.masks("preds", {"a": pred, "b<i>": gt})
    run = world.root / "runs" / "x"
    assert vosbench("score", preds, "--data", data, "--benchmark", "davis2017", "--out", run).code == 0
    return data, preds, run


@pytest.mark.parametrize("kind", ["over-time", "normalised", "bars", "size"])
def test_plot_a_run(scored, vosbench, tmp_path, kind):
    out = tmp_path / "figures" / f"{kind}.png"
    done = vosbench("plot", scored[2], "--kind", kind, "--out", out)
    assert (done.code, done.out, done.err) == (0, "", f"wrote {out}\n")
    assert out.read_bytes().startswith(b"\x89PNG")


def test_plot_predictions_scores_them_first(scored, vosbench, tmp_path):
    data, preds, run = scored
    for name, source in (("a", run), ("b", preds)):
        options = ("--data", data, "--benchmark", "davis2017")
        assert vosbench("plot", source, *options, "--out", tmp_path / f"{name}.svg").code == 0
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_plot_refuses_other_endings(scored, vosbench, tmp_path):
    done = vosbench("plot", scored[2], "--out", tmp_path / "a.gif")
    assert done.code == 2
    assert "ends in none of" in done.err


def test_report_shows_the_worst_frames(scored, vosbench, tmp_path):
    data, _, run = scored
    for name in ("one", "two"):
        done = vosbench("report", run, "--data", data, "--out", tmp_path / f"{name}.html")
        assert (done.code, done.err) == (0, f"wrote {tmp_path / f'{name}.html'}\n")
    text = (tmp_path / "one.html").read_text()
    assert text == (tmp_path / "two.html").read_text()
    assert text.count("data:image/jpeg;base64,") >= 3
    assert "b&lt;i&gt;" in text


def test_report_finds_the_masks_from_any_folder(world, vosbench, tmp_path, monkeypatch):
    gt = np.zeros((8, 48, 64), np.uint8)
    gt[:, 10:30, 10:30] = 1
    world.davis({"a": gt})
    world.masks("preds", {"a": np.roll(gt, 3, axis=2)})
    monkeypatch.chdir(world.root)
    assert vosbench("score", "preds", "--data", "davis", "--benchmark", "davis2017", "--out", "runs/x").code == 0
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name, run in (("one", "../runs/x"), ("two", "../runs/x/result.json")):
        done = vosbench("report", run, "--out", f"{name}.html")
        assert (done.code, done.err) == (0, f"wrote {name}.html\n")
        assert "data:image/jpeg;base64," in (elsewhere / f"{name}.html").read_text()


def test_report_says_what_is_missing_and_the_next_command(scored, vosbench, tmp_path):
    data, preds, run = scored
    masks, truth = tmp_path / "moved", tmp_path / "elsewhere"
    preds.rename(masks)
    data.rename(truth)
    done = vosbench("report", run, "--out", tmp_path / "r.html")
    assert done.code == 0
    assert "overlays left out" in done.err
    lines = done.err.splitlines()
    (line,) = [line for line in lines if "no ground truth: " in line]
    assert f"{data}: it does not exist" in line
    assert line.endswith(f"give it: vosbench report {run} --data FOLDER")
    (line,) = [line for line in lines if "no predictions: " in line]
    assert f"{preds} is not there" in line
    assert "vosbench report PREDICTIONS --benchmark davis2017" in line
    assert "data:image" not in (tmp_path / "r.html").read_text()
    masks.rename(preds)
    assert vosbench("report", run, "--data", truth, "--out", tmp_path / "r.html").err.count("\n") == 1
    preds.rename(masks)
    done = vosbench("report", masks, "--benchmark", "davis2017", "--data", truth, "--out", tmp_path / "r.html")
    assert done.err == f"wrote {tmp_path / 'r.html'}\n"
    assert "data:image" in (tmp_path / "r.html").read_text()


def test_report_does_not_show_masks_that_were_not_scored(scored, world, vosbench, tmp_path):
    data, _, run = scored
    world.masks("preds", {"a": np.zeros((8, 48, 64), np.uint8)})
    done = vosbench("report", run, "--data", data, "--out", tmp_path / "r.html")
    assert "are not those that were scored" in done.err


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("folder", "benchmark"), [("osvos_semisupervised", "davis2016"), ("rvos_unsupervised", "davis2016-unsupervised")]
)
def test_real_sequences(realdata, vosbench, tmp_path, folder, benchmark):
    data = ("--benchmark", benchmark, "--data", realdata / "davis2016")
    preds, run, out = realdata / "predictions" / folder, tmp_path / "run", tmp_path / "report.html"
    assert vosbench("score", preds, *data, "--out", run).code == 0
    done = vosbench("report", run, *data, "--out", out)
    assert (done.code, done.err) == (0, f"wrote {out}\n")
    text = out.read_text()
    assert len(re.findall("data:image/jpeg;base64,", text)) == 12
    assert len(text) < 1_000_000


def test_synthetic_sequences_with_groups(vosbench, tmp_path):
    from vosbench.synthetic import make_dataset

    data, preds, out = tmp_path / "data", tmp_path / "preds", tmp_path / "report.html"
    make_dataset(data, sequences=2, frames=6, objects=2, shape=(48, 80))
    options = ("--data", data, "--split", "valid")
    assert vosbench("predict", "copy-first-mask", *options, "--out", preds).code == 0
    done = vosbench("report", preds, *options, "--out", out)
    assert (done.code, done.err) == (0, f"wrote {out}\n")
    text = out.read_text()
    assert "Seen categories" in text
    assert "data:image/jpeg;base64," in text
    assert vosbench("plot", preds, *options, "--out", tmp_path / "a.png").code == 0


def test_matched_proposals_are_shown(world, vosbench, tmp_path):
    gt = np.zeros((6, 48, 64), np.uint8)
    gt[:, 5:20, 5:20], gt[:, 25:45, 30:60] = 1, 2
    swapped = np.array([0, 2, 1], np.uint8)[gt]
    swapped[3:] = np.roll(swapped[3:], 6, axis=2)
    data = world.davis({"a": gt}, annotations="Annotations_unsupervised")
    preds, out = world.masks("preds", {"a": swapped}), tmp_path / "report.html"
    done = vosbench("report", preds, "--data", data, "--benchmark", "davis2017-unsupervised", "--out", out)
    assert (done.code, done.err) == (0, f"wrote {out}\n")
    text = out.read_text()
    assert "matched proposals (2)" in text
    assert "object 1 (proposal 2)" in text
    assert "data:image/jpeg;base64," in text
