"""``vosbench score`` and ``vosbench validate``: data on stdout, people on stderr, an exit code for every outcome."""

import csv
import json
import os
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vosbench as package

OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1


@pytest.fixture
def gt(world):
    return world.masks("gt", {"a": [OBJECT] * 5, "b": [OBJECT] * 4})


@pytest.fixture
def preds(world):
    return world.masks("preds", {"a": [np.roll(OBJECT, 2, 1)] * 5, "b": [OBJECT] * 4})


def contents(folder):
    return {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


# ------------------------------------------------------------------ output


def test_a_table_with_predicting_nothing_beside_it_and_the_signature_below(vosbench, gt, preds):
    done = vosbench("score", preds, "--gt", gt)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0].split() == ["group", "J&F", "J", "J", "recall", "J", "decay", "F", "F", "recall", "F", "decay"]
    assert lines[2].split()[:2] == ["preds", "all"]
    assert lines[3].startswith("(predicting nothing)")
    assert "folder · all · 2 sequences, 2 objects, 5 frames" in lines
    assert lines[-1].startswith("signature  protocol:folder@1|split:all|")


def test_json_is_the_content_of_result_json_and_nothing_else(vosbench, gt, preds, tmp_path):
    done = vosbench("score", preds, "--gt", gt, "--format", "json", "--out", tmp_path / "run")
    assert done.out == (tmp_path / "run" / "result.json").read_text(encoding="utf-8")
    assert json.loads(done.out)["schema"] == "vosbench.result/2"
    assert f"wrote {tmp_path / 'run'}" in done.err


def test_json_of_several_runs_is_a_list(vosbench, gt, preds):
    documents = json.loads(vosbench("score", preds, gt, "--gt", gt, "--format", "json").out)
    assert [d["predictions"]["name"] for d in documents] == [str(preds), str(gt)]


def test_csv_keeps_every_digit(vosbench, gt, preds):
    rows = list(csv.DictReader(vosbench("score", preds, "--gt", gt, "--format", "csv").out.splitlines()))
    assert [row[""] for row in rows] == ["preds", "(predicting nothing)"]
    assert float(rows[0]["J"]) == package.score(preds, gt=gt).value("J")


def test_markdown_is_a_table(vosbench, gt, preds):
    lines = vosbench("score", preds, "--gt", gt, "--format", "md").out.splitlines()
    assert set(lines[1]) == set("| :-")
    assert {line.count("|") for line in lines[:4]} == {lines[0].count("|")}


def test_latex_is_a_tabular_with_the_signature_as_a_comment(vosbench, gt, preds):
    out = vosbench("score", preds, "--gt", gt, "--format", "latex", "--by", "sequence").out
    assert out.count(r"\begin{tabular}") == out.count(r"\end{tabular}") == 2
    assert r"J\&F" in out
    assert not re.search(r"(?<!\\)[&#_](?! )", "".join(line for line in out.splitlines() if not line.startswith("%")))
    assert "\n% signature" in out


@pytest.mark.parametrize(
    ("by", "header", "rows"),
    [
        ("sequence", "sequence  objects", ["a", "b"]),
        ("object", "sequence  object", ["a", "b"]),
        ("instances", "instances  objects", ["1"]),
        ("category", "category  objects", [""]),
    ],
)
def test_slices(vosbench, gt, preds, by, header, rows):
    block = vosbench("score", preds, "--gt", gt, "--by", by).out.split("\n\n")[1].splitlines()
    assert block[0].startswith(header)
    assert [line.split(" ")[0] for line in block[2:]] == rows


def test_several_predictions_become_runs_of_their_own(vosbench, gt, world, tmp_path):
    names = ["model.v1", "model.v2"]
    folders = [world.masks(name, {"a": [OBJECT] * 5, "b": [OBJECT] * 4}) for name in names]
    done = vosbench("score", *folders, "--gt", gt, "--out", tmp_path / "runs")
    assert done.code == 0
    assert sorted(p.name for p in (tmp_path / "runs").iterdir()) == names
    assert [line.split()[0] for line in done.out.splitlines()[2:4]] == names


def test_a_zip_archive_scores_like_its_folder(vosbench, gt, preds, tmp_path):
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in preds.rglob("*.png"):
            archive.write(path, Path("Annotations") / path.relative_to(preds))
    one, other = (
        json.loads(vosbench("score", p, "--gt", gt, "--format", "json").out) for p in (preds, tmp_path / "p.zip")
    )
    assert one["summary"] == other["summary"]
    assert one["predictions"]["fingerprint"] == other["predictions"]["fingerprint"]


def test_measures_can_be_chosen(vosbench, gt, preds):
    header = vosbench("score", preds, "--gt", gt, "--measures", "J", "--format", "csv").out.splitlines()[0]
    assert header == ",group,J,J recall,J decay"


def test_remarks_go_to_stderr(vosbench, gt, preds, world):
    world.masks("preds", {"extra": [OBJECT], "a": {"99999": OBJECT}})
    done = vosbench("score", preds, "--gt", gt, "--format", "json")
    json.loads(done.out)
    assert done.err.splitlines() == [
        f"note: {preds}: ignored 1 sequence(s) that are not in the split (extra)",
        f"note: {preds}: ignored 1 frame(s) without ground truth",
    ]


def test_missing_sequences_show_in_the_headline(vosbench, gt, world):
    preds = world.masks("part", {"a": [OBJECT] * 5})
    done = vosbench("score", preds, "--gt", gt, "--missing", "empty")
    assert "1/2 sequences" in done.out
    assert "2 missing mask(s) in 1 sequence(s) were scored as empty" in done.out
    assert "|missing:empty|" in done.out


# ------------------------------------------------------------------ hostile input


def spoil(kind, preds):
    """Break a good prediction folder; returns what the error must say."""
    path = preds / "a" / "00002.png"
    good = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(good[: len(good) // 2])
    elif kind == "zero bytes":
        path.write_bytes(b"")
    elif kind == "jpeg named png":
        Image.fromarray(OBJECT).save(path, "JPEG")
    elif kind == "rgb":
        Image.fromarray(np.dstack([OBJECT, OBJECT, OBJECT * 0])).save(path)
    elif kind == "16 bit with a large label":
        Image.fromarray(OBJECT.astype(np.uint16) * 300).save(path)
    elif kind == "wrong size":
        Image.fromarray(OBJECT[:20]).save(path)
    elif kind == "label above the objects":
        Image.fromarray(OBJECT * 2).save(path)
    elif kind == "missing":
        path.unlink()
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    return {
        "truncated": "unreadable-mask", "zero bytes": "unreadable-mask", "jpeg named png": "unreadable-mask",
        "rgb": "not-an-index-mask", "16 bit with a large label": "stray-label", "wrong size": "wrong-size",
        "label above the objects": "stray-label", "missing": "missing-frame", "folder": "unreadable-mask",
    }[kind]  # fmt: skip


KINDS = (
    "truncated", "zero bytes", "jpeg named png", "rgb", "16 bit with a large label", "wrong size",
    "label above the objects", "missing", "folder",
)  # fmt: skip


@pytest.mark.parametrize("benchmark", ["folder", "davis2017"])
@pytest.mark.parametrize("verb", ["score", "validate"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_mask_is_one_typed_error_and_nothing_is_written(vosbench, world, gt, preds, kind, verb, benchmark):
    code = spoil(kind, preds)
    if benchmark == "folder":
        target = ["--gt", gt]
    else:
        target = ["--benchmark", "davis2017", "--data", world.davis({"a": [OBJECT] * 5, "b": [OBJECT] * 4})]
    before = contents(world.root)
    out = ["--out", world.root / "run"] if verb == "score" else []
    done = vosbench(verb, preds, *target, *out)
    assert (done.code, done.out) == (3, "")
    problem = [line for line in done.err.splitlines() if f"[{code}]" in line]
    assert len(problem) == 1
    assert str(preds / "a" / "00002.png") in problem[0]
    assert "next: " in done.err
    assert "Traceback" not in done.err
    assert contents(world.root) == before


@pytest.mark.parametrize("verb", ["score", "validate"])
def test_the_problems_of_all_sequences_are_listed(vosbench, gt, preds, verb):
    spoil("zero bytes", preds)
    (preds / "b" / "00001.png").write_bytes(b"junk")
    err = vosbench(verb, preds, "--gt", gt).err
    assert "2 problems" in err
    assert str(preds / "a" / "00002.png") in err
    assert str(preds / "b" / "00001.png") in err


def test_validate_reports_missing_and_broken_masks_together(vosbench, gt, preds):
    spoil("zero bytes", preds)
    (preds / "b" / "00001.png").unlink()
    err = vosbench("validate", preds, "--gt", gt).err
    assert "[missing-frame]" in err
    assert "[unreadable-mask]" in err


def test_validate_says_what_is_fit_to_score(vosbench, gt, preds):
    done = vosbench("validate", preds, "--gt", gt)
    assert (done.code, done.out, done.err) == (0, "2 sequences, 2 objects, 5 frames: fit to score\n", "")


def test_a_long_list_of_problems_is_cut_and_counted(vosbench, world):
    gt = world.masks("long", {"s": [OBJECT] * 40})
    done = vosbench("score", world.masks("none", {"s": {"00001": OBJECT}}), "--gt", gt)
    assert "37 problems" in done.err
    assert "… and 27 more [missing-frame]" in done.err
    assert len(done.err.splitlines()) < 20


def test_a_ground_truth_with_labels_above_255_is_an_error(vosbench, world, preds):
    for t in range(5):
        path = world.root / "wide" / "a" / f"{t:05d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(OBJECT.astype(np.uint16) * 300).save(path)
    for protocol in ("folder", "davis2017", "first-appearance"):
        done = vosbench("score", preds, "--gt", world.root / "wide", "--protocol", protocol)
        assert (done.code, done.out) == (3, "")
        assert str(world.root / "wide" / "a") in done.err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["{preds}", "--gt", "{root}/nowhere"], 3, "nowhere: it does not exist"),
        (["{root}/nowhere", "--gt", "{gt}"], 3, "nowhere: it does not exist"),
        (["{root}/empty", "--gt", "{gt}"], 3, "empty: it holds no PNG files"),
        (["{preds}", "--gt", "{root}/empty"], 3, "empty: it holds no PNG files"),
        (["{preds}", "--gt", "{gt}", "--split", "val"], 2, "no splits"),
        (["{preds}", "--gt", "{gt}", "--split", "{root}/no.txt"], 3, "no.txt"),
        (["{preds}", "--gt", "{gt}", "--benchmark", "davis2017"], 2, "give --gt alone"),
        (["{preds}", "--gt", "{gt}", "--protocol", "davis2018"], 2, "did you mean 'davis2017'?"),
        (["{preds}", "--gt", "{gt}", "--measures", "J,G"], 2, "choose from J, F"),
        (["{preds}", "--gt", "{gt}", "--out", "{preds}/run"], 2, "lies inside the masks"),
        (["{preds}", "--gt", "{gt}", "--out", "{gt}"], 2, "lies inside the masks"),
        (["{preds}", "--gt", "{gt}", "--out", "{root}"], 2, "holds what is no run"),
        (["{preds}", "{preds}", "--gt", "{gt}", "--out", "{root}/runs"], 2, "score them one by one"),
        (["{preds}", "--benchmark", "davis2017"], 2, "vosbench data add"),
        (["{preds}", "--benchmark", "davis2017", "--data", "{root}/empty"], 3, "Annotations/480p"),
        (["{preds}", "--benchmark", "davis2017", "--data", "{root}/nowhere"], 3, "nowhere: it does not exist"),
        (["{preds}", "--benchmark", "davis2017", "--data", "{davis}", "--split", "test"], 2, "it has val"),
        (["{preds}", "--data", "{davis}", "--split", "test"], 2, "davis has val"),
        (["{preds}", "--data", "{root}/empty"], 3, "holds none of: Annotations/480p/"),
        (["{preds}", "--benchmark", "folder"], 2, "--gt FOLDER"),
        (["{preds}", "--data", "{ytvos}"], 2, "youtube-vos-2018"),
        (["{preds}"], 2, "VOSBENCH_DATA"),
        ([], 2, "Missing argument"),
        (["{preds}", "--gt", "{gt}", "--format", "xml"], 2, "--format"),
        (["{preds}", "--gt", "{gt}", "--jobs", "0"], 2, "--jobs"),
    ],
)
def test_what_the_user_got_wrong_is_said_with_the_next_step(vosbench, world, gt, preds, arguments, code, message):
    (world.root / "empty").mkdir()
    places = {"root": world.root, "gt": gt, "preds": preds, "davis": world.davis({"a": [OBJECT] * 5})}
    places["ytvos"] = world.youtube_vos({"a": [OBJECT] * 5}, {"a": {1: ("cat", ["00000", "00001", "00002"])}})
    before = contents(world.root)
    done = vosbench("score", *(argument.format(**places) for argument in arguments))
    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert "Traceback" not in done.err
    assert contents(world.root) == before


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of POSIX")
@pytest.mark.parametrize("what", ["preds", "preds/a", "preds/a/00002.png", "gt/a"])
def test_what_may_not_be_read_is_named(vosbench, world, gt, preds, what):
    assert vosbench("score", preds, "--gt", gt).code == 0
    locked = world.root / what
    as_root = os.geteuid() == 0
    for folder in (world.root, *world.root.parents)[:5] if as_root else ():
        folder.chmod(0o711)
    locked.chmod(0)
    try:
        if as_root:  # for whom nothing is locked
            os.seteuid(65534)
        done = vosbench("score", preds, "--gt", gt)
    finally:
        if as_root:
            os.seteuid(0)
        locked.chmod(0o755)
    assert (done.code, done.out) == (3, "")
    assert str(locked) in done.err
    assert "Permission denied" in done.err
