"""The measures by name: which counts each needs and how they become a value."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import contour, presence, region

#: The integer counts of one (object, frame), in the order of the frames table.
COUNTS = ("intersection", "gt_area", "pred_area", "gt_length", "pred_length", "gt_hits", "pred_hits")

#: Contour hits within another tolerance than that of the protocol, counted only where a measure asks for them:
#: tolerance rule (:func:`vosbench.measures.contour.radii`) → columns.
EXTRA_HITS: Mapping[str, tuple[str, str]] = {"object-area": ("gt_hits_object", "pred_hits_object")}
EXTRA_COUNTS = tuple(name for pair in EXTRA_HITS.values() for name in pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure as the tables know it.

    ``value`` maps the columns named in ``counts`` (int64 arrays of one shape) to float64 values in [0, 1]. ``over`` says
    what an object's value is made of: the values of its frames; those of the frames the measure is defined on ("some
    frames", NaN elsewhere); or its counts summed over all frames ("counts"). The last two have a mean and no other
    statistic.
    """

    name: str
    title: str
    counts: tuple[str, ...]
    value: Callable[..., NDArray[np.float64]]
    over: Literal["frames", "some frames", "counts"] = "frames"
    higher_is_better: bool = True

    def of(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        """The values for the counts found in ``columns``."""
        return self.value(**{name: columns[name] for name in self.counts})


def _adaptive(
    *, gt_hits_object: NDArray[np.int64], pred_hits_object: NDArray[np.int64], **lengths: NDArray[np.int64]
) -> NDArray[np.float64]:
    return contour.accuracy(gt_hits=gt_hits_object, pred_hits=pred_hits_object, **lengths)


_REGION, _CONTOUR = COUNTS[:3], COUNTS[3:]

MEASURES: Mapping[str, Measure] = {
    m.name: m
    for m in (
        Measure(name="J", title="region similarity", counts=_REGION, value=region.similarity),
        Measure(name="F", title="contour accuracy", counts=_CONTOUR, value=contour.accuracy),
        Measure(name="Js", title="region similarity, one pixel added", counts=_REGION, value=region.smoothed),
        Measure(
            name="Fa",
            title="contour accuracy, tolerance by object area",
            counts=("gt_length", "pred_length", *EXTRA_HITS["object-area"]),
            value=_adaptive,
        ),
        Measure(name="Jv", title="volumetric J", counts=_REGION, value=region.similarity, over="counts"),
        Measure(name="Fv", title="volumetric F", counts=_CONTOUR, value=contour.accuracy, over="counts"),
        Measure(
            name="Jp",
            title="J where the object is present",
            counts=_REGION,
            value=presence.similarity_where_present,
            over="some frames",
        ),
        Measure(
            name="Fp",
            title="F where the object is present",
            counts=("gt_area", *_CONTOUR),
            value=presence.accuracy_where_present,
            over="some frames",
        ),
        Measure(
            name="A",
            title="absence accuracy",
            counts=("gt_area", "pred_area"),
            value=presence.absence_accuracy,
            over="some frames",
        ),
        Measure(
            name="FP",
            title="false-positive rate",
            counts=("intersection", "pred_area"),
            value=presence.false_positive_rate,
            over="counts",
            higher_is_better=False,
        ),
    )
}

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
