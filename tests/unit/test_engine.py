"""The engine: the same numbers however the work is shared out, in little memory, with every problem collected."""

import tracemalloc
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.measures import contour_f, jaccard
from vosbench.measures.catalog import MEASURES
from vosbench.protocols import load as protocols
from vosbench.scoring.plan import make_plan
from vosbench.scoring.run import run
from vosbench.scoring.sequence import score_sequence
from vosbench.scoring.task import Task
from vosbench.types import ObjectInfo, Sequence

RNG = np.random.default_rng(8)
OBJECT = np.zeros((30, 40), np.uint8)
OBJECT[5:20, 5:20] = 1


def walk(frames, objects, shape=(36, 50)):
    """Rectangles that wander and cover each other."""
    at = RNG.integers(0, 20, (objects, 2))
    masks = []
    for _ in range(frames):
        at = np.clip(at + RNG.integers(-3, 4, at.shape), 0, 30)
        mask = np.zeros(shape, np.uint8)
        for label, (y, x) in enumerate(at, start=1):
            mask[y : y + 12, x : x + 14] = label
        masks.append(mask)
    return masks


@pytest.fixture
def several(world):
    truth = {name: walk(n, k) for name, n, k in (("a", 9, 2), ("b", 5, 1), ("c", 12, 3), ("d", 4, 2))}
    gt = world.masks("gt", truth)
    one = world.masks("one", {name: [np.roll(m, 1, 1) for m in video] for name, video in truth.items()})
    two = world.masks("two", {name: [np.roll(m, 3, 0) for m in video] for name, video in truth.items()})
    return gt, one, two


# ------------------------------------------------------------------ how the work is shared out


@pytest.mark.parametrize("protocol", ["folder", "davis2017-unsupervised"])
def test_the_result_does_not_depend_on_the_number_of_threads(several, protocol):
    gt, one, _ = several
    results = [vosbench.score(one, gt=gt, protocol=protocol, jobs=jobs) for jobs in (1, 2, 5)]
    assert len({r.to_json() for r in results}) == 1
    for other in results[1:]:
        pd.testing.assert_frame_equal(other.frames, results[0].frames)


@pytest.mark.parametrize("protocol", ["folder", "first-appearance", "davis2017-unsupervised", "davis2016"])
def test_several_predictions_at_once_score_as_one_by_one(several, protocol):
    gt, one, two = several
    together = vosbench.score_all([one, two, gt], gt=gt, protocol=protocol)
    alone = [vosbench.score(p, gt=gt, protocol=protocol) for p in (one, two, gt)]
    assert [r.to_json() for r in together] == [r.to_json() for r in alone]


@pytest.mark.parametrize("part", [1, 2, 5])
@pytest.mark.parametrize(
    ("protocol", "measures"),
    [
        ("folder", ("J", "F", "T")),
        ("first-appearance", ("J", "F")),
        ("davis2017", ("J", "F", "T")),
        ("davis2017-unsupervised", ("J", "F", "T")),
        ("davis2016", ("J", "F", "T")),
        ("vost", ("J",)),
    ],
)
def test_a_sequence_in_parts_scores_as_a_whole(several, monkeypatch, protocol, measures, part):
    """T looks at the frame before, which may lie in another part; matching, strays and permutations at all of them."""
    gt, one, two = several
    (two / "c" / "00003.png").unlink()
    options = {"gt": gt, "protocol": protocol, "measures": measures, "missing": "empty"}
    wholes = vosbench.score_all([one, two], **options)
    monkeypatch.setattr("vosbench.scoring.task.PART", part)
    for jobs in (1, 3):
        for whole, parts in zip(wholes, vosbench.score_all([one, two], jobs=jobs, **options), strict=True):
            assert parts.to_json() == whole.to_json()
            pd.testing.assert_frame_equal(parts.frames, whole.frames)
            pd.testing.assert_frame_equal(parts.objects, whole.objects)


def test_the_problems_of_a_sequence_in_parts_are_those_of_the_whole(several, monkeypatch):
    gt, one, _ = several
    for path in ("c/00002.png", "c/00007.png", "c/00008.png"):
        (one / path).write_bytes(b"junk")
    (gt / "a/00000.png").write_bytes(b"junk")  # looked at by every part

    def problems(**options):
        with pytest.raises(InputError) as error:
            vosbench.score(one, gt=gt, measures=("J", "T"), **options)
        return error.value.problems

    whole = problems()
    monkeypatch.setattr("vosbench.scoring.task.PART", 3)
    assert problems() == problems(jobs=1) == whole
    assert len(whole) == 4


@dataclass
class Planes:
    """Masks in memory, several planes a frame, as where each object has a file of its own."""

    planes: dict[str, tuple[np.ndarray, ...]]
    name: str = "memory"
    reads: list[str] = field(default_factory=list)

    def sequences(self):
        return ("s",)

    def frames(self, sequence):
        return tuple(self.planes)

    def read(self, sequence, frame):
        self.reads.append(frame)
        return self.planes[frame]

    def where(self, sequence, frame=None):
        return f"{self.name}/{sequence}/{frame}"


def test_several_predictions_share_the_reading_of_the_ground_truth():
    gt = Planes({str(t): (OBJECT,) for t in range(6)})
    preds = tuple(Planes({str(t): (OBJECT,) for t in range(6)}) for _ in range(3))
    sequence = Sequence(name="s", frames=gt.frames("s"))
    score_sequence(Task(sequence=sequence, rules=protocols.load("davis2017").rules, gt=gt, predictions=preds))
    assert gt.reads == ["0", "1", "2", "3", "4"]  # the first one for its labels
    assert all(p.reads == ["1", "2", "3", "4"] for p in preds)


def test_progress_ends_with_all_frames(several):
    gt, one, _ = several
    seen = []
    vosbench.score(one, gt=gt, progress=lambda *step: seen.append(step))
    assert [done for done, _, _ in seen] == sorted(done for done, _, _ in seen)
    assert (seen[-1][0], {total for _, total, _ in seen}) == (30, {30})
    assert {name for _, _, name in seen} == set("abcd")


# ------------------------------------------------------------------ objects that overlap


def blobs(n):
    """n boolean masks that overlap."""
    masks = np.zeros((n, 36, 50), bool)
    for mask in masks:
        y, x = RNG.integers(0, 24), RNG.integers(0, 30)
        mask[y : y + RNG.integers(2, 16), x : x + RNG.integers(2, 20)] = True
    return masks


@pytest.mark.parametrize(("gt_planes", "pred_planes"), [(3, 3), (1, 3), (3, 1), (2, 3)])
def test_objects_on_several_planes_score_as_each_on_its_own(gt_planes, pred_planes):
    """Three objects dealt to one, two or three planes; on one plane a later object covers an earlier one."""

    def deal(masks, n):
        planes = np.zeros((n, *masks.shape[1:]), np.uint8)
        for k, mask in enumerate(masks):
            planes[k % n][mask] = k + 1
        return tuple(planes), np.stack([planes[k % n] == k + 1 for k in range(len(masks))])

    frames = [str(t) for t in range(5)]
    truths = {f: deal(blobs(3), gt_planes) for f in frames}
    guesses = {f: deal(blobs(3), pred_planes) for f in frames}
    sources = [Planes({f: planes for f, (planes, _) in side.items()}) for side in (truths, guesses)]
    sequence = Sequence(name="s", frames=tuple(frames), objects=tuple(ObjectInfo(id=k) for k in (1, 2, 3)))
    rules = protocols.load("davis2017").rules
    (found,) = score_sequence(Task(sequence=sequence, rules=rules, gt=sources[0], predictions=(sources[1],)))
    columns = dict(zip(MEASURES["J"].counts + MEASURES["F"].counts, found.counts, strict=True))
    j, f = MEASURES["J"].of(columns), MEASURES["F"].of(columns)
    for k, (t, frame) in product(range(3), enumerate(frames[1:-1])):
        gt, pred = truths[frame][1][k], guesses[frame][1][k]
        assert j[k, t] == jaccard(gt=gt, pred=pred)
        assert f[k, t] == contour_f(gt=gt, pred=pred)


# ------------------------------------------------------------------ missing, resized, broken


def test_missing_masks_taken_as_empty_are_flagged_counted_and_in_the_signature(world):
    gt = world.masks("gt", {"a": [OBJECT] * 5, "b": [OBJECT] * 5})
    part = world.masks("part", {"a": {"00001": OBJECT, "00002": OBJECT}})
    strict = vosbench.score(gt, gt=gt)
    run = vosbench.score(part, gt=gt, missing="empty")
    assert run.document.filled == {"a": 1, "b": 3}
    assert run.frames["flags"].tolist() == ["", "", "filled", "absent", "absent", "absent"]
    assert run.value("J") == pytest.approx((2 / 3 + 0) / 2)
    assert run.signature == strict.signature.replace("|data:", "|missing:empty|data:")
    assert vosbench.score(gt, gt=gt, missing="empty").signature == strict.signature  # nothing was missing


@pytest.mark.parametrize("factor", [2, 3])
def test_resized_masks_are_flagged_and_in_the_signature(world, factor):
    gt = world.masks("gt", {"a": [OBJECT] * 4})
    large = world.masks("large", {"a": [np.kron(OBJECT, np.ones((factor, factor), np.uint8))] * 4})
    with pytest.raises(InputError, match=f"the mask is {40 * factor} x {30 * factor}, the ground truth 40 x 30 pixels"):
        vosbench.score(large, gt=gt)
    run = vosbench.score(large, gt=gt, resize="nearest")
    assert run.value("J&F") == 1
    assert set(run.frames["flags"]) == {"resized"}
    assert "|resize:nearest|" in run.signature
    assert "resize" not in vosbench.score(gt, gt=gt, resize="nearest").signature


def test_the_problems_of_all_sequences_and_predictions_are_collected(several):
    gt, one, two = several
    bad = [one / "a/00002.png", one / "a/00004.png", one / "c/00003.png", two / "a/00002.png", two / "d/00001.png"]
    for path in bad:
        path.write_bytes(b"junk")
    with pytest.raises(InputError) as error:
        vosbench.score_all([one, two], gt=gt, jobs=2)
    assert sorted(p.where for p in error.value.problems) == sorted(map(str, bad))
    assert {(p.sequence, p.frame) for p in error.value.problems if p.where == str(bad[0])} == {("a", "00002")}


def test_a_broken_ground_truth_is_named(several):
    gt, one, _ = several
    (gt / "b/00002.png").write_bytes(b"junk")
    with pytest.raises(InputError) as error:
        vosbench.score(one, gt=gt)
    assert [p.where for p in error.value.problems] == [str(gt / "b/00002.png")]


def test_a_bug_is_not_dressed_as_a_problem_of_the_input(several, monkeypatch):
    def broken(task):
        raise ZeroDivisionError

    gt, one, _ = several
    monkeypatch.setattr("vosbench.scoring.run.score_sequence", broken)
    for jobs in (1, 2):
        with pytest.raises(ZeroDivisionError):
            vosbench.score(one, gt=gt, jobs=jobs)


def test_a_sequence_without_any_object_scores_nothing(world):
    empty = np.zeros_like(OBJECT)
    gt = world.masks("gt", {"a": [OBJECT] * 4, "b": [empty] * 4})
    run = vosbench.score(world.masks("preds", {"a": [OBJECT] * 4, "b": [empty] * 4}), gt=gt)
    assert run.objects["sequence"].unique().tolist() == ["a"]
    assert run.value("J&F") == 1


def test_a_dataset_without_any_object_is_refused(world):
    """A result without a number would look like a success."""
    gt = world.masks("gt", {"b": [np.zeros_like(OBJECT)] * 4})
    with pytest.raises(InputError, match="there is no object on any frame"):
        vosbench.score(gt, gt=gt)


# ------------------------------------------------------------------ memory


class Long:
    """A very long sequence that is made as it is read."""

    name = "long"

    def __init__(self, frames, shape):
        self.stems = tuple(f"{t:06d}" for t in range(frames))
        self.shape = shape

    def sequences(self):
        return ("s",)

    def frames(self, sequence):
        return self.stems

    def read(self, sequence, frame):
        mask = np.zeros(self.shape, np.uint8)
        t = int(frame) % 100
        mask[t : t + 50, t : t + 60] = 1
        mask[100:150, t : t + 60] = 2
        return (mask,)

    def where(self, sequence, frame=None):
        return f"long/{sequence}/{frame}"


def peak(frames, protocol="davis2017", shape=(240, 320)):
    """Megabytes in use at the most while a sequence of that many frames is scored."""
    source = Long(frames, shape)
    plan = make_plan([Sequence(name="s", frames=source.stems)], protocols.load(protocol).rules, source, (source,))
    tracemalloc.start()
    run(plan, jobs=1)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / 1e6


@pytest.mark.parametrize("protocol", ["folder", "first-appearance"])
def test_memory_grows_with_the_labels_seen_where_any_label_may_be_an_object(protocol):
    """Two objects keep some hundred bytes a frame, where 255 possible ones would keep 22 kilobytes."""
    peak(10, protocol)
    growth = (peak(1010, protocol) - peak(10, protocol)) / 1000
    assert growth < 0.003  # megabytes a frame


@pytest.mark.parametrize("protocol", ["davis2017", "davis2017-unsupervised", "folder"])
def test_memory_does_not_grow_with_the_images_of_a_sequence(protocol):
    """Only counts stay: a few integers for each object and frame, far less than the mask they came from."""
    peak(10, protocol)  # first use fills caches
    growth = (peak(310, protocol) - peak(10, protocol)) / 300
    assert growth < 0.04  # megabytes a frame; its two masks and their contours are 0.16 and more
