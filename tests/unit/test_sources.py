"""Folders and zip archives of masks: how they are laid out, and which archives are not safe to read."""

import io
import os
import stat
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vosbench.errors import InputError
from vosbench.masks.sources import MaskArchive, MaskFolder, open_masks

MASK = np.array([[0, 1], [2, 3]], np.uint8)


@pytest.fixture
def mask_bytes(world):
    return (world.masks("one", {"s": [MASK]}) / "s" / "00000.png").read_bytes()


def zipped(path, members, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return path


def read_all(path):
    source = open_masks(path)
    return [source.read(sequence, frame)[0] for sequence in source.sequences() for frame in source.frames(sequence)]


def problems(path):
    with pytest.raises(InputError) as error:
        read_all(path)
    return error.value.problems


# ------------------------------------------------------------------ folders


def test_a_folder_holds_sequences_of_frames(world):
    source = open_masks(world.masks("m", {"b": [MASK, MASK.T], "a": {"f2": MASK, "f1": MASK}}))
    assert source.sequences() == ("a", "b")
    assert (source.frames("a"), source.frames("b"), source.frames("c")) == (("f1", "f2"), ("00000", "00001"), ())
    (plane,) = source.read("b", "00001")
    assert (plane.dtype, plane.tolist()) == (np.uint8, MASK.T.tolist())
    assert source.where("b", "00001") == f"{world.root}/m/b/00001.png"


def test_frames_without_sub_folders_are_one_sequence(world):
    folder = world.masks("m", {"a": [MASK, MASK]}) / "a"
    source = open_masks(folder)
    assert (source.sequences(), source.frames(".")) == ((".",), ("00000", "00001"))
    assert source.read(".", "00000")[0].tolist() == MASK.tolist()
    assert source.where(".", "00000") == f"{folder}/00000.png"


def test_a_lone_folder_above_the_sequences_is_stepped_into(world):
    world.masks("m/Annotations", {"a": [MASK], "b": [MASK]})
    (world.root / "m" / "__MACOSX").mkdir()
    (world.root / "m" / "results.csv").write_text("x")
    assert open_masks(world.root / "m").sequences() == ("a", "b")


def test_a_single_sequence_is_not_stepped_into(world):
    assert open_masks(world.masks("m", {"a": [MASK]})).sequences() == ("a",)


def test_other_files_are_not_masks(world):
    folder = world.masks("m", {"a": [MASK]})
    for name in ("results.csv", "a/notes.txt", "a/._00000.png", "a/.hidden.png", "a/00001.jpg"):
        (folder / name).write_bytes(b"x")
    (folder / "empty").mkdir()
    (folder / ".git").mkdir()
    source = open_masks(folder)
    assert (source.sequences(), source.frames("a")) == (("a",), ("00000",))


@pytest.mark.parametrize("name", ["nothing", "empty", "file.png", "broken.zip"])
def test_what_holds_no_masks_is_refused_by_name(tmp_path, name):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file.png").write_bytes(b"x")
    (tmp_path / "broken.zip").write_bytes(b"PK\x03\x04 and nothing else")
    (problem,) = problems(tmp_path / name)
    assert (problem.code, problem.where) == ("no-masks", str(tmp_path / name))
    assert problem.fix


def test_a_folder_named_like_a_mask_is_unreadable_not_a_crash(world):
    folder = world.masks("m", {"a": [MASK]})
    (folder / "a" / "00001.png").mkdir()
    (problem,) = problems(folder)
    assert (problem.code, problem.where) == ("unreadable-mask", f"{folder}/a/00001.png")


def test_a_folder_that_cannot_be_listed_is_named(world, monkeypatch):
    folder = world.masks("m", {"a": [MASK], "b": [MASK]})
    listing = os.scandir

    def scandir(path):
        if Path(path).name == "b":
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (problem,) = problems(folder)
    assert (problem.code, problem.where) == ("unreadable-folder", str(folder / "b"))
    assert "Permission denied" in problem.message


def test_a_mask_problem_names_sequence_and_frame(world):
    folder = world.masks("m", {"a": [MASK]})
    (folder / "a" / "00001.png").write_bytes(b"")
    (problem,) = problems(folder)
    assert (problem.sequence, problem.frame, problem.code) == ("a", "00001", "unreadable-mask")
    with pytest.raises(InputError) as error:
        MaskFolder(folder).read("a", "77777")
    assert error.value.problems[0].code == "missing-frame"


# ------------------------------------------------------------------ archives


@pytest.mark.parametrize("top", ["", "Annotations/", "a/b/"])
@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_reads_like_its_folder_and_is_not_extracted(tmp_path, mask_bytes, top, compression):
    members = [(f"{top}{s}/{f}.png", mask_bytes) for s in ("x", "y") for f in ("00001", "00000")]
    path = zipped(
        tmp_path / "p.zip", [("__MACOSX/x/._00000.png", b"junk"), ("readme.txt", b"hi"), *members], compression
    )
    before = sorted(tmp_path.rglob("*"))
    source = open_masks(path)
    assert (source.sequences(), source.frames("x")) == (("x", "y"), ("00000", "00001"))
    assert source.read("y", "00001")[0].tolist() == MASK.tolist()
    assert source.where("y", "00001") == f"{path}/{top}y/00001.png"
    assert sorted(tmp_path.rglob("*")) == before


def test_an_archive_of_one_sequence_or_of_bare_frames(tmp_path, mask_bytes):
    assert open_masks(zipped(tmp_path / "a.zip", [("s/0.png", mask_bytes)])).sequences() == ("s",)
    assert open_masks(zipped(tmp_path / "b.zip", [("0.png", mask_bytes)])).sequences() == (".",)


@pytest.mark.parametrize(
    "name", ["../evil/0.png", "a/../../0.png", "/etc/0.png", "C:/x/0.png", "a\\..\\0.png", "..", "./.."]
)
def test_zip_slip_is_refused(tmp_path, mask_bytes, name):
    info = zipfile.ZipInfo("x")
    info.filename = name  # past the constructor, which would tidy it
    path = zipped(tmp_path / "p.zip", [("s/0.png", mask_bytes), (info, mask_bytes)])
    assert {p.code for p in problems(path)} == {"unsafe-archive"}


@pytest.mark.parametrize("name", [".", "./"])
def test_members_without_a_name_do_no_harm(tmp_path, mask_bytes, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    path = zipped(tmp_path / "p.zip", [("s/0.png", mask_bytes), (info, b"")])
    assert open_masks(path).sequences() == ("s",)


def test_a_symbolic_link_in_an_archive_is_refused(tmp_path, mask_bytes):
    link = zipfile.ZipInfo("s/1.png")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    (problem,) = problems(zipped(tmp_path / "p.zip", [("s/0.png", mask_bytes), (link, b"/etc/passwd")]))
    assert problem.code == "unsafe-archive"
    assert "symbolic link" in problem.message


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_frame_held_twice_is_refused(tmp_path, mask_bytes):
    (problem,) = problems(zipped(tmp_path / "p.zip", [("s/0.png", mask_bytes), ("s/0.png", mask_bytes)]))
    assert (problem.code, problem.where) == ("duplicate-frame", f"{tmp_path}/p.zip/s/0.png")


def test_an_encrypted_member_is_refused(tmp_path, mask_bytes):
    path = zipped(tmp_path / "p.zip", [("s/0.png", mask_bytes)])
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    data[6] |= 1
    path.write_bytes(data)
    (problem,) = problems(path)
    assert problem.code == "unsafe-archive"
    assert "encrypted" in problem.message


def test_a_bomb_is_refused_before_it_is_inflated(tmp_path):
    path = zipped(tmp_path / "p.zip", [("s/0.png", bytes(257 << 20))])
    (problem,) = problems(path)
    assert problem.code == "unsafe-archive"
    assert "inflate" in problem.message


def test_a_member_that_lies_about_its_size_is_refused(tmp_path):
    path = zipped(tmp_path / "p.zip", [("s/0.png", bytes(50 << 20))])
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    path.write_bytes(data)
    (problem,) = problems(path)
    assert problem.code in ("unsafe-archive", "unreadable-mask")


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_archive_gives_masks_or_an_input_error(tmp_path, mask_bytes, data):
    buffer = io.BytesIO()
    zipped(buffer, [("s/0.png", mask_bytes), ("s/1.png", mask_bytes)])
    damaged = bytearray(buffer.getvalue())
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.zip"
    path.write_bytes(damaged)
    try:
        shapes = {mask.shape for mask in read_all(path)}
    except InputError:
        return
    assert shapes == {MASK.shape}


def test_an_archive_that_is_cut_off_is_refused(tmp_path, mask_bytes):
    whole = zipped(tmp_path / "w.zip", [("s/0.png", mask_bytes), ("s/1.png", mask_bytes)]).read_bytes()
    path = tmp_path / "cut.zip"
    for n in range(0, len(whole), 5):
        path.write_bytes(whole[:n])
        assert problems(path)
    with pytest.raises(InputError):
        MaskArchive(path)
