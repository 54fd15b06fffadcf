"""What a path is, where a run is meant; and what is said of a path that is none."""

import json
import shutil

import numpy as np
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.results.paths import no_run, require_runs_or_predictions, run_folder, runs_inside

MASK = np.zeros((30, 40), np.uint8)
MASK[5:20, 5:20] = 1


@pytest.fixture
def place(world):
    """Ground truth, predictions and two finished runs, side by side."""
    gt = world.masks("gt", {"bear": [MASK] * 5, "camel": [MASK] * 5})
    preds = world.masks("preds", {"bear": [MASK] * 5, "camel": [np.roll(MASK, 3)] * 5})
    for name, folder in (("one", gt), ("two", preds)):
        vosbench.score(folder, gt=gt).save(world.root / "runs" / name)
    return world.root


def test_a_run_is_named_by_its_folder_or_its_result(place):
    run = place / "runs" / "one"
    assert run_folder(run) == run_folder(run / "result.json") == run
    assert [run_folder(place / name) for name in ("preds", "runs", "absent", "runs/one/objects.csv")] == [None] * 4
    whole = vosbench.load(run).to_json()
    assert vosbench.load(run / "result.json").to_json() == vosbench.load(str(run)).to_json() == whole


def test_runs_inside_a_folder(place):
    assert [path.name for path in runs_inside(place / "runs")] == ["one", "two"]
    assert runs_inside(place / "runs" / "one") == runs_inside(place / "preds") == runs_inside(place / "absent") == ()
    (place / "runs" / "notes.txt").write_text("")
    assert runs_inside(place / "runs") == ()


@pytest.fixture
def others(place):
    """Paths of everything that is no run."""
    run = place / "runs" / "one"
    shutil.copy(run / "result.json", place / "copy.json")
    (place / "baseline.json").write_text(json.dumps({"schema": "vosbench.baseline/1"}))
    (place / "prediction.json").write_text(json.dumps({"schema": "vosbench.prediction/1"}))
    (place / "runs" / "later.journal").write_text("")
    (place / "empty").mkdir()
    shutil.copytree(run, place / "headless")
    (place / "headless" / "result.json").unlink()
    return place


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("absent", "it does not exist", "check the path"),
        ("runs", "a folder of 2 finished runs (one, two)", "name one of them, such as "),
        ("runs/one/objects.csv", "one table of a run", "give the folder, "),
        ("runs/one/frames.parquet", "one table of a run", "give the folder, "),
        ("runs/later.journal", "the journal of an interrupted run", "--resume"),
        ("copy.json", "a copy of a result.json", "give the folder that --out wrote"),
        ("baseline.json", "a baseline of `vosbench check`", "--against"),
        ("prediction.json", "the record that `vosbench predict` leaves", "the folder it lies in"),
        ("empty", "an empty folder", "check the path"),
        ("headless", "a run without its result.json", "score the predictions again"),
    ],
)
def test_what_is_neither_a_run_nor_predictions(others, name, what, fix):
    for refuse in (lambda path: require_runs_or_predictions([path]), vosbench.load):
        with pytest.raises(InputError) as error:
            refuse(others / name)
        (problem,) = error.value.problems
        assert (problem.code, problem.where) == ("no-run", str(others / name))
        assert what in problem.message
        assert fix in problem.fix


def test_all_of_them_are_told_at_once(others):
    with pytest.raises(InputError) as error:
        vosbench.compare([others / "empty", others / "preds", others / "absent"], gt=others / "gt")
    assert [p.where for p in error.value.problems] == [str(others / "empty"), str(others / "absent")]


def test_predictions_are_no_run_but_may_become_one(place):
    shutil.make_archive(str(place / "zipped"), "zip", place / "preds")
    for name in ("preds", "zipped.zip"):
        require_runs_or_predictions([place / name])
        assert f"vosbench score {place / name} --out RUN" in no_run(place / name).fix
        with pytest.raises(InputError, match="that are not scored yet, no finished run"):
            vosbench.load(place / name)


def test_every_form_of_a_run_compares_and_checks_alike(place):
    run, gt = place / "runs" / "two", place / "gt"
    forms = [vosbench.load(run), run, str(run), run / "result.json", place / "preds"]
    found = {str(vosbench.compare([place / "runs" / "one", form], gt=gt).differences[0].delta) for form in forms}
    assert len(found) == 1
    for against in forms:
        assert vosbench.check(run, against, gt=gt, exact=True).passed
        assert not vosbench.check(against, place / "runs" / "one", gt=gt).passed


def test_the_baseline_is_named_as_a_run_is(place):
    one, two = place / "runs" / "one", place / "runs" / "two"
    assert vosbench.compare([one, two], baseline=two / "result.json").baseline == 1
    assert vosbench.compare([one / "result.json", two], baseline=str(one)).baseline == 0
    for wrong in (place / "preds", 2, -1):
        with pytest.raises(vosbench.errors.UsageError):
            vosbench.compare([one, two], baseline=wrong)
