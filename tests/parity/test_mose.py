"""MOSE: the rules of DAVIS in version 1; smoothed J, adaptive F and segments of presence in version 2."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage.morphology import disk

import vosbench
from vosbench import kernel
from vosbench.errors import InputError
from vosbench.kernel.contours import Contours
from vosbench.masks.write import write_label_map
from vosbench.measures import contour, contour_f, region
from vosbench.testing import check_benchmark, write_label_maps

#: Objects present throughout, late, vanishing and returning twice, and absent on every scored frame.
LOOKS = {"a": {1: "xxxxxxxxxx", 2: "....xxxxxx", 3: "xxx..xx.xx", 4: "x........x"}}


def world(root: Path, looks: dict[str, dict[int, str]] = LOOKS) -> Path:
    write_label_maps(root / "valid/Annotations", looks)
    videos = {name: {"length": 10, "objects": {str(k): {} for k in objects}} for name, objects in looks.items()}
    (root / "valid/meta.json").write_text(json.dumps({"videos": videos}))
    return root


@pytest.mark.parametrize("version", ["1", "2"])
def test_contract(tmp_path: Path, version: str) -> None:
    check_benchmark(f"mose-v{version}", data=world(tmp_path))


def test_first_version_by_hand(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    write_label_maps(tmp_path / "preds", {"a": {1: "xxxxxwwwww", 2: "..........", 3: "xxxxxxxxxx"}})
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v1", data=root)
    table = run.objects[(run.objects.measure == "J&F")].set_index("object").value
    # frames 1 to 8: 4 right; 3 rightly empty; 5 right and 3 where it is not there; always rightly empty
    assert table.to_dict() == pytest.approx({1: 4 / 8, 2: 3 / 8, 3: 5 / 8, 4: 1.0})


def test_second_version_by_hand(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    looks = {"a": {1: "xxxxxwwwww", 2: "x.........", 3: "xxx.xxx.wx", 4: "x........x"}}
    write_label_maps(tmp_path / "preds", looks)
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root)
    rows = run.objects[run.objects.measure == "Js&Fa"].set_index(["object", "statistic"]).value.to_dict()
    wrong = (1 / 201 + 0) / 2  # J is (0 + 1) / (200 + 1), F is 0
    missed = (1 / 101 + 0) / 2  # also where a square is seen that is not there
    assert rows[1, "mean"] == pytest.approx((4 + 4 * wrong) / 8)
    assert rows[2, "mean"] == pytest.approx((3 + 5 * missed) / 8)
    # object 3 over frames 1 to 8: present 1-2, absent 3-4, present 5-6, absent 7, present 8
    assert rows[3, "disappear"] == pytest.approx(((1 + missed) / 2 + 1) / 2)
    assert rows[3, "reappear"] == pytest.approx((1 + wrong) / 2)
    # object 2 is absent from the first scored frame on: that is no disappearance, but it appears
    assert np.isnan(rows[2, "disappear"])
    assert rows[2, "reappear"] == pytest.approx(missed)
    undefined = [(1, "disappear"), (1, "reappear"), (4, "disappear")]
    assert all(np.isnan(rows[key]) for key in undefined)
    assert rows[4, "mean"] == 1.0
    assert run.value("Js&Fa", "disappear") == pytest.approx(rows[3, "disappear"])
    assert run.value("Js&Fa", "reappear") == pytest.approx((rows[2, "reappear"] + rows[3, "reappear"]) / 2)


def test_videos_of_one_or_two_frames_count_zero(tmp_path: Path) -> None:
    """As score.py of MOSE-api (241977a), which finds no chunk of frames in them; not in disappear and reappear."""
    looks = {**LOOKS, "b": {1: "xx"}, "c": {1: "x", 2: "x"}}
    root = world(tmp_path / "data", looks)
    set_lengths(root, {name: len(next(iter(objects.values()))) for name, objects in looks.items()})
    write_label_maps(tmp_path / "preds", looks)
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root)
    assert run.value("Js&Fa") == pytest.approx(4 / 7)
    assert run.value("F") == pytest.approx(4 / 7)
    assert run.value("Js&Fa", "disappear") == run.value("Js&Fa", "reappear") == 1.0
    assert "unscored:zero" in run.signature
    assert any("its objects count 0" in note and "b, c" in note for note in run.document.notes)
    first = vosbench.score(tmp_path / "preds", benchmark="mose-v1", data=root)  # the rules of DAVIS: left out
    assert first.value("J&F") == 1.0


def test_a_single_short_video_counts_zero(tmp_path: Path) -> None:
    root = world(tmp_path / "data", {"b": {1: "xx"}})
    set_lengths(root, {"b": 2})
    write_label_maps(tmp_path / "preds", {"b": {1: "xx"}})
    assert vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root).value("Js&Fa") == 0.0


def test_a_video_is_longer_than_its_truth(tmp_path: Path) -> None:
    """Hidden ground truth is no short video: meta.json says how many frames there are."""
    root = world(tmp_path / "data", {"b": {1: "x"}})
    set_lengths(root, {"b": 9})
    write_label_maps(tmp_path / "preds", {"b": {1: "xxxxxxxxx"}})
    with pytest.raises(InputError, match="hidden-ground-truth"):
        vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root)


def set_lengths(root: Path, lengths: dict[str, int]) -> None:
    path = root / "valid/meta.json"
    meta = json.loads(path.read_text())
    for name, length in lengths.items():
        meta["videos"][name]["length"] = length
    path.write_text(json.dumps(meta))


def test_missing_video_counts_zero(tmp_path: Path) -> None:
    root = world(tmp_path / "data", {**LOOKS, "b": {1: "x.....xxxx"}})
    write_label_maps(tmp_path / "preds", LOOKS)
    with pytest.raises(InputError, match="missing-sequence"):
        vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root)
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=root, missing="empty")
    b = run.objects[run.objects.sequence == "b"]
    assert set(b[b.statistic == "mean"].value) == {0.0}
    assert run.value("Js&Fa") == pytest.approx(4 / 5)
    assert set(b.filled) == {8}
    assert "absent:zero" in run.signature


def test_smoothed_j_of_a_false_positive() -> None:
    """protocols.md section 9, vector 7: nothing there, 100 pixels predicted: J 0.0099."""
    j = region.smoothed(intersection=np.array([0]), gt_area=np.array([0]), pred_area=np.array([100]))
    assert round(float(j[0]), 4) == 0.0099


def area(radius: float) -> int:
    rows = contour.disk(radius)
    return int((rows[:, 2] - rows[:, 1] + 1).sum())


def test_disks() -> None:
    """protocols.md section 9, vector 7: disk(7.84) has 191 pixels and lies off its centre, disk(8) has 197."""
    assert (area(7.84), area(8)) == (191, 197)
    assert contour.disk(7.84)[0].tolist() == [0, -7, 7]
    assert contour.disk(7.84)[-4:-2].tolist() == [[-6, -5, 5], [6, -5, 4]]
    large = contour.radii("object-area", (480, 854), np.array([10_000]), 0.008)
    assert large.tolist() == [pytest.approx(0.008 * np.hypot(480, 854))]


@pytest.mark.parametrize("radius", [0.3, 0.5, 0.58])
def test_a_disk_without_a_pixel_moves_the_contour(radius: float) -> None:
    """OpenCV takes the first pixel of an empty kernel; images with a diagonal under 73.2 pixels have such a radius."""
    assert not disk(radius).any()
    dot = np.zeros((9, 9), np.uint8)
    dot[4, 4] = 1
    [[dy, first, last]] = contour.disk(radius).tolist()
    assert first == last
    assert np.argwhere(cv2.dilate(dot, disk(radius))).tolist() == [[4 - dy, 4 - first]]


@pytest.mark.parametrize("radius", [1, 2, 7.3, 7.5, 0.008 * np.hypot(480, 854), 8, 0.008 * np.hypot(1080, 1920)])
def test_disks_are_those_of_scikit_image(radius: float) -> None:
    reference = disk(radius)
    drawn = np.zeros_like(reference)
    for dy, first, last in contour.disk(radius) + len(reference) // 2:
        drawn[dy, first : last + 1] = 1
    np.testing.assert_array_equal(drawn, reference)


def test_fa_of_large_objects_is_that_of_the_reference() -> None:
    """Its radius of 7.83729 pixels at 480p, grown by OpenCV as the reference does, on shapes that match badly."""
    rng, radius = np.random.default_rng(0), 0.008 * np.hypot(480, 854)
    for _ in range(6):
        one, other = (ndimage.gaussian_filter(rng.normal(size=(480, 854)), 25) for _ in range(2))
        gt, pred = (field > np.quantile(field, 0.9) for field in (one, 0.6 * one + 0.4 * other))
        ours, theirs = (kernel.contours(mask.astype(np.uint8)) for mask in (gt, pred))
        hits = kernel.contour_hits(ours, theirs, np.ones((1, 2), np.uint8), contour.disk(radius))[0]
        np.testing.assert_array_equal(hits, hits_by_dilation(ours, theirs, disk(radius)))


def hits_by_dilation(ours: Contours, theirs: Contours, footprint: np.ndarray) -> np.ndarray:
    maps = [np.zeros(c.shape, np.uint8) for c in (ours, theirs)]
    for painted, c in zip(maps, (ours, theirs), strict=True):
        painted.flat[c.of(1)] = 1
    return np.array([(maps[k] * cv2.dilate(maps[1 - k], footprint)).sum() for k in (0, 1)])


def test_small_shifted_object(tmp_path: Path) -> None:
    """protocols.md section 9, vector 7: a few pixels shifted by (3, 4) at 480p have F 1; Fa is far less."""
    truth = np.zeros((480, 854), np.uint8)
    truth[100:106, 200:206] = 1
    for t in range(3):
        write_label_map(tmp_path / f"data/valid/Annotations/v/{t:05d}.png", truth)
        write_label_map(tmp_path / f"preds/v/{t:05d}.png", np.roll(truth, (3, 4), (0, 1)))
    (tmp_path / "data/valid/meta.json").write_text(json.dumps({"videos": {"v": {"objects": ["1"]}}}))
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=tmp_path / "data")
    assert run.value("F") == 1.0
    # the radius is ceil(0.6) = 1
    by_hand = contour_f(gt=truth > 0, pred=np.roll(truth, (3, 4), (0, 1)) > 0, tolerance=1)
    assert run.value("Fa") == by_hand < 0.5


def test_radii_differ_within_a_frame(tmp_path: Path) -> None:
    """A small and a large object on one frame are each matched within their own radius."""
    truth, guess = np.zeros((2, 300, 400), bool), np.zeros((2, 300, 400), bool)
    truth[0, 20:26, 20:26], truth[1, 100:200, 100:200] = True, True
    guess[0, 22:28, 20:26], guess[1, 102:202, 100:200] = True, True
    number = np.array([1, 2])[:, None, None]
    for t in range(3):
        write_label_map(tmp_path / f"data/valid/Annotations/v/{t:05d}.png", (truth * number).sum(0))
        write_label_map(tmp_path / f"preds/v/{t:05d}.png", (guess * number).sum(0))
    (tmp_path / "data/valid/meta.json").write_text(json.dumps({"videos": {"v": {"objects": ["1", "2"]}}}))
    run = vosbench.score(tmp_path / "preds", benchmark="mose-v2", data=tmp_path / "data")
    found = run.objects[(run.objects.measure == "Fa") & (run.objects.statistic == "mean")].value.tolist()
    assert found == [contour_f(gt=g, pred=p, tolerance=r) for g, p, r in zip(truth, guess, (1, 4.0), strict=True)]
