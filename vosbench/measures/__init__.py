"""The measures: pure functions over masks and counts. No paths, no tables."""

from vosbench.measures.contour import contour_f
from vosbench.measures.region import jaccard

__all__ = ["contour_f", "jaccard"]
