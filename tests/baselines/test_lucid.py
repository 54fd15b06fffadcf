"""Lucid dreams: pairs of neighbouring frames with exact masks, out of one annotated frame."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.video.lucid import Motion, lucid_pair, scene

STILL = Motion(turn=0, scale=0, shift=0, bend=0, light=0)
RED, BLUE = (220, 30, 30), (30, 30, 220)


def painted(*, size=(80, 120)):
    """A red square labelled 1 and a blue one labelled 5 on grey."""
    image, labels = np.full((*size, 3), 128, np.uint8), np.zeros(size, np.uint8)
    for label, colour, (top, left) in ((1, RED, (10, 15)), (5, BLUE, (40, 70))):
        image[top : top + 24, left : left + 24] = colour
        labels[top : top + 24, left : left + 24] = label
    return image, labels


def coloured(image, colour):
    return np.abs(image.astype(int) - colour).max(axis=-1) < 40


def test_without_motion_both_frames_are_the_annotated_one():
    image, labels = painted()
    pair = lucid_pair(np.random.default_rng(0), scene(image, labels), pose=STILL, step=STILL)
    for picture, found in ((pair.previous_image, pair.previous_labels), (pair.image, pair.labels)):
        np.testing.assert_array_equal(found, labels)
        inside = cv2.erode((labels > 0).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # edges are soft
        np.testing.assert_array_equal(picture[inside], image[inside])


def test_the_hole_holds_nothing_of_the_objects():
    image, labels = painted()
    background = scene(image, labels).background
    assert np.abs(background.astype(int) - 128).max() <= 2


def test_labels_lie_on_their_objects_in_both_frames():
    parts = scene(*painted())
    for seed in range(5):
        pair = lucid_pair(np.random.default_rng(seed), parts)
        for picture, found in ((pair.previous_image, pair.previous_labels), (pair.image, pair.labels)):
            assert set(np.unique(found)) <= {0, 1, 5}
            for label, main in ((1, 0), (5, 2)):
                there = (picture[..., main].astype(int) - picture[..., 2 - main]) > 60
                both = ((found == label) & there).sum()
                assert both / max(1, ((found == label) | there).sum()) > 0.85


def test_neighbours_differ_less_than_dreams():
    parts = scene(*painted())
    pairs = [lucid_pair(np.random.default_rng(seed), parts) for seed in range(8)]

    def overlap(a, b):
        return ((a > 0) & (b > 0)).sum() / ((a > 0) | (b > 0)).sum()

    within = np.mean([overlap(p.previous_labels, p.labels) for p in pairs])
    between = np.mean([overlap(p.labels, q.labels) for p, q in pairwise(pairs)])
    assert 1 > within > between > 0.2


def test_either_object_may_be_in_front():
    parts = scene(*painted())
    parts.opacities[5] = parts.opacities[1]
    pairs = [lucid_pair(np.random.default_rng(s), parts, pose=STILL, step=STILL) for s in range(8)]
    assert {int(pair.labels[20, 25]) for pair in pairs} == {1, 5}


def test_a_seed_determines_the_pair_and_a_frame_without_objects_is_background():
    image, labels = painted()
    a, b = (lucid_pair(np.random.default_rng(3), scene(image, labels)) for _ in range(2))
    assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))
    empty = lucid_pair(np.random.default_rng(3), scene(image, np.zeros_like(labels)))
    assert not empty.labels.any()
    assert coloured(empty.image, RED).any()  # what is not annotated is background
    full = lucid_pair(np.random.default_rng(3), scene(image, np.ones_like(labels)))
    assert full.image.shape == image.shape
