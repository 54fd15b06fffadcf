"""The other verbs, the cost of --help, and what happens on an interrupt or where the terminal knows no UTF-8."""

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest

import vosbench as package
from vosbench._version import __version__
from vosbench.cli import VERBS
from vosbench.measures.catalog import MEASURES
from vosbench.protocols.load import names

ROOT = Path(package.__file__).parent.parent
COMMAND = [sys.executable, "-c", "from vosbench.cli import main; main()"]
OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1


def run(*arguments, **options):
    return subprocess.run([*COMMAND, *map(str, arguments)], cwd=ROOT, capture_output=True, **options)


# ------------------------------------------------------------------ help and version


@pytest.mark.parametrize("verb", ["", *VERBS])
def test_help_says_what_a_verb_does_with_examples(vosbench, verb):
    done = vosbench(*verb.split(), "--help")
    assert (done.code, done.err) == (0, "")
    assert "Example" in done.out
    assert f"vosbench {verb}".strip() in done.out


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['vosbench', '--help']\nfrom vosbench.cli import main\ntry: main()\nexcept SystemExit: "
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code + "print(*sys.modules, file=sys.stderr)"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stderr.split()  # fmt: skip
    assert "click" in loaded
    assert not {"numpy", "msgspec", "PIL", "pandas", "pyarrow", "scipy", "cv2", "rich", "zlib_ng"} & set(loaded)


def test_scoring_a_folder_by_ids_imports_neither_pandas_nor_scipy(world):
    folder = world.masks("m", {"a": [OBJECT] * 4})
    code = f"import vosbench, sys; vosbench.score({str(folder)!r}, gt={str(folder)!r}); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"pandas", "pyarrow", "scipy", "cv2", "matplotlib"} & set(loaded.split())


def test_the_version_names_the_kernel(vosbench):
    from vosbench import kernel

    assert vosbench("--version").out == f"vosbench {__version__} ({kernel.BACKEND} kernel)\n"


def test_an_unknown_verb_is_a_usage_error(vosbench):
    done = vosbench("evaluate")
    assert (done.code, done.out) == (2, "")
    assert "No such command" in done.err


# ------------------------------------------------------------------ list, explain, data


@pytest.mark.parametrize("name", names())
def test_every_protocol_is_explained(vosbench, name):
    out = vosbench("explain", name).out
    assert out.startswith(package_title(name))
    assert ("Contour tolerance: 0.008 of the image diagonal" in out) == ("contour accuracy" in out)
    assert "Where it deviates from its reference" in out
    assert max(map(len, out.splitlines())) <= 100


def package_title(name):
    from vosbench.protocols.load import load

    return f"{load(name).title} ({name}, version {load(name).version})"


def test_a_protocol_that_is_not_there(vosbench):
    done = vosbench("explain", "davis2018")
    assert (done.code, done.out) == (2, "")
    assert "did you mean 'davis2017'?" in done.err
    done = vosbench("explain", "nothing-like-it")
    assert (done.code, done.out) == (2, "")
    assert all(name in done.err for name in names())


PROTOCOL = """
name = "x"
version = 1
title = "x"
task = "any"
reference = "x"
[rules]
objects = "merged"
"""


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("name = 1", "name"),
        ("nonsense", "nonsense.toml"),
        (PROTOCOL, "frames"),
        (PROTOCOL + 'frames = "some"', "some"),
        (PROTOCOL + 'frames = "all"\nspeed = 1', "speed"),
        (PROTOCOL + 'frames = "all"\nmeasures = ["J", "G"]', "G - at `$.rules.measures`"),
        (PROTOCOL + 'frames = "all"\nmax_proposals = 300', "max_proposals"),
        (PROTOCOL + 'frames = "all"\ntolerance = -1', "tolerance"),
    ],
)
def test_a_protocol_file_that_is_wrong_is_named_with_the_key(vosbench, tmp_path, content, complaint):
    path = tmp_path / "nonsense.toml"
    path.write_text(content)
    done = vosbench("explain", path)
    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err
    assert complaint in done.err


def test_list_shows_everything_there_is(vosbench):
    done = vosbench("list")
    assert (done.code, done.err) == (0, "")
    for name in (*names(), *MEASURES, "youtube-vos", "davis"):
        assert name in done.out
    assert "folder" not in vosbench("list", "benchmarks").out.split()


def test_data_that_was_added_is_found_until_it_is_removed(vosbench, world):
    data = world.davis({"a": [OBJECT] * 4})
    preds = world.masks("preds", {"a": [OBJECT] * 4})
    added = vosbench("data", "add", data)
    assert (added.code, added.out) == (0, f"{data}: davis2017\n")
    assert str(data) in vosbench("data", "show").out
    scored = vosbench("score", preds, "--split", "val")
    assert (scored.code, "davis2017 · val" in scored.out) == (0, True)
    assert vosbench("data", "remove", data).code == 0
    assert vosbench("score", preds, "--split", "val").code == 2
    assert vosbench("data", "remove", data).code == 2


def test_data_is_found_from_the_environment(vosbench, world, monkeypatch):
    data, preds = world.davis({"a": [OBJECT] * 4}), world.masks("preds", {"a": [OBJECT] * 4})
    monkeypatch.setenv("VOSBENCH_DATA", str(world.root))  # the folder above: it may hold several datasets
    assert vosbench("score", preds).code == 0
    monkeypatch.setenv("VOSBENCH_DATA", os.pathsep.join([str(world.root), str(data)]))
    assert vosbench("data", "add", data).code == 0
    assert vosbench("score", preds).code == 0  # three ways to one dataset


def test_data_of_no_benchmark_is_not_added(vosbench, world):
    done = vosbench("data", "add", world.masks("m", {"a": [OBJECT]}))
    assert (done.code, done.out) == (2, "")
    assert "vosbench list layouts" in done.err


def test_a_registry_that_is_damaged_counts_as_empty(vosbench, world):
    from vosbench.cli.options import registry_path

    for content in ("", "{", "[1, 2]", "3"):
        registry_path().parent.mkdir(parents=True, exist_ok=True)
        registry_path().write_text(content)
        assert vosbench("data", "show").code == 0


def test_demo_draws_segments_and_scores(vosbench, tmp_path, monkeypatch):
    from vosbench import demo, synthetic

    monkeypatch.setattr(demo, "available_models", tuple)  # no baselines here
    small = {"sequences": 2, "frames": 6, "shape": (60, 100), "objects": 2}
    monkeypatch.setattr(synthetic, "make_dataset", partial(synthetic.make_dataset, **small))
    done = vosbench("demo", "--out", tmp_path / "demo")
    assert done.code == 0
    assert "signature" in done.out
    runs = [json.loads(path.read_text()) for path in sorted((tmp_path / "demo" / "runs").glob("*/result.json"))]
    assert len(runs) == 2
    assert "vosbench score" in done.err


# ------------------------------------------------------------------ the terminal


def test_output_is_utf8_wherever_it_goes(world):
    """A pipe on Windows has another encoding by default, and the tables need more than it has."""
    folder = world.masks("m", {"a": [OBJECT] * 4})
    for form in ("table", "json", "md"):
        done = run("score", folder, "--gt", folder, "--format", form, env=os.environ | {"PYTHONIOENCODING": "cp1252"})
        assert done.returncode == 0
        done.stdout.decode("utf-8")


def test_a_reader_that_leaves_is_no_error(world):
    gt, preds = world.masks("gt", {"a": [OBJECT] * 4}), world.masks("preds", {"a": [np.roll(OBJECT, 1, 0)] * 4})
    command = f"{' '.join(map(repr, COMMAND))} score {preds} --gt {gt} --format json | head -c 10"
    if sys.platform == "win32":
        pytest.skip("needs a shell")
    done = subprocess.run(["sh", "-c", command], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr == ""
    assert len(done.stdout) == 10


INTERRUPTED = """
import os, signal, time
import {module} as module
from vosbench.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # where the tests run in the background it is ignored
work = module.{function}
main_process = os.getpid()
def interrupted(*arguments):
    if getattr(arguments[0], "sequence", None) is None or arguments[0].sequence.name == "a":  # once
        os.kill(main_process, signal.SIGINT)
    time.sleep(0.2)
    return work(*arguments)
module.{function} = interrupted
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize(
    "where", [("vosbench.scoring.run", "score_sequence"), ("vosbench.results.run", "_write_frames")]
)
def test_an_interrupt_exits_with_130_and_leaves_no_result_behind(world, where, jobs):
    folder = world.masks("m", {name: [OBJECT] * 4 for name in "abcd"})
    code = INTERRUPTED.format(module=where[0], function=where[1])
    arguments = ["score", folder, "--gt", folder, "--out", world.root / "runs" / "mine", "--jobs", jobs]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == "interrupted; no result was written"
    left = [p for p in world.root.rglob("*") if p.is_file() and "m" not in p.parts]
    assert left in ([], [world.root / "runs" / "mine.journal"])
    assert all(f"{path} keeps what is scored: to go on from there, add --resume" in done.stderr for path in left)


@pytest.mark.parametrize(
    "verb", [("plot", "--out", "a.png"), ("report", "--out", "a.html"), ("check", "--against", "b.json", "--update")]
)
def test_a_path_that_is_not_there_is_named_by_every_verb_that_reads_runs(vosbench, verb):
    done = vosbench(verb[0], "nowhere/preds", *verb[1:])
    assert (done.code, done.out) == (3, "")
    assert "nowhere/preds: it does not exist" in done.err
