"""OSVOS against DAVIS-2016: every verb that reads results works, and its numbers are those of frames.parquet."""

import csv
import io
import json
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from vosbench import score

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def osvos(realdata, tmp_path_factory):
    """The finished run of OSVOS."""
    target = tmp_path_factory.mktemp("runs") / "osvos"
    folder = realdata / "predictions" / "osvos_semisupervised"
    score(folder, data=realdata / "davis2016", benchmark="davis2016").save(target)
    return target


@pytest.fixture(scope="module")
def cropped(realdata, tmp_path_factory):
    """A worse method: OSVOS without the bottom fifth of each mask."""
    root = tmp_path_factory.mktemp("cropped")
    source = realdata / "predictions" / "osvos_semisupervised"
    for path in sorted(source.rglob("*.png")):
        with Image.open(path) as image:
            mask = (np.asarray(image) > 0).astype(np.uint8)
        mask[4 * len(mask) // 5 :] = 0
        target = root / "preds" / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask * 255).save(target)
    score(root / "preds", data=realdata / "davis2016", benchmark="davis2016").save(root / "run")
    return root / "run"


def per_sequence(run) -> pd.DataFrame:
    """Mean J, F and J&F of each sequence, from nothing but the counts in frames.parquet."""
    f = pd.read_parquet(run / "frames.parquet").query("scored")
    union = f.gt_area + f.pred_area - f.intersection
    precision, recall = f.pred_hits / f.pred_length, f.gt_hits / f.gt_length
    f = f.assign(J=f.intersection / union, F=(2 * precision * recall / (precision + recall)))
    f["F"] = f["F"].where((f.gt_hits > 0) & (f.pred_hits > 0), 0.0)
    assert (union > 0).all()
    assert (f.gt_length > 0).all()
    means = f.groupby("sequence")[["J", "F"]].mean()
    return means.assign(**{"J&F": (means.J + means.F) / 2})


def test_compare_shows_what_the_frames_table_holds(vosbench, osvos, cropped):
    done = vosbench("compare", osvos, cropped, "--format", "csv", "--by", "sequence")
    assert done.code == 0, done.err
    rows = list(csv.DictReader(io.StringIO(done.out)))
    a, b = per_sequence(osvos), per_sequence(cropped)
    names = list(dict.fromkeys(row["method"] for row in rows))
    for name, table in zip(names, (a, b), strict=True):
        for row in (r for r in rows if r["method"] == name and not r["slice"]):
            assert float(row["value"]) == pytest.approx(table[row["measure"]].mean(), abs=1e-12)
        found = {r["label"]: float(r["value"]) for r in rows if r["method"] == name and r["slice"] == "sequence"}
        assert found == pytest.approx(table["J&F"].to_dict(), abs=1e-12)
    (tested,) = (row for row in rows if row["delta"])
    gain = b["J&F"] - a["J&F"]
    assert float(tested["delta"]) == pytest.approx(gain.mean(), abs=1e-12)
    assert [int(tested[k]) for k in ("better", "even", "worse")] == [
        (gain >= 0.001).sum(),
        (gain.abs() < 0.001).sum(),
        (gain <= -0.001).sum(),
    ]
    swaps = (np.arange(256)[:, None] >> np.arange(8) & 1) * 2 - 1
    exact = np.mean(np.abs(swaps @ gain.to_numpy()) >= abs(gain.sum()) - 1e-12)
    assert float(tested["p"]) == pytest.approx(exact)
    assert float(tested["delta_low"]) < gain.mean() < float(tested["delta_high"])


@pytest.mark.parametrize("form", ["table", "md", "latex", "html"])
def test_every_format_holds_the_same_rounded_numbers(vosbench, osvos, cropped, form):
    done = vosbench("compare", osvos, cropped, "--format", form)
    mean = per_sequence(osvos).mean() * 100
    for measure in ("J", "F", "J&F"):
        assert f"{mean[measure]:.1f}" in done.out
    assert "seed 0" in done.out
    assert vosbench("compare", osvos, cropped, "--format", form).out == done.out


def test_predictions_are_scored_first(vosbench, realdata, osvos, cropped):
    data = ("--benchmark", "davis2016", "--data", realdata / "davis2016")
    done = vosbench("compare", realdata / "predictions" / "osvos_semisupervised", cropped, *data)
    assert done.out == vosbench("compare", osvos, cropped).out


def test_other_rules_are_refused_and_the_knob_is_named(vosbench, realdata, osvos, tmp_path):
    folder = realdata / "predictions" / "osvos_semisupervised"
    score(folder, data=realdata / "davis2016", benchmark="davis2016-unsupervised").save(tmp_path / "all-frames")
    done = vosbench("compare", osvos, tmp_path / "all-frames")
    assert done.code == 4
    assert "protocol: davis2016@1 against davis2016-unsupervised@1" in done.err
    assert done.out == ""


def test_a_run_of_region_similarity_alone_compares_on_that(vosbench, realdata, osvos, tmp_path):
    folder = realdata / "predictions" / "osvos_semisupervised"
    score(folder, data=realdata / "davis2016", benchmark="davis2016", measures=["J"]).save(tmp_path / "j")
    done = vosbench("compare", osvos, tmp_path / "j", "--format", "csv")
    assert done.code == 0
    assert [line.split(",")[:2] for line in done.out.splitlines()[1:]] == [
        ["osvos_semisupervised", "J"],
        ["osvos_semisupervised (2)", "J"],
    ]


def test_check_names_the_one_frame_that_lost_a_pixel(vosbench, realdata, osvos, tmp_path):
    baseline, junit = tmp_path / "baseline.json", tmp_path / "junit.xml"
    assert vosbench("check", osvos, "--against", baseline, "--update").code == 0
    assert vosbench("check", osvos, "--against", baseline, "--exact", "--tolerance", 0).code == 0
    changed = tmp_path / "preds"
    shutil.copytree(realdata / "predictions" / "osvos_semisupervised", changed)
    path = changed / "camel" / "00033.png"
    with Image.open(path) as image:
        mask, colours = np.array(image), image.getpalette()
    mask[tuple(np.argwhere(mask > 0)[100])] = 0
    image = Image.fromarray(mask)
    image.putpalette(colours)
    image.save(path)
    data = ("--benchmark", "davis2016", "--data", realdata / "davis2016")
    assert vosbench("check", changed, *data, "--against", baseline).code == 0
    done = vosbench("check", changed, *data, "--against", baseline, "--exact", "--junit", junit)
    assert done.code == 5
    assert [line.split() for line in done.out.splitlines() if "00033" in line] == [["camel", "1", "00033"]]
    assert "1 frame(s) changed" in done.err
    assert junit.read_text().count("<failure") == 1


def test_a_worse_method_fails_with_its_worst_sequence_first(vosbench, osvos, cropped, tmp_path, monkeypatch):
    vosbench("check", osvos, "--against", tmp_path / "b.json", "--update")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    done = vosbench("check", cropped, "--against", tmp_path / "b.json", "--github")
    assert done.code == 5
    loss = (per_sequence(osvos) - per_sequence(cropped)).stack()
    first = done.out.split("sequences that became worse")[1].splitlines()[3].split()
    assert (first[0], first[1]) == loss.idxmax()
    assert "❌" in (tmp_path / "summary.md").read_text()


def test_published_values_of_21_methods_are_imported_and_compared(vosbench, realdata, tmp_path):
    table = realdata / "published" / "davis2016_val_per_frame.csv"
    done = vosbench("import", table, "--out", tmp_path / "runs")
    assert done.code == 0, done.err
    means = pd.read_csv(realdata / "published" / "davis2016_val_methods.csv", index_col="method").drop("gt")
    assert len(means) == 21
    for name, row in means.iterrows():
        summary = json.loads((tmp_path / "runs" / str(name) / "result.json").read_text())["summary"]
        for cell in summary:
            if cell["group"] == "all" and (column := f"{cell['measure']}_{cell['statistic']}") in row:
                assert cell["value"] == pytest.approx(row[column], abs=1.5e-6)
    found = vosbench("compare", tmp_path / "runs" / "osvos", tmp_path / "runs" / "msk", "--measure", "J")
    assert found.code == 0
    assert f"{100 * (means.J_mean['msk'] - means.J_mean['osvos']):+.1f}" in found.out
