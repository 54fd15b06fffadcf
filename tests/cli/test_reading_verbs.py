"""compare, check, import, pack and split as a user types them: help, exit codes, errors."""

import json

import numpy as np
import pytest

MASK = np.zeros((30, 40), np.uint8)
MASK[8:22, 8:22] = 1
SMALLER = np.zeros_like(MASK)
SMALLER[10:20, 8:22] = 1
VERBS = ["compare", "check", "import", "pack", "split"]


@pytest.fixture
def folders(world):
    """Ground truth, a perfect prediction and a smaller one."""
    names = {"gt": MASK, "perfect": MASK, "small": SMALLER}
    return {name: world.masks(name, {"bear": [m] * 5, "camel": [m] * 4}) for name, m in names.items()}


@pytest.mark.parametrize("verb", VERBS)
def test_help_has_examples_and_exit_codes(vosbench, verb):
    done = vosbench(verb, "--help")
    assert done.code == 0
    assert f"vosbench {verb} " in done.out.split("Examples:")[1]
    assert "Exit codes: 0" in done.out


@pytest.mark.parametrize("verb", VERBS)
def test_the_list_of_commands_names_it(vosbench, verb):
    assert f"  {verb} " in vosbench("--help").out


def test_compare_scores_folders_and_prints_the_seed(vosbench, folders):
    done = vosbench("compare", folders["perfect"], folders["small"], "--gt", folders["gt"], "--seed", 11)
    assert done.code == 0
    assert "seed 11" in done.out
    assert "0/0/2" in done.out


def test_a_run_equals_itself(vosbench, folders):
    done = vosbench("compare", folders["perfect"], folders["perfect"], "--gt", folders["gt"], "--format", "csv")
    assert done.code == 0
    assert "perfect (2),J&F,1.0,1.0,1.0,0.0,0.0,0.0,1.0,1.0,0,2,0,,," in done.out


def test_compare_takes_its_baseline_from_the_runs(vosbench, folders):
    pair = (folders["perfect"], folders["small"], "--gt", folders["gt"])
    assert "against small" in vosbench("compare", *pair, "--baseline", folders["small"]).out
    done = vosbench("compare", *pair, "--baseline", folders["gt"])
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["perfect"], 2), (["perfect", "absent"], 3), (["perfect", "small", "x"], 3)],
)
def test_compare_refuses(vosbench, folders, arguments, code):
    done = vosbench("compare", *(folders.get(a, a) for a in arguments), "--gt", folders["gt"])
    assert (done.code, done.out) == (code, "")
    assert "next:" in done.err


def test_check_from_baseline_to_regression(vosbench, folders, tmp_path):
    baseline = tmp_path / "new" / "baseline.json"
    gt = ("--gt", folders["gt"], "--against", baseline)
    missing = vosbench("check", folders["perfect"], *gt)
    assert missing.code == 3
    assert "--update" in missing.err
    assert vosbench("check", folders["perfect"], *gt, "--update").code == 0
    assert vosbench("check", folders["perfect"], *gt, "--exact").code == 0
    done = vosbench("check", folders["small"], *gt, "--junit", tmp_path / "j.xml")
    assert done.code == 5
    assert "FAILED" in done.err
    assert "accept it: vosbench check" in done.err
    assert (tmp_path / "j.xml").read_text().startswith("<testsuites>")
    assert vosbench("check", folders["small"], *gt, "--tolerance", 100).code == 0
    assert vosbench("check", folders["small"], *gt, "--protocol", "first-appearance").code == 4


def test_check_prints_markdown_where_there_is_no_summary_page(vosbench, folders, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    gt = ("--gt", folders["gt"], "--against", tmp_path / "b.json")
    vosbench("check", folders["perfect"], *gt, "--update")
    assert vosbench("check", folders["perfect"], *gt, "--github").out.startswith("### ✅ vosbench check")


def test_import_writes_one_run_a_method(vosbench, tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("method,sequence,index,J,F\na,s,1,.5,.5\nb,s,1,.6,.6\n")
    done = vosbench("import", table, "--out", tmp_path / "runs")
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == ["a", "b"]
    assert vosbench("compare", tmp_path / "runs" / "a", tmp_path / "runs" / "b").code == 0


@pytest.mark.parametrize("method", ["..", "a/b", "/etc"])
def test_a_method_cannot_choose_where_its_run_goes(vosbench, tmp_path, method):
    table = tmp_path / "t.csv"
    table.write_text(f"method,sequence,index,J,F\n{method},s,1,.5,.5\nb,s,1,.6,.6\n")
    done = vosbench("import", table, "--out", tmp_path / "runs")
    assert done.code == 2
    assert not (tmp_path / "runs").exists()


def test_pack_and_split_on_a_drawn_dataset(vosbench, tmp_path):
    data = tmp_path / "data"
    made = vosbench("data", "make", data, "--sequences", 2, "--frames", 6, "--size", "96x64")
    assert made.code == 0, made.err
    preds = data / "valid" / "Annotations"
    done = vosbench("pack", preds, "--benchmark", "youtube-vos-2019", "--data", data, "--out", tmp_path / "s.zip")
    assert done.code == 0, done.err
    assert "as Annotations/<sequence>/<frame>.png" in done.out
    meta = json.loads((data / "valid" / "meta.json").read_text())["videos"]
    category = next(iter(next(iter(meta.values()))["objects"].values()))["category"]
    options = ("split", "--data", data, "--benchmark", "youtube-vos-2019", "--split", "valid")
    done = vosbench(*options, "--unseen", category, "--out", tmp_path / "splits")
    assert done.code == 0, done.err
    assert (tmp_path / "splits" / "unseen.txt").read_text() == f"{category}\n"
    scored = vosbench("score", preds, "--benchmark", "youtube-vos-2019", "--data", data,
                      "--split", tmp_path / "splits" / "test-unseen.txt")  # fmt: skip
    assert scored.code == 0, scored.err
    assert vosbench(*options, "--out", data / "splits").code == 2


def test_a_folder_of_runs_is_one_method_with_several(vosbench, folders, tmp_path):
    for seed in ("perfect", "small"):
        assert vosbench("score", folders[seed], "--gt", folders["gt"], "--out", tmp_path / "seeds" / seed).code == 0
    done = vosbench("compare", tmp_path / "seeds", tmp_path / "seeds" / "perfect")
    assert done.code == 0
    assert "standard deviation over the runs" in done.out
    assert "against seeds" in done.out
    assert "fewer than 10 sequences" in done.out


def test_score_prints_an_interval_for_a_single_method(vosbench, folders):
    done = vosbench("score", folders["small"], "--gt", folders["gt"], "--interval")
    assert done.code == 0
    assert "95 % intervals over sequences" in done.out
    assert "fewer than 10 sequences" in done.out
    plain = vosbench("score", folders["small"], "--gt", folders["gt"])
    assert "interval" not in plain.out
    exact = vosbench("score", folders["small"], "--gt", folders["gt"], "--interval", "--format", "csv")
    assert ",measure,sequences,value,low,high" in exact.out
