"""The layouts: where each keeps its lists, masks and objects, and what is said when they are not there."""

import json
from pathlib import Path

import numpy as np
import pytest

from vosbench.datasets.davis import Davis
from vosbench.datasets.folder import Folder
from vosbench.datasets.registry import open_dataset
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.errors import InputError, UsageError
from vosbench.protocols import load as protocols

MASK = np.ones((4, 6), np.uint8)
VIDEOS = {"b": [MASK] * 3, "a": [MASK] * 2}


def where(error):
    return [p.where for p in error.value.problems]


# ------------------------------------------------------------------ DAVIS


def test_davis_gives_the_sequences_of_a_split_in_the_order_of_its_list(world):
    data = Davis(world.davis(VIDEOS))
    (data.root / "JPEGImages/480p/b").mkdir(parents=True)
    (data.root / "ImageSets/2017/train.txt").write_text("a\n")
    assert data.splits() == ("train", "val")
    b, a = data.sequences("val")
    assert (b.name, b.frames, b.images) == ("b", ("00000", "00001", "00002"), data.root / "JPEGImages/480p/b")
    assert (a.name, a.frames, a.images, a.objects) == ("a", ("00000", "00001"), None, None)
    assert [s.name for s in data.sequences("train")] == ["a"]
    assert data.masks("val").read("a", "00001")[0].tolist() == MASK.tolist()


@pytest.mark.parametrize(
    ("folder", "lines"),
    [
        ("2016", "b\na\n"),
        ("2016", "b\r\n\r\na\r\n"),
        ("480p", "/JPEGImages/480p/b/00000.jpg /Annotations/480p/b/00000.png \n"
                 "/JPEGImages/480p/b/00001.jpg /Annotations/480p/b/00001.png\n"
                 "/JPEGImages/480p/a/00000.jpg /Annotations/480p/a/00000.png\n"),
    ],
)  # fmt: skip
def test_davis_2016_lists_come_in_two_forms(world, folder, lines):
    world.masks("d/Annotations/480p", VIDEOS)
    sets = world.root / "d" / "ImageSets" / folder
    sets.mkdir(parents=True)
    (sets / "val.txt").write_bytes(lines.encode())
    data = Davis(world.root / "d", lists="2016")
    assert (data.found(), [s.name for s in data.sequences("val")]) == (True, ["b", "a"])


def test_the_only_resolution_there_is_will_do(world):
    world.masks("d/Annotations/1080p", VIDEOS)
    (world.root / "d/ImageSets/2017").mkdir(parents=True)
    (world.root / "d/ImageSets/2017/val.txt").write_text("a\n")
    assert Davis(world.root / "d").sequences("val")[0].frames == ("00000", "00001")


def test_a_list_of_ones_own_is_a_split(world, tmp_path):
    (tmp_path / "mine.txt").write_text("a\n")
    assert [s.name for s in Davis(world.davis(VIDEOS)).sequences(str(tmp_path / "mine.txt"))] == ["a"]


def test_davis_names_what_it_lacks(world, tmp_path):
    data = Davis(world.davis(VIDEOS))
    (data.root / "ImageSets/2017/val.txt").write_text("a\nc\nd\n")
    with pytest.raises(InputError) as error:
        data.sequences("val")
    assert where(error) == [f"{data.root}/Annotations/480p/{name}" for name in "cd"]
    with pytest.raises(UsageError, match="no split called 'test': it has val"):
        data.sequences("test")
    with pytest.raises(InputError) as error:
        Davis(tmp_path / "nothing").masks("val")
    assert where(error) == [str(tmp_path / "nothing/Annotations/480p")]


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xff\xfe\x00"])
def test_an_empty_or_unreadable_list_is_named(world, content):
    data = Davis(world.davis(VIDEOS))
    (data.root / "ImageSets/2017/val.txt").write_bytes(content)
    with pytest.raises(InputError) as error:
        data.sequences("val")
    assert where(error) == [str(data.root / "ImageSets/2017/val.txt")]


# ------------------------------------------------------------------ YouTube-VOS

OBJECTS = {
    "v": {1: ("cat", ["00000", "00005", "00010"]), 10: ("dog", ["00005", "00010"]), 2: ("person", ["00010"])},
    "u": {1: ("cat", ["00000"])},
}
FRAMES = {"v": dict.fromkeys(("00000", "00005", "00010", "00015"), MASK), "u": {"00000": MASK}}


def test_youtube_vos_objects_appear_late_and_are_seen_or_unseen(world):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS, seen=("cat",)))
    v, u = data.sequences("valid")
    assert (v.name, u.name) == ("v", "u")
    assert v.frames == ("00000", "00005", "00010", "00015")  # those some object is listed on, or that have a mask
    assert [(o.id, o.category, o.group, o.frames) for o in v.objects] == [
        (1, "cat", "seen", ("00000", "00005", "00010")),
        (2, "person", "unseen", ("00010",)),
        (10, "dog", "unseen", ("00005", "00010")),
    ]


def test_a_list_of_unseen_categories_goes_before_the_training_set(world):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS, seen=("cat", "dog")))
    (data.root / "unseen.txt").write_bytes(b"cat\r\nperson \r\n")
    assert [o.group for o in data.sequences("valid")[0].objects] == ["unseen", "unseen", "seen"]


def test_without_either_nothing_says_what_is_seen(world):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS, seen=()))
    assert {o.group for s in data.sequences("valid") for o in s.objects} == {None}


def test_youtube_vos_takes_a_list_of_videos_from_any_split(world, tmp_path):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS))
    (tmp_path / "some.txt").write_text("u\n")
    assert [s.name for s in data.sequences(str(tmp_path / "some.txt"))] == ["u"]
    (tmp_path / "some.txt").write_text("u\nw\n")
    with pytest.raises(UsageError, match="check the names in the list"):
        data.sequences(str(tmp_path / "some.txt"))
    with pytest.raises(UsageError, match="no split called 'test': it has valid"):
        data.sequences("test")


@pytest.mark.parametrize(
    "meta",
    [
        "", "[]", '{"videos": []}', '{"videos": {"v": {"objects": {"1": {"category": "cat"}}}}}',
        '{"videos": {"v": {"objects": {"0": {"category": "cat", "frames": []}}}}}',
        '{"videos": {"v": {"objects": {"256": {"category": "cat", "frames": []}}}}}',
        '{"videos": {"v": {"objects": {"one": {"category": "cat", "frames": []}}}}}',
    ],
)  # fmt: skip
def test_a_meta_json_that_makes_no_sense_is_named(world, meta):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS))
    path = data.root / "valid" / "meta.json"
    path.write_text(meta)
    with pytest.raises(InputError) as error:
        data.sequences("valid")
    assert where(error) == [str(path)]


# ------------------------------------------------------------------ folders and detection


def test_a_folder_has_one_split_of_everything(world, tmp_path):
    data = Folder(world.masks("m", VIDEOS))
    assert (data.splits(), [s.name for s in data.sequences("all")]) == (("all",), ["a", "b"])
    (tmp_path / "some.txt").write_text("b\nzz\n")
    with pytest.raises(InputError) as error:
        data.sequences(str(tmp_path / "some.txt"))
    assert where(error) == [f"{data.root}/zz"]


@pytest.mark.parametrize("name", [n for n in protocols.names() if protocols.load(n).data.layout != "folder"])
def test_each_layout_names_what_was_looked_for(tmp_path, name):
    data = protocols.load(name).data
    with pytest.raises(InputError, match="not laid out as expected") as error:
        open_dataset(data, tmp_path)
    assert all(path.startswith(str(tmp_path)) for path in where(error))
    expected = {
        "davis": [f"{data.annotations}/480p", f"ImageSets/{data.lists}/*.txt"],
        "youtube-vos": ["<split>/meta.json", "<split>/Annotations"],
    }
    if data.layout in expected:
        assert where(error) == [str(tmp_path / path) for path in expected[data.layout]]


@pytest.mark.realdata
def test_a_real_davis_2016_root(realdata):
    data = Davis(realdata / "davis2016", lists="2016")
    sequences = data.sequences("val")
    assert len(sequences) == 8
    assert all(Path(s.images).is_dir() for s in sequences)
    assert sum(len(s.frames) for s in sequences) > 400


def test_meta_json_may_hold_more_than_is_needed(world):
    data = YouTubeVOS(world.youtube_vos(FRAMES, OBJECTS))
    path = data.root / "valid" / "meta.json"
    meta = json.loads(path.read_text())
    meta["videos"]["v"]["objects"]["1"]["score"] = 3
    path.write_text(json.dumps(meta | {"info": "x"}))
    assert len(data.sequences("valid")) == 2
