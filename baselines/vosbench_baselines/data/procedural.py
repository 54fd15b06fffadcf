"""Rendered clips: the toolkit's synthetic videos, a few frames at a time. Unlimited, exact, no download."""

from collections.abc import Iterator
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import UsageError
from vosbench.synthetic import CATEGORIES, render_sequence
from vosbench_baselines.data.clips import Clip, Shape

MOST_OBJECTS = 3
SCENE = 12  # frames; everything that happens to an object happens within them, so neighbours differ a lot


Drawn = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class Procedural:
    """A new scene per clip: one to three objects, all there from the start."""

    def draw(self, rng: np.random.Generator, shape: Shape, max_gap: int) -> Clip:
        """See :class:`vosbench_baselines.data.clips.ClipSource`; the gap counts frames of the scene."""
        longest = max(1, min(max_gap, (SCENE - 1) // max(1, shape.frames - 1)))
        gap = int(rng.integers(1, longest + 1))
        span = gap * (shape.frames - 1)
        length = max(SCENE, span + 1)
        start = int(rng.integers(length - span))
        scene = self._scene(rng, shape, length)
        images, labels = zip(*islice(scene, start, start + span + 1, gap), strict=True)
        return Clip(np.stack(images), np.stack(labels))

    def _scene(self, rng: np.random.Generator, shape: Shape, length: int) -> Iterator[Drawn]:
        """One to three objects; fewer where so many find no room."""
        names = sorted(CATEGORIES)
        most = int(rng.integers(1, min(shape.objects, MOST_OBJECTS) + 1))
        for objects in range(most, 0, -1):
            chosen = tuple(names[i] for i in rng.choice(len(names), objects, replace=False))
            seed = int(rng.integers(2**31))
            scene = render_sequence(seed, shape=shape.size, frames=length, categories=chosen, all_at_start=True)
            try:
                return chain([next(scene)], scene)
            except UsageError:
                if objects == 1:
                    raise
        raise AssertionError
