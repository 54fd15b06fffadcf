"""Masks, folders and archives of people who mean harm: one typed error that names the file, soon and without memory."""

import os
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz import targets
from tests.fuzz.mutate import damage, damaged_json, damaged_png
from tests.fuzz.seeds import SEEDS, chunk, raw_png
from vosbench.challenge.filenames import folder_name
from vosbench.errors import InputError, Problem, visible
from vosbench.masks.png import MAX_CHUNKS, MaskError, decode
from vosbench.masks.sources import open_masks
from vosbench.masks.untrusted import require_plain_files

MASK = np.array([[0, 1], [2, 3]], np.uint8)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="links and pipes of POSIX")


@pytest.fixture
def masks(world):
    """A folder of two sequences of two frames."""
    return world.masks("m", {"a": [MASK, MASK], "b": [MASK, MASK]})


@pytest.fixture
def mask_bytes(masks):
    return (masks / "a" / "00000.png").read_bytes()


def read_all(path):
    source = open_masks(path)
    return [source.read(sequence, frame)[0] for sequence in source.sequences() for frame in source.frames(sequence)]


def the_problem(path):
    """The one problem there is: it says where and what next, on one line, soon and without memory."""
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(InputError) as error:
        read_all(path)
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 2
    assert peak < 100e6
    (problem,) = error.value.problems
    assert problem.fix
    assert str(problem).isprintable()
    return problem


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def named(name):
    info = zipfile.ZipInfo("x")
    info.filename = name  # past the constructor, which would tidy it
    return info


def bomb(side, depth=8, kind=0, interlace=0):
    """A PNG of ``side`` x ``side`` pixels, all zero, that really holds them, in about a thousandth of their bytes."""
    deflate = zlib.compressobj(1)
    samples = {0: 1, 2: 3, 3: 1}[kind]
    row = bytes((side * depth * samples + 7) // 8 + 1) * 16
    packed = b"".join([*(deflate.compress(row) for _ in range(side // 16)), deflate.flush()])
    return raw_png(side, side, depth, kind, packed, interlace)


# ------------------------------------------------------------------ files that grow


def test_twenty_kilobytes_that_inflate_to_ten_gigabytes_are_refused_alone_and_in_an_archive(tmp_path, masks):
    """Deflated zeros, claimed to be 100,000 x 100,000 pixels: nothing is inflated."""
    claim = raw_png(100_000, 100_000, 8, 3, zlib.compress(bytes(20_000_000), 9))
    assert 15_000 < len(claim) < 25_000
    (masks / "a" / "00000.png").write_bytes(claim)
    problem = the_problem(masks)
    assert problem.where == f"{masks}/a/00000.png"
    assert "claims 100000 x 100000 pixels" in problem.message
    path = zipped(tmp_path / "m.zip", [("a/0.png", claim)])
    assert path.stat().st_size < 2000  # zeros deflate twice
    assert the_problem(path).where == f"{path}/a/0.png"


@pytest.mark.parametrize(("side", "kind", "palette", "most"), [(8192, 3, None, 400), (4096, 2, "davis", 300)])
def test_images_as_large_as_there_may_be_stay_within_memory(side, kind, palette, most):
    """Pixels that are really there. Colours take three bytes a pixel as they are read, and their codes sixteen more."""
    code = (
        "import sys; from vosbench.masks.png import decode; from vosbench.models.costs import process_mb;"
        f"print(decode(sys.stdin.buffer.read(), palette={palette!r}).shape, int(process_mb()))"
    )
    done = subprocess.run([sys.executable, "-c", code], input=bomb(side, kind=kind), capture_output=True, check=True)
    shape, megabytes = done.stdout.decode().rsplit(" ", 1)
    assert shape == f"({side}, {side})"
    assert int(megabytes) < most


def test_data_that_is_no_image_but_empty_chunks_is_not_counted_through():
    data = raw_png(2, 2, 8, 0, zlib.compress(bytes(6)))
    ending = data[-12:]
    data = data[:-12] + chunk(b"IDAT", b"") * (MAX_CHUNKS + 1) + ending
    began = time.process_time()
    with pytest.raises(MaskError, match="more than 65536 chunks"):
        decode(data)
    assert time.process_time() - began < 1


def test_overlapping_members_of_an_archive_gain_nothing(tmp_path):
    """Many entries of the directory that share one member's data: each is checked for itself, and for its name."""
    path = zipped(tmp_path / "m.zip", [("a/0.png", bomb(4096))])
    data = path.read_bytes()
    at = data.index(b"PK\x01\x02")
    entry, end = data[at : data.index(b"PK\x05\x06")], data[data.index(b"PK\x05\x06") :]
    entries = b"".join(entry.replace(b"a/0.png", b"a/%d.png" % k) for k in range(10))
    count = struct.pack("<HHII", 10, 10, len(entries), at)
    path.write_bytes(data[:at] + entries + end[:8] + count + end[20:])
    with pytest.raises(InputError) as error:
        read_all(path)
    assert {p.code for p in error.value.problems} == {"unreadable-mask"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_ways_to_pack_that_take_memory_by_the_archives_word_are_refused(tmp_path, mask_bytes, method):
    with zipfile.ZipFile(tmp_path / "m.zip", "w", method) as archive:
        archive.writestr("a/0.png", mask_bytes)
    assert "zip it with deflate" in the_problem(tmp_path / "m.zip").fix


def test_a_path_of_ten_thousand_folders_is_not_taken_apart(tmp_path, mask_bytes):
    path = zipped(tmp_path / "m.zip", [(f"{'a/' * 10_000}0.png", mask_bytes), (f"{'a/' * 10_000}1.png", mask_bytes)])
    with pytest.raises(InputError) as error:
        read_all(path)
    assert {p.code for p in error.value.problems} == {"unsafe-archive"}
    assert len(error.value.problems) == 2


@POSIX
def test_a_sparse_file_of_ten_gigabytes_is_not_read(masks):
    with (masks / "a" / "00000.png").open("r+b") as file:
        file.truncate(10 << 30)
    assert "a mask at most" in the_problem(masks).message


# ------------------------------------------------------------------ files that are none, links


@POSIX
@pytest.mark.parametrize("what", ["pipe", "endless device"])
def test_what_would_never_end_is_not_waited_for(masks, what):
    path = masks / "a" / "00000.png"
    path.unlink()
    if what == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    problem = the_problem(masks)
    assert (problem.where, problem.message) == (str(path), "cannot read it (it is no file)")


@POSIX
def test_a_pipe_in_the_place_of_an_archive_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "team.zip")
    assert the_problem(tmp_path / "team.zip").code == "no-masks"


@POSIX
@pytest.mark.parametrize("what", ["file", "folder", "outside", "pipe", "broken"])
def test_a_strangers_folder_holds_no_links_and_no_pipes(masks, tmp_path, what):
    """A link could lead to the ground truth, and score 100 %."""
    path = masks / "a" / "00002.png"
    if what == "pipe":
        os.mkfifo(path)
    else:
        goals = {"file": masks / "a" / "00000.png", "folder": masks / "b", "outside": tmp_path, "broken": "nowhere"}
        path.symlink_to(goals[what])
    with pytest.raises(InputError) as error:
        require_plain_files(masks)
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("unsafe-link", str(path))
    assert problem.fix


def test_a_strangers_folder_of_plain_files_is_taken(masks):
    require_plain_files(masks)


# ------------------------------------------------------------------ names


@POSIX
@pytest.mark.parametrize("pair", [("00000.png", "00000.PNG"), ("ab.png", "AB.png")])
def test_frames_that_differ_in_case_only_are_refused(masks, tmp_path, mask_bytes, pair):
    for name in pair:
        (masks / "a" / name).write_bytes(mask_bytes)
    if not set(pair) <= {path.name for path in (masks / "a").iterdir()}:
        pytest.skip("this file system ignores case itself")
    assert the_problem(masks).code == "duplicate-frame"
    path = zipped(tmp_path / "m.zip", [(f"a/{name}", mask_bytes) for name in pair])
    problem = the_problem(path)
    assert (problem.code, problem.where) == ("duplicate-frame", f"{path}/a/{pair[1]}")
    assert f"{path}/a/{pair[0]} has the same name" in problem.message


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[31mred", "right to \u202e left", "bell\x07"])
def test_a_name_that_no_line_can_show_is_refused_and_shown_escaped(tmp_path, mask_bytes, name):
    path = zipped(tmp_path / "m.zip", [("a/0.png", mask_bytes), (named(f"b/{name}.png"), mask_bytes)])
    problem = the_problem(path)
    assert problem.code == "unsafe-name"
    assert visible(name) in str(problem)


@POSIX
def test_a_file_whose_name_is_no_text_is_refused_and_shown_escaped(vosbench, masks):
    try:
        (masks / "a" / "00000.png").rename(masks / "a" / os.fsdecode(b"\xff\xfe.png"))
    except OSError:
        pytest.skip("this file system takes text only")
    problem = the_problem(masks)
    assert (problem.code, str(problem).count("\\udcff\\udcfe.png")) == ("unsafe-name", 1)
    done = vosbench("validate", masks, "--gt", masks)
    assert done.code == 3
    assert "\\udcff" in done.err


def test_a_member_without_a_name_does_no_harm(tmp_path, mask_bytes):
    path = zipped(tmp_path / "m.zip", [("a/0.png", mask_bytes), (named(""), b"")])
    assert len(read_all(path)) == 1


@given(st.text(max_size=300))
def test_any_name_becomes_one_part_of_a_path(name):
    found = folder_name(name)
    assert found.isprintable()
    assert len(found.encode()) <= 220
    assert not set(found) & set('/\\:*?"<>|\0')
    assert found[0] not in ".-=+@ "
    assert found[-1] not in ". "


@given(st.text(max_size=40), st.text(max_size=40))
def test_different_names_stay_different(one, other):
    assert (folder_name(one) == folder_name(other)) == (one == other)


@given(st.text())
def test_a_problem_is_one_line_whatever_it_names(text):
    line = str(Problem(code="c", message=text, where=text, fix="f"))
    assert line.isprintable()
    assert visible("plain name") == "plain name"


# ------------------------------------------------------------------ anything at all


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["png", "archive", "instances", "meta", "labels"]), st.randoms(use_true_random=False))
def test_damaged_input_gives_a_result_or_a_typed_error(target, rng):
    seeds = SEEDS[target]()
    damages = {"png": damaged_png, "instances": damaged_json, "meta": damaged_json}
    data = damages.get(target, damage)(rng.choice(seeds), rng, seeds)
    targets.TARGETS[target](data)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["png", "archive", "instances", "meta"]), st.binary(max_size=300))
def test_any_bytes_give_a_typed_error(target, data):
    assert not targets.TARGETS[target](data)


def test_the_seeds_of_the_fuzzers_are_sound():
    for name, make in SEEDS.items():
        assert all(targets.TARGETS[name](seed) for seed in make()), name
