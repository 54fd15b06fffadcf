"""A run on disk: it comes back as it was, its files are what their schema says, and nothing foreign is overwritten."""

import csv
import json
import math

import numpy as np
import pandas as pd
import pytest

import vosbench
from vosbench.errors import IncomparableError, InputError, UsageError
from vosbench.measures.catalog import COUNTS, MEASURES
from vosbench.protocols.signature import differences, parse, require_same
from vosbench.results.tables import FRAME_KEYS, FRAMES, OBJECTS

RNG = np.random.default_rng(5)
MASKS = [RNG.integers(0, 3, (20, 30)).astype(np.uint8) for _ in range(6)]


@pytest.fixture
def run(world):
    gt = world.masks("gt", {"b": MASKS, "a": MASKS[:4]})
    preds = world.masks("preds", {"b": [np.roll(m, 1, 0) for m in MASKS], "a": MASKS[:4]})
    return vosbench.score(preds, gt=gt)


@pytest.fixture
def saved(run, tmp_path):
    run.save(tmp_path / "runs" / "mine")
    return tmp_path / "runs" / "mine"


def test_a_run_comes_back_as_it_was(run, saved):
    again = vosbench.load(saved)
    assert again.to_json() == run.to_json()
    assert (again.signature, again.name, again.spec) == (run.signature, "preds", run.spec)
    pd.testing.assert_frame_equal(again.frames, run.frames)
    pd.testing.assert_frame_equal(again.objects, run.objects)
    pd.testing.assert_frame_equal(again.summary, run.summary)


def test_the_files_of_a_run_and_nothing_else(saved):
    assert sorted(p.name for p in saved.iterdir()) == ["frames.parquet", "objects.csv", "result.json"]
    assert [p.name for p in saved.parent.iterdir()] == ["mine"]


def test_two_runs_give_the_same_bytes(run, saved, world):
    again = vosbench.score(world.root / "preds", gt=world.root / "gt", jobs=1)
    again.save(world.root / "other")
    for path in saved.iterdir():
        assert path.read_bytes() == (world.root / "other" / path.name).read_bytes()


def test_the_frames_table(run, saved):
    frames = pd.read_parquet(saved / "frames.parquet")
    assert tuple(frames.columns) == tuple(name for name in FRAMES if name in (*FRAME_KEYS, *COUNTS, "flags"))
    assert frames[["sequence", "object", "index"]].apply(tuple, axis=1).is_monotonic_increasing
    assert len(frames) == 2 * (4 + 2)  # two objects, first and last frame dropped
    assert (frames[list(COUNTS)].dtypes == np.int64).all()
    assert frames["scored"].dtype == bool
    assert set(frames["flags"]) == {""}


def test_the_objects_table_follows_from_the_frames_table(run, saved):
    with (saved / "objects.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == OBJECTS
    assert len(rows) == 4 * 7  # J and F with three statistics, and J&F
    frames = run.frames.assign(J=MEASURES["J"].of(run.frames_columns))
    means = frames.groupby(["sequence", "object"])["J"].mean()
    found = {
        (r["sequence"], int(r["object"])): float(r["value"])
        for r in rows
        if (r["measure"], r["statistic"]) == ("J", "mean")
    }
    assert found == pytest.approx(means.to_dict(), abs=1e-15)


def test_the_summary_is_the_mean_over_objects(run):
    objects = run.objects
    for (measure, statistic), group in objects.groupby(["measure", "statistic"]):
        assert run.value(measure, statistic) == pytest.approx(group["value"].mean(), abs=1e-15)
    assert run.value("J&F") == pytest.approx((run.value("J") + run.value("F")) / 2, abs=1e-15)


def test_the_result_says_which_rules_made_it(run):
    knobs = parse(run.signature)
    assert list(knobs)[:2] == ["protocol", "split"]
    assert knobs["protocol"] == "folder@1"
    assert knobs["data"] == run.document.dataset.fingerprint[:12]
    assert (run.document.schema, run.document.status) == ("vosbench.result/2", "complete")
    assert run.document.protocol.rules.frames == "drop-first-last"
    size = run.document.dataset
    assert (size.sequences, size.objects, size.frames, size.unlabelled) == (2, 4, 6, {})


def test_the_fingerprint_depends_on_the_ground_truth_only(world, run):
    other = vosbench.score(world.root / "gt", gt=world.root / "gt")
    assert other.signature == run.signature
    assert other.document.predictions.fingerprint != run.document.predictions.fingerprint
    changed = MASKS[2].copy()
    changed[0, 0] = 3 - changed[0, 0]
    world.masks("gt", {"b": {"00002": changed}})
    assert set(differences(vosbench.score(world.root / "gt", gt=world.root / "gt").signature, run.signature)) == {
        "data"
    }


def test_numbers_of_two_rules_are_not_put_side_by_side(world, run):
    other = vosbench.score(world.root / "preds", gt=world.root / "gt", protocol="first-appearance")
    require_same({"a": run.signature, "b": run.signature})
    with pytest.raises(IncomparableError, match="frames: drop-first-last against first-appearance"):
        require_same({"a": run.signature, "b": run.signature, "c": other.signature})


# ------------------------------------------------------------------ undefined numbers


@pytest.fixture
def undefined(world):
    """An object listed on too few frames to be scored."""
    listed = {"v": {1: ("cat", ["00000", "00001", "00002"]), 2: ("dog", ["00001", "00002"])}}
    data = world.youtube_vos({"v": MASKS[:3]}, listed)
    return vosbench.score(world.masks("preds", {"v": MASKS[:3]}), benchmark="youtube-vos-2019", data=data)


def test_an_undefined_number_is_null_in_json_and_empty_in_csv(undefined, tmp_path):
    undefined.save(tmp_path / "run")
    text = (tmp_path / "run" / "result.json").read_text()
    assert "NaN" not in text
    json.loads(text, parse_constant=pytest.fail)
    cells = {(c["group"], c["measure"], c["statistic"]): c for c in json.loads(text)["summary"]}
    assert (cells["unseen", "J", "mean"]["value"], cells["unseen", "J", "mean"]["n"]) == (None, 0)
    assert cells["overall", "J&F", "mean"]["value"] is None
    rows = (tmp_path / "run" / "objects.csv").read_text().splitlines()
    assert "v,2,0,dog,unseen,,2,0,0,J,mean,,no scored frame" in rows
    again = vosbench.load(tmp_path / "run")
    assert math.isnan(again.value("J", group="unseen"))
    pd.testing.assert_frame_equal(again.objects, undefined.objects)


def test_asking_for_a_number_there_is_not_says_so(run):
    with pytest.raises(UsageError, match="no J-mean for unseen"):
        run.value("J", group="unseen")


# ------------------------------------------------------------------ what must not happen


def test_a_newer_schema_is_refused(saved):
    path = saved / "result.json"
    path.write_text(path.read_text().replace("vosbench.result/2", "vosbench.result/3"))
    with pytest.raises(IncomparableError, match="upgrade vosbench") as error:
        vosbench.load(saved)
    assert error.value.exit_code == 4


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", b"{}"), ("result.json", b"[]"), ("result.json", b"{"), ("result.json", b"\xff"),
        ("result.json", None),
        ("frames.parquet", b"PAR1"), ("frames.parquet", None), ("objects.csv", b"a,b\n1,2\n"), ("objects.csv", None),
    ],
)  # fmt: skip
def test_a_damaged_run_is_named(saved, name, content):
    if content is None:
        (saved / name).unlink()
    else:
        (saved / name).write_bytes(content)
    with pytest.raises(InputError) as error:
        vosbench.load(saved)
    gone = name == "result.json" and content is None  # then the folder is no run at all
    assert error.value.problems[0].where == str(saved if gone else saved / name)


def test_a_run_replaces_a_run_only_if_told_to(run, saved):
    (saved / "objects.csv").write_text("old")
    with pytest.raises(UsageError, match="holds a finished run") as error:
        run.save(saved)
    assert "--overwrite" in error.value.fix
    assert (saved / "objects.csv").read_text() == "old"
    run.save(saved, overwrite=True)
    assert (saved / "objects.csv").read_text() != "old"
    assert [p.name for p in saved.parent.iterdir()] == ["mine"]


@pytest.mark.parametrize("with_run", [False, True])
def test_a_folder_with_anything_else_is_not_touched(run, saved, tmp_path, with_run):
    """Not even one that holds a run as well: replacing it would delete the rest."""
    target = saved if with_run else tmp_path / "thesis"
    target.mkdir(exist_ok=True)
    (target / "chapter.tex").write_text("mine")
    before = {p.name: p.read_bytes() for p in target.iterdir()}
    with pytest.raises(UsageError, match=r"chapter\.tex"):
        run.save(target, overwrite=True)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == before


def test_a_file_is_not_replaced_by_a_folder(run, tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError):
        run.save(tmp_path / "file")
    with pytest.raises(InputError, match="cannot write it"):
        run.save(tmp_path / "file" / "below")


def test_an_empty_folder_may_be_filled(run, tmp_path):
    (tmp_path / "new").mkdir()
    run.save(tmp_path / "new")
    assert vosbench.load(tmp_path / "new").signature == run.signature


def test_a_write_that_fails_leaves_the_old_run_and_no_rest(run, saved, monkeypatch):
    before = (saved / "result.json").read_bytes()
    monkeypatch.setattr(
        "vosbench.results.run._write_frames", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left"))
    )
    with pytest.raises(InputError, match="No space left"):
        run.save(saved, overwrite=True)
    assert (saved / "result.json").read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["mine"]
