"""The measures: pure functions over masks and counts. No paths, no tables."""

from vosbench.measures.contour import contour_f
from vosbench.measures.region import jaccard
from vosbench.measures.stability import temporal_instability

__all__ = ["contour_f", "jaccard", "temporal_instability"]
