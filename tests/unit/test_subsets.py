"""A source as it travels: a task's own sequence, readable from anywhere, named as before."""

import json
import os
import pickle
import sys
import zipfile

import numpy as np
import pytest

import vosbench
from vosbench.datasets.registry import open_dataset
from vosbench.execution.checkpoint import Journal
from vosbench.masks.listing import modified, subset
from vosbench.masks.rle import open_instances
from vosbench.masks.sources import open_masks
from vosbench.protocols import load as protocols
from vosbench.results.counts import decode, encode
from vosbench.scoring.plan import make_plan
from vosbench.scoring.sequence import score_sequence
from vosbench.testing import write_object_tree
from vosbench.types import Sequence

NAMES = ("a", "b", "c")


def video(k):
    masks = np.zeros((4, 20, 30), np.uint8)
    for t, mask in enumerate(masks):
        mask[2 + k : 9, 3 + t : 12] = 1
    return masks


def folder(world):
    return open_masks(world.masks("gt", {name: video(k) for k, name in enumerate(NAMES)}).relative_to(world.root))


def archive(world):
    masks = world.masks("zipped", {name: video(k) for k, name in enumerate(NAMES)})
    with zipfile.ZipFile(world.root / "preds.zip", "w") as file:
        for path in sorted(masks.rglob("*.png")):
            file.write(path, path.relative_to(masks))
    return open_masks((world.root / "preds.zip").relative_to(world.root))


def object_tree(world):
    write_object_tree(world.root / "sav_val" / "Annotations_6fps", {name: {0: "xxxx", 1: ".xh."} for name in NAMES})
    sav = protocols.load("sav")
    return open_dataset(sav.data, (world.root / "sav_val").relative_to(world.root)).masks("val")


def run_lengths(mask):
    edges = np.flatnonzero(np.diff(mask.T.ravel())) + 1
    runs = np.diff([0, *edges.tolist(), mask.size]).tolist()
    return {"size": mask.shape, "counts": runs}


def instances(world):
    videos = [
        {"id": k, "file_names": [f"{name}/{t}.jpg" for t in range(4)], "height": 20, "width": 30}
        for k, name in enumerate(NAMES)
    ]
    found = [{"id": k, "video_id": k, "segmentations": [run_lengths(m) for m in video(k)]} for k in range(len(NAMES))]
    (world.root / "truth.json").write_text(json.dumps({"videos": videos, "annotations": found}))
    return open_instances((world.root / "truth.json").relative_to(world.root))


@pytest.fixture(params=[folder, archive, object_tree, instances])
def source(request, world, monkeypatch):
    """A source opened by a relative path."""
    monkeypatch.chdir(world.root)
    return request.param(world)


def test_a_subset_reads_the_same_masks_from_another_folder_under_the_same_names(source, tmp_path_factory, monkeypatch):
    whole = {f: (source.read("b", f), source.where("b", f)) for f in source.frames("b")}
    sent = pickle.dumps(subset(source, "b"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    part = pickle.loads(sent)
    assert part.sequences() == ("b",)
    assert part.frames("b") == tuple(whole)
    assert (part.frames("a"), part.where("b"), part.name) == ((), source.where("b"), source.name)
    for frame, (masks, where) in whole.items():
        for mine, theirs in zip(part.read("b", frame), masks, strict=True):
            np.testing.assert_array_equal(mine, theirs)
        assert part.where("b", frame) == where


def test_a_subset_of_what_is_not_there_is_empty(source):
    assert subset(source, "nowhere").sequences() == ()
    assert modified(source, "nowhere") <= modified(source, "a")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not note when a file is renamed")
def test_a_file_that_is_written_or_renamed_changes_its_sequence(source, world):
    before = {name: modified(source, name) for name in NAMES}
    path = next(p for p in sorted(world.root.rglob("*")) if p.is_file() and ("b" in p.parts or p.suffix != ".png"))
    path.rename(world.root / "away")
    (world.root / "away").rename(path)
    assert modified(source, "b") > before["b"]
    if path.suffix == ".png":
        assert [modified(source, name) for name in "ac"] == [before[name] for name in "ac"]


def test_a_file_that_is_gone_is_an_error_that_can_be_caught(world, monkeypatch):
    monkeypatch.chdir(world.root)
    source = folder(world)
    assert source.frames("a")
    (world.root / "gt/a/00001.png").unlink()
    with pytest.raises(OSError, match=r"00001\.png"):
        modified(source, "a")


class Homemade:
    """A source of somebody else's, without the two methods."""

    name = "homemade"

    def sequences(self):
        return NAMES


def test_a_source_of_another_kind_is_sent_whole_and_trusted():
    source = Homemade()
    assert subset(source, "a") is source
    assert modified(source, "a") == 0


@pytest.mark.skipif(sys.platform != "linux", reason="paths that are no text")
def test_a_run_in_parts_is_found_in_its_journal_whatever_the_folder_is_called(world, monkeypatch):
    gt = world.masks("gt", {name: video(k) for k, name in enumerate(NAMES)})
    preds = world.masks(os.fsdecode(b"no \xff text"), {name: video(1) * 255 for name in NAMES})
    whole = vosbench.score(preds, gt=gt)
    monkeypatch.setattr("vosbench.scoring.task.PART", 2)
    with Journal(world.root / "a.journal") as journal:
        assert vosbench.score(preds, gt=gt, journal=journal).to_json() == whole.to_json()
    with Journal(world.root / "a.journal", resumes=True) as journal:
        monkeypatch.setattr("vosbench.scoring.run.score_sequence", lambda task: pytest.fail("scored again"))
        assert vosbench.score(preds, gt=gt, journal=journal).to_json() == whole.to_json()


@pytest.mark.parametrize("protocol", ["folder", "davis2017", "davis2017-unsupervised"])
def test_a_task_and_its_rows_survive_the_way_to_a_worker_and_back(world, protocol):
    source = open_masks(world.masks("gt", {name: video(k) for k, name in enumerate(NAMES)}))
    spec = protocols.with_measures(protocols.load(protocol), ("J", "F", "T"))
    sequences = [Sequence(name=name, frames=source.frames(name)) for name in NAMES]
    task = make_plan(sequences, spec.rules, source, (source, source)).tasks[0]
    sent = pickle.dumps(task.portable())
    rows = score_sequence(task)
    returned = decode(encode(score_sequence(pickle.loads(sent))), task.sequence)
    assert len(returned) == 2
    for mine, theirs in zip(returned, rows, strict=True):
        for name in theirs.__slots__:
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), strict=True)


def test_a_task_is_no_larger_for_being_one_of_many(world):
    def size(n):
        source = open_masks(world.masks(f"gt{n}", {f"{k:03d}": video(0) for k in range(n)}))
        sequences = [Sequence(name=f"{k:03d}", frames=source.frames(f"{k:03d}")) for k in range(n)]
        plan = make_plan(sequences, protocols.load("folder").rules, source, (source,))
        assert os.fspath(world.root) in str(plan.tasks[0].gt.name)
        return len(pickle.dumps(plan.tasks[0].portable()))

    assert size(60) - size(3) < 20
