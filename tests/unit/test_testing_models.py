"""check_model passes what keeps the contract, and names what breaks it."""

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from vosbench.models.interface import ModelSpec, Padding, Resolution, SoftMasks, load_model
from vosbench.testing import check_model
from vosbench.testing.models import OBJECTS, draw_clip

STAYS = ModelSpec(name="stays", padding=Padding(multiple=16), merge="soft-aggregation")


@dataclass
class Stays:
    """Predict every object where it was last; subclasses break one rule each."""

    spec: ModelSpec = STAYS

    def open(self, video):
        return StaysSession(self)


@dataclass
class StaysSession:
    model: Stays
    last: SoftMasks = field(default_factory=lambda: SoftMasks(ids=(), probabilities=np.zeros((0, 1, 1), np.float32)))

    def predict(self, index, image):
        return self.last

    def commit(self, index, image, masks, *, given):
        self.last = masks


class Broken(Stays):
    """``fault`` is a function (session, index, image, answer) → answer."""

    def __init__(self, fault):
        super().__init__()
        self.fault = fault
        self.last = None

    def open(self, video):
        return BrokenSession(self)

    def owner(self, session, index):
        """The session that predicted a first frame last."""
        self.last = session if index == 1 else self.last
        return self.last


class BrokenSession(StaysSession):
    calls = 0

    def predict(self, index, image):
        self.calls += 1
        return self.model.fault(self, index, image, self.last)


def with_maps(soft, maps):
    return replace(soft, probabilities=maps)


FAULTS = {
    "float64": (lambda s, i, im, a: with_maps(a, a.probabilities.astype(float)), "float64"),
    "shape": (lambda s, i, im, a: with_maps(a, a.probabilities[:, 1:]), "not float32"),
    "range": (lambda s, i, im, a: with_maps(a, a.probabilities * 2), r"in \[0, 1\]"),
    "nan once an object is gone": (
        lambda s, i, im, a: with_maps(a, a.probabilities / a.probabilities.max((1, 2), keepdims=True)),
        r"in \[0, 1\]",
    ),
    "an object of its own": (lambda s, i, im, a: replace(a, ids=tuple(k + 1 for k in a.ids)), "predicted"),
    "counts its calls": (
        lambda s, i, im, a: with_maps(a, a.probabilities / np.float32(s.calls)),
        "changes the session",
    ),
    "state shared by videos": (
        lambda s, i, im, a: with_maps(a, a.probabilities * np.float32(s.model.owner(s, i) is s)),
        "disturb each other",
    ),
    "chance": (
        lambda s, i, im, a: with_maps(a, a.probabilities * np.random.default_rng().random(dtype=np.float32)),
        "second run",
    ),
}


@pytest.mark.filterwarnings("ignore:invalid value")
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_named(name):
    fault, message = FAULTS[name]
    with pytest.raises(AssertionError, match=message):
        check_model(Broken(fault))


def test_looking_ahead_is_noticed():
    """A model that knows from the start how many objects will come."""

    class Foresees(Stays):
        opened = 0

        def open(self, video):
            session = StaysSession(self)
            original = session.commit

            def commit(index, image, masks, *, given):
                Foresees.opened = max(Foresees.opened, len(masks.ids))
                original(index, image, with_maps(masks, masks.probabilities / np.float32(Foresees.opened)), given=given)

            session.commit = commit
            return session

    with pytest.raises(AssertionError, match="second run"):
        check_model(Foresees())


def test_a_session_must_answer_and_adapt_as_the_spec_says():
    with pytest.raises(AssertionError, match="no adapt"):
        check_model(Stays(replace(STAYS, adapts=True)))

    class LearnsFirst(StaysSession):
        learnt = None

        def predict(self, index, image):
            return self.learnt[0]

        def adapt(self, index, image, masks, *, given):
            self.learnt = [masks]

    model = Stays(replace(STAYS, adapts=True))
    model.open = lambda video: LearnsFirst(model)
    with pytest.raises(AssertionError, match="cannot predict before it has learnt"):
        check_model(model)

    class Mute(Stays):
        def open(self, video):
            return object()

    with pytest.raises(AssertionError, match="neither"):
        check_model(Mute())


def test_models_of_every_kind_pass():
    check_model(Stays())
    check_model(Stays(ModelSpec(name="small", resolution=Resolution(fixed=(32, 48)))))
    for name in ("nothing", "copy-first-mask", "optical-flow"):
        check_model(load_model(name, weights=None, device="cpu"))


def test_an_unsupervised_model_is_checked_without_masks():
    class Bright(Stays):
        def open(self, video):
            return Thresholds()

    class Thresholds:
        given = ()

        def step(self, index, image, given):
            assert given is None
            return SoftMasks(ids=(1,), probabilities=(image.min(-1) > 100)[None].astype(np.float32))

    check_model(Bright(ModelSpec(name="bright", tasks=frozenset({"unsupervised"}))))
    with pytest.raises(AssertionError, match="proposals"):
        Thresholds.step = lambda self, index, image, given: SoftMasks(
            ids=(2 * index + 1, 2 * index + 2), probabilities=np.zeros((2, *image.shape[:2]), np.float32)
        )
        check_model(Bright(ModelSpec(name="bright", tasks=frozenset({"unsupervised"}), max_proposals=3)))


def test_the_clip_gives_each_object_once_on_its_first_frame():
    clip = draw_clip()
    assert [sorted(masks) for masks in clip.given] == [[7], [], [3], [], []]
    assert {i: m.sum() for masks in clip.given for i, m in masks.items()} == dict.fromkeys(OBJECTS, 14 * 14)
