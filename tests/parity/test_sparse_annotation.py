"""Long-Video and VISOR: few annotated frames, with and without the last. YouTube-VOS videos held out of training."""

import json
from pathlib import Path

import pytest

import vosbench
from vosbench.testing import check_benchmark, write_label_maps


def long_video(root: Path) -> Path:
    """Annotated are frames 0, 300, 600, …, as "0.png", "300.png": names sort as text, so they are padded."""
    looks = {"rat": {1: "xxxxxx", 2: "xx..xx", 3: "..xxxx"}}
    write_label_maps(root / "Annotations", looks, stems="{:03d}00")
    return root


def test_long_video(tmp_path: Path) -> None:
    root = long_video(tmp_path / "data")
    check_benchmark("long-video", data=root)
    # predictions of every frame are fine; object 3 is not in the first frame and is no object
    write_label_maps(tmp_path / "preds", {"rat": {1: "xhhxxx", 2: "xxx..."}}, stems="{:03d}00")
    write_label_maps(tmp_path / "preds", {"rat": {1: "wwwwww"}}, stems="{:03d}50")
    run = vosbench.score(tmp_path / "preds", benchmark="long-video", data=root)
    # annotated frames 1 to 4: object 1 half, half, whole, whole; object 2 right, false, rightly empty, missed
    assert run.value("J") == pytest.approx(((0.5 + 0.5 + 1 + 1) / 4 + 2 / 4) / 2)


def visor(root: Path) -> Path:
    write_label_maps(root / "Annotations/480p", {"P01": {1: "xx", 2: "x."}, "P02": {1: "xxx", 2: ".xx"}})
    (root / "ImageSets/2022").mkdir(parents=True)
    (root / "ImageSets/2022/val.txt").write_text("P01\nP02\n")
    return root


def test_visor_keeps_the_last_frame(tmp_path: Path) -> None:
    root = visor(tmp_path / "data")
    check_benchmark("visor", data=root)
    write_label_maps(tmp_path / "preds", {"P01": {1: "xx", 2: "xx"}, "P02": {1: "xxw"}})
    run = vosbench.score(tmp_path / "preds", benchmark="visor", data=root)
    # P01: one frame, right and false; P02: frames 1 and 2, and object 2 arrives too late
    assert run.value("J&F") == pytest.approx((1 + 0 + 1 / 2) / 3)
    assert run.document.dataset.objects == 3


def held_out(root: Path) -> Path:
    """Object 2 of "v" arrives on the third frame, object 3 leaves after the fourth."""
    write_label_maps(root / "train/Annotations", {n: {1: "xxxxxx", 2: "..xxxx", 3: "xxxx.."} for n in ("v", "w")})
    spans = {"1": range(6), "2": range(2, 6), "3": range(6)}
    objects = {k: {"category": f"c{k}", "frames": [f"{t:05d}" for t in span]} for k, span in spans.items()}
    videos = {name: {"objects": objects} for name in ("v", "w")}
    (root / "train/meta.json").write_text(json.dumps({"videos": videos}))
    (root / "jjvalid.txt").write_text("v\n")
    return root


def test_jjvalid(tmp_path: Path) -> None:
    root = held_out(tmp_path / "data")
    check_benchmark("ytvos-jjvalid", data=root)
    write_label_maps(tmp_path / "preds", {"v": {1: "xxwxxx", 2: "....xx", 3: "xxxxxx"}})
    run = vosbench.score(tmp_path / "preds", benchmark="ytvos-jjvalid", data=root)
    # 1: frames 1 to 4, one wrong. 2: frames 3 and 4, one missed. 3: frames 1 to 4, one false.
    assert run.value("J&F") == pytest.approx((3 / 4 + 1 / 2 + 3 / 4) / 3)
    assert run.document.split == "jjvalid"


def test_any_list_of_videos(tmp_path: Path) -> None:
    root = held_out(tmp_path / "data")
    (tmp_path / "mine.txt").write_text("w\n")
    check_benchmark("ytvos-jjvalid", data=root, split=str(tmp_path / "mine.txt"))
