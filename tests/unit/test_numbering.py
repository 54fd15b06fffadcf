"""Masks that are named by other frame numbers than the ground truth are an error that names both, not a score."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import vosbench
from vosbench.errors import InputError
from vosbench.scoring.numbering import other_numbering
from vosbench.types import Sequence

MASKS = [np.zeros((20, 30), np.uint8) for _ in range(6)]
for _t, _mask in enumerate(MASKS):
    _mask[4:12, 3 + 2 * _t : 12 + 2 * _t] = 1


def named(pattern, start=0, step=1, masks=MASKS):
    return {pattern.format(start + step * t): mask for t, mask in enumerate(masks)}


class Names:
    """A source that knows names alone."""

    name = "preds"

    def __init__(self, frames):
        self.by_sequence = frames

    def frames(self, sequence):
        return self.by_sequence.get(sequence, ())

    def where(self, sequence, frame=None):
        return f"preds/{sequence}"


def outcome(have, want):
    sequences = [Sequence(name=name, frames=tuple(frames)) for name, frames in want.items()]
    problems, remarks = other_numbering(Names({name: tuple(frames) for name, frames in have.items()}), sequences)
    return len(problems), len(remarks)


def numbers(start, stop, step=1, pattern="{:05d}"):
    return [pattern.format(n) for n in range(start, stop, step)]


@pytest.mark.parametrize("call", [vosbench.score, lambda path, **options: vosbench.validate([path], **options)])
@pytest.mark.parametrize("missing", ["error", "empty"])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (named("{:05d}", 1), named("{:05d}")),
        (named("{:05d}"), named("{:05d}", 1)),
        (named("{:05d}", 1, masks=MASKS[:-1]), named("{:05d}", 0, masks=MASKS[:-1])),
        (named("{:05d}", 2, masks=MASKS[1:]), named("{:05d}")),
        (named("{:08d}"), named("{:05d}")),
        (named("frame_{}"), named("{:05d}")),
        (named("{}"), named("{:05d}", 0, 5)),
        (named("{:05d}"), named("{:05d}", 0, 5)),
        (named("{:05d}"), named("{:05d}_mask")),
    ],
)
def test_other_numbers_are_an_error_with_both_ends_of_both(world, call, missing, ours, theirs):
    gt = world.davis({"a": theirs, "b": theirs})
    preds = world.masks("p", {"a": ours, "b": ours})
    with pytest.raises(InputError) as error:
        call(preds, benchmark="davis2017", data=gt, split="val", missing=missing)
    (problem,) = error.value.problems
    assert problem.code == "other-numbering"
    for names in (ours, theirs):
        assert {f"{min(names)}.png", f"{max(names)}.png"} <= set(problem.message.replace(",", "").split())
    assert f"{min(theirs)}.png" in problem.fix


@pytest.mark.parametrize(
    ("have", "want"),
    [
        (numbers(0, 10), numbers(0, 10)),
        (numbers(0, 90), numbers(0, 86, 5)),  # every frame predicted, every fifth annotated
        (numbers(1, 90), numbers(0, 86, 5)),  # the same without the first, whose mask is given
        (numbers(1, 10), numbers(0, 10)),
        (numbers(1, 9), numbers(0, 10)),
        (numbers(0, 4), numbers(0, 10)),  # a run that died
        ([], numbers(0, 10)),
        ([*numbers(0, 10), "00001 copy"], numbers(0, 10)),
        ([*numbers(0, 8), "00001 copy", "00002 copy"], numbers(0, 10)),
    ],
)
def test_the_numbers_of_the_truth_are_not_doubted(have, want):
    assert outcome({"a": have}, {"a": want}) == (0, 0)


def test_one_sequence_of_several_is_remarked_not_refused():
    want = {"a": numbers(0, 10), "b": numbers(0, 10)}
    assert outcome({"a": numbers(1, 11), "b": numbers(0, 10)}, want) == (0, 1)
    assert outcome({"a": numbers(1, 11)}, want) == (1, 0)  # nothing was predicted of b


def test_names_of_pictures_are_not_doubted(world):
    """Annotations may end before the video does; a mask of a picture's name belongs to that picture."""
    want = numbers(0, 90, 5)
    (world.root / "v").mkdir()
    for frame in numbers(0, 95, 5):
        Image.new("RGB", (30, 20)).save(world.root / "v" / f"{frame}.jpg")
    have = Names({"v": tuple(numbers(5, 95, 5))})
    assert other_numbering(have, [Sequence(name="v", frames=tuple(want), images=world.root / "v")]) == ([], [])
    assert len(other_numbering(have, [Sequence(name="v", frames=tuple(want))])[0]) == 1


@settings(max_examples=200)
@given(
    st.integers(3, 30), st.integers(0, 200), st.integers(1, 10), st.integers(-5, 5).filter(bool),
    st.sampled_from(["{:05d}", "{}", "frame_{:04d}", "P02_{}"]), st.integers(0, 1),
)  # fmt: skip
def test_every_shift_by_whole_steps_is_found_and_the_same_numbers_never(length, start, step, shift, pattern, unwritten):
    want = [pattern.format(1000 + start + step * t) for t in range(length)]
    have = [pattern.format(1000 + start + step * (t + shift)) for t in range(length)]
    assert outcome({"a": have[unwritten if shift > 0 else 0 :]}, {"a": want}) == (1, 0)
    assert outcome({"a": want[unwritten:]}, {"a": want}) == (0, 0)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("benchmark", "folder"), [("davis2016", "osvos_semisupervised"), ("davis2016-unsupervised", "rvos_unsupervised")]
)
def test_real_predictions_are_not_doubted(realdata, vosbench, benchmark, folder):
    place = ("--benchmark", benchmark, "--data", realdata / "davis2016")
    done = vosbench("score", realdata / "predictions" / folder, *place, "--measures", "J")
    assert (done.code, "shifted" in done.err) == (0, False)
