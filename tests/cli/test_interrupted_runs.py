"""Runs that are killed, starved or shut out: what is finished is kept, and the next one ends as this would have."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from tests.conftest import World
from tests.unit.clusters import ROOT, dask_workers, needs_dask, needs_submitit
from vosbench.errors import UsageError
from vosbench.execution.checkpoint import Journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

RNG = np.random.default_rng(5)
NAMES = "abcdefgh"

#: The command line, with something that happens to some sequences. ``note`` writes down which are scored.
SABOTAGED = """
import os, signal, sys, time
import vosbench.scoring.run as module
import vosbench.scoring.task
from vosbench.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background it is ignored
work, main_process, vosbench.scoring.task.PART = module.score_sequence, os.getpid(), {parts}
def kill_main():
    os.kill(main_process, signal.SIGKILL)
    time.sleep(0.5)
    os._exit(1)
def sabotaged(task):
    with open({notes!r}, "a") as file:
        file.write(str(task) + "\\n")
    {sabotage}
    return work(task)
module.score_sequence = sabotaged
main()
"""


def masks(n):
    """A video of one object, or two, that wander."""
    video = []
    for t in range(n):
        mask = np.zeros((30, 40), np.uint8)
        y, x = RNG.integers(0, 12, 2)
        mask[y : y + 10, x : x + 12] = 1
        mask[20:28, 20 + t % 8 : 30 + t % 8] = 2
        video.append(mask)
    return video


class Runs:
    """Eight short sequences, their predictions, and runs over them by a process of its own."""

    def __init__(self, world):
        truth = {name: masks(5 + k % 3) for k, name in enumerate(NAMES)}
        self.root = world.root
        self.gt = world.masks("gt", truth)
        self.preds = world.masks("preds", {name: [np.roll(m, 1, 1) for m in video] for name, video in truth.items()})
        self.notes = self.root / "notes"
        self.out = self.root / "runs" / "mine"
        self.journal = self.root / "runs" / "mine.journal"

    def arguments(self, *more, out=None):
        chosen = ("--gt", self.gt, "--measures", "J,F,T", "--overwrite", "--out", out or self.out)
        return [str(a) for a in ("score", self.preds, *chosen, *more)]

    def start(self, *more, sabotage="pass", parts=256, out=None):
        code = SABOTAGED.format(notes=str(self.notes), sabotage=sabotage, parts=parts)
        command = [sys.executable, "-c", code, *map(str, self.arguments(*more, out=out))]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        output = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen(command, cwd=self.root, env=environment, **output)

    def run(self, *more, **options):
        """The exit code and what was said to people."""
        self.notes.unlink(missing_ok=True)
        process = self.start(*more, **options)
        _, err = process.communicate(timeout=300)
        return process.returncode, err

    def scored(self):
        """The tasks begun in the last run, in order."""
        return self.notes.read_text().split() if self.notes.exists() else []

    def result(self, out=None):
        return {path.name: path.read_bytes() for path in (out or self.out).iterdir()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The sequences, and what a run leaves when nothing happens to it."""
    runs = Runs(World(tmp_path_factory.mktemp("runs")))
    code, err = runs.run("--jobs", "1")
    assert (code, err) == (0, f"wrote {runs.out}\n")
    assert list(runs.out.parent.iterdir()) == [runs.out]
    return runs, runs.result()


@pytest.fixture
def runs(undisturbed):
    shutil.rmtree(undisturbed[0].out.parent, ignore_errors=True)
    return undisturbed[0]


@pytest.fixture
def expected(undisturbed):
    return undisturbed[1]


def die_at(name):
    return f'if str(task) == "{name}": kill_main()'


# ------------------------------------------------------------------ the same bytes, whoever does the work


@pytest.mark.parametrize(
    "arguments",
    [
        ("--executor", "threads", "--jobs", "3"),
        ("--executor", "processes", "--jobs", "1"),
        ("--executor", "processes", "--jobs", "5"),
        pytest.param(("--executor", "slurm://local", "--jobs", "3"), marks=needs_submitit),
    ],
)
def test_every_executor_leaves_the_same_bytes(runs, expected, arguments):
    assert runs.run(*arguments)[0] == 0
    assert runs.result() == expected
    assert list(runs.out.parent.iterdir()) == [runs.out]


@needs_dask
def test_dask_leaves_the_same_bytes_from_folders_and_archives_named_from_elsewhere(runs, expected):
    """The workers stand in another folder than we do, so a path as the user gave it leads them nowhere."""
    with zipfile.ZipFile(runs.root / "zipped.zip", "w") as archive:
        for path in sorted(runs.preds.rglob("*.png")):
            archive.write(path, path.relative_to(runs.preds))
    with dask_workers(2) as cluster:
        chosen = ["--executor", f"dask://{cluster.address}", "--task-timeout", "60"]
        assert runs.run(*chosen)[0] == 0
        assert runs.result() == expected
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        relative = ["score", "zipped.zip", "--gt", "gt", "--measures", "J,F,T", "--out", "z", *chosen]
        command = [sys.executable, "-m", "vosbench", *relative]
        done = subprocess.run(command, cwd=runs.root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (runs.root / "z" / "frames.parquet").read_bytes() == expected["frames.parquet"]


# ------------------------------------------------------------------ killed, and resumed


@pytest.mark.parametrize(("jobs", "victim"), [(1, "c"), (1, "g"), (3, "c"), (3, "d")])
def test_a_run_that_is_killed_goes_on_and_ends_as_if_nothing_had_happened(runs, expected, jobs, victim):
    code, _ = runs.run("--jobs", jobs, sabotage=die_at(victim))
    assert code == -signal.SIGKILL
    assert not runs.out.exists()
    before = set(runs.scored())
    code, err = runs.run("--jobs", jobs, "--resume")
    assert (code, err) == (0, f"wrote {runs.out}\n")
    assert runs.result() == expected
    assert victim in runs.scored()
    again = before & set(runs.scored())
    assert len(again) <= jobs + 1  # those under way; on several workers one whose rows were on their way to us
    assert not runs.journal.exists()


def test_a_run_may_be_killed_again_and_again(runs, expected):
    order = []
    for victim in "cfh":
        assert runs.run("--jobs", "1", "--resume", sabotage=die_at(victim))[0] == -signal.SIGKILL
        order += runs.scored()[:-1]
    assert runs.run("--jobs", "1", "--resume")[0] == 0
    order += runs.scored()
    assert sorted(order) == list(NAMES)
    assert runs.result() == expected


def test_without_resume_a_run_starts_over(runs, expected):
    runs.run("--jobs", "1", sabotage=die_at("d"))
    assert runs.run("--jobs", "1")[0] == 0
    assert sorted(runs.scored()) == list(NAMES)
    assert runs.result() == expected


def test_an_interrupt_keeps_what_is_scored_and_says_so(runs, expected):
    code, err = runs.run("--jobs", "1", sabotage='if str(task) == "d": os.kill(main_process, signal.SIGINT)')
    assert (code, not runs.out.exists()) == (130, True)
    assert list(filter(None, err.splitlines())) == [
        f"{runs.journal} keeps what is scored: to go on from there, add --resume",
        "interrupted; no result was written",
    ]
    assert runs.run("--resume")[0] == 0
    assert runs.result() == expected


def test_a_sequence_in_parts_gives_the_same_and_is_resumed_by_part(runs, expected):
    code, _ = runs.run("--jobs", "2", parts=3)
    assert (code, runs.result()) == (0, expected)
    assert {"a[0:2]", "a[2:5]", "c[4:7]"} <= set(runs.scored())
    runs.run("--jobs", "1", parts=3, sabotage=die_at("d[2:5]"))
    finished = set(runs.scored()[:-1])
    assert "d[0:2]" in finished
    assert runs.run("--jobs", "1", "--resume", parts=3)[0] == 0
    assert not finished & set(runs.scored())
    assert runs.result() == expected


@pytest.mark.parametrize("lost", [1, 700, 10**6])
def test_a_torn_journal_costs_what_was_torn_off(runs, expected, lost):
    runs.run("--jobs", "1", sabotage=die_at("h"))
    data = runs.journal.read_bytes()
    runs.journal.write_bytes(data[: max(len(data) - lost, 60)])
    assert runs.run("--jobs", "1", "--resume")[0] == 0
    assert runs.result() == expected


def test_a_damaged_journal_is_believed_up_to_the_damage(runs, expected):
    runs.run("--jobs", "1", sabotage=die_at("h"))
    data = bytearray(runs.journal.read_bytes())
    data[len(data) // 2] ^= 0x10
    runs.journal.write_bytes(data)
    assert runs.run("--jobs", "1", "--resume")[0] == 0
    assert runs.result() == expected
    assert 1 < len(runs.scored()) < 8


def test_masks_that_changed_since_are_read_again(runs):
    runs.run("--jobs", "1", sabotage=die_at("h"))
    scored = runs.scored()[:-1]
    changed, moved = (runs.preds / name / "00002.png" for name in scored[:2])
    before = changed.read_bytes()
    changed.write_bytes((runs.gt / scored[0] / "00002.png").read_bytes())
    moved.rename(runs.root / "away")
    (runs.root / "away").rename(moved)
    try:
        assert runs.run("--jobs", "1", "--resume")[0] == 0
        assert sorted(runs.scored()) == sorted({*scored[:2], *NAMES} - {*scored[2:]})
        resumed = runs.result()
        assert runs.run("--jobs", "1")[0] == 0
        assert runs.result() == resumed
    finally:
        changed.write_bytes(before)


@pytest.mark.parametrize("other", [("--protocol", "first-appearance"), ("--missing", "empty")])
def test_a_journal_of_another_run_is_refused(runs, other):
    runs.run("--jobs", "1", sabotage=die_at("d"))
    before = runs.journal.read_bytes()
    code, err = runs.run("--resume", *other)
    assert code == 2
    assert f"{runs.journal} is of another run" in err
    assert runs.journal.read_bytes() == before


def test_resume_needs_to_know_where(vosbench, runs):
    done = vosbench("score", runs.preds, "--gt", runs.gt, "--resume")
    assert (done.code, done.out) == (2, "")
    assert "--resume needs --out" in done.err


# ------------------------------------------------------------------ tasks that cannot be done

FAULTS = {
    "killed": "os.kill(os.getpid(), signal.SIGKILL)",
    "exits": "os._exit(1)",
    "hangs": "time.sleep(60)",
    "memory": "raise MemoryError",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_poisonous_sequence_is_named_and_everything_else_is_complete(runs, expected, fault):
    more = ["--task-timeout", "0.7"] if fault == "hangs" else []
    code, err = runs.run("--jobs", "2", *more, sabotage=f'if str(task) == "c": {FAULTS[fault]}')
    assert (code, runs.out.exists()) == (6, False)
    assert "error: 1 of 8 sequences could not be finished, all others are scored\n  c: it" in err
    assert f"{runs.journal} keeps what is scored" in err
    assert runs.scored().count("c") == 3
    assert runs.run("--resume")[0] == 0
    assert runs.scored() == ["c"]
    assert runs.result() == expected


def test_a_sequence_that_is_fatal_once_is_no_more_than_slow(runs, expected):
    once = 'if str(task) in "ceg" and open({!r}).read().split().count(str(task)) == 1: os._exit(9)'
    code, err = runs.run("--jobs", "2", sabotage=once.format(str(runs.notes)))
    assert (code, err) == (0, f"wrote {runs.out}\n")
    assert runs.result() == expected


def test_a_bad_mask_is_told_when_all_else_is_done_and_only_it_is_read_again(runs, expected):
    good = (runs.preds / "c" / "00002.png").read_bytes()
    (runs.preds / "c" / "00002.png").write_bytes(b"junk")
    code, err = runs.run("--resume")
    assert code == 3
    assert "c/00002.png" in err
    assert f"{runs.journal} keeps what is scored: to go on from there, add --resume" in err
    (runs.preds / "c" / "00002.png").write_bytes(good)
    assert runs.run("--resume")[0] == 0
    assert runs.scored() == ["c"]
    assert runs.result() == expected


# ------------------------------------------------------------------ one folder, one run


def test_two_runs_into_one_folder_refuse_and_the_lock_dies_with_its_process(runs, expected):
    runs.notes.unlink()
    first = runs.start("--jobs", "1", sabotage="time.sleep(60)")
    deadline = time.monotonic() + 20
    while not runs.scored() and time.monotonic() < deadline:
        time.sleep(0.02)
    journal = runs.journal.read_bytes()
    code, err = runs.run("--jobs", "1")
    assert code == 2
    assert f"{runs.journal} is in use: another run writes there" in err
    assert runs.journal.read_bytes() == journal
    first.kill()
    first.communicate()
    assert runs.run("--jobs", "1")[0] == 0
    assert runs.result() == expected


def test_a_run_that_waits_for_a_file_that_is_then_removed_gets_a_new_one(tmp_path):
    for _ in range(3):
        with Journal(tmp_path / "a.journal") as journal:
            journal.begin(b"x" * 32)
            journal.note("task", b"rows")
            journal.close()
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("data", [b"", b"vosbench", b"PNG" * 100])
def test_what_is_no_journal_is_not_taken_for_one(tmp_path, data):
    (tmp_path / "a.journal").write_bytes(data)
    with Journal(tmp_path / "a.journal", resumes=True) as journal:
        if not data:  # killed before its first byte
            journal.begin(b"x" * 32)
            assert list(journal.read()) == []
        else:
            with pytest.raises(UsageError, match="is of another run"):
                journal.begin(b"x" * 32)
    assert not data or (tmp_path / "a.journal").read_bytes() == data


# ------------------------------------------------------------------ disks

CAN_MOUNT = bool(shutil.which("unshare")) and subprocess.run(["unshare", "-rm", "true"]).returncode == 0


@pytest.mark.skipif(not CAN_MOUNT, reason="may not mount a small disk")
@pytest.mark.parametrize("kilobytes", [4, 12, 20])
def test_a_full_disk_is_a_clean_error_and_what_fits_is_kept(runs, expected, tmp_path, kilobytes):
    """From room for nothing to room for some rows, and for all rows but not for the result. Then room is made."""
    disk = runs.out.parent
    disk.mkdir()
    score = shlex.join([sys.executable, "-m", "vosbench", *runs.arguments("--jobs", "1", "--resume")])
    script = f"mount -t tmpfs -o size={kilobytes}k none {disk}; {score}; code=$?; ls -A {disk}; " + (
        f"mount -o remount,size=9m {disk}; {score} >&2; cp -r {runs.out} {tmp_path}/saved; exit $code"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(["unshare", "-rm", "sh", "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "[unwritable]" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout.split() in ([], ["mine.journal"])
    assert runs.result(tmp_path / "saved") == expected


def test_a_folder_that_may_not_be_written_is_told_before_anything_is_scored(vosbench, runs, monkeypatch):
    monkeypatch.setattr("vosbench.scoring.run.score_sequence", lambda task: pytest.fail("scored"))
    runs.out.parent.mkdir()
    runs.out.parent.chmod(0o555)
    as_root = os.geteuid() == 0
    for folder in (runs.root, *runs.root.parents)[:5] if as_root else ():
        folder.chmod(0o711)
    try:
        if as_root:  # who may write everywhere
            os.seteuid(65534)
        done = vosbench(*runs.arguments("--jobs", "1"))
    finally:
        if as_root:
            os.seteuid(0)
        runs.out.parent.chmod(0o755)
    assert (done.code, done.out) == (3, "")
    assert f"{runs.journal}: cannot write it (Permission denied) [unwritable]" in done.err


def test_a_file_where_a_folder_should_be(runs):
    (runs.root / "file").write_text("no folder")
    code, err = runs.run(out=runs.root / "file" / "run")
    assert code == 3
    assert "run.journal: cannot write it (File exists) [unwritable]" in err
    assert "Traceback" not in err


# ------------------------------------------------------------------ start-up


def test_what_clusters_need_is_not_imported_where_there_is_none(runs):
    listing = "import sys, json; print(json.dumps(sorted(m.partition('.')[0] for m in sys.modules)), file=sys.stderr)"
    code, err = runs.run("--jobs", "1", sabotage=listing)
    loaded = set(json.loads(err.splitlines()[0]))
    assert code == 0
    assert not loaded & {"distributed", "dask", "submitit", "cloudpickle", "pandas", "tornado"}
