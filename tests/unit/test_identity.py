"""Object numbers that mean nothing pair nothing; SA-V's own files are read as truth and as prediction."""

import json
from pathlib import Path

import numpy as np
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.masks.masklets import find_masklets
from vosbench.masks.write import write_label_map
from vosbench.testing import SHAPE, draw, write_object_tree

mask_coder = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")


def encode(mask: np.ndarray) -> dict[str, object]:
    encoded = mask_coder.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(n) for n in encoded["size"]], "counts": encoded["counts"].decode()}


def tracks(looks: dict[int, str]) -> list[list[dict[str, object] | None]]:
    return [[None if c == "." else encode(draw(c, place)) for c in timeline] for place, timeline in looks.items()]


def truth(path: Path, *, objects: bool = False) -> Path:
    """Two objects side by side in one video; their annotations have ids 11 and 12, and numbers if ``objects``."""
    videos = [{"id": 5, "file_names": [f"v/{t:05d}.jpg" for t in range(4)], "height": SHAPE[0], "width": SHAPE[1]}]
    annotations = [
        {"id": 11 + k, "video_id": 5, "segmentations": s} | ({"object": k + 1} if objects else {})
        for k, s in enumerate(tracks({0: "xxxx", 1: "xxxx"}))
    ]
    path.write_text(json.dumps({"videos": videos, "annotations": annotations}))
    return path


def results(path: Path, **more: list[int]) -> Path:
    """What a detector finds, the second object first; ``more`` adds a key with a value for each."""
    found = [
        {"video_id": 5, "category_id": 1, "score": score, "segmentations": s} | {key: v[k] for key, v in more.items()}
        for k, (score, s) in enumerate(zip((0.3, 0.9), tracks({0: "xxxx", 1: "xxhh"}), strict=True))
    ]
    path.write_text(json.dumps(found))
    return path


@pytest.mark.parametrize("objects", [False, True])
@pytest.mark.parametrize("protocol", ["folder", "davis2017", "first-appearance"])
def test_results_without_numbers_are_not_paired_by_number(tmp_path: Path, objects: bool, protocol: str) -> None:
    gt = truth(tmp_path / "gt.json", objects=objects)
    with pytest.raises(InputError, match="no-object-ids") as refused:
        vosbench.score(results(tmp_path / "found.json"), gt=gt, protocol=protocol)
    assert "2 of its objects have no number" in str(refused.value)
    assert "--protocol folder-matched" in str(refused.value)


def test_one_object_on_either_side_needs_no_number(tmp_path: Path) -> None:
    videos = [{"id": 5, "file_names": [f"v/{t:05d}.jpg" for t in range(4)], "height": SHAPE[0], "width": SHAPE[1]}]
    (shown,), (found,) = tracks({0: "xxxx"}), tracks({0: "xxhh"})
    annotations = [{"id": 11, "video_id": 5, "segmentations": shown}]
    (tmp_path / "gt.json").write_text(json.dumps({"videos": videos, "annotations": annotations}))
    (tmp_path / "found.json").write_text(json.dumps([{"video_id": 5, "score": 0.9, "segmentations": found}]))
    assert vosbench.score(tmp_path / "found.json", gt=tmp_path / "gt.json").value("J") == 0.75
    both = [{"video_id": 5, "score": 0.9 - k / 9, "segmentations": found} for k in range(2)]
    (tmp_path / "both.json").write_text(json.dumps(both))
    with pytest.raises(InputError, match="no-object-ids"):
        vosbench.score(tmp_path / "both.json", gt=tmp_path / "gt.json")


def test_the_advice_works(tmp_path: Path) -> None:
    gt, found = truth(tmp_path / "gt.json"), results(tmp_path / "found.json")
    run = vosbench.score(found, gt=gt, protocol="folder-matched")
    assert run.value("J", "mean") == pytest.approx((1 + 0.75) / 2)
    numbered = vosbench.score(results(tmp_path / "numbered.json", object=[1, 2]), gt=gt)
    assert numbered.value("J") == pytest.approx((1 + 0.5 * 0.5 + 0.5) / 2)  # the two inner frames


def test_a_late_object_is_matched_too(tmp_path: Path) -> None:
    videos = [{"id": 5, "file_names": [f"v/{t:05d}.jpg" for t in range(4)], "height": SHAPE[0], "width": SHAPE[1]}]
    late = [{"id": k, "video_id": 5, "segmentations": s} for k, s in enumerate(tracks({0: "..xx", 1: "...x"}), start=1)]
    (tmp_path / "gt.json").write_text(json.dumps({"videos": videos, "annotations": late}))
    found = [
        {"video_id": 5, "score": 0.9 - k / 9, "segmentations": s} for k, s in enumerate(tracks({0: "...", 1: "...x"}))
    ]
    (tmp_path / "found.json").write_text(json.dumps(found))
    run = vosbench.score(tmp_path / "found.json", gt=tmp_path / "gt.json", protocol="folder-matched")
    values = run.objects.query("measure == 'J' and statistic == 'mean'").set_index("object").value.to_dict()
    assert values == pytest.approx({1: 0.5, 2: 1.0})


def test_numbers_that_the_truth_does_not_know(tmp_path: Path) -> None:
    gt, found = truth(tmp_path / "gt.json"), results(tmp_path / "found.json", object=[101, 102])
    with pytest.raises(InputError, match="none of its object numbers"):
        vosbench.score(found, gt=gt, protocol="first-appearance")


@pytest.mark.parametrize("objects", [False, True])
def test_the_truth_itself_has_the_numbers_of_the_truth(tmp_path: Path, objects: bool) -> None:
    gt = truth(tmp_path / "gt.json", objects=objects)
    assert vosbench.score(gt, gt=gt).value("J") == 1


def test_a_document_of_results_is_no_better_than_a_list(tmp_path: Path) -> None:
    document = json.loads(truth(tmp_path / "gt.json").read_text())
    for k, annotation in enumerate(document["annotations"]):
        annotation |= {"id": k + 1, "score": 0.5 + k / 10}
    (tmp_path / "found.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="no-object-ids"):
        vosbench.score(tmp_path / "found.json", gt=tmp_path / "gt.json")


def test_all_labels_merged_need_no_numbers(tmp_path: Path) -> None:
    gt, found = truth(tmp_path / "gt.json"), results(tmp_path / "found.json")
    assert vosbench.score(found, gt=gt, protocol="davis2016").value("J") == pytest.approx((1 + 0.75) / 2)


def masklets(folder: Path, kind: str, looks: dict[int, str], *, name: str = "sav_000001", **more: object) -> Path:
    """A file of SA-V: masks of every fourth frame, an empty encoding where an object is absent."""
    frames = len(next(iter(looks.values())))
    document = {
        "video_id": name,
        "video_frame_count": 4.0 * frames - 1,
        "video_height": float(SHAPE[0]),
        "video_width": float(SHAPE[1]),
        "masklet": [[encode(draw(timeline[t], k)) for k, timeline in looks.items()] for t in range(frames)],
        "masklet_id": list(looks),
        "masklet_type": [kind] * len(looks),
        "masklet_num": len(looks),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}_{kind}.json"
    path.write_text(json.dumps(document | more))
    return path


TRUTH, GUESS = {0: "xxxxxx.x", 1: "..xxxx.."}, {0: "xxhxwx.x", 1: ".xxx...."}


def tree(folder: Path, looks: dict[int, str]) -> None:
    """The same as PNG files, called as in the validation set."""
    for number, timeline in looks.items():
        for t, look in enumerate(timeline):
            write_label_map(folder / f"sav_000001/{number:03d}/{4 * t:05d}.png", draw(look, number).astype(np.uint8))


@pytest.mark.parametrize("as_folder", [True, False])
def test_masklets_score_like_the_tree_of_png_files(tmp_path: Path, as_folder: bool) -> None:
    tree(tmp_path / "data/sav_val/Annotations_6fps", TRUTH)
    tree(tmp_path / "preds", GUESS)
    png = vosbench.score(tmp_path / "preds", benchmark="sav", data=tmp_path / "data")
    gt, guess = masklets(tmp_path / "gt", "manual", TRUTH), masklets(tmp_path / "guess", "manual", GUESS)
    run = vosbench.score(guess.parent if as_folder else guess, gt=gt.parent if as_folder else gt, protocol="sav")
    assert run.document.summary == png.document.summary
    against_png = vosbench.score(guess.parent, benchmark="sav", data=tmp_path / "data")
    assert against_png.document.summary == png.document.summary
    assert run.frames.frame.unique().tolist() == [f"{4 * t:05d}" for t in range(1, 7)]


def test_masks_of_every_frame_are_numbered_one_by_one(tmp_path: Path) -> None:
    path = masklets(tmp_path, "manual", TRUTH, video_frame_count=8.0)
    found = find_masklets(path)
    assert found is not None
    assert found.frames("sav_000001") == tuple(f"{t:05d}" for t in range(8))


def test_automatic_masklets_have_numbers_of_their_own(tmp_path: Path) -> None:
    gt, guess = masklets(tmp_path / "gt", "manual", TRUTH), masklets(tmp_path / "guess", "auto", GUESS)
    with pytest.raises(InputError, match="automatic masklets have numbers of their own"):
        vosbench.score(guess, gt=gt, protocol="sav")
    assert vosbench.score(guess, gt=gt, protocol="folder-matched").value("J") > 0.5


def test_both_kinds_in_one_folder_are_refused(tmp_path: Path) -> None:
    masklets(tmp_path / "gt", "manual", TRUTH)
    both = masklets(tmp_path / "gt", "auto", GUESS).parent
    with pytest.raises(InputError, match="manual and automatic"):
        vosbench.score(both, gt=both)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"masklet_id": [0, 0]}, "there twice"),
        ({"masklet_id": [0]}, "does not hold one mask for each"),
        ({"video_frame_count": 100.0}, "neither each nor every fourth"),
        ({"video_height": 7.0}, "is of size"),
        ({"masklet": "x"}, "not readable as masklets"),
    ],
)
def test_hostile_masklets(tmp_path: Path, change: dict[str, object], message: str) -> None:
    gt, guess = masklets(tmp_path / "gt", "manual", TRUTH), masklets(tmp_path / "guess", "manual", GUESS, **change)
    with pytest.raises(InputError, match=message):
        vosbench.score(guess, gt=gt, protocol="sav")


def test_a_tree_beside_stray_json_is_still_a_tree(tmp_path: Path) -> None:
    write_object_tree(tmp_path / "data/sav_val/Annotations_6fps", {"v": {0: "xxxx"}})
    write_object_tree(tmp_path / "preds", {"v": {0: "xxxx"}})
    (tmp_path / "preds/args.json").write_text('{"model": "x"}')
    assert vosbench.score(tmp_path / "preds", benchmark="sav", data=tmp_path / "data").value("J") == 1
