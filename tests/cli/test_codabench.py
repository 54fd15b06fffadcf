"""The scoring program for Codabench: scores and a page, or a reason on the page and an exit code."""

import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

import vosbench as package

EXAMPLE = Path(__file__).resolve().parent.parent.parent / "examples" / "codabench"
OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1


@pytest.fixture
def program(world):
    """The folders as Codabench lays them out; it makes an empty page before the program starts."""
    world.masks("app/input/ref", {"a": [OBJECT] * 5, "b": [OBJECT] * 4})
    world.masks("app/input/res", {"a": [np.roll(OBJECT, 2, 1)] * 5, "b": [OBJECT] * 4})
    (world.root / "app" / "output").mkdir()
    (world.root / "app" / "output" / "detailed_results.html").touch()
    return world.root / "app"


def run(vosbench, program, *options):
    return vosbench("codabench", program / "input", program / "output", *options)


def page(program):
    return (program / "output" / "detailed_results.html").read_text(encoding="utf-8")


def test_scores_are_the_numbers_of_scoring_and_the_page_shows_them(vosbench, program):
    done = run(vosbench, program)
    assert (done.code, done.err) == (0, "")
    found = json.loads((program / "output" / "scores.json").read_text())
    scored = package.score(program / "input" / "res", gt=program / "input" / "ref")
    assert found == {"J_and_F": scored.value("J&F"), "J": scored.value("J"), "F": scored.value("F"), "coverage": 1.0}
    assert [line.split()[0] for line in done.out.splitlines()] == list(found)
    assert "J over time" in page(program)
    assert sorted(p.name for p in (program / "output").iterdir()) == ["detailed_results.html", "scores.json"]


def test_the_page_shows_no_ground_truth_unless_it_is_asked_to(vosbench, program):
    run(vosbench, program)
    assert "data:image" not in page(program)
    assert "kept back" in page(program)
    run(vosbench, program, "--pictures")
    assert "data:image/jpeg" in page(program)


@pytest.mark.parametrize("how", ["missing", "truncated", "link", "nothing", "markup"])
def test_a_reason_a_person_can_read_is_on_stderr_and_on_the_page(vosbench, program, how):
    (program / "output" / "scores.json").write_text("{}")
    mask = program / "input" / "res" / "a" / "00002.png"
    where, code = str(mask), "missing-frame"
    data = mask.read_bytes()
    mask.unlink()
    if how == "truncated":
        code = "unreadable-mask"
        mask.write_bytes(data[:40])
    elif how == "link":
        if sys.platform == "win32":
            pytest.skip("links of POSIX")
        code = "unsafe-link"
        mask.symlink_to(program / "input" / "ref" / "a" / "00002.png")
    elif how == "nothing":
        where, code = str(program / "input" / "res"), "layout"
        shutil.rmtree(program / "input" / "res")
    elif how == "markup":
        mask.write_bytes(data)
        (program / "input" / "res" / "<script>alert(1)<").mkdir()
        (program / "input" / "res" / "<script>alert(1)<" / "0.png").write_bytes(data)
        (program / "input" / "res" / "<script>alert(1)<" / "0.PNG").write_bytes(data)
        where, code = "alert(1)", "duplicate-frame"
    done = run(vosbench, program)
    assert (done.code, done.out) == (3, "")
    for text in (done.err, page(program)):
        assert where in text
        assert code in text
        assert "ext: " in text
    assert "Traceback" not in done.err
    assert "<script" not in page(program)
    assert not (program / "output" / "scores.json").exists()


def test_missing_masks_may_count_as_empty_and_show_in_the_coverage(vosbench, program):
    shutil.rmtree(program / "input" / "res" / "b")
    assert run(vosbench, program, "--missing", "empty").code == 0
    found = json.loads((program / "output" / "scores.json").read_text())
    assert found["coverage"] == 0.6
    assert found["J_and_F"] < 1


def test_the_reference_data_may_be_a_whole_dataset(vosbench, world, program):
    shutil.rmtree(program / "input" / "ref")
    shutil.copytree(world.davis({"a": [OBJECT] * 5}), program / "input" / "ref")
    assert run(vosbench, program, "--benchmark", "davis2017", "--split", "val").code == 0
    assert "davis2017" in page(program)
    shutil.rmtree(program / "input" / "ref")
    assert run(vosbench, program).code == 3
    assert "add reference_data to the task" in page(program)


def test_the_example_bundle_asks_for_what_the_program_writes(vosbench, world, program):
    """Its columns are keys of the scores, its files are there, and its command is the program's."""
    competition = yaml.safe_load((EXAMPLE / "competition.yaml").read_text())
    metadata = yaml.safe_load((EXAMPLE / "scoring_program" / "metadata.yaml").read_text())
    assert (competition["version"], competition["enable_detailed_results"]) == (2, True)
    named = [competition["image"], competition["terms"], *(p["file"] for p in competition["pages"])]
    assert all((EXAMPLE / name).is_file() for name in named)
    assert all((EXAMPLE / task["scoring_program"]).is_dir() for task in competition["tasks"])

    frames = [f"{t:05d}" for t in range(5)]
    labels = OBJECT.copy()
    labels[22:28, 30:38] = 2
    data = world.youtube_vos({"v": [labels] * 5}, {"v": {1: ("cat", frames), 2: ("owl", frames)}})
    shutil.rmtree(program / "input")
    shutil.copytree(data, program / "input" / "ref")
    (program / "input" / "ref" / "benchmark.toml").write_text(
        'name = "synthetic"\nversion = 1\ntitle = "t"\ntask = "semi-supervised"\nreference = "r"\n'
        '[rules]\nframes = "listed-inner"\nobjects = "listed"\ngroups = ["seen", "unseen"]\n'
        '[data]\nlayout = "youtube-vos"\nsplit = "valid"\n'
    )
    world.masks("app/input/res", {"v": [labels] * 5})
    command = metadata["command"].split(" ")
    assert command[0] == "vosbench"
    done = vosbench(*(part.replace("/app", str(program)) for part in command[1:]))
    assert done.code == 0
    found = json.loads((program / "output" / "scores.json").read_text())
    columns = [column["key"] for board in competition["leaderboards"] for column in board["columns"]]
    assert set(columns) <= set(found)
    assert all(re.fullmatch(r"\w+", key) for key in columns)


def test_an_archive_in_the_archive_is_told_from_masks(vosbench, program):
    res = program / "input" / "res"
    with zipfile.ZipFile(program / "again.zip", "w") as archive:
        archive.write(res / "a" / "00000.png", "a/00000.png")
    shutil.rmtree(res)
    res.mkdir()
    shutil.move(program / "again.zip", res)
    done = run(vosbench, program)
    assert (done.code, "it holds no PNG files" in done.err) == (3, True)
