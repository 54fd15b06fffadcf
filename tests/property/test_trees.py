"""One tree, one answer: folder, zip, tar, tar.gz and what a platform unpacks of them hold the same sequences."""

import io
import shutil
import tarfile
import tempfile
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vosbench.datasets.folder import Folder
from vosbench.datasets.sav import SaV
from vosbench.errors import InputError
from vosbench.masks.sources import open_masks
from vosbench.masks.write import encode_label_map

PNG = {value: encode_label_map(np.full((2, 2), value, np.uint8)) for value in range(1, 9)}
JUNK = {
    ".DS_Store": b"x", "._00000.png": b"\0\5\x16\7", "Thumbs.db": b"x", "notes.txt": b"x",
    "__MACOSX/a/._00000.png": b"x",
    "@eaDir/00000.png/SYNOPHOTO_THUMB_M.png": b"x", ".ipynb_checkpoints/00000-checkpoint.png": PNG[8],
    "prediction.json": b"{}", "legend.png": PNG[7], "overlay/00000.png": PNG[6], "lost+found/00000.png": PNG[6],
}  # fmt: skip
NAMES = ["bear", "my video 1", "déjà-vu", "视频", "-Dx7k#1", "x[1]", "a%20b"]


@st.composite
def trees(draw):
    """(names of sequences, {path: bytes}): sequences at any depth, with other entries at any place."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
    above = draw(st.sampled_from(["", "Annotations/", "Annotations/480p/", "my preds/480p/a/"]))
    frames = draw(st.sampled_from([["0", "9", "10"], ["00000", "00001", "00002"], ["f_9", "f_10", "f_11"]]))
    ending = draw(st.sampled_from([".png", ".PNG"]))
    form = draw(st.sampled_from(["NFC", "NFD"]))
    files = {}
    for k, name in enumerate(names):
        for t, frame in enumerate(frames):
            files[f"{above}{unicodedata.normalize(form, name)}/{frame}{ending}"] = PNG[1 + (k + t) % 5]
    for entry in draw(st.lists(st.sampled_from(sorted(JUNK)), max_size=4, unique=True)):
        places = ["", above, f"{above}{unicodedata.normalize(form, names[0])}/"]
        place = draw(st.sampled_from(places[: 2 if entry == "legend.png" else 3]))
        files[f"{place}{entry}"] = JUNK[entry]
    return names, files


def write(files, folder):
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    return folder


def zipped(files, path, separator="/"):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo("x")
            info.filename = name.replace("/", separator)
            archive.writestr(info, data)
    return path


def tarred(files, path, mode, form=tarfile.PAX_FORMAT):
    with tarfile.open(path, mode, format=form) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def forms(files, folder):
    """The same tree in every form in which it may be handed in."""
    yield write(files, folder / "tree")
    yield zipped(files, folder / "tree.zip")
    yield zipped(files, folder / "windows.zip", "\\")
    yield write({name.replace("/", "\\"): data for name, data in files.items()}, folder / "unpacked")
    yield tarred(files, folder / "tree.tar", "w")
    yield tarred(files, folder / "gnu.tar", "w", tarfile.GNU_FORMAT)
    yield tarred(files, folder / "tree.tar.gz", "w:gz")
    with zipfile.ZipFile(folder / "tree.zip") as archive:  # what Codabench makes of it
        archive.extractall(folder / "codabench" / "res")
    yield folder / "codabench" / "res"


def content(source):
    return {
        sequence: {frame: int(source.read(sequence, frame)[0][0, 0]) for frame in source.frames(sequence)}
        for sequence in source.sequences()
    }


@settings(max_examples=60, deadline=None)
@given(trees())
def test_every_form_of_a_tree_holds_the_sequences_of_the_truth(tree):
    names, files = tree
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = {f"{name}/{frame}.png": PNG[1] for name in names for frame in ("00000", "00001", "00002")}
        dataset = Folder(write(truth, folder / "truth"))
        found = [content(dataset.predictions(path)) for path in forms(files, folder)]
        assert set(found[0]) >= set(names)
        for name in names:
            assert [len(found[0][name]), *found[0][name].values()][:1] == [3]
            assert list(found[0][name].values()) == [1 + (names.index(name) + t) % 5 for t in range(3)]
        assert all(other == found[0] for other in found)
        assert all(list(other[name]) == list(found[0][name]) for other in found for name in names)


@settings(max_examples=40, deadline=None)
@given(trees())
def test_without_names_that_are_known_every_form_is_the_same_tree(tree):
    names, files = tree
    with tempfile.TemporaryDirectory() as place:
        found = [content(open_masks(path)) for path in forms(files, Path(place))]
        if not any("overlay" in path for path in files):  # which could be a sequence like another
            assert set(found[0]) == set(names)
        assert all(other == found[0] for other in found)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["vid1", "vid 2", "ü"]), min_size=1, max_size=3, unique=True),
    st.integers(1, 3),
    st.sampled_from(["", "preds/", "a/b/"]),
    st.sampled_from(["{:03d}", "{}"]),
)
def test_folders_of_objects_are_found_in_every_form(videos, objects, above, pattern):
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        truth = {f"{v}/{o:03d}/{t:05d}.png": PNG[1] for v in videos for o in range(objects) for t in range(4)}
        write(truth, folder / "sav_val" / "Annotations_6fps")
        files = {
            f"{above}{v}/{pattern.format(o)}/{t:05d}.png": PNG[1]
            for v in videos
            for o in range(objects)
            for t in range(4)
        }
        dataset = SaV(folder)
        for path in forms(files | {"__MACOSX/x.png": b"x", f"{above}{videos[0]}/.DS_Store": b"x"}, folder):
            source = dataset.predictions(path)
            assert set(source.sequences()) == set(videos)
            assert all(set(source.frames_of(v)) == set(range(1, objects + 1)) for v in videos)


# ------------------------------------------------------------------ single sequences, sub-folders, two trees


@pytest.fixture
def truth(tmp_path):
    return Folder(write({f"{s}/{t:05d}.png": PNG[1] for s in "ab" for t in range(3)}, tmp_path / "truth"))


def test_a_lone_sequence_with_a_folder_in_it_is_that_sequence(tmp_path):
    files = {f"{t:05d}.png": PNG[1] for t in range(3)} | {"overlay/00000.png": PNG[2]}
    for path in forms(files, tmp_path):
        source = open_masks(path)
        assert (source.sequences(), len(source.frames("."))) == ((".",), 3)
        assert "ignored masks in 1 folder" in source.notes[0]


def test_the_folder_of_one_sequence_is_that_sequence(truth, tmp_path):
    path = write({f"{t:05d}.png": PNG[2] for t in range(3)}, tmp_path / "b")
    assert list(content(truth.predictions(path))) == ["b"]


def test_a_sequence_without_a_name_is_found_in_its_folder(tmp_path):
    truth = Folder(write({f"{t:05d}.png": PNG[1] for t in range(3)}, tmp_path / "truth"))
    for path in forms({f"preds/mine/{t:05d}.png": PNG[2] for t in range(3)}, tmp_path):
        assert content(truth.predictions(path)) == {".": {f"{t:05d}": 2 for t in range(3)}}


def test_parts_of_a_prediction_in_folders_side_by_side_are_one(truth, tmp_path):
    path = write({"part1/a/00000.png": PNG[1], "part2/b/00000.png": PNG[2]}, tmp_path / "p")
    assert content(truth.predictions(path)) == {"a": {"00000": 1}, "b": {"00000": 2}}


def test_two_folders_of_the_same_sequences_are_refused_in_every_form(truth, tmp_path):
    for path in forms({f"{p}/{s}/00000.png": PNG[1] for p in ("masks", "overlay") for s in "ab"}, tmp_path):
        with pytest.raises(InputError) as error:
            truth.predictions(path).sequences()
        (problem,) = error.value.problems
        assert problem.code == "ambiguous-folder"
        assert problem.where.endswith("masks")
        assert "overlay" in problem.message


def test_folders_in_a_sequence_do_not_hide_it_and_are_told(truth, tmp_path):
    files = {f"{s}/{t:05d}.png": PNG[1] for s in "ab" for t in range(3)}
    for path in forms(files | {f"{s}/overlay/00000.png": PNG[2] for s in "ab"}, tmp_path):
        source = truth.predictions(path)
        assert source.sequences() == ("a", "b")
        assert source.notes == (f"{path}: ignored masks in 2 folder(s) that are no sequences (a/overlay, b/overlay)",)


def test_an_archive_in_an_archive_is_named(truth, tmp_path):
    inner = zipped({"a/00000.png": PNG[1]}, tmp_path / "inner.zip").read_bytes()
    for path in forms({"masks/inner.zip": inner, "readme.txt": b"x"}, tmp_path):
        with pytest.raises(InputError) as error:
            truth.predictions(path)
        assert "an archive: masks/inner.zip" in error.value.problems[0].message.replace("\\", "/")


@pytest.mark.parametrize("page", ["gb18030", "utf-8", "shift_jis"])
def test_names_of_another_code_page_are_those_of_the_truth(tmp_path, page):
    names = ["視頻一", "視頻二"]
    truth = Folder(write({f"{s}/{t:05d}.png": PNG[1] for s in names for t in range(3)}, tmp_path / "truth"))

    class Unflagged(zipfile.ZipInfo):
        def _encodeFilenameFlags(self):
            return self.filename.encode(page), self.flag_bits & ~0x800

    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for k, s in enumerate(names):
            for t in range(3):
                archive.writestr(Unflagged(f"{s}/{t:05d}.png"), PNG[2 + k])
    with zipfile.ZipFile(tmp_path / "p.zip") as archive:  # names as code page 437 has them
        archive.extractall(tmp_path / "unpacked")
    for path in (tmp_path / "p.zip", tmp_path / "unpacked"):
        assert content(truth.predictions(path)) == {
            s: {f"{t:05d}": 2 + k for t in range(3)} for k, s in enumerate(sorted(names))
        }


def test_two_spellings_of_one_name_are_refused(truth, tmp_path):
    for path in forms({f"{unicodedata.normalize(f, 'é')}/00000.png": PNG[1] for f in ("NFC", "NFD")}, tmp_path):
        with pytest.raises(InputError) as error:
            truth.predictions(path).sequences()
        assert {p.code for p in error.value.problems} == {"duplicate-frame"}


def test_a_link_into_its_own_folder_is_not_followed_for_ever(truth, tmp_path):
    path = write({f"{s}/00000.png": PNG[1] for s in "ab"}, tmp_path / "p")
    for s in "ab":
        (path / s / "again").symlink_to(path)
        (path / s / "other").symlink_to(tmp_path / "truth")
    assert truth.predictions(path).sequences() == ("a", "b")


@pytest.mark.parametrize("form", ["folder", "zip", "tar"])
def test_folders_deeper_than_any_tree_are_refused_soon(truth, tmp_path, form):
    files = {"/".join(["x"] * 400) + "/a/0.png": PNG[1], "b/0.png": PNG[1]}
    path = {"folder": write, "zip": zipped, "tar": lambda f, p: tarred(f, p, "w")}[form](files, tmp_path / f"p.{form}")
    with pytest.raises(InputError) as error:
        truth.predictions(path).sequences()
    assert {p.code for p in error.value.problems} <= {"too-deep", "unsafe-archive"}
    shutil.rmtree(path, ignore_errors=True)
