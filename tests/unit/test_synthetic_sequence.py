"""What the synthetic videos promise: the same pixels for the same seed, exact masks, and events that really occur."""

import itertools
import tracemalloc

import numpy as np
import pytest

from vosbench.errors import UsageError
from vosbench.synthetic import CATEGORIES, SEEN, UNSEEN, render_sequence
from vosbench.synthetic.backgrounds import BACKGROUNDS
from vosbench.synthetic.staging import SHOWN, annotation, stage, visibility

SMALL = {"shape": (96, 160), "frames": 20}
CAST = ("fish", "ball", "starfish", "car")


@pytest.fixture(scope="module")
def cast_of_four():
    """One staged video for each of the four roles that a third object can have."""
    return [stage((0, seed), categories=CAST, **SMALL) for seed in range(4)]


def roles(staged):
    return {actor.role: actor.id for actor in staged.scene.actors}


def areas(staged, label):
    return np.array([(annotation(staged, t) == label).sum() for t in range(staged.scene.frames)])


def test_the_same_seed_draws_the_same_pixels_and_another_one_does_not():
    first, again, other = (list(render_sequence(seed, shape=(64, 96), frames=3)) for seed in (5, 5, 6))
    for (image, labels), (image2, labels2) in zip(first, again, strict=True):
        np.testing.assert_array_equal(image, image2)
        np.testing.assert_array_equal(labels, labels2)
    assert (first[0][0] != other[0][0]).any()


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_draws_an_object_that_stands_out_from_its_background(category):
    (image, labels), *_ = render_sequence(1, shape=(96, 160), frames=1, categories=(category,))
    assert (image.shape, image.dtype) == ((96, 160, 3), np.uint8)
    assert (labels.shape, labels.dtype) == ((96, 160), np.uint8)
    assert np.unique(labels).tolist() == [0, 1]
    assert np.ptp(image[labels == 1], axis=0).max() > 60  # textured, not a flat patch


@pytest.mark.parametrize("background", BACKGROUNDS)
def test_every_background_is_textured(background):
    canvas = background(np.random.default_rng(0), (120, 180))
    assert (canvas.shape, canvas.dtype) == ((120, 180, 3), np.uint8)
    assert canvas.std(axis=(0, 1)).max() > 10


def test_seen_and_unseen_share_no_category():
    assert set(SEEN) | set(UNSEEN) == set(CATEGORIES)
    assert not set(SEEN) & set(UNSEEN)


def test_the_first_object_is_there_from_the_first_frame_to_the_last(cast_of_four):
    for staged in cast_of_four:
        assert staged.annotated[1] == (0, staged.scene.frames - 1)


def test_a_late_object_is_first_labelled_when_a_quarter_of_it_shows(cast_of_four):
    late = [(staged, roles(staged)["late"]) for staged in cast_of_four if "late" in roles(staged)]
    assert late
    for staged, label in late:
        first, _ = staged.annotated[label]
        pixels, silhouette = visibility(staged.scene)
        assert first > 0
        assert not areas(staged, label)[:first].any()
        assert areas(staged, label)[first] >= SHOWN * silhouette[first, label]
        assert (pixels[:first, label] < SHOWN * silhouette[:first, label]).all()


def test_a_returning_object_vanishes_and_comes_back(cast_of_four):
    returning = [(staged, roles(staged)["returning"]) for staged in cast_of_four if "returning" in roles(staged)]
    assert returning
    for staged, label in returning:
        visible = areas(staged, label) > 0
        runs = [there for there, _ in itertools.groupby(visible.tolist())]
        assert runs[:3] == [True, False, True]


def test_a_leaving_object_is_gone_after_its_last_annotated_frame(cast_of_four):
    leaving = [(staged, roles(staged)["leaving"]) for staged in cast_of_four if "leaving" in roles(staged)]
    assert leaving
    for staged, label in leaving:
        _, last = staged.annotated[label]
        assert last < staged.scene.frames - 1
        assert areas(staged, label)[last] > 0
        assert not areas(staged, label)[last + 1 :].any()


def test_an_edge_object_touches_the_border_on_every_frame_that_shows_it(cast_of_four):
    edge = [(staged, roles(staged)["edge"]) for staged in cast_of_four if "edge" in roles(staged)]
    assert edge
    for staged, label in edge:
        maps = [annotation(staged, t) == label for t in range(staged.scene.frames)]
        assert all(m[[0, -1]].any() for m in maps if m.any())


def test_the_two_residents_cover_each_other_at_some_time(cast_of_four):
    for staged in cast_of_four:
        pixels, silhouette = visibility(staged.scene)
        hidden = pixels[:, 1:3] < 0.8 * silhouette[:, 1:3]
        assert hidden.any()
        assert not hidden.all()


def test_all_objects_can_be_asked_for_at_the_start():
    for seed in range(3):
        staged = stage(seed, categories=CAST, all_at_start=True, **SMALL)
        assert {first for first, _ in staged.annotated.values()} == {0}
        assert np.unique(annotation(staged, 0)).tolist() == [0, 1, 2, 3, 4]


def test_frames_are_drawn_one_at_a_time():
    frames = render_sequence(0, shape=(240, 432), frames=40)
    next(frames)
    tracemalloc.start()
    for image, labels in frames:
        assert image.shape[:2] == labels.shape
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * image.nbytes  # 39 frames were drawn


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"categories": ("unicorn",)}, "unicorn"),
        ({"categories": ()}, "categories"),
        ({"categories": ("fish",) * 60, "all_at_start": True}, "no room for 60 objects"),
    ],
)
def test_what_cannot_be_drawn_is_refused(asked, message):
    with pytest.raises(UsageError, match=message):
        next(render_sequence(0, shape=(48, 64), frames=2, **asked))
