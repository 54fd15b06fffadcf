"""LVOS: each object in its own range of frames, seen and unseen by video, and the deviation V."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vosbench
from vosbench.errors import InputError, UsageError
from vosbench.testing import check_benchmark, write_label_maps

STEMS = "{:08d}"


def world(root: Path) -> Path:
    """Every fifth frame is annotated: 1, 6, 11, …; object 2 of "a" arrives at frame 11 and is listed to frame 31."""
    looks = {"a": {1: spread("xxxxxxxx"), 2: spread("..xxxx..")}, "b": {1: spread("xxxx..xx")}}
    write_label_maps(root / "valid/Annotations", looks, stems=STEMS)
    spans = {"a": {"1": (1, 41), "2": (11, 31)}, "b": {"1": (1, 41)}}
    videos = {
        video: {
            "objects": {
                key: {
                    "frame_range": {"start": f"{first:08d}", "end": f"{end:08d}", "frame_nums": str((end - first) // 5)}
                }
                for key, (first, end) in objects.items()
            }
        }
        for video, objects in spans.items()
    }
    (root / "valid/valid_meta.json").write_text(json.dumps({"videos": videos}))
    (root / "unseen_videos.txt").write_text("b\n")
    (root / "unsupervised_videos.txt").write_text("b\nof-another-split\na\n")
    return root


def spread(looks: str) -> str:
    """One letter for each annotated frame 1, 6, 11, …; the frames between show nothing."""
    return "".join(f".{look}..." for look in looks)


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("task", ["", "-unsupervised", "-unsupervised-single"])
def test_contract(tmp_path: Path, version: str, task: str) -> None:
    check_benchmark(f"lvos-v{version}{task}", data=world(tmp_path))


def test_by_hand(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    # a/1: 6 scored frames, 3 wrong. a/2: frames 16 and 21, one right. b/1: never predicted, 2 of 6 rightly empty.
    looks = {"a": {1: spread("wxxxwwww"), 2: spread("..wxww..")}, "b": {1: spread("........")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v2", data=root)
    assert run.value("J&F", group="seen") == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert run.value("J&F", group="unseen") == pytest.approx(1 / 3)
    assert run.value("J&F", group="overall") == pytest.approx((1 / 2 + 1 / 3) / 2)
    # V: values are 0 or 1, so the variance is p(1 - p), rounded to four decimals before the root
    seen, unseen = 0.5, np.sqrt(round(2 / 9, 4))
    assert run.value("J&F", "V", "seen") == pytest.approx(seen, abs=1e-15)
    assert run.value("J&F", "V", "unseen") == pytest.approx(unseen, abs=1e-15)
    assert run.value("J&F", "V", "overall") == pytest.approx((seen + unseen) / 2, abs=1e-15)
    assert unseen != np.sqrt(2 / 9)
    frames = run.frames[(run.frames.sequence == "a") & (run.frames.object == 2)].frame.tolist()
    assert frames == ["00000016", "00000021"]


def test_unsupervised_forgives_other_labels(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    looks = {"a": {4: spread("xxxxxxxx"), 7: spread("..xxxx..")}, "b": {9: spread("xxxx..xx")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised", data=root)
    assert run.value("J&F", group="overall") == 1.0
    assert sorted(set(run.objects.proposal)) == [4, 7, 9]


def change_ranges(root: Path, **change: object) -> None:
    path = root / "valid/valid_meta.json"
    meta = json.loads(path.read_text())
    for video in meta["videos"].values():
        for listed in video["objects"].values():
            listed["frame_range"] |= change
    path.write_text(json.dumps(meta))


@pytest.mark.parametrize("version", ["1", "2"])
def test_an_empty_proposal_may_be_better_than_a_bad_one(tmp_path: Path, version: str) -> None:
    """lvos-evaluation (25cb02d) always pairs with 20 proposals, so that an object may get one that was never drawn."""
    root = world(tmp_path / "data")
    looks = {"a": {1: spread("xxxxxxxx"), 2: spread("wwwwwwww")}, "b": {1: spread("wwwwwwww")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark=f"lvos-v{version}-unsupervised", data=root)
    # b shows its object on 6 of 8 frames: an empty mask is right on two of them, the proposal on none
    assert run.value("J&F", group="unseen") == pytest.approx(2 / 8)
    assert run.value("J&F", group="seen") == pytest.approx((1 + 0) / 2)
    assert "pairing:hungarian-padded20" in run.signature
    assert len(run.frames) == (8 + 4 + 8) * 20


@pytest.mark.parametrize(
    ("frame_nums", "j", "says"),
    [
        (8, 5 / 6, None),  # the first and the last frame are left out, the second but last is wrong
        (9, 5 / 7, "more"),  # the range ends one frame early: its last frame counts
        (11, 5 / 9, "more"),  # two more frames are counted, and never read
        (5, 5 / 6, "fewer"),  # the reference stops
    ],
)
def test_frame_nums_decides_which_frames_count(tmp_path: Path, frame_nums: int, j: float, says: str | None) -> None:
    """lvos-evaluation (25cb02d) makes room for ``frame_nums`` values and leaves out the first and the last of them."""
    root = world(tmp_path / "data")
    change_ranges(root, start="1", end="41", frame_nums=str(frame_nums))
    looks = {"a": {1: spread("xxxxxxww"), 2: spread("..xxxx..")}, "b": {1: spread("xxxx..ww")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v2", data=root)
    assert run.value("J", group="unseen") == pytest.approx(j)
    assert run.value("J", "recall", group="unseen") == pytest.approx(j)
    odd = [note for note in run.document.notes if "frame_range" in note]
    assert len(odd) == bool(says)
    assert all(f"disagree, {says} frames" in note and note.endswith(": a, b") for note in odd)
    found = run.frames[(run.frames.sequence == "b")]
    assert (found["flags"] == "unreached").sum() == max(frame_nums - 9, 0)
    assert run.value("J", group="unseen") == vosbench.load(saved(run, tmp_path)).value("J", group="unseen")


def saved(run: vosbench.RunResult, folder: Path) -> Path:
    run.save(folder / "run")
    return folder / "run"


def test_unsupervised_counts_the_frame_behind_the_range(tmp_path: Path) -> None:
    """As lvos-evaluation (25cb02d): it never writes the last of ``frame_nums`` values if ``end`` is the last frame."""
    root = world(tmp_path / "data")
    change_ranges(root, start="1", end="36", frame_nums="8")
    looks = {"a": {2: spread("xxxxxxxx"), 5: spread("..xxxx..")}, "b": {1: spread("xxxx..xx")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised", data=root)
    assert run.value("J&F", group="overall") == pytest.approx(7 / 8)
    assert "unreached:zero" in run.signature
    other = world(tmp_path / "other")
    change_ranges(other, start="1", end="36", frame_nums="7")
    exact = vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised", data=other)
    assert exact.value("J&F", group="overall") == 1.0
    assert exact.signature != run.signature


def test_unsupervised_drops_no_frame(tmp_path: Path) -> None:
    """As ``_evaluate_unsupervised_multiple`` of lvos-evaluation: the ends of an object's range count as well."""
    root = world(tmp_path / "data")
    # labels 3 and 7 of "a": 3 is right on 6 of object 1's 8 frames; 7 on 3 of object 2's 4, its first one missed
    looks = {"a": {3: spread("wxxxxxxw"), 7: spread("...xxx..")}, "b": {9: spread("........")}}
    write_label_maps(tmp_path / "preds", looks, stems=STEMS)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised", data=root)
    assert run.value("J&F", group="seen") == pytest.approx((6 / 8 + 3 / 4) / 2)
    assert run.value("J&F", group="unseen") == pytest.approx(2 / 8)
    assert run.objects.drop_duplicates(["sequence", "object"]).frames.tolist() == [8, 4, 8]


def test_one_object_by_hand(tmp_path: Path) -> None:
    """Only the listed videos count, each as one foreground, on all its frames."""
    root = world(tmp_path / "data")
    (root / "unsupervised_videos.txt").write_text("b\n")
    # "b" shows its object on 6 of 8 frames: 4 right, 2 in a wrong place; of the two empty frames one is right
    write_label_maps(tmp_path / "preds", {"b": {5: spread("xxxx.xww")}}, stems=STEMS)
    grey_to_one(tmp_path / "preds", 5, 1)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v2-unsupervised-single", data=root)
    assert run.value("J", group="unseen") == pytest.approx((4 + 1) / 8)
    assert run.objects.drop_duplicates("sequence")[["sequence", "object", "frames"]].to_numpy().tolist() == [
        ["b", 1, 8]
    ]


def grey_to_one(folder: Path, old: int, new: int) -> None:
    for path in folder.rglob("*.png"):
        labels = np.array(Image.open(path))
        labels[labels == old] = new
        Image.fromarray(labels.astype(np.uint8)).save(path)


@pytest.mark.parametrize(("value", "j"), [(1, 1.0), (126, 0.0), (127, 1.0), (255, 1.0)])
def test_one_object_in_shades_of_grey(tmp_path: Path, value: int, j: float) -> None:
    """Saliency maps: 127 and above is foreground; a mask of 0 and 1 is a mask."""
    root = world(tmp_path / "data")
    (root / "unsupervised_videos.txt").write_text("b\n")
    write_label_maps(tmp_path / "preds", {"b": {1: spread("xxxx..xx")}}, stems=STEMS)
    grey_to_one(tmp_path / "preds", 1, value)
    run = vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised-single", data=root)
    assert run.value("J", group="unseen") == pytest.approx((6 * j + 2) / 8)
    assert "foreground:salient" in run.signature


def test_no_list_of_videos_with_one_object(tmp_path: Path) -> None:
    root = world(tmp_path / "data")
    (root / "unsupervised_videos.txt").write_text("of-another-split\n")
    write_label_maps(tmp_path / "preds", {"b": {1: spread("xxxx..xx")}}, stems=STEMS)
    with pytest.raises(InputError, match=r"a video that unsupervised_videos\.txt names"):
        vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised-single", data=root)
    (root / "unsupervised_videos.txt").unlink()
    with pytest.raises((InputError, UsageError)):
        vosbench.score(tmp_path / "preds", benchmark="lvos-v1-unsupervised-single", data=root)
