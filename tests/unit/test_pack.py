"""Submissions: the frames a server asks for, in its layout, and nothing it would refuse."""

import zipfile

import numpy as np
import pytest
from PIL import Image

from vosbench.challenge.pack import pack
from vosbench.errors import InputError, UsageError
from vosbench.masks.sources import open_masks

MASK = np.zeros((20, 30), np.uint8)
MASK[5:15, 5:15] = 1
LATE = MASK.copy()
LATE[2:4, 20:25] = 2
FRAMES = [f"{t:05d}" for t in range(0, 25, 5)]


@pytest.fixture
def hidden(world):
    """A YouTube-VOS root whose valid split has only the masks on which objects appear."""
    given = {"v": {"00000": MASK, "00010": LATE}, "w": {"00000": MASK}}
    return world.youtube_vos(given, {"v": {1: ("cat", FRAMES), 2: ("owl", FRAMES[2:])}, "w": {1: ("cat", FRAMES[:3])}})


@pytest.fixture
def predictions(world):
    """Every frame of both videos, and one that nobody asked for."""
    return world.masks("preds", {"v": dict.fromkeys([*FRAMES, "00003"], LATE), "w": dict.fromkeys(FRAMES[:3], MASK)})


def members(path):
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def problems(*args, **kwargs):
    with pytest.raises(InputError) as error:
        pack(*args, **kwargs)
    return {(p.code, p.sequence, p.frame) for p in error.value.problems}


def test_youtube_vos_wants_the_listed_frames_below_annotations(hidden, predictions, tmp_path):
    packed = pack(predictions, tmp_path / "s.zip", benchmark="youtube-vos-2019", data=hidden, split="valid")
    assert members(packed.path) == [f"Annotations/v/{f}.png" for f in FRAMES] + [
        f"Annotations/w/{f}.png" for f in FRAMES[:3]
    ]
    assert (packed.sequences, packed.frames, packed.hidden) == (2, 8, True)
    np.testing.assert_array_equal(open_masks(packed.path).read("v", "00010")[0], LATE)
    with zipfile.ZipFile(packed.path) as archive, archive.open("Annotations/v/00010.png") as file:
        assert Image.open(file).mode == "P"


def test_davis_wants_sequences_at_the_root_and_every_picture(world, predictions, tmp_path):
    root = world.davis({"v": {"00000": LATE}}, split="test-dev")
    pictures = root / "JPEGImages" / "480p" / "v"
    pictures.mkdir(parents=True)
    for frame in FRAMES:
        Image.new("RGB", (30, 20)).save(pictures / f"{frame}.jpg")
    packed = pack(predictions, tmp_path / "s.zip", benchmark="davis2017", data=root, split="test-dev")
    assert members(packed.path) == [f"v/{f}.png" for f in FRAMES]
    assert packed.hidden


def test_equal_masks_make_equal_archives(hidden, predictions, tmp_path):
    options = {"benchmark": "youtube-vos-2019", "data": hidden}
    first = pack(predictions, tmp_path / "a.zip", **options).path.read_bytes()
    assert pack(tmp_path / "a.zip", tmp_path / "b.zip", **options).path.read_bytes() == first


def test_every_problem_is_listed_and_nothing_is_written(world, hidden, predictions, tmp_path):
    (predictions / "v" / "00005.png").unlink()
    (predictions / "v" / "00010.png").write_bytes(b"no PNG")
    world.masks("preds", {"v": {"00015": LATE[:10], "00020": LATE * 3}})
    for path in (predictions / "w").iterdir():
        path.unlink()
    out = tmp_path / "out" / "s.zip"
    assert problems(predictions, out, benchmark="youtube-vos-2019", data=hidden) == {
        ("missing-frame", "v", "00005"),
        ("unreadable-mask", "v", "00010"),
        ("wrong-size", "v", "00015"),
        ("stray-label", "v", "00020"),
        ("missing-sequence", "w", None),
    }
    assert list(out.parent.iterdir()) == []


def test_a_split_whose_masks_are_all_here_is_not_called_hidden(world, tmp_path):
    root = world.davis({"v": [LATE] * 4})
    packed = pack(root / "Annotations" / "480p", tmp_path / "s.zip", benchmark="davis2017", data=root)
    assert not packed.hidden


def test_a_benchmark_without_a_server_says_so(world, predictions, tmp_path):
    root = world.davis({"v": [MASK] * 4}, year="2016")
    with pytest.raises(UsageError, match="davis2016 has no server"):
        pack(predictions, tmp_path / "s.zip", benchmark="davis2016", data=root)


def test_nothing_is_written_among_the_predictions(hidden, predictions):
    with pytest.raises(UsageError, match="inside the predictions"):
        pack(predictions, predictions / "s.zip", benchmark="youtube-vos-2019", data=hidden)


def test_mose_wants_what_is_inside_annotations_and_every_picture(world, predictions, tmp_path):
    world.masks("mose/valid/Annotations", {"v": {"00000": LATE}})
    pictures = tmp_path / "mose" / "valid" / "JPEGImages" / "v"
    pictures.mkdir(parents=True)
    for frame in FRAMES:
        Image.new("RGB", (30, 20)).save(pictures / f"{frame}.jpg")
    (tmp_path / "mose" / "valid" / "meta.json").write_text('{"videos": {"v": {"objects": ["1", "2"]}}}')
    packed = pack(predictions, tmp_path / "s.zip", benchmark="mose-v1", data=tmp_path / "mose", split="valid")
    assert members(packed.path) == [f"v/{f}.png" for f in FRAMES]
    assert packed.hidden
