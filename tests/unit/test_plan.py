"""Before a mask is decoded: what will be scored, and everything that is missing for it at once."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from vosbench.errors import InputError
from vosbench.protocols import load as protocols
from vosbench.scoring.plan import expected_stems, make_plan
from vosbench.types import ObjectInfo, Sequence

STEMS = ("0", "1", "2", "3", "4")


@dataclass
class Listing:
    """A source that lists files and fails the test if one is read."""

    files: dict[str, tuple[str, ...]]
    name: str = "preds"
    reads: list[str] = field(default_factory=list)

    def sequences(self):
        return tuple(sorted(self.files))

    def frames(self, sequence):
        return self.files.get(sequence, ())

    def read(self, sequence, frame):
        raise AssertionError(f"{sequence}/{frame} was read")

    def where(self, sequence, frame=None):
        return f"{self.name}/{sequence}" if frame is None else f"{self.name}/{sequence}/{frame}.png"


def plan(protocol, predictions, *, sequences=None, gt=None, **options):
    sequences = sequences or [Sequence(name=name, frames=STEMS) for name in ("a", "b")]
    gt = gt or Listing({s.name: s.frames for s in sequences}, "gt")
    return make_plan(sequences, protocols.load(protocol).rules, gt, tuple(predictions), **options)


def problems(*arguments, **options):
    with pytest.raises(InputError) as error:
        plan(*arguments, **options)
    return [(p.code, p.where) for p in error.value.problems]


@pytest.mark.parametrize(
    ("protocol", "expected"),
    [
        ("davis2016", "123"),
        ("davis2017", "123"),
        ("davis2017-unsupervised", "01234"),
        ("folder", "123"),
        ("first-appearance", "123"),
    ],
)
def test_the_frames_a_protocol_expects(protocol, expected):
    stems = expected_stems(Sequence(name="a", frames=STEMS), protocols.load(protocol).rules)
    assert "".join(stems) == expected


def test_listed_objects_are_expected_strictly_between_their_first_and_last_frame():
    objects = (ObjectInfo(id=1, frames=("0", "1", "2")), ObjectInfo(id=2, frames=("2", "3", "4")))
    sequence = Sequence(name="a", frames=STEMS, objects=objects)
    assert expected_stems(sequence, protocols.load("youtube-vos-2019").rules) == ("1", "3")


def test_only_expected_frames_need_a_prediction_and_nothing_is_read():
    tasks = plan("davis2017", [Listing({"a": ("1", "2", "3"), "b": STEMS})]).tasks
    assert {task.sequence.name for task in tasks} == {"a", "b"}


def test_every_missing_frame_and_sequence_of_every_prediction_is_listed():
    one, two = Listing({"a": ("1", "3"), "b": ("2",)}, "one"), Listing({"a": STEMS}, "two")
    assert problems("davis2017", [one, two]) == [
        ("missing-frame", "one/a/2.png"),
        ("missing-frame", "one/b/1.png"),
        ("missing-frame", "one/b/3.png"),
        ("missing-sequence", "two/b"),
    ]


def test_missing_masks_may_be_taken_as_empty():
    assert len(plan("davis2017", [Listing({"a": ("1",)})], missing="empty").tasks) == 2


def test_what_nobody_asked_for_is_one_note_each():
    extra = Listing({"a": (*STEMS, "5", "6"), "b": (*STEMS, "9"), "c": STEMS, "d": STEMS, "e": (), "f": (), "g": ()})
    assert plan("davis2017", [extra]).notes == (
        "preds: ignored 5 sequence(s) that are not in the split (c, d, e, …)",
        "preds: ignored 3 frame(s) without ground truth",
    )


def test_longer_sequences_start_first():
    sequences = [Sequence(name=str(n), frames=tuple(map(str, range(n)))) for n in (4, 9, 6)]
    tasks = plan("davis2017", [Listing({s.name: s.frames for s in sequences})], sequences=sequences).tasks
    assert [len(task.sequence.frames) for task in tasks] == [9, 6, 4]


def test_hidden_ground_truth_is_said():
    objects = (ObjectInfo(id=1, group="seen", frames=STEMS),)
    sequence = Sequence(name="a", frames=STEMS, objects=objects)
    gt = Listing({"a": ("0",)}, "gt")
    found = problems("youtube-vos-2019", [Listing({"a": STEMS})], sequences=[sequence], gt=gt)
    assert found == [("hidden-ground-truth", "gt/a/1.png")]


def test_objects_of_no_group_are_said():
    sequence = Sequence(name="a", frames=STEMS, objects=(ObjectInfo(id=1, frames=STEMS),))
    assert problems("youtube-vos-2019", [Listing({"a": STEMS})], sequences=[sequence]) == [("no-group", "gt/a")]


@pytest.mark.parametrize("n", [1, 2])
def test_sequences_too_short_for_the_frame_rule_are_said(n):
    short = Sequence(name="s", frames=STEMS[:n])
    assert problems("davis2017", [Listing({"s": STEMS[:n]})], sequences=[short]) == [("nothing-to-score", "gt/s")]
    assert len(plan("davis2017-unsupervised", [Listing({"s": STEMS[:n]})], sequences=[short]).tasks) == 1


def test_from_first_appearance_the_clock_starts_with_the_truth_or_the_prediction():
    from vosbench.protocols.frame_rules import counted

    gt = np.array([0, 0, 4, 0, 4, 0, 0, 0])
    pred = np.array([0, 3, 0, 0, 0, 0, 0, 0])
    starts = np.array([0, 3, 6])  # three objects of 3, 3 and 2 frames; the last is never there
    flags = counted("first-appearance", gt_area=gt, pred_area=pred, starts=starts)
    assert flags.tolist() == [False, True, True, False, True, True, False, False]
    assert counted("all", gt_area=gt, pred_area=pred, starts=starts).all()
