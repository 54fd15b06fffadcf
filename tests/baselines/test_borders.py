"""Where a warped picture is mirrored at its border, its labels are mirrored alike: in training and learning online."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.data.clips import jitter, warped  # noqa: E402
from vosbench_baselines.oneshot.online import Lesson, augmented  # noqa: E402
from vosbench_baselines.s2s.network import Online  # noqa: E402
from vosbench_baselines.s2s.online import random_affine  # noqa: E402
from vosbench_baselines.stcnn.train import turned  # noqa: E402

SIZE = (60, 80)


def at_the_border():
    """An object that touches two sides of the picture."""
    mask = np.zeros(SIZE, bool)
    mask[30:, 40:] = True
    return mask


def of_lessons(seed, mask, picture):
    lesson = Lesson(steps=1, rate=1.0, turn=30, scales=(0.5, 0.7))
    image, labels = augmented(np.random.default_rng(seed), picture, mask, lesson)
    return image[..., 0] / 255, labels


def of_clips(seed, mask, picture):
    clip = warped([picture], [mask.astype(np.uint8)], [jitter(np.random.default_rng(seed), SIZE)], SIZE)
    return clip.images[0, ..., 0] / 255, clip.labels[0]


def of_s2s(seed, mask, picture):
    images = torch.from_numpy(picture).permute(2, 0, 1)[None].float() / 255
    how = Online(turn=30, scale=1.5, shift=0.3)
    images, masks = random_affine(images, torch.from_numpy(mask)[None], how, torch.Generator().manual_seed(seed))
    return images[0, 0].numpy(), masks[0].numpy()


def of_stcnn(seed, mask, picture):
    clip = torch.from_numpy(picture).permute(2, 0, 1)[None, None].float() / 255
    images, masks = turned(clip, torch.from_numpy(mask)[None].float(), 40.0, seed)
    return images[0, 0, 0].numpy(), masks[0].numpy()


@pytest.mark.parametrize("warp", [of_lessons, of_clips, of_s2s, of_stcnn])
def test_labels_are_those_of_the_pixels(warp):
    mask = at_the_border()
    picture = np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)
    for seed in range(10):
        brightness, labels = warp(seed, mask, picture)
        sure = np.abs(brightness - 0.5) > 0.45  # not between object and background
        assert sure.mean() > 0.85
        assert np.array_equal(brightness[sure] > 0.5, labels[sure] > 0)
