"""The measures by name: which counts each needs and how they become a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.measures import contour, region, stability

#: The integer counts of one (object, frame), in the order of the frames table.
COUNTS = ("intersection", "gt_area", "pred_area", "gt_length", "pred_length", "gt_hits", "pred_hits")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A measure as the tables know it.

    ``value`` maps the columns named in ``counts`` (int64 arrays of one shape) to float64 values in [0, 1]. A measure
    that is no function of counts (temporal stability) has a column of its own name in the frames table instead,
    float64, NaN where undefined. ``statistics`` limits what can be taken of it, ``factor`` multiplies its mean.
    """

    name: str
    title: str
    counts: tuple[str, ...]
    value: Callable[..., NDArray[np.float64]] | None
    higher_is_better: bool = True
    statistics: tuple[str, ...] = ("mean", "recall", "decay")
    factor: float = 1.0

    def of(self, columns: Mapping[str, NDArray[np.int64]]) -> NDArray[np.float64]:
        """The values for the counts found in ``columns``."""
        assert self.value is not None, f"{self.name} is no function of counts"
        return self.value(**{name: columns[name] for name in self.counts})


MEASURES: Mapping[str, Measure] = {
    m.name: m
    for m in (
        Measure(name="J", title="region similarity", counts=COUNTS[:3], value=region.similarity),
        Measure(name="F", title="contour accuracy", counts=COUNTS[3:], value=contour.accuracy),
        Measure(
            name="T",
            title="temporal stability",
            counts=(),
            value=None,
            higher_is_better=False,
            statistics=("mean",),
            factor=stability.DISPLAY_FACTOR,
        ),
    )
}
