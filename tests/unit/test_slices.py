"""Which objects share a property, on videos small enough to read."""

import numpy as np
import pytest

from tests.unit.runs_from_counts import changed
from vosbench import score
from vosbench.analysis.motion import speeds
from vosbench.analysis.slices import SLICES, members
from vosbench.cli.compare import PROPERTIES
from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
from vosbench.errors import UsageError


def square(side: int, label: int = 1) -> np.ndarray:
    mask = np.zeros((120, 120), np.uint8)
    mask[:side, :side] = label
    return mask


def beside(*masks: np.ndarray) -> np.ndarray:
    return np.concatenate(masks, axis=1)


@pytest.fixture
def run(world):
    """Two sequences: ``a`` has objects 1 (grows, always there) and 2 (late, leaves, returns); ``b`` a large one."""
    late = [0, 0, 0, 0, 10, 0, 10, 10]
    a = [beside(square(8 + 4 * t), square(side, 2)) for t, side in enumerate(late)]
    gt = world.masks("gt", {"a": a, "b": [square(110)] * 4})
    return score(gt, gt=gt)


def labels(run, by):
    """For each object (in the order a/1, a/2, b/1) the label of its slice."""
    found = members(run, by)
    assert sum(flags.astype(int) for flags in found.values()).tolist() == [1, 1, 1]
    return [next(label for label, flags in found.items() if flags[i]) for i in range(3)]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("sequence", ["a", "a", "b"]),
        ("instances", ["2", "2", "1"]),
        ("size", ["small", "small", "large"]),
        ("entry", ["first frame", "second half", "first frame"]),
        ("reappearance", ["never away", "returns", "never away"]),
        ("growth", ["over 4x", "under 2x", "under 2x"]),
    ],
)
def test_by(run, by, expected):
    assert labels(run, by) == expected


def test_attributes_come_with_the_run_and_may_overlap(run):
    run = changed(run, attributes={"a": ("OCC", "FM"), "b": ("FM",)})
    assert {k: v.tolist() for k, v in members(run, "attribute").items()} == {
        "FM": [True, True, True],
        "OCC": [True, True, False],
    }


@pytest.mark.parametrize("by", ["category", "group", "attribute", "colour"])
def test_what_the_run_does_not_know_is_said(run, by):
    with pytest.raises(UsageError):
        members(run, by)


def test_categories_and_groups_are_the_datasets(world):
    video = [beside(square(8), square(9, 2))] * 4
    frames = [f"{t:05d}" for t in range(4)]
    data = world.youtube_vos({"v": video}, {"v": {1: ("cat", frames), 2: ("owl", frames)}})
    run = score(data / "valid" / "Annotations", data=data, benchmark="youtube-vos-2019")
    assert {k: v.tolist() for k, v in members(run, "category").items()} == {"cat": [True, False], "owl": [False, True]}
    assert {k: v.tolist() for k, v in members(run, "group").items()} == {"seen": [True, False], "unseen": [False, True]}


def test_attributes_of_davis_are_read_from_its_file(world):
    data = world.davis({"bear": [square(9)] * 4}, year="2016")
    (data / "db_info.yml").write_text("sequences:\n- name: bear\n  attributes: [DEF, OCC]\n  eval_t: true\n")
    run = score(data / "Annotations" / "480p", data=data, benchmark="davis2016")
    assert run.document.attributes == {"bear": ("DEF", "OCC")}
    assert list(members(run, "attribute")) == ["DEF", "OCC"]


def test_motion_is_the_mean_way_of_the_centre_in_pixels(world):
    """Object 1 moves 3 pixels to the right and 4 down a frame; object 2 is seen on every other frame only."""
    video = []
    for t in range(5):
        mask = np.zeros((100, 100), np.uint8)
        mask[4 * t : 4 * t + 6, 3 * t : 3 * t + 6] = 1
        mask[90:95, 90:95] = 2 * (t % 2 == 0)
        video.append(mask)
    gt = world.masks("gt", {"a": video, "b": [square(9)] * 4})
    run = score(gt, gt=gt)
    motion = speeds(run, locate(Query(gt=gt)))
    assert motion == {"a": {"1": pytest.approx(5)}, "b": {"1": 0}}
    assert {k: v.tolist() for k, v in members(run, "motion", motion=motion).items()} == {
        "under 5 px": [False, False, True],
        "5 to 20 px": [True, False, False],
        "over 20 px": [False, False, False],
    }


def test_motion_asks_for_the_ground_truth(run):
    with pytest.raises(UsageError, match="motion"):
        members(run, "motion")


def test_the_command_line_offers_every_property():
    assert set(PROPERTIES) == set(SLICES)
