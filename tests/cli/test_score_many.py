"""``vosbench score-many``: nothing one submission does reaches another, and each result is that of scoring it alone."""

import csv
import json
import os
import shutil
import signal
import sys
import time
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from tests.fuzz.seeds import raw_png
from vosbench import score_many
from vosbench.challenge import batch as submissions
from vosbench.errors import InputError, UsageError
from vosbench.execution import can_fork
from vosbench.masks import cache as held

OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1
OBJECT[22:28, 30:38] = 2
FORKS = pytest.mark.skipif(not can_fork(), reason="a process for each only on Linux, from a single thread")


@pytest.fixture
def gt(world):
    return world.masks("gt", {"a": [OBJECT] * 5, "b": [np.roll(OBJECT, 1, 0)] * 4})


@pytest.fixture
def good(world):
    return world.masks("good", {"a": [np.roll(OBJECT, 2, 1)] * 5, "b": [OBJECT] * 4})


def archive(path, folder, change=None):
    """A zip of a folder of masks; ``change`` is called with the open archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for mask in sorted(folder.rglob("*.png")):
            file.write(mask, mask.relative_to(folder))
        if change:
            change(file)
    return path


def rows(out):
    with (out / "results.csv").open(newline="", encoding="utf-8") as file:
        return {row["submission"]: row for row in csv.DictReader(file)}


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def broken(world, good, tmp_path):
    """Submissions that each break in their own way, by the code of what is wrong with them."""
    folder = tmp_path / "submissions"
    folder.mkdir()
    whole = archive(folder / "whole.zip", good).read_bytes()
    (folder / "truncated.zip").write_bytes(whole[: len(whole) // 2])
    slip = zipfile.ZipInfo("x")
    slip.filename = "../../escaped/00000.png"
    archive(folder / "slip.zip", good, lambda file: file.writestr(slip, b"x"))
    bomb = raw_png(100_000, 100_000, 8, 3, zlib.compress(bytes(20_000_000)))
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for mask in good.rglob("*.png"):
            file.writestr(str(mask.relative_to(good)), bomb if mask.stem == "00002" else mask.read_bytes())
    archive(folder / "inflating.zip", good, lambda file: file.writestr("c/0.png", bytes(130 << 20)))
    shutil.copytree(good / "a", folder / "part" / "a")
    (folder / "empty").mkdir()
    (folder / "letter.zip").write_text("please find our results at …")
    return {
        "whole": "", "truncated": "no-masks", "slip": "unsafe-archive", "bomb": "unreadable-mask",
        "inflating": "unsafe-archive", "part": "missing-sequence", "empty": "no-masks", "letter": "no-masks",
    }  # fmt: skip


def test_broken_submissions_are_rows_and_the_good_ones_are_scored(vosbench, world, gt, broken, tmp_path):
    paths = sorted((tmp_path / "submissions").iterdir())
    before = {p for p in tmp_path.rglob("*") if p.is_file()}
    done = vosbench("score-many", *paths, "--gt", gt, "--out", tmp_path / "results")
    assert done.code == 6
    assert "7 of 8 submissions were not scored" in done.err
    found = rows(tmp_path / "results")
    assert {name: row["code"] for name, row in found.items()} == broken
    assert list(found) == [p.name.removesuffix(".zip") for p in paths]
    for name, row in found.items():
        assert row["status"] == ("refused" if broken[name] else "scored")
        assert bool(row["J&F"]) == (not broken[name])
        if broken[name]:
            assert "next: " in row["error"]
            assert f"submissions/{name}" in row["error"]
    assert found["part"]["coverage"] == "0.6"  # 3 of the 5 frames that count: the first and the last do not
    made = {p for p in tmp_path.rglob("*") if p.is_file()} - before
    assert {p.parent.name for p in made} == {"results", "whole"}, "nothing is written but the table and the good run"


def test_a_result_is_that_of_scoring_the_submission_alone(vosbench, gt, good, broken, tmp_path):
    paths = [tmp_path / "submissions" / n for n in ("whole.zip", "truncated.zip", "part")]
    for extra in ([], ["--missing", "empty"], ["--measures", "J,F,T"], ["--protocol", "davis2016", "--jobs", "1"]):
        out = tmp_path / f"many{len(extra)}{extra[-1:]}"
        vosbench("score-many", *paths, good, "--gt", gt, "--out", out, *extra)
        for path in (*paths, good):
            alone = vosbench("score", path, "--gt", gt, "--overwrite", "--out", tmp_path / "alone", *extra)
            name = path.name.removesuffix(".zip")
            assert (out / name).is_dir() == (alone.code == 0), (name, extra)
            if alone.code == 0:
                assert files(out / name) == files(tmp_path / "alone")
        assert (out / "good").is_dir()


def test_the_table_holds_the_numbers_of_the_runs(vosbench, gt, good, tmp_path):
    done = vosbench("score-many", good, "--gt", gt, "--out", tmp_path / "results")
    assert (done.code, done.err.splitlines()[0][:20]) == (0, "[1/1] good: scored, ")
    row = rows(tmp_path / "results")["good"]
    summary = json.loads((tmp_path / "results" / "good" / "result.json").read_text())["summary"]
    means = {c["measure"]: c["value"] for c in summary if c["statistic"] == "mean"}
    assert {name: float(row[name]) for name in ("J&F", "J", "F")} == means
    assert (row["coverage"], row["filled"], row["error"]) == ("1.0", "0", "")
    assert done.out.splitlines()[0].split() == ["submission", "status", "J&F", "J", "F", "coverage", "filled"]


def test_groups_have_columns_of_their_own(vosbench, world, tmp_path):
    frames = [f"{t:05d}" for t in range(5)]
    data = world.youtube_vos({"a": [OBJECT] * 5}, {"a": {1: ("cat", frames), 2: ("owl", frames)}})
    good = data / "valid" / "Annotations"
    which = ["--benchmark", "youtube-vos-2019", "--data", data]
    vosbench("score-many", world.masks("sub", {"a": [OBJECT] * 5}), *which, "--out", tmp_path / "results")
    assert {"J&F", "J", "F", "J seen", "F unseen"} <= set(rows(tmp_path / "results")["sub"])
    assert good.is_dir()


# ------------------------------------------------------------------ isolation


@FORKS
@pytest.mark.parametrize(
    ("what", "status", "code", "message"),
    [
        ("die", "failed", "incomplete", "its process died (SIGKILL)"),
        ("hang", "failed", "incomplete", "it takes more than 4 s"),
        ("eat", "failed", "incomplete", "of memory"),
        ("bug", "failed", "bug", "ZeroDivisionError"),
    ],
)
def test_what_becomes_of_one_process_is_one_row(gt, good, world, tmp_path, monkeypatch, what, status, code, message):
    real = submissions.score_query

    def score(path, query, **options):
        if path.name != "bad":
            return real(path, query, **options)
        if what == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        elif what == "hang":
            time.sleep(60)
        elif what == "eat":
            return bytearray(8 << 30)
        return 1 // 0

    monkeypatch.setattr(submissions, "score_query", score)
    shutil.copytree(good, tmp_path / "bad")
    seconds = 4 if what == "hang" else 60
    outcomes = score_many([tmp_path / "bad", good], tmp_path / "r", gt=gt, seconds=seconds)
    found = {str(outcome.submission): outcome for outcome in outcomes}
    assert (found["bad"].status, found["bad"].code) == (status, code)
    assert message in found["bad"].error
    assert found["good"].status == "scored"
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == ["good"]


def test_where_no_process_can_be_forked_exceptions_are_still_kept_apart(gt, broken, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "platform", "somewhere")
    found = list(score_many(sorted((tmp_path / "submissions").iterdir()), tmp_path / "results", gt=gt, jobs=1))
    assert {str(o.submission): o.code for o in found} == broken


def test_a_ground_truth_that_does_not_fit_is_read_again_and_gives_the_same(gt, good, tmp_path, monkeypatch):
    list(score_many([good], tmp_path / "all", gt=gt))
    for limit in (0, 6000):
        monkeypatch.setattr(held, "MOST", limit)
        list(score_many([good], tmp_path / f"limit{limit}", gt=gt))
        assert files(tmp_path / f"limit{limit}" / "good") == files(tmp_path / "all" / "good")


def test_the_ground_truth_is_decoded_once(gt, good, world, tmp_path, monkeypatch):
    from vosbench.masks import listing

    seen = []
    real = listing.decode

    def decode(data, **options):
        if os.getpid() != parent:
            with (tmp_path / "decoded").open("a") as file:
                file.write("x")
        else:
            seen.append(1)
        return real(data, **options)

    parent = os.getpid()
    monkeypatch.setattr(listing, "decode", decode)
    paths = [shutil.copytree(good, tmp_path / f"team{k}") for k in range(3)]
    list(score_many(paths, tmp_path / "results", gt=gt, protocol="davis2016"))
    scored = 3 + 2
    in_children = len((tmp_path / "decoded").read_text()) if (tmp_path / "decoded").exists() else 0
    assert len(seen) + in_children == scored + 3 * scored


# ------------------------------------------------------------------ names and places

HOSTILE = ["two\nlines", "=cmd()", "-rf", "..zip", "a b", "\x1b[31m", "CON", "naïve 名前"]


@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
def test_hostile_names_stay_inside_the_folder_and_on_their_line(vosbench, gt, good, tmp_path):
    paths = [shutil.copytree(good, tmp_path / "in" / name) for name in HOSTILE]
    done = vosbench("score-many", "--gt", gt, "--out", tmp_path / "results", "--", *paths)
    assert done.code == 0
    assert all(line.isprintable() for line in (done.out + done.err).splitlines())
    assert len(done.err.splitlines()) == len(HOSTILE) + 1
    assert len({p.name for p in (tmp_path / "results").iterdir()}) == len(HOSTILE) + 1
    assert set(rows(tmp_path / "results")) == {p.name for p in (tmp_path / "results").iterdir()} - {"results.csv"}
    assert all(name[0].isalnum() or name[0] == "%" for name in rows(tmp_path / "results"))


@pytest.mark.parametrize("names", [("x/team.zip", "y/team.zip"), ("x/team.zip", "y/Team"), ("results.csv", "x/team")])
def test_names_that_would_share_a_folder_are_refused_before_anything_is_scored(tmp_path, gt, names):
    with pytest.raises(UsageError, match="would both have their results in") as error:
        list(score_many([tmp_path / name for name in names], tmp_path / "results", gt=gt))
    assert error.value.fix == "rename one of them"
    assert not (tmp_path / "results").exists()


def test_an_earlier_result_is_replaced_and_taken_away_where_there_is_none_now(vosbench, gt, good, tmp_path):
    sub = shutil.copytree(good, tmp_path / "sub")
    out = tmp_path / "results"
    assert vosbench("score-many", sub, "--gt", gt, "--out", out).code == 0
    assert vosbench("score-many", sub, "--gt", gt, "--out", out).code == 0
    assert (out / "sub" / "result.json").exists()
    (sub / "a" / "00002.png").unlink()
    assert vosbench("score-many", sub, "--gt", gt, "--out", out).code == 6
    assert sorted(p.name for p in out.iterdir()) == ["results.csv"]


def test_what_is_no_result_is_left_alone(vosbench, gt, good, tmp_path):
    out = tmp_path / "results"
    (out / "good").mkdir(parents=True)
    (out / "good" / "thesis.tex").write_text("x")
    assert vosbench("score-many", good, "--gt", gt, "--out", out).code == 2
    shutil.rmtree(out / "good")
    (out / "results.csv").write_text("my own table")
    assert vosbench("score-many", good, "--gt", gt, "--out", out).code == 2
    assert vosbench("score-many", good, "--gt", gt, "--out", good / "results").code == 2
    assert (out / "results.csv").read_text() == "my own table"


def test_what_makes_no_sense_is_said_once_not_of_each_submission(vosbench, gt, good, tmp_path):
    for extra, message in ((["--measures", "J,G"], "unknown measure"), (["--protocol", "davis2018"], "no protocol")):
        done = vosbench("score-many", good, "--gt", gt, "--out", tmp_path / "results", *extra)
        assert (done.code, message in done.err) == (2, True)
    assert not (tmp_path / "results").exists()


def test_a_broken_ground_truth_stops_everything_at_once(vosbench, gt, good, tmp_path):
    (gt / "a" / "00002.png").write_bytes(b"")
    done = vosbench("score-many", good, "--gt", gt, "--out", tmp_path / "results")
    assert (done.code, "00002.png" in done.err) == (3, True)
    with pytest.raises(InputError):
        list(score_many([good], tmp_path / "results", gt=gt))


@FORKS
def test_an_interrupt_leaves_the_table_of_what_is_done(vosbench, gt, good, tmp_path, monkeypatch):
    real = submissions.score_query
    monkeypatch.setattr(
        submissions,
        "score_query",
        lambda path, query, **o: real(path, query, **o) if path.name == "good" else time.sleep(60),
    )
    from vosbench.cli import score_many as verb

    write = verb._write

    def interrupted(*arguments):
        write(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(verb, "_write", interrupted)
    slow = shutil.copytree(good, tmp_path / "slow")
    done = vosbench("score-many", good, slow, "--gt", gt, "--out", tmp_path / "results", "--jobs", "2")
    assert done.code == 130
    assert "1 of 2 are done" in done.err
    assert list(rows(tmp_path / "results")) == ["good"]
    assert sorted(p.name for p in Path(tmp_path / "results").iterdir()) == ["good", "results.csv"]
