"""Interface that a segmentation model implements: its description, and the calls the prediction loop makes.

::

    model = load_model("stm", weights=Path("stm.safetensors"))    weights, shared by all videos
    session = model.open(video)                                   the state of one video, thrown away after it
    for index, image in enumerate(frames):
        soft = session.predict(index, image)                      the masks of this frame; changes no state
        ...  the runner fuses views, merges objects, puts given masks in ...
        session.commit(index, image, final, given=ids)            the final masks of the frame; changes the state

``predict`` and ``commit`` are separate so that the runner can decide in between: fuse flipped and scaled views,
average several models, override with a given mask. A session gets an object first in the ``commit`` of the frame on
which its mask is given; from then on ``predict`` returns a mask for it. Every argument and result is a NumPy array, so
a model may use any framework. Sizes, padding and merging are data in :class:`ModelSpec`, applied by
``vosbench.models``.

A model registers a factory under the entry point group ``vosbench.models``; see :class:`ModelFactory`.
"""

from collections.abc import Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from vosbench import plugins
from vosbench.errors import IncompleteError, UsageError

ENTRY_POINTS = "vosbench.models"
COST_ENTRY_POINTS = "vosbench.model_costs"

Image: TypeAlias = NDArray[np.uint8]
Task: TypeAlias = Literal["semi-supervised", "unsupervised"]
Merge: TypeAlias = Literal["soft-aggregation", "argmax"]


class ModelError(IncompleteError):
    """A model broke the contract of this module: wrong shape, wrong objects, numbers that are no probabilities."""

    code = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftMasks:
    """Per-object probability maps of one frame.

    ``probabilities`` is float32 (K, h, w) in [0, 1], row k for object ``ids[k]``; K may be 0. Objects are independent
    of each other unless the model's merge rule has been applied.
    """

    ids: tuple[int, ...]
    probabilities: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """The size at which a model wants to see a frame, before padding. Neither given: the video's own size.

    >>> Resolution(short_side=480).of(720, 1280)
    (480, 853)
    """

    short_side: int | None = None
    fixed: tuple[int, int] | None = None

    def of(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) for a video of the given size."""
        if self.fixed is not None:
            return self.fixed
        if self.short_side is None:
            return height, width
        factor = self.short_side / min(height, width)
        return round(height * factor), round(width * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Padding:
    """Padding of both sides up to a multiple.

    ``centred`` puts the smaller half of it left and above, else all of it goes right and below. ``fill`` says when it
    happens: "black" is zeros before normalisation, "mean" the mean colour, that is zeros after it (to 8-bit rounding).
    """

    multiple: int = 1
    centred: bool = True
    fill: Literal["black", "mean"] = "black"


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalisation:
    """``(rgb / 255 - mean) / std``. The model applies it; it is stated here for padding and for the record."""

    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSpec:
    """What the runner has to know about a model, as data.

    ``merge`` makes one decision per pixel out of independent objects: "soft-aggregation" normalises their odds (Oh et
    al., Space-Time Memory Networks, ICCV 2019), "argmax" takes the likeliest above one half. ``adapts``: the session
    has ``adapt`` and learns online. ``max_proposals`` bounds the objects an unsupervised model may name in one video.
    ``weights`` is the sha256 of the weights, None where there are none.
    """

    name: str
    tasks: frozenset[Task] = frozenset({"semi-supervised"})
    resolution: Resolution = field(default_factory=Resolution)
    padding: Padding = field(default_factory=Padding)
    normalisation: Normalisation | None = None
    merge: Merge = "argmax"
    adapts: bool = False
    max_proposals: int = 20
    weights: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoInfo:
    """What a session knows in advance: the sequence's name, its number of frames, the size of the images to come."""

    name: str
    frames: int
    height: int
    width: int


@runtime_checkable
class Session(Protocol):
    """The state of one video, and the calls every model that can separate reading from remembering answers."""

    def predict(self, index: int, image: Image) -> SoftMasks:
        """Segment frame ``index``, (h, w, 3) uint8 RGB, and change nothing but caches.

        Semi-supervised: exactly the objects committed so far. Unsupervised: proposals under ids of the model's choice,
        from 1, one id for one object throughout the video.
        """

    def commit(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Remember what frame ``index`` was decided to show. ``given`` are the ids whose mask is the annotation.

        Ids not seen before are new objects; theirs is always given.
        """


@runtime_checkable
class StepSession(Protocol):
    """The state of one video for a model that reads and remembers in one go."""

    def step(self, index: int, image: Image, given: SoftMasks | None) -> SoftMasks:
        """Take the masks given on this frame, if any, and return all objects known, those included."""


@runtime_checkable
class Adapts(Protocol):
    """A session that learns on the video itself (``ModelSpec.adapts``)."""

    def adapt(self, index: int, image: Image, masks: SoftMasks, *, given: Set[int]) -> None:
        """Called after each ``commit`` with the same arguments; timed apart. The model decides which frames to use.

        The runner's warm-up leaves it out: a session that has not learnt yet must be able to predict.
        """


class VOSModel(Protocol):
    """Weights, ready to open videos. Sessions share nothing that changes."""

    @property
    def spec(self) -> ModelSpec:
        """What the runner has to know."""

    def open(self, video: VideoInfo) -> Session | StepSession:
        """Begin a video."""


class ModelFactory(Protocol):
    """What an entry point in ``vosbench.models`` names."""

    def __call__(self, *, weights: Path | None, device: str) -> VOSModel:
        """Load the model. ``weights`` None means none are needed, or those the package ships."""


def available_models() -> tuple[plugins.Plugin, ...]:
    """The registered models, by name. Imports none of them."""
    return tuple(plugins.registered(ENTRY_POINTS).values())


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What a model costs by arithmetic alone: learnt numbers, and GFLOP of one 480p frame with one object.

    A multiply-add is two FLOP. Counted without running the model, so it needs neither weights nor the hardware.
    """

    parameters: int
    gflop: float

    def floor_ms(self, tflops: float) -> float:
        """The least milliseconds a frame can take at a peak of ``tflops`` TFLOP/s, memory traffic left aside."""
        return self.gflop / tflops


def model_costs() -> dict[str, ModelCost]:
    """The costs of the models whose packages tell them, by name.

    An entry point of the group ``vosbench.model_costs`` is a function that returns such a table.
    """
    found: dict[str, ModelCost] = {}
    for family in plugins.registered(COST_ENTRY_POINTS):
        found |= plugins.load(COST_ENTRY_POINTS, family)()
    return found


def load_model(name: str, *, weights: Path | None = None, device: str = "cpu") -> VOSModel:
    """Load a registered model.

    Raises:
        UsageError: no model of that name, two packages claim it, its package does not import, or no such weights file.
    """
    if weights is not None and not weights.exists():
        raise UsageError(f"no weights file {weights}", fix="give the path of a file made by the model's own package")
    factory: ModelFactory = plugins.load(ENTRY_POINTS, name)
    return factory(weights=weights, device=device)
