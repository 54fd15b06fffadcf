"""SA-V: objects in folders, each scored from its first appearance, without the ends of its own listing."""

from pathlib import Path

import numpy as np
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.masks.write import write_label_map
from vosbench.testing import check_benchmark, draw, write_object_tree

TRUTH = {
    # scored are frames 1 to 10
    "v1": {0: "xxxxxxxxxxxx", 1: "..........xx", 2: "xxx........."},
    # object 0 is listed on frames 2 to 7 only: 3 to 6 are scored
    "v2": {0: "--xxx.xx", 1: "xxxxxxxx"},
}


def write(root: Path, world: object, folder: str = "sav_val/Annotations_6fps") -> Path:
    write_object_tree(root / folder, world)  # type: ignore[arg-type]
    return root


def score(root: Path, preds: Path, **options: object) -> dict[tuple[str, int], float]:
    run = vosbench.score(preds, benchmark="sav", data=root, **options)
    rows = run.objects[(run.objects.measure == "J&F") & (run.objects.statistic == "mean")]
    return {(s, o): v for s, o, v in zip(rows.sequence, rows.object, rows.value, strict=True)}


def test_contract(tmp_path: Path) -> None:
    check_benchmark("sav", data=write(tmp_path, TRUTH))


def test_empty_predictions(tmp_path: Path) -> None:
    """protocols.md section 9, vector 6: visible in the last 2 of 10 scored frames 0.0, in the first 2 of 10 80.0."""
    # frame 0 and frame 11 are not scored
    root = write(tmp_path / "data", {"v": {0: ".........xxx", 1: "xxx........."}})
    preds = write(tmp_path / "preds", {"v": {0: "............", 1: "............"}}, ".")
    values = score(root, preds)
    assert values["v", 1] == 0.0
    assert values["v", 2] == pytest.approx(0.8, abs=1e-15)


def test_own_listing_and_early_false_positive(tmp_path: Path) -> None:
    root = write(tmp_path, TRUTH)
    preds = write(
        tmp_path / "preds",
        {
            "v1": {0: "xwxxxxxxxxxx", 1: "......w...xx", 2: "xxx........w"},
            "v2": {0: "--wwx.xw", 1: "x......x"},
        },
        ".",
    )
    values = score(root, preds)
    assert values["v1", 1] == pytest.approx(9 / 10)
    # the false positive on frame 6 starts the clock: frames 6 to 10, of which 7 to 9 are rightly empty and 10 is right
    assert values["v1", 2] == pytest.approx(4 / 5)
    # frames 1 to 10: two right, eight rightly empty; frame 11 is not scored
    assert values["v1", 3] == pytest.approx(1.0)
    # frames 3 to 6 of its own listing: wrong, right, rightly empty, right
    assert values["v2", 1] == pytest.approx(3 / 4)
    assert values["v2", 2] == 0.0


def test_overlapping_objects(tmp_path: Path) -> None:
    """Two objects on the same pixels are both perfect."""

    for t in range(4):
        for number in (0, 1):
            path = tmp_path / "sav_val/Annotations_6fps/v" / f"{number:03d}" / f"{t:05d}.png"
            write_label_map(path, draw("x" if number else "h", 0).astype("uint8"))
    run = vosbench.score(tmp_path / "sav_val/Annotations_6fps", benchmark="sav", data=tmp_path)
    assert run.value("J&F") == 1.0


def test_never_predicted_and_incomplete_objects(tmp_path: Path) -> None:
    root = write(tmp_path, {"v": {0: "xxxxx", 1: "xxxxx"}})
    only_one = write(tmp_path / "one", {"v": {0: "xxxxx"}}, ".")
    assert score(root, only_one) == {("v", 1): 1.0, ("v", 2): 0.0}
    broken = write(tmp_path / "broken", {"v": {0: "xxxxx", 1: "xx-xx"}}, ".")
    with pytest.raises(InputError) as info:
        score(root, broken)
    assert [(p.code, p.frame) for p in info.value.problems] == [("missing-frame", "00002")]


def test_object_outside_its_scored_frames(tmp_path: Path) -> None:
    """An object seen only at the ends of its listing has no value, and is counted."""
    root = write(tmp_path, {"v": {0: "xxxxx", 1: "x...x"}})
    run = vosbench.score(root / "sav_val/Annotations_6fps", benchmark="sav", data=root)
    assert run.value("J&F") == 1.0
    assert run.objects[run.objects.object == 2].reason.unique().tolist() == ["no scored frame"]


def test_list_of_videos(tmp_path: Path) -> None:
    root = write(tmp_path, TRUTH)
    (root / "sav_val/sav_val.txt").write_text("v2\n")
    run = vosbench.score(root / "sav_val/Annotations_6fps", benchmark="sav", data=root)
    assert run.document.dataset.sequences == 1


@pytest.mark.parametrize("seed", range(3))
def test_like_the_reference_on_random_objects(tmp_path: Path, seed: int) -> None:
    """sav_evaluator runs the evaluator of vos-benchmark on each object's frames but the first and the last."""
    evaluator = pytest.importorskip("vos_benchmark.evaluator", reason="vos-benchmark is not installed")
    rng = np.random.default_rng(seed)
    expected = {}
    for number in range(3):
        first, judge = int(rng.integers(0, 3)), evaluator.Evaluator()
        at = rng.integers(0, 20, 2)
        for t in range(first, 12):
            at += rng.integers(-3, 4, 2)
            masks = {}
            for side, shift in (("gt", 0), ("preds", 2)):
                masks[side] = np.zeros((50, 60), np.uint8)
                if rng.random() < 0.6:
                    y, x = np.maximum(at + shift, 0)
                    masks[side][y : y + 14, x : x + 17] = 1
                folder = {"gt": "gt/sav_val/Annotations_6fps", "preds": "preds"}[side]
                write_label_map(tmp_path / folder / f"v/{number:03d}/{t:05d}.png", masks[side])
            if first < t < 11:
                judge.feed_frame(masks["preds"], masks["gt"])
        iou, boundary = judge.conclude()
        expected[number + 1] = (iou[1] / 100, boundary[1] / 100)
    run = vosbench.score(tmp_path / "preds", benchmark="sav", data=tmp_path / "gt")
    for measure, position in (("J", 0), ("F", 1)):
        rows = run.objects[(run.objects.measure == measure) & (run.objects.statistic == "mean")]
        found = dict(zip(rows.object, rows.value, strict=True))
        assert found == pytest.approx({k: v[position] for k, v in expected.items()}, abs=1e-12)
