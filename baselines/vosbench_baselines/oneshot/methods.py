"""The one-shot methods by name: network, how an object is learnt, how frames are seen; and their weights on disk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from vosbench.errors import UsageError
from vosbench.models.interface import Resolution, Task
from vosbench_baselines.oneshot import masktrack, onavos, osmn, osvos, segflow
from vosbench_baselines.oneshot.network import OneShotNetwork
from vosbench_baselines.oneshot.onavos import Adaptation
from vosbench_baselines.oneshot.online import Lesson
from vosbench_baselines.weights.checkpoints import Tensors

PIXELS = 480 * 854  # what a learning rate of authors who sum over pixels is multiplied by where the mean is taken
ONE_SHOT: frozenset[Task] = frozenset({"semi-supervised"})
SMALL = Resolution(short_side=160)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How a network is used. ``lesson`` None: it learns nothing from the first frame.

    ``adaptation``: it goes on learning on later frames. ``samples``: an answer is the mean over so many changed frames,
    drawn as the lesson's. ``released`` brings a state dict that its authors released into our names.
    """

    build: Callable[[], OneShotNetwork]
    released: Callable[[Tensors], Tensors]
    lesson: Lesson | None = None
    adaptation: Adaptation | None = None
    samples: int = 1
    tasks: frozenset[Task] = ONE_SHOT
    resolution: Resolution = field(default_factory=Resolution)
    seed: int = 0


def _of(module: Any, network: type[OneShotNetwork], name: str, **how: Any) -> Method:
    return Method(build=lambda: network(module.ARCHITECTURES[name]), released=module.released, **how)


_TURNED: dict[str, Any] = {"turn": 30.0, "scales": (0.75, 1.25)}
_RESIZED: dict[str, Any] = {"scales": (0.7, 1.3), "gamma": (0.8, 1.25)}
_BOTH: frozenset[Task] = frozenset({"semi-supervised", "unsupervised"})

METHODS = {
    "osvos": _of(
        osvos,
        osvos.OSVOS,
        "osvos",
        lesson=Lesson(steps=2000, batch=5, optimiser="sgd", rate=1e-8 * PIXELS, **_TURNED),
    ),
    "osvos-tiny": _of(
        osvos, osvos.OSVOS, "osvos-tiny", lesson=Lesson(steps=60, batch=2, rate=1e-3, **_TURNED), resolution=SMALL
    ),
    "masktrack": _of(
        masktrack,
        masktrack.MaskTrack,
        "masktrack",
        lesson=Lesson(steps=200, batch=5, optimiser="sgd", rate=2.5e-4, turn=10.0, scales=(0.9, 1.1)),
    ),
    "masktrack-resnet101": _of(
        masktrack,
        masktrack.MaskTrack,
        "masktrack-resnet101",
        lesson=Lesson(steps=200, batch=5, optimiser="sgd", rate=2.5e-4, turn=10.0, scales=(0.9, 1.1)),
    ),
    "masktrack-tiny": _of(
        masktrack,
        masktrack.MaskTrack,
        "masktrack-tiny",
        lesson=Lesson(steps=60, batch=2, rate=2e-4, lucid=True),
        resolution=SMALL,
    ),
    "onavos": _of(
        onavos,
        onavos.OnAVOS,
        "onavos",
        lesson=Lesson(steps=50, rate=3e-6, **_RESIZED),
        adaptation=Adaptation(),
        samples=10,
    ),
    "onavos-tiny": _of(
        onavos,
        onavos.OnAVOS,
        "onavos-tiny",
        lesson=Lesson(steps=60, batch=2, rate=1e-3, **_RESIZED),
        adaptation=Adaptation(steps=3, every=3, rate=2e-4),
        resolution=SMALL,
    ),
    "osmn": _of(osmn, osmn.OSMN, "osmn"),
    "osmn-tiny": _of(osmn, osmn.OSMN, "osmn-tiny", resolution=SMALL),
    "segflow": _of(
        segflow,
        segflow.SegFlow,
        "segflow",
        lesson=Lesson(steps=200, batch=1, optimiser="sgd", rate=1e-9 * PIXELS, **_TURNED),
        tasks=_BOTH,
    ),
    "segflow-tiny": _of(
        segflow,
        segflow.SegFlow,
        "segflow-tiny",
        lesson=Lesson(steps=60, batch=2, rate=1e-3, **_TURNED),
        tasks=_BOTH,
        resolution=SMALL,
    ),
}


def method(name: str) -> Method:
    """A method by name. Raises UsageError for one there is not."""
    if name not in METHODS:
        raise UsageError(f"no method {name!r}", fix=f"there are {', '.join(sorted(METHODS))}")
    return METHODS[name]
