"""One call that checks a model against the interface of :mod:`vosbench.models.interface`.

In a test of your own package::

    from vosbench.testing import check_model

    def test_my_model():
        check_model(my_model(weights=None, device="cpu"))
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vosbench.masks.sources import MaskFolder
from vosbench.models.costs import Costs
from vosbench.models.interface import Adapts, Image, ModelError, Session, SoftMasks, StepSession, Task, VOSModel
from vosbench.models.recipe import Recipe, ViewPlan
from vosbench.models.video import Video
from vosbench.models.view import View
from vosbench.types import Sequence

Given = Mapping[int, NDArray[np.bool_]]

#: Objects of the clip: id → (first frame, top, left, rows and columns moved each frame). Ids have gaps, and do not come
#: in the order of appearance.
OBJECTS = {7: (0, 6, 4, 0, 3), 3: (2, 28, 40, -1, -2)}
SIDE = 14


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A drawn video: pictures (h, w, 3) uint8, and the masks given on each frame."""

    images: tuple[Image, ...]
    given: tuple[Given, ...]

    def of(self, *ids: int) -> "Clip":
        """The same pictures with only these objects given."""
        return Clip(images=self.images, given=tuple({i: m[i] for i in m if i in ids} for m in self.given))


def draw_clip(size: tuple[int, int] = (49, 70), frames: int = 5) -> Clip:
    """Two textured squares that move over a dark background; the second appears on frame 2. Pictures are read-only."""
    rng = np.random.default_rng(0)
    ground = rng.integers(0, 60, (*size, 3)).astype(np.uint8)
    textures = {identity: rng.integers(120, 256, (SIDE, SIDE, 3)).astype(np.uint8) for identity in OBJECTS}
    images, given = [], []
    for t in range(frames):
        picture, masks = ground.copy(), {}
        for identity, (first, top, left, down, right) in OBJECTS.items():
            if t < first:
                continue
            y, x = top + down * (t - first), left + right * (t - first)
            picture[y : y + SIDE, x : x + SIDE] = textures[identity]
            if t == first:
                masks[identity] = np.zeros(size, bool)
                masks[identity][y : y + SIDE, x : x + SIDE] = True
        picture.setflags(write=False)
        images.append(picture)
        given.append(masks)
    return Clip(images=tuple(images), given=tuple(given))


def check_model(model: VOSModel) -> None:
    """Run a model over a drawn clip of 5 small frames, several times, and check that it keeps the interface.

    For each task it does: it answers in the right shape and range, for the right objects, and keeps answering when an
    object is gone; a second run gives the same bytes; videos open at the same time do not disturb each other; asking
    for a frame twice changes nothing; an object that appears later changes nothing before it does; and a model that
    learns on videos answers before it has learnt.

    Raises:
        AssertionError: what does not hold.
    """
    spec = model.spec
    assert spec.name, "a model has a name"
    assert spec.tasks, f"{spec.name} does no task"
    assert spec.max_proposals >= 1, f"{spec.name}: max_proposals is {spec.max_proposals}"
    for task in sorted(spec.tasks):
        check_task(model, task)


def check_task(model: VOSModel, task: Task) -> None:
    """One of the tasks of a model; see :func:`check_model`."""
    clip = draw_clip()
    if task == "unsupervised":
        clip = clip.of()
    name = model.spec.name
    try:
        alone = [*_run(model, clip, task)]
        assert _same(alone, [*_run(model, clip, task)]), f"{name}: a second run of a video differs from the first"
        together = [*zip(_run(model, clip, task), _run(model, _mirrored(clip), task), strict=True)]
        assert _same(alone, [a for a, _ in together]), f"{name}: two videos open at the same time disturb each other"
        assert _same(alone, [*_run(model, clip, task, ask_twice=True)]), f"{name}: predict() changes the session"
        if task == "semi-supervised":
            first = [*_run(model, clip.of(7), task)]
            assert _same(alone[:2], first[:2]), f"{name}: an object that appears later changes frames before it"
            [*_run(model, clip, task, lose=7)]
        if model.spec.adapts:
            _check_unlearnt(model, clip, task)
    except ModelError as error:
        raise AssertionError(str(error)) from error


def _check_unlearnt(model: VOSModel, clip: Clip, task: Task) -> None:
    try:
        [*_run(model, clip, task, adapting=False)]
    except ModelError:
        raise
    except Exception as error:
        message = f"{model.spec.name}: cannot predict before it has learnt, which the runner's warm-up asks for"
        raise AssertionError(message) from error


def _run(
    model: VOSModel,
    clip: Clip,
    task: Task,
    *,
    ask_twice: bool = False,
    lose: int | None = None,
    adapting: bool = True,
) -> Iterator[SoftMasks]:
    """What the model answers on each frame, through the runner's own view of it.

    ``ask_twice`` calls predict twice and keeps the second answer; ``lose`` commits an object as empty from frame 2 on;
    not ``adapting``, it does not get to learn, as when the runner warms up.
    """
    view = _view(model, clip, task, adapting)
    session, spec = view.session, model.spec
    assert isinstance(session, Session | StepSession), f"{spec.name}: open() gives neither predict/commit nor step"
    assert isinstance(session, Adapts) or not spec.adapts, f"{spec.name}: spec.adapts, but the session has no adapt()"
    for t, (image, given) in enumerate(zip(clip.images, clip.given, strict=True)):
        soft = view.predict(t, image, given)
        if ask_twice and isinstance(session, Session):
            soft = view.predict(t, image, given)
        final = view.settle(soft, given)
        if lose in final.ids and t >= 2:
            assert lose is not None
            final.probabilities[final.ids.index(lose)] = 0
        view.commit(t, final, given)
        yield soft


def _view(model: VOSModel, clip: Clip, task: Task, adapting: bool) -> View:
    size = clip.images[0].shape[:2]
    stems = tuple(f"{t:05d}" for t in range(len(clip.images)))
    video = Video(
        sequence=Sequence(name="drawn", frames=stems),
        pictures=tuple(Path(f"{stem}.jpg") for stem in stems),
        wanted=frozenset(stems),
        given={stem: tuple(masks) for stem, masks in zip(stems, clip.given, strict=True) if masks},
        masks=MaskFolder(Path()),
    )
    recipe = Recipe(task=task)
    return View(ViewPlan(model=model), video, (size[0], size[1]), recipe, Costs(), adapting=adapting)


def _mirrored(clip: Clip) -> Clip:
    flip = np.fliplr
    return Clip(
        images=tuple(np.ascontiguousarray(flip(image)) for image in clip.images),
        given=tuple({i: np.ascontiguousarray(flip(m)) for i, m in masks.items()} for masks in clip.given),
    )


def _same(a: list[SoftMasks], b: list[SoftMasks]) -> bool:
    return len(a) == len(b) and all(
        x.ids == y.ids and np.array_equal(x.probabilities, y.probabilities) for x, y in zip(a, b, strict=True)
    )
