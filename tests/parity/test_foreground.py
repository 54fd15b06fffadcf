"""YouTube-Objects, SegTrack v2, FBMS-59 and JumpCut: one foreground, and four ways to average it."""

from pathlib import Path

import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.masks.write import write_label_map
from vosbench.testing import check_benchmark, write_label_maps
from vosbench.testing.benchmarks import draw


def youtube_objects(root: Path) -> Path:
    """Class "a" has two sequences, "b" has one; the object leaves, returns, or comes late."""
    world = {"a/1": {1: "xxxx", 2: "..xx"}, "a/2": {1: "x..x"}, "b/1": {255: "..xx"}}
    write_label_maps(root / "Annotations", world)
    return root


@pytest.mark.parametrize("variant", ["sequence", "class"])
def test_youtube_objects(tmp_path: Path, variant: str) -> None:
    root = youtube_objects(tmp_path / "data")
    check_benchmark(f"yto-{variant}", data=root)
    # a/1: all right. a/2: frames 0 and 3 show something, one right. b/1: never predicted, 2 empty frames not scored.
    write_label_maps(tmp_path / "preds", {"a/1": {7: "xxxx", 9: "..xx"}, "a/2": {1: "xwww"}, "b/1": {1: "...."}})
    run = vosbench.score(tmp_path / "preds", benchmark=f"yto-{variant}", data=root)
    by_sequence = (1 + 1 / 2 + 0) / 3
    by_class = ((1 + 1 / 2) / 2 + 0) / 2
    assert run.value("J") == pytest.approx(by_sequence if variant == "sequence" else by_class)
    assert run.objects.frames.tolist() == [4, 2, 2]
    assert run.objects.category.tolist() == ["a", "a", "b"]


LOOKS = {"long": {1: "xxxxxxxx", 2: "x......x"}, "short": {1: "xx"}, "late": {1: "..xx"}}
PREDICTED = {"long": {1: "xxxxxxxx", 2: "x......x"}, "short": {1: "xw"}, "late": {1: "...x"}}


def foreground(root: Path) -> Path:
    write_label_maps(root / "Annotations", LOOKS)
    return root


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        # all 14 frames: 8 of long, one of two of short, and of late two empty, which count 0, one missed, one right
        ("segtrack-v2", (8 + 1 + 1) / 14),
        ("fbms-frame", (8 + 1 + 1) / 14),
        # empty truth left out: 1, 1/2, 1/2
        ("fbms-sequence", (1 + 1 / 2 + 1 / 2) / 3),
        # all but the first frame: 1, 0, and of late one rightly empty, one missed, one right
        ("jumpcut", (1 + 0 + 2 / 3) / 3),
    ],
)
def test_averages(tmp_path: Path, protocol: str, expected: float) -> None:
    root = foreground(tmp_path / "data")
    check_benchmark(protocol, data=root)
    write_label_maps(tmp_path / "preds", PREDICTED)
    run = vosbench.score(tmp_path / "preds", benchmark=protocol, data=root)
    assert run.value("J") == pytest.approx(expected)
    assert ("averaging:" in run.signature) is True
    assert ("both-empty:zero" in run.signature) == ("frame" in run.signature.split("averaging:")[1])


def test_best_of_several_masks_on_each_frame(tmp_path: Path) -> None:
    """Masks may change roles from frame to frame; a frame on which none fits counts, and so does one without masks."""
    root, square, left, wrong = tmp_path / "data", draw("x", 0), draw("h", 0), draw("w", 0)
    for name, n in (("long", 5), ("short", 1)):
        for t in range(n):
            write_label_map(root / f"Annotations/{name}/{t:05d}.png", 3 * (square & ~left) + 9 * left)
    masks = [
        1 * square + 2 * wrong,  # 1: the first is right
        2 * square + 1 * wrong,  # 1: the second is right
        1 * left + 2 * (square & ~left),  # 1/2: each is half of it; they are not merged
        4 * wrong,  # 0
        0 * square,  # 0
    ]
    for t, labels in enumerate(masks):
        write_label_map(tmp_path / f"preds/long/{t:05d}.png", labels)
    write_label_map(tmp_path / "preds/short/00000.png", 20 * square + 1 * wrong)  # 1
    run = vosbench.score(tmp_path / "preds", benchmark="segtrack-v2-best", data=root)
    assert run.value("J") == pytest.approx((1 + 1 + 1 / 2 + 0 + 0 + 1) / 6)
    assert run.objects.frames.tolist() == [5, 1]
    assert list(zip(run.frames.sequence, run.frames.frame, strict=True))[-2:] == [("long", "00004"), ("short", "00000")]
    assert "pairing:best-by-frame20" in run.signature
    merged = vosbench.score(tmp_path / "preds", benchmark="segtrack-v2", data=root)
    assert merged.value("J") == pytest.approx((1 / 2 + 1 / 2 + 1 + 0 + 0 + 1 / 2) / 6)
    write_label_map(tmp_path / "preds/short/00000.png", 21 * square)
    with pytest.raises(InputError, match="21"):
        vosbench.score(tmp_path / "preds", benchmark="segtrack-v2-best", data=root)


def test_best_of_masks_of_late_vanishing_and_never_predicted_objects(tmp_path: Path) -> None:
    root = foreground(tmp_path / "data")
    check_benchmark("segtrack-v2-best", data=root)
    write_label_maps(tmp_path / "preds", {"long": {1: "........"}, "short": {7: "xw"}, "late": {8: "w.wx"}})
    run = vosbench.score(tmp_path / "preds", benchmark="segtrack-v2-best", data=root)
    # long: object 2 shows beside object 1 on the first and the last frame, nothing is predicted. short: one of two.
    # late: a false alarm, rightly empty, which counts 0, missed, right
    assert run.value("J") == pytest.approx((0 + 1 + (0 + 0 + 0 + 1)) / 14)
