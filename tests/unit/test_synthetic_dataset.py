"""Synthetic datasets on disk: the two layouts, their lists, and the masks they speak about."""

import hashlib
import json

import numpy as np
import pytest
from PIL import Image

from vosbench.errors import UsageError
from vosbench.masks.palette import davis_palette
from vosbench.synthetic import SEEN, make_dataset
from vosbench.synthetic.write import plan_videos

TINY = {"sequences": 5, "frames": (12, 15), "shape": (72, 120), "objects": (3, 4, 2)}


def digest(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def read_labels(path):
    with Image.open(path) as file:
        assert file.mode == "P"
        assert file.getpalette() == davis_palette().ravel().tolist()
        return np.asarray(file)


@pytest.fixture(scope="module")
def youtube_vos(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "youtube-vos"
    make_dataset(root, workers=2, **TINY)
    return root


@pytest.fixture(scope="module")
def davis(tmp_path_factory):
    root = tmp_path_factory.mktemp("synthetic") / "davis"
    make_dataset(root, layout="davis2017", **TINY)
    return root


def meta_of(root, split):
    return json.loads((root / split / "meta.json").read_text())["videos"]


def test_the_same_seed_writes_the_same_bytes_whatever_the_workers(youtube_vos, tmp_path):
    make_dataset(tmp_path / "again", workers=1, **TINY)
    assert digest(tmp_path / "again") == digest(youtube_vos)
    make_dataset(tmp_path / "other", seed=1, **TINY)
    assert digest(tmp_path / "other") != digest(youtube_vos)


@pytest.mark.parametrize("split", ["train", "valid"])
def test_youtube_vos_has_an_image_and_a_mask_for_every_frame(youtube_vos, split):
    meta = meta_of(youtube_vos, split)
    for kind, suffix in (("JPEGImages", ".jpg"), ("Annotations", ".png")):
        assert sorted(path.name for path in (youtube_vos / split / kind).iterdir()) == sorted(meta)
        for video in meta:
            names = sorted(path.name for path in (youtube_vos / split / kind / video).iterdir())
            assert names == [f"{5 * t:05d}{suffix}" for t in range(len(names))]
            with Image.open(youtube_vos / split / kind / video / names[0]) as file:
                assert file.size == (120, 72)
    assert sum(1 for _ in (youtube_vos / "valid" / "Annotations").rglob("*.png")) == 12 + 15 + 12 + 15 + 12


@pytest.mark.parametrize("split", ["train", "valid"])
def test_youtube_vos_lists_each_object_from_its_first_to_its_last_visible_frame(youtube_vos, split):
    for video, entry in meta_of(youtube_vos, split).items():
        masks = {
            path.stem: read_labels(path) for path in sorted((youtube_vos / split / "Annotations" / video).iterdir())
        }
        stems = list(masks)
        assert {int(label) for label in entry["objects"]} == set(np.unique(np.stack(list(masks.values())))) - {0}
        for label, listed in entry["objects"].items():
            shown = [stem for stem in stems if (masks[stem] == int(label)).any()]
            assert listed["frames"] == stems[stems.index(shown[0]) : stems.index(shown[-1]) + 1]


def test_youtube_vos_has_late_objects_and_returning_ones(youtube_vos):
    late, returning = 0, 0
    for video, entry in meta_of(youtube_vos, "valid").items():
        for label, listed in entry["objects"].items():
            late += listed["frames"][0] != "00000"
            maps = [read_labels(youtube_vos / f"valid/Annotations/{video}/{stem}.png") for stem in listed["frames"]]
            returning += not all((m == int(label)).any() for m in maps)
    assert late >= 1
    assert returning >= 1


def test_unseen_categories_are_those_training_does_not_show(youtube_vos):
    train, valid = (
        {o["category"] for v in meta_of(youtube_vos, split).values() for o in v["objects"].values()}
        for split in ("train", "valid")
    )
    assert train == set(SEEN)
    assert valid & train
    assert valid - train


def test_davis_shows_every_object_on_the_first_frame(davis):
    lists = {split: (davis / f"ImageSets/2017/{split}.txt").read_text().split() for split in ("train", "val")}
    assert (len(lists["train"]), len(lists["val"])) == (3, 5)
    assert sorted(lists["train"] + lists["val"]) == sorted(p.name for p in (davis / "Annotations/480p").iterdir())
    for video in lists["train"] + lists["val"]:
        masks = [read_labels(path) for path in sorted((davis / "Annotations/480p" / video).iterdir())]
        images = sorted(path.name for path in (davis / "JPEGImages/480p" / video).iterdir())
        assert images == [f"{t:05d}.jpg" for t in range(len(masks))]
        assert set(np.unique(masks[0])) == set(np.unique(masks)) == set(range(masks[0].max() + 1))


def test_the_size_of_davis_2017_val_can_be_planned():
    videos = plan_videos(0, sequences=30, frames=[67] * 19 + [66] * 11, objects=[2] * 29 + [3])
    val = [video for video in videos if not video.train]
    assert (len(val), sum(v.frames for v in val), sum(len(v.categories) for v in val)) == (30, 1999, 61)


def test_an_empty_folder_is_filled_and_nothing_is_left_beside_it(tmp_path):
    root = tmp_path / "new"
    root.mkdir()
    make_dataset(root, sequences=1, frames=2, shape=(48, 64), objects=1)
    assert sorted(path.name for path in root.iterdir()) == ["README.txt", "benchmark.toml", "train", "valid"]
    assert list(tmp_path.iterdir()) == [root]


def test_a_folder_with_files_is_left_alone(tmp_path):
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        make_dataset(tmp_path, **TINY)
    with pytest.raises(UsageError, match="not empty"):
        make_dataset(tmp_path / "precious.txt", **TINY)
    assert (tmp_path / "precious.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"layout": "imagenet"}, "unknown layout"),
        ({"sequences": 0}, "sequences"),
        ({"frames": ()}, "frames"),
        ({"frames": (5, 0)}, "frames"),
        ({"objects": 256}, "objects"),
        ({"shape": (240, 20)}, "shape"),
        ({"seed": -1}, "seed"),
        ({"workers": 0}, "workers"),
    ],
)
def test_numbers_out_of_range_are_refused_before_anything_is_written(tmp_path, asked, message):
    with pytest.raises(UsageError, match=message):
        make_dataset(tmp_path / "new", **asked)
    assert not list(tmp_path.iterdir())
