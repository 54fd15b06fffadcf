"""YouTube-Objects, SegTrack v2, FBMS-59 and JumpCut: one foreground, and four ways to average it."""

from pathlib import Path

import pytest

import vosbench
from vosbench.testing import check_benchmark, write_label_maps


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
        # all 14 frames: 8 of long, one of two of short, and of late two rightly empty, one missed, one right
        ("segtrack-v2", (8 + 1 + 3) / 14),
        ("fbms-frame", (8 + 1 + 3) / 14),
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
