"""The command line and its surroundings: readers that leave, full disks, closed streams, signals, odd times."""

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from vosbench.errors import LONGEST, Problem, UsageError
from vosbench.execution import Workers
from vosbench.execution.limits import Limits

posix = pytest.mark.skipif(sys.platform == "win32", reason="shells, signals and devices of POSIX")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
VOSBENCH = f"{sys.executable} -m vosbench"
OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1


@pytest.fixture
def masks(world):
    gt = world.masks("gt", {"a": [OBJECT] * 4})
    return gt, world.masks("good", {"a": [OBJECT] * 4}), world.masks("bad", {"a": [OBJECT * 0] * 4})


def shell(command, cwd):
    done = subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stderr


@posix
def test_a_reader_that_leaves_changes_no_exit_code(masks, world):
    gt, good, bad = masks
    v = VOSBENCH
    assert shell(f"{v} check {good} --gt {gt} --against b.json --update", world.root)[0] == 0
    for command, code in (
        (f"{v} explain davis2017", 0),
        (f"{v} check {bad} --gt {gt} --against b.json", 5),
        (f"{v} score-many {good} {world.root}/none --gt {gt} --out many", 6),
    ):
        found, said = shell(f"{command} | true; exit ${{PIPESTATUS[0]}}", world.root)
        assert found == code, (command, said)
        assert "Traceback" not in said
        assert "Broken pipe" not in said


@posix
@full
def test_output_that_cannot_be_written_is_an_error(world):
    found, said = shell(f"{VOSBENCH} explain davis2017 > /dev/full", world.root)
    assert (found, "standard output: cannot write it (No space left on device)" in said) == (3, True)
    found, said = shell(f"{VOSBENCH} explain davis2017 >&-", world.root)
    assert (found, "standard output: it is closed" in said) == (3, True)


@posix
@full
def test_files_on_a_full_disk_are_typed_errors(masks, world):
    gt, good, _ = masks
    for command in (
        f"report {good} --gt {gt} --out /dev/full",
        f"check {good} --gt {gt} --against /dev/full --update",
    ):
        found, said = shell(f"{VOSBENCH} {command}", world.root)
        assert found == 3, said
        assert "[unwritable]" in said
        assert "Traceback" not in said


@posix
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signals_that_ask_to_end_interrupt_score_many_and_leave_nothing(masks, world, number):
    """A real signal, to the parent alone, while a child hangs."""
    gt, good, _ = masks
    script = (
        "import time; from vosbench.challenge import batch\n"
        "batch.score_query = lambda *a, **o: (print('begun', flush=True), time.sleep(60))\n"
        "from vosbench.cli import main; main()"
    )
    arguments = [sys.executable, "-c", script, "score-many", str(good), "--gt", str(gt), "--out", "many"]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(arguments, cwd=world.root, **output) as process:
        assert process.stdout.readline() == "begun\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=50)  # less than the child hangs
    assert process.returncode == 130
    assert "interrupted: 0 of 1 are done" in said
    assert list((world.root / "many").iterdir()) == []


@pytest.mark.parametrize("seconds", ["inf", "nan", "0", "-1", "1e300"])
def test_times_that_are_none_are_refused(vosbench, masks, world, seconds):
    gt, good, _ = masks
    done = vosbench("score-many", good, "--gt", gt, "--out", world.root / "m", "--timeout", seconds)
    assert done.code == 2
    assert vosbench("score", good, "--gt", gt, "--task-timeout", seconds).code == 2
    for made in (lambda: Limits(seconds=float(seconds)), lambda: Workers(jobs=1, timeout=float(seconds))):
        with pytest.raises(UsageError):
            made()


def test_long_names_are_cut_where_they_are_shown():
    problem = Problem(code="c", message="m" * 70_000, where="w" * 70_000, fix="f")
    assert len(str(problem)) < 2 * LONGEST + 20


@posix
def test_out_through_links_and_the_current_folder(vosbench, masks, world, monkeypatch):
    gt, good, _ = masks
    monkeypatch.chdir(world.root)
    (world.root / "link").symlink_to("there/run")
    assert vosbench("score", good, "--gt", gt, "--out", "link").code == 0
    assert (world.root / "link").is_symlink()
    assert (world.root / "there" / "run" / "result.json").is_file()
    (world.root / "empty").mkdir()
    monkeypatch.chdir(world.root / "empty")
    done = vosbench("score", good, "--gt", gt, "--out", ".")
    assert (done.code, "current folder" in done.err) == (2, True)
    assert list(world.root.joinpath("empty").iterdir()) == []
