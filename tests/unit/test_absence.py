"""Errors about what is missing name the nearest thing that is there, and their advice works when it is followed."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from vosbench import score, validate
from vosbench.errors import InputError
from vosbench.masks.nearest import nearest
from vosbench.masks.palette import PALETTES, davis_palette


def box(label=1, top=10, size=15):
    labels = np.zeros((48, 64), np.uint8)
    labels[top : top + size, 8 : 8 + size] = label
    return labels


VIDEO = [box(top=5 + t) for t in range(4)]
NEAR = [box(top=6 + t) for t in range(4)]


def error_of(call, *arguments, **options):
    with pytest.raises(InputError) as error:
        call(*arguments, **options)
    return error.value


@pytest.mark.parametrize(
    ("name", "present", "meant"),
    [
        ("bear", ["Bear", "bears-two"], "Bear"),
        ("my_video", ["my-video", "other"], "my-video"),
        ("my video", ["MyVideo"], "MyVideo"),
        ("bear", ["bear_mask", "cows"], "bear_mask"),
        ("bear", ["pred_bear"], "pred_bear"),
        ("dance-twirl", ["dance-twril"], "dance-twril"),
        ("seq1", ["seq2", "seq11"], None),
        ("a", ["bear"], None),
        ("bear", [], None),
    ],
)
def test_the_nearest_name(name, present, meant):
    assert nearest(name, present) == meant


@pytest.mark.parametrize("other", ["Bear", "bear_pred", "BEAR", "baer"])
@pytest.mark.parametrize("missing", ["error", "empty"])
def test_a_sequence_under_another_name(world, other, missing):
    """Alone it is an error even where missing sequences are scored as empty: every number would be 0."""
    gt = world.masks("gt", {"bear": VIDEO})
    preds = world.masks("p", {other: NEAR})
    error = error_of(score, preds, gt=gt, missing=missing)
    (problem,) = error.problems
    assert problem.code == "other-sequences"
    assert problem.fix.endswith(f"rename {other} to bear")
    assert error_of(validate, [preds], gt=gt, missing=missing).problems == error.problems
    (preds / other).rename(preds / "bear")
    assert score(preds, gt=gt).value("J") > 0.8


def test_one_sequence_of_two_under_another_name(world):
    gt = world.masks("gt", {"bear": VIDEO, "cows": VIDEO})
    preds = world.masks("p", {"Bear": NEAR, "cows": NEAR})
    (problem,) = error_of(score, preds, gt=gt).problems
    assert (problem.code, "; Bear is there" in problem.message) == ("missing-sequence", True)
    assert problem.fix.endswith("rename Bear to bear")


def test_predictions_of_another_split(world):
    preds = world.masks("p", {"x": NEAR, "y": NEAR, "z": NEAR})
    (problem,) = error_of(score, preds, gt=world.masks("gt", {"bear": VIDEO, "cows": VIDEO})).problems
    assert problem.message == "none of the 2 sequences to score is there (bear, cows): it holds x, y, z"


def test_a_listed_sequence_without_truth_is_named_where_it_was_looked_for(world, tmp_path):
    data = world.davis({"bear": VIDEO})
    (data / "ImageSets/2017/val.txt").write_text("Bear\n")
    (problem,) = error_of(
        score, world.masks("p", {"bear": NEAR}), benchmark="davis2017", data=data, split="val"
    ).problems
    assert problem.where == f"{data}/Annotations/480p/Bear"
    assert problem.fix.endswith("it seems to mean bear")
    (tmp_path / "list.txt").write_text("cow\n")
    gt = world.masks("gt", {"cows": VIDEO})
    (problem,) = error_of(score, gt, gt=gt, split=str(tmp_path / "list.txt")).problems
    assert (problem.where, "cows" in problem.fix) == (f"{gt}/cow", True)


def test_only_what_is_missing_is_called_missing(world):
    data = world.davis({"bear": VIDEO})
    (problem,) = error_of(score, data, benchmark="davis2017-unsupervised", data=data).problems
    assert problem.where == f"{data}/Annotations_unsupervised/480p"
    assert "Annotations is there" in problem.message


@pytest.mark.parametrize("benchmark", ["davis2017", "lvos-v2", "youtube-vos-2019", "mose-v1"])
@pytest.mark.parametrize("named", [True, False])
def test_a_root_one_level_off(world, benchmark, named):
    """The advice names the folder that is the root; with it the data is found."""
    root = world.root / "in" / "data"
    if benchmark == "davis2017":
        world.davis({"v": VIDEO}, name="in/data")
        inside = root / "Annotations"
    else:
        world.masks("in/data/valid/Annotations", {"v": VIDEO})
        frames = [f"{t:05d}" for t in range(4)]
        ranges = {"start": frames[0], "end": frames[-1], "frame_nums": "4"}
        video = {"objects": {"1": {"category": "cat", "frames": frames, "frame_range": ranges}}}
        name = "valid_meta.json" if benchmark == "lvos-v2" else "meta.json"
        (root / "valid" / name).write_text(json.dumps({"videos": {"v": video}}))
        (root / "unseen_videos.txt").write_text("v\n")
        (root / "unseen.txt").write_text("cat\n")
        inside = root / "valid"
    options = {"benchmark": benchmark} if named else {}
    problems = error_of(validate, [root], data=inside, **options).problems
    assert {re.search(r"--data (\S+)$", problem.fix).group(1) for problem in problems} == {str(root)}
    assert "above it" in problems[0].fix


def test_width_and_height_exchanged(world):
    gt = world.masks("gt", {"a": VIDEO})
    preds = world.masks("p", {"a": [m.T for m in NEAR]})
    problems = error_of(score, preds, gt=gt).problems
    assert {p.message for p in problems} == {
        "the mask is 48 x 64, the ground truth 64 x 48 pixels: width and height are exchanged"
    }
    assert "transpose" in problems[0].fix
    assert score(world.masks("q", {"a": [m.T.T for m in NEAR]}), gt=gt).value("J") > 0.8


# ------------------------------------------------------------------ colours


def coloured(folder, labels, colours):
    folder.mkdir(parents=True)
    for t, m in enumerate(labels):
        Image.fromarray(colours[m]).save(folder / f"{t:05d}.png")
    return folder.parent


def advised_palette(error):
    return re.search(r"--palette ([\w-]+)", error.problems[0].fix).group(1)


@pytest.mark.parametrize("name", PALETTES)
def test_colours_are_read_when_the_advice_is_followed(world, name):
    """In the order of channels that the file has: what first looks like another label leads to the right one."""
    two = [m + box(2, top=30, size=9 + t) for t, m in enumerate(VIDEO)]
    gt = world.masks("gt", {"a": two})
    preds = coloured(world.root / "p" / "a", two, np.ascontiguousarray(PALETTES[name]()))
    palette = advised_palette(error_of(score, preds, gt=gt))
    try:
        run = score(preds, gt=gt, palette=palette)
    except InputError as error:
        assert name == "davis-bgr" or name == "lvos-bgr"
        assert "red and blue of its colour exchanged it is object 1" in error.problems[0].message
        run = score(preds, gt=gt, palette=advised_palette(error))
    assert run.value("J") == 1


def test_truth_in_colours_is_read_with_a_palette(world, vosbench):
    gt = coloured(world.root / "gt" / "a", VIDEO, davis_palette())
    preds = world.masks("p", {"a": NEAR})
    assert advised_palette(error_of(score, preds, gt=gt)) == "davis"
    plain = score(preds, gt=world.masks("plain", {"a": VIDEO}))
    assert score(preds, gt=gt, palette="davis").document.summary == plain.document.summary
    assert validate([preds], gt=gt, palette="davis").frames == 2
    done = vosbench("score-many", preds, "--gt", gt, "--palette", "davis", "--out", world.root / "out", "--jobs", 1)
    assert done.code == 0


# ------------------------------------------------------------------ a folder for each object


def by_object(world, names, value=1):
    two = [m + box(2, top=30, size=9) for m in VIDEO]
    gt = world.masks("gt", {"a": two, "b": two})
    parts = {f"{s}/{name}": [(m == k) * value for m in two] for s in "ab" for k, name in enumerate(names, 1)}
    return gt, world.masks("p", parts)


@pytest.mark.parametrize("names", [["1", "2"], ["001", "002"]])
@pytest.mark.parametrize("value", [1, 255])
def test_folders_of_objects_are_read_where_label_maps_are_expected(world, names, value):
    gt, preds = by_object(world, names, value)
    run = score(preds, gt=gt)
    assert run.value("J") == 1
    assert any("masks of one object a folder were read" in note for note in run.document.notes)
    shutil.make_archive(str(world.root / "z"), "zip", preds)
    assert score(world.root / "z.zip", gt=gt).document.summary == run.document.summary


@pytest.mark.parametrize("names", [["0", "1"], ["dog", "cat"]])
def test_folders_of_objects_that_are_no_labels_are_refused_with_advice_that_works(world, names):
    """Folder 0 may be the first object or the background: nothing is guessed."""
    gt, preds = by_object(world, names)
    error = error_of(score, preds, gt=gt)
    assert {problem.code for problem in error.problems} == {"layout"}
    assert "1, 2, …" in error.problems[0].fix
    for sequence in "ab":
        for k, name in reversed(list(enumerate(names, 1))):
            (preds / sequence / name).rename(preds / sequence / str(k))
    assert score(preds, gt=gt).value("J") == 1


def test_label_maps_in_folders_of_objects_are_refused(world):
    two = [m + box(2, top=30, size=9) for m in VIDEO]
    gt, preds = world.masks("gt", {"a": two}), world.masks("p", {"a/1": two, "a/2": two})
    assert "several labels" in error_of(score, preds, gt=gt).problems[0].message


# ------------------------------------------------------------------ other files in place of masks


@pytest.mark.parametrize(
    ("ending", "advice"),
    [("jpg", "JPEG"), ("JPEG", "JPEG"), ("mp4", "one palette PNG a frame"), ("npz", "arrays"), ("tif", "convert")],
)
def test_other_files_in_place_of_masks_are_named(world, ending, advice):
    gt = world.masks("gt", {"a": VIDEO, "b": VIDEO})
    for name in ("all", "some"):
        (world.root / name / "a").mkdir(parents=True)
        for t in range(3):
            (world.root / name / "a" / f"{t}.{ending}").write_bytes(b"x")
    world.masks("some", {"b": NEAR})
    for name, code in (("all", "no-masks"), ("some", "missing-sequence")):
        (problem,) = error_of(score, world.root / name, gt=gt).problems
        assert (problem.code, f"3 .{ending.lower()} files (a/0.{ending}, …)" in problem.message) == (code, True)
        assert advice in problem.fix
