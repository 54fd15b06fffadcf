"""The measures by name: which counts each needs and how they become a value."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import contour, presence, region, stability, tracking, tubes

#: The integer counts of one (object, frame), in the order of the frames table.
COUNTS = ("intersection", "gt_area", "pred_area", "gt_length", "pred_length", "gt_hits", "pred_hits")

#: Contour hits within another tolerance, counted where a measure asks for them: rule of ``contour.radii`` → columns.
EXTRA_HITS: Mapping[str, tuple[str, str]] = {"object-area": ("gt_hits_object", "pred_hits_object")}

#: Areas that only some ground truth knows: the pixels of all objects of a video, of which an expression means some.
EXTRA_AREAS = ("foreground_area",)
EXTRA_COUNTS = (*(name for pair in EXTRA_HITS.values() for name in pair), *EXTRA_AREAS)

#: Statistics that can be taken of a measure with a value on every frame, and of any other.
EVERY_STATISTIC, MEAN_ONLY = ("mean", "recall", "decay", "tr"), ("mean",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure as the tables know it.

    ``value`` maps the columns named in ``counts`` (int64 arrays of one shape) to float64 values in [0, 1], NaN on
    frames the measure says nothing about. ``pooled``: an object's value is that of its counts summed over its frames.
    A measure that is no function of counts (temporal stability) has columns of its own instead: float64, NaN where
    undefined, and the reasons. ``statistics`` limits what can be taken of it; ``factor`` scales its mean.
    ``rewards_absence``: two empty masks have the best value by convention, which a protocol may take away. An object
    on fewer than ``least`` frames of which the measure says something has no value; one of which it says nothing on
    any frame has the value ``empty``. ``selective``: it is a measure of some objects only, as the ground truth decides.
    ``selected``: protocols may average it over the sequences that the dataset calls stable.
    """

    name: str
    title: str
    counts: tuple[str, ...]
    value: Callable[..., NDArray[np.float64]] | None
    pooled: bool = False
    higher_is_better: bool = True
    rewards_absence: bool = False
    statistics: tuple[str, ...] = EVERY_STATISTIC
    factor: float = 1.0
    least: int = 1
    empty: float = math.nan
    selective: bool = False
    selected: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a measure that is no function of counts: its values, and why some are undefined."""
        return () if self.value is not None else (self.name, f"{self.name}_reason")

    def of(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        """The values for the counts found in ``columns``."""
        assert self.value is not None, f"{self.name} is no function of counts"
        return self.value(**{name: columns[name] for name in self.counts})


def _by_area(
    *, gt_hits_object: NDArray[np.int64], pred_hits_object: NDArray[np.int64], **lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    return contour.accuracy(gt_hits=gt_hits_object, pred_hits=pred_hits_object, **lengths)


def _mean(
    name: str, title: str, counts: tuple[str, ...], value: Callable[..., NDArray[np.float64]], **more: Any
) -> Measure:
    """A measure of which only the mean is taken."""
    return Measure(name=name, title=title, counts=counts, value=value, statistics=MEAN_ONLY, **more)


_REGION, _AREAS, _CONTOUR = COUNTS[:3], COUNTS[1:3], COUNTS[3:]

_ALL = (
    Measure(name="J", title="region similarity", counts=_REGION, value=region.similarity, rewards_absence=True),
    Measure(name="F", title="contour accuracy", counts=_CONTOUR, value=contour.accuracy, rewards_absence=True),
    Measure(
        name="T",
        title="temporal stability",
        counts=(),
        value=None,
        higher_is_better=False,
        statistics=MEAN_ONLY,
        factor=stability.DISPLAY_FACTOR,
        selected=True,
    ),
    Measure(
        name="Js",
        title="region similarity with one pixel added",
        counts=_REGION,
        value=region.smoothed,
        rewards_absence=True,
    ),
    Measure(
        name="Fa",
        title="contour accuracy with a tolerance by object area",
        counts=("gt_length", "pred_length", *EXTRA_HITS["object-area"]),
        value=_by_area,
        rewards_absence=True,
    ),
    _mean("Jv", "volumetric J: pixels summed over the frames", _REGION, region.similarity, pooled=True),
    _mean("Fv", "volumetric F: contour pixels summed over the frames", _CONTOUR, contour.accuracy, pooled=True),
    _mean("Jp", "J where the object is present", _REGION, presence.similarity_where_present),
    _mean("Fp", "F where the object is present", ("gt_area", *_CONTOUR), presence.accuracy_where_present),
    _mean(
        "A",
        "absence accuracy: share of the frames without the object on which nothing is predicted",
        _AREAS,
        presence.absence_accuracy,
    ),
    _mean(
        "P",
        "presence accuracy: share of the frames with the object on which something is predicted",
        _AREAS,
        presence.presence_accuracy,
    ),
    _mean(
        "N-acc",
        "share of the objects that are on no frame of which nothing is predicted",
        _AREAS,
        presence.absence_accuracy,
        pooled=True,
        selective=True,
    ),
    _mean(
        "T-acc",
        "share of the objects that are on some frame of which something is predicted",
        _AREAS,
        presence.presence_accuracy,
        pooled=True,
        selective=True,
    ),
    _mean(
        "FP",
        "false-positive rate: share of predicted pixels that are not the object's",
        ("intersection", "pred_area"),
        presence.false_positive_rate,
        pooled=True,
        higher_is_better=False,
    ),
    _mean(
        "R",
        "robustness of ReVOS: 1 less the predicted pixels that are not meant, as a share of those of all objects",
        ("intersection", "pred_area", *EXTRA_AREAS),
        presence.robustness,
    ),
    _mean("tIoU", "share of the frames shown by either that both show", _AREAS, tubes.shown_together, empty=1.0),
    _mean("vIoU", "J over the frames shown by either", _REGION, tubes.similarity_where_shown, empty=1.0),
    _mean("Q", "quality of VOTS: overlap over all frames", _REGION, region.similarity),
    _mean("Acc", "accuracy of VOTS: J where the masks overlap", _REGION, tracking.overlap_where_tracked, empty=0.0),
    _mean(
        "Rob",
        "robustness of VOTS: share of the frames with the object on which the masks overlap",
        _REGION[:2],
        tracking.tracked,
    ),
    _mean(
        "NRE",
        "not-reported error of VOTS: share of the frames with the object on which nothing is predicted",
        _AREAS,
        tracking.missed,
        higher_is_better=False,
    ),
    _mean(
        "DRE",
        "drift-rate error of VOTS: share of the frames with the object on which only other pixels are predicted",
        _REGION,
        tracking.drifted,
        higher_is_better=False,
    ),
    _mean(
        "ADQ",
        "absence-detection quality of VOTS: A of the objects that are absent from more than 10 frames",
        _AREAS,
        presence.absence_accuracy,
        least=tracking.LEAST_ABSENT,
    ),
)

MEASURES: Mapping[str, Measure] = {m.name: m for m in _ALL}

#: Statistics that say how much a measure changes: less is better, whatever the measure.
_OF_CHANGE = ("decay", "V")


def own_columns(measures: Iterable[str]) -> tuple[str, ...]:
    """The columns of those measures that are no functions of counts."""
    return tuple(column for m in measures if m in MEASURES for column in MEASURES[m].columns)


def is_selected(measures: Iterable[str]) -> bool:
    """Is one of the measures averaged over selected sequences, where the protocol says so?"""
    return any(MEASURES[m].selected for m in measures if m in MEASURES)


def higher_is_better(measure: str, statistic: str = "mean") -> bool:
    """Does a larger number of this measure, or composite, and statistic mean a better method?

    >>> higher_is_better("J&F"), higher_is_better("J", "recall"), higher_is_better("J", "decay"), higher_is_better("T")
    (True, True, False, False)
    """
    rising = measure not in MEASURES or MEASURES[measure].higher_is_better
    return rising and statistic not in _OF_CHANGE


def limits(measure: str, statistic: str = "mean") -> tuple[float, float]:
    """The least and the largest value that a measure, or composite, and statistic can have.

    >>> limits("J&F"), limits("J", "decay"), limits("T")
    ((0.0, 1.0), (-1.0, 1.0), (0.0, 5.0))
    """
    factor = MEASURES[measure].factor if measure in MEASURES and statistic == "mean" else 1.0
    return (-factor if statistic == "decay" else 0.0), factor


#: The mean of a region and a contour measure, computed wherever both are.
COMPOSITES: Mapping[str, tuple[str, str]] = {
    f"{j}&{f}": (j, f) for j, f in (("J", "F"), ("Js", "Fa"), ("Js", "F"), ("Jv", "Fv"), ("Jp", "Fp"))
}


def composites(measures: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The composites of some measures, with their parts."""
    have = set(measures)
    return {name: parts for name, parts in COMPOSITES.items() if have.issuperset(parts)}


def extra_hits(measures: Iterable[str]) -> tuple[str, ...]:
    """The tolerance rules, beside the protocol's own, under which contour hits must be counted for these measures."""
    needed = {count for m in measures if m in MEASURES for count in MEASURES[m].counts}
    return tuple(rule for rule, columns in EXTRA_HITS.items() if needed.issuperset(columns))


def extra_columns(measures: Iterable[str]) -> tuple[str, ...]:
    """The columns that are counted for these measures beside :data:`COUNTS`: hits, then areas."""
    measures = tuple(measures)
    return (*(column for rule in extra_hits(measures) for column in EXTRA_HITS[rule]), *extra_areas(measures))


def extra_areas(measures: Iterable[str]) -> tuple[str, ...]:
    """The areas that must be counted for these measures beside those of the object and its prediction."""
    needed = {count for m in measures if m in MEASURES for count in MEASURES[m].counts}
    return tuple(area for area in EXTRA_AREAS if area in needed)
