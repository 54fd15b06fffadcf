"""Frames are in the order of their numbers, everywhere; where names give no order, that is said."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import vosbench
from vosbench.datasets.pictures import pictures
from vosbench.errors import InputError
from vosbench.masks.order import in_time_order, order_doubt
from vosbench.masks.sources import open_masks

PATTERNS = ["{}", "frame_{}", "{:04d}", "P02_09_frame_{:010d}", "{}_mask", "shot1-{}"]


@given(st.sampled_from(PATTERNS), st.lists(st.integers(0, 20_000), min_size=1, max_size=40, unique=True), st.randoms())
def test_the_order_of_names_is_that_of_their_numbers(pattern, numbers, rng):
    names = [pattern.format(n) for n in sorted(numbers)]
    shuffled = names.copy()
    rng.shuffle(shuffled)
    assert in_time_order(shuffled) == tuple(names)
    assert order_doubt(shuffled) == ""


@given(st.lists(st.integers(0, 99_999), min_size=1, max_size=40, unique=True))
def test_zero_padded_names_keep_the_order_of_their_text(numbers):
    names = [f"{n:05d}" for n in numbers]
    assert in_time_order(names) == tuple(sorted(names))


@given(st.sets(st.text(max_size=6), max_size=6))
def test_any_names_get_one_order_and_are_all_kept(names):
    assert in_time_order(names) == in_time_order(sorted(names, reverse=True))
    assert set(in_time_order(names)) == names


@pytest.mark.parametrize(
    "names", [["a", "b"], ["1", "01"], ["00000", "00000 copy"], ["1", "x2"], ["t1.5", "t1.25"], ["0a", "0b", "10"]]
)
def test_names_that_give_no_order_are_doubted(names):
    assert order_doubt(names)


def moving(n):
    masks = [np.zeros((20, 40), np.uint8) for _ in range(n)]
    for t, mask in enumerate(masks):
        mask[4:12, 3 + 2 * t : 12 + 2 * t] = 1
    return masks


@pytest.mark.parametrize("pattern", ["{}", "frame_{}", "{:01d}_mask"])
def test_names_without_zeros_score_as_names_with_them(world, pattern):
    """The same masks: neither the frames that are dropped, nor decay, nor T may move."""
    truth, ours = moving(13), moving(13)
    for t, mask in enumerate(ours):
        mask[:, : 3 + 3 * (t // 4)] = 0
    found = []
    for form in ("{:05d}", pattern):
        gt = world.davis({"a": {form.format(t): m for t, m in enumerate(truth)}}, name=f"gt {form[-6:]}", year="2016")
        preds = world.masks(f"p {form[-6:]}", {"a": {form.format(t): m for t, m in enumerate(ours)}})
        run = vosbench.score(preds, benchmark="davis2016", data=gt, split="val", measures=["J", "F", "T"])
        found.append(json.loads(run.to_json())["summary"])
    assert found[0] == found[1]


def test_ground_truth_without_an_order_is_refused_by_name(world):
    gt = world.masks("gt", {"a": {"00000": moving(1)[0], "00001": moving(1)[0], "00001 copy": moving(1)[0]}})
    with pytest.raises(InputError) as error:
        vosbench.score(gt, gt=gt)
    (problem,) = error.value.problems
    assert (problem.code, problem.where) == ("frame-order", f"{gt}/a")
    assert "'00001 copy'" in problem.message


def test_an_archive_and_a_document_list_frames_by_number(world, tmp_path):
    folder = world.masks("p", {"a": {str(t): m for t, m in enumerate(moving(12))}})
    with zipfile.ZipFile(tmp_path / "p.zip", "w") as archive:
        for path in folder.rglob("*.png"):
            archive.write(path, path.relative_to(folder))
    names = [f"a/{t}.jpg" for t in sorted(map(str, range(12)))]
    video = {"id": 1, "file_names": names, "height": 2, "width": 2}
    (tmp_path / "p.json").write_text(json.dumps({"videos": [video], "annotations": []}))
    for path in (folder, tmp_path / "p.zip", tmp_path / "p.json"):
        assert open_masks(path).frames("a") == tuple(map(str, range(12)))


# ------------------------------------------------------------------ pictures


def test_pictures_are_listed_by_number_whatever_their_ending(tmp_path):
    for name in ("10.jpg", "9.PNG", "8.JPEG", "._9.jpg", "notes.txt", ".hidden.png", "11.tif"):
        (tmp_path / name).write_bytes(b"x")
    assert [path.name for path in pictures(tmp_path).values()] == ["8.JPEG", "9.PNG", "10.jpg"]
    assert (pictures(None), pictures(tmp_path / "none")) == ({}, {})
    (tmp_path / "9.jpg").write_bytes(b"x")
    with pytest.raises(InputError, match="same frame"):
        pictures(tmp_path)


def test_a_model_gets_the_mask_of_the_first_frame_by_number(vosbench, world):
    masks = moving(11)
    root = world.davis({"a": {str(t): m for t, m in enumerate(masks)}})
    (root / "JPEGImages" / "480p" / "a").mkdir(parents=True)
    for t in range(11):
        Image.new("RGB", (40, 20), (t, t, t)).save(root / "JPEGImages" / "480p" / "a" / f"{t}.jpg")
    options = ("--benchmark", "davis2017", "--data", root, "--split", "val")
    assert vosbench("predict", "copy-first-mask", *options, "--out", world.root / "o").code == 0
    np.testing.assert_array_equal(open_masks(world.root / "o").read("a", "10")[0], masks[0])


def test_an_archive_of_first_frames_is_not_packed_as_a_submission(vosbench, world):
    root = world.davis({"a": moving(1)}, split="test-dev")
    options = ("--benchmark", "davis2017", "--data", root, "--split", "test-dev", "--out", world.root / "s.zip")
    done = vosbench("pack", world.masks("p", {"a": moving(1)}), *options)
    assert (done.code, "JPEGImages" in done.err, (world.root / "s.zip").exists()) == (3, True, False)
    (root / "JPEGImages" / "480p" / "a").mkdir(parents=True)
    for t, ending in enumerate(("png", "JPG", "jpeg")):
        Image.new("RGB", (40, 20)).save(root / "JPEGImages" / "480p" / "a" / f"{t:05d}.{ending}")
    assert "00002.png: this mask is missing" in vosbench("pack", world.root / "p", *options).err
    world.masks("p", {"a": moving(3)})
    assert vosbench("pack", world.root / "p", *options).code == 0
