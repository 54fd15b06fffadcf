"""The loops behind the measures: a small C extension, and the NumPy twins that say what it must return.

Compiled modules and twins hold the same functions with the same signatures. The compiled ones are used where the
extension was built. Without a compiler the install succeeds and the twins are used: slower, with equal results.
``BACKEND`` is "compiled" or "numpy".
"""

try:
    from vosbench.kernel.compiled import contour_hits, contours, count_pair, joint_histogram
    from vosbench.kernel.compiled_stability import chi_square, longest_polygon, matching_cost, resample, shape_contexts
except ImportError:
    from vosbench.kernel.stability_twin import chi_square, longest_polygon, matching_cost, resample, shape_contexts
    from vosbench.kernel.twin import contour_hits, contours, count_pair, joint_histogram

    BACKEND = "numpy"
else:
    BACKEND = "compiled"

__all__ = [
    "BACKEND",
    "chi_square",
    "contour_hits",
    "contours",
    "count_pair",
    "joint_histogram",
    "longest_polygon",
    "matching_cost",
    "resample",
    "shape_contexts",
]
