"""The driver: every frame gets a mask, and no ground truth is seen but first masks."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from vosbench.errors import InputError, UsageError
from vosbench.masks.write import write_label_map
from vosbench.propagation import CopyFirstMask, Nothing, OpticalFlow, predict_folder
from vosbench.synthetic import make_dataset


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    root = tmp_path_factory.mktemp("dataset") / "synthetic"
    make_dataset(root, sequences=3, frames=12, shape=(72, 120), objects=(3, 2))
    return root / "valid"


@pytest.fixture
def own_split(split, tmp_path):
    return shutil.copytree(split, tmp_path / "valid")


def read(folder):
    return {str(path.relative_to(folder)): np.asarray(Image.open(path)) for path in sorted(folder.rglob("*.png"))}


def first_frames(split):
    meta = json.loads((split / "meta.json").read_text())["videos"]
    return {video: {int(k): o["frames"][0] for k, o in v["objects"].items()} for video, v in meta.items()}


def test_every_frame_of_every_video_is_written(split, tmp_path):
    predict_folder(Nothing, split, tmp_path / "out")
    written = read(tmp_path / "out")
    assert list(written) == list(read(split / "Annotations"))
    assert not any(labels.any() for labels in written.values())


def test_each_object_is_copied_from_its_own_first_frame(split, tmp_path):
    predict_folder(CopyFirstMask, split, tmp_path / "out")
    written, truth = read(tmp_path / "out"), read(split / "Annotations")
    entries = [(v, k, f) for v, objects in first_frames(split).items() for k, f in objects.items()]
    assert any(frame != "00000" for _, _, frame in entries)
    for video, label, first in entries:
        name = f"{video}/{first}.png"
        np.testing.assert_array_equal(written[name] == label, truth[name] == label)
        assert not any((m == label).any() for n, m in written.items() if n.startswith(video) and n < name)


def test_no_other_ground_truth_is_seen(own_split, tmp_path):
    predict_folder(OpticalFlow, own_split, tmp_path / "before")
    for video, objects in first_frames(own_split).items():
        for path in (own_split / "Annotations" / video).iterdir():
            entering = [label for label, first in objects.items() if first == path.stem]
            labels = np.asarray(Image.open(path))
            write_label_map(path, np.where(np.isin(labels, entering), labels, 99))
    predict_folder(OpticalFlow, own_split, tmp_path / "after", workers=2)
    before, after = read(tmp_path / "before"), read(tmp_path / "after")
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_array_equal(before[name], after[name])


def test_the_dataset_and_earlier_predictions_are_left_alone(own_split, tmp_path):
    with pytest.raises(UsageError, match="inside the dataset"):
        predict_folder(Nothing, own_split, own_split / "Annotations" / "new")
    with pytest.raises(UsageError, match="not empty"):
        predict_folder(Nothing, own_split, tmp_path)


def test_all_missing_files_are_named_before_anything_is_predicted(own_split, tmp_path):
    first = sorted(first_frames(own_split))[0]
    last = sorted(first_frames(own_split))[-1]
    (own_split / "Annotations" / first / "00000.png").unlink()
    shutil.rmtree(own_split / "JPEGImages" / last)
    with pytest.raises(InputError) as caught:
        predict_folder(Nothing, own_split, tmp_path / "out")
    where = [problem.where for problem in caught.value.problems]
    assert str(own_split / "Annotations" / first / "00000.png") in where
    assert str(own_split / "JPEGImages" / last / "00000.jpg") in where
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{}", '{"videos": {"a": {}}}', '{"videos": {"a": {"objects": {"1": {"frames": []}}}}}']
)
def test_a_split_without_a_readable_list_is_refused(own_split, tmp_path, text):
    (own_split / "meta.json").unlink()
    if text is not None:
        (own_split / "meta.json").write_text(text)
    with pytest.raises(InputError, match=r"meta\.json"):
        predict_folder(Nothing, own_split, tmp_path / "out")


def test_a_mask_in_colours_is_refused(own_split, tmp_path):
    path = next((own_split / "Annotations").rglob("00000.png"))
    Image.open(path).convert("RGB").save(path)
    with pytest.raises(InputError, match=r"00000\.png: .*colours are not object indices"):
        predict_folder(Nothing, own_split, tmp_path / "out")


@pytest.mark.parametrize(("kind", "suffix"), [("JPEGImages", "jpg"), ("Annotations", "png")])
def test_a_truncated_file_is_named(own_split, tmp_path, kind, suffix):
    path = next((own_split / kind).rglob(f"00000.{suffix}"))
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InputError) as caught:
        predict_folder(Nothing, own_split, tmp_path / "out")
    assert [problem.where for problem in caught.value.problems] == [str(path)]
