"""What one verb leaves is what another takes: a run by its folder or its result.json, or predictions."""

import numpy as np
import pytest

MASK = np.zeros((30, 40), np.uint8)
MASK[8:22, 8:22] = 1


@pytest.fixture
def place(world, vosbench, monkeypatch):
    """A DAVIS root, predictions, a run of them and one of the truth; the current folder holds them all."""
    world.davis({"bear": [MASK] * 5, "camel": [MASK] * 5})
    world.masks("preds", {"bear": [MASK] * 5, "camel": [np.roll(MASK, 2)] * 5})
    monkeypatch.chdir(world.root)
    for preds, out in (("preds", "runs/mine"), ("davis/Annotations/480p", "runs/best")):
        done = vosbench("score", preds, "--benchmark", "davis2017", "--data", "davis", "--out", out)
        assert done.code == 0
    return world.root


@pytest.fixture
def elsewhere(place, tmp_path_factory, monkeypatch):
    """The current folder is another one: all that is known of data and predictions is in the run."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    return place


FORMS = ["runs/mine", "runs/mine/result.json"]


@pytest.mark.parametrize("form", FORMS)
def test_verbs_that_take_a_run(elsewhere, vosbench, form):
    run, best = elsewhere / form, elsewhere / "runs/best"
    for command in (
        ("score", run), ("compare", best, run), ("plot", run, best, "--out", "a.png"), ("report", run),
        ("check", run, "--against", elsewhere / "runs/mine"), ("validate", run), ("explain", run),
        ("score", run, "--measures", "J", "--out", "again"), ("compare", run, best, "--by", "motion"),
    ):  # fmt: skip
        done = vosbench(*command)
        assert (done.code, done.out != "" or "wrote" in done.err) == (0, True), done.err


@pytest.mark.parametrize("form", [*FORMS, "preds"])
def test_a_baseline_is_a_run_too(elsewhere, vosbench, form):
    worse = vosbench("check", elsewhere / form, "--against", elsewhere / "runs/best/result.json")
    assert worse.code == 5
    assert f"--against {elsewhere / form}" in worse.err
    assert vosbench("check", elsewhere / "runs/mine", "--against", elsewhere / form).code == 0
    refused = vosbench("check", elsewhere / "runs/mine", "--against", elsewhere / form, "--update")
    assert refused.code == 2
    assert "name a new .json file" in refused.err


def test_predictions_beside_a_run_are_scored_as_it_was(elsewhere, vosbench):
    done = vosbench("compare", elsewhere / "runs/best", elsewhere / "preds")
    assert done.code == 0
    assert done.out == vosbench("compare", elsewhere / "runs/best", elsewhere / "runs/mine").out


def test_validate_a_run_whose_masks_have_changed_or_gone(place, world, vosbench):
    assert "fit to score" in vosbench("validate", "runs/mine").out
    world.masks("preds", {"camel": [MASK] * 5})
    changed = vosbench("validate", "runs/mine/result.json")
    assert (changed.code, "changed-masks" in changed.err) == (3, True)
    (place / "preds").rename(place / "moved")
    gone = vosbench("validate", "runs/mine")
    assert gone.code == 3
    assert "vosbench validate PREDICTIONS --benchmark davis2017" in gone.err


def test_pack_a_run(elsewhere, vosbench):
    assert vosbench("pack", elsewhere / "runs/mine", "--out", "a.zip").code == 0
    options = ("--benchmark", "davis2017", "--data", elsewhere / "davis", "--split", "val")
    assert vosbench("pack", elsewhere / "preds", *options, "--out", "b.zip").code == 0
    from pathlib import Path

    assert Path("a.zip").read_bytes() == Path("b.zip").read_bytes()


@pytest.mark.parametrize("verb", [("score",), ("compare",), ("report",), ("validate",), ("check", "--against", "x")])
def test_what_is_neither_is_refused_by_every_verb(place, vosbench, verb):
    for path, words in (("runs/mine/objects.csv", "one table of a run"), ("absent", "it does not exist")):
        done = vosbench(verb[0], path, "runs/best" if verb[0] == "compare" else path, *verb[1:])
        assert done.code in (2, 3)
        if done.code == 3 and verb[0] != "check":
            assert words in done.err
            assert "next: " in done.err


def test_a_finished_run_is_replaced_only_if_that_is_asked_for(place, vosbench):
    before = (place / "runs/mine/result.json").read_bytes()
    again = ("score", "davis/Annotations/480p", "--benchmark", "davis2017", "--data", "davis", "--out", "runs/mine")
    refused = vosbench(*again)
    assert (refused.code, refused.out) == (2, "")
    assert "holds a finished run" in refused.err
    assert "--overwrite" in refused.err
    assert (place / "runs/mine/result.json").read_bytes() == before
    assert vosbench(*again, "--resume").code == 2
    assert vosbench(*again, "--overwrite").code == 0
    assert (place / "runs/mine/result.json").read_bytes() != before


def test_save_in_python_replaces_only_if_that_is_asked_for(place):
    import vosbench

    run = vosbench.load("runs/best")
    with pytest.raises(vosbench.errors.UsageError, match="holds a finished run"):
        run.save("runs/mine")
    run.save("runs/mine", overwrite=True)
    assert vosbench.load("runs/mine").value("J") == 1


@pytest.mark.parametrize("verb", ["compare", "plot", "report"])
def test_verbs_about_finished_runs_do_not_carry_the_options_of_scoring(vosbench, verb):
    out = vosbench(verb, "--help").out
    assert not [name for name in ("--missing", "--resize", "--palette", "--jobs") if name in out]
    assert all(name in out for name in ("--benchmark", "--data", "--gt", "--split", "--protocol"))
