"""Small rules on which a number depends: label 255, the worst value, what a fingerprint covers, the tolerance."""

import msgspec
import numpy as np
import pytest

import vosbench
from vosbench.errors import IncomparableError
from vosbench.protocols.load import load
from vosbench.protocols.rules import object_ids
from vosbench.scoring.counting import Frame
from vosbench.scoring.rescore import differing, rescore
from vosbench.types import Sequence

VIDEO = Sequence(name="a", frames=("00000", "00001"))
MASK = np.zeros((48, 64), np.uint8)
MASK[8:24, 10:40] = 1


@pytest.mark.parametrize(("void", "ids"), [("object", (1, 255)), ("background", (1,)), ("ignore", (1,))])
def test_label_255_is_an_object_only_where_void_is_one(void, ids):
    assert object_ids("first-frame", sequence=VIDEO, first=np.array([0, 1, 255]), void=void) == ids


@pytest.mark.parametrize(("void", "last"), [("object", 255), ("background", 1), ("ignore", 1)])
def test_label_255_is_the_largest_only_where_void_is_an_object(void, last):
    ids = object_ids("first-frame-max", sequence=VIDEO, first=np.array([0, 1, 255]), void=void)
    assert ids == tuple(range(1, last + 1))


@pytest.mark.parametrize(("measure", "worst"), [("J", 0.0), ("F", 0.0), ("FP", 1.0)])
def test_a_sequence_without_any_mask_gets_the_worst_value(world, measure, worst):
    """MeViS gives 0 to a sequence without masks; of a measure where lower is better the worst value is 1."""
    gt = world.masks("gt", {"a": [MASK] * 4, "b": [MASK] * 4})
    preds = world.masks("preds", {"a": [MASK] * 4})
    run = vosbench.score(preds, gt=gt, protocol="mevis", measures=(measure,), missing="empty")
    table = run.objects
    of_b = table[(table.sequence == "b") & (table.measure == measure) & (table.statistic == "mean")]
    assert of_b.value.tolist() == [worst]


def test_the_fingerprint_of_the_data_covers_which_group_an_object_is_in(world):
    frames = ["00000", "00001", "00002"]
    objects = {"v": {1: ("cat", frames)}, "w": {1: ("dog", frames)}}
    videos = {"v": [MASK] * 3, "w": [MASK] * 3}
    preds = world.masks("preds", videos)
    roots = [
        world.youtube_vos(videos, objects, name="cats-seen", seen=("cat",)),
        world.youtube_vos(videos, objects, name="dogs-seen", seen=("dog",)),
        world.youtube_vos(videos, objects, name="cats-seen-again", seen=("cat",)),
    ]
    cats, dogs, again = (vosbench.score(preds, benchmark="youtube-vos-2019", data=root).signature for root in roots)
    assert cats == again
    assert cats != dogs


def test_the_checksum_of_a_mask_tells_inside_from_outside():
    """The two halves of a frame have the same contour."""
    left, right = MASK * 0, MASK * 0
    left[:, :32], right[:, 32:] = 1, 1
    ours, theirs = Frame.of((left,)), Frame.of((right,))
    assert ours.contours[0].positions.tolist() == theirs.contours[0].positions.tolist()
    assert ours.crc32() != theirs.crc32()


@pytest.mark.parametrize("measures", [("J", "F"), ("F",)])
def test_another_contour_tolerance_needs_other_counts(world, measures):
    gt = world.masks("gt", {"a": [MASK] * 4})
    run = vosbench.score(gt, gt=gt, measures=measures)
    spec = msgspec.structs.replace(run.spec, rules=msgspec.structs.replace(run.spec.rules, tolerance=0.02))
    assert differing(run, spec.rules) == {"tolerance": ("0.008", "0.02")}
    with pytest.raises(IncomparableError, match=r"tolerance: 0\.008 in the run, 0\.02 asked for"):
        rescore(run, spec)


def test_region_similarity_alone_has_no_tolerance(world):
    gt = world.masks("gt", {"a": [MASK] * 4})
    run = vosbench.score(gt, gt=gt)
    rules = msgspec.structs.replace(load("folder").rules, measures=("J",), headline=("J",), tolerance=0.02)
    assert differing(run, rules) == {}
