"""The loops behind the measures: a small C extension, and the NumPy twin that says what it must return.

Both modules hold the same functions with the same signatures. The compiled one is used where it was built; without a
compiler the install succeeds and the twin serves, slower and equal. ``BACKEND`` says which ("compiled" or "numpy").
"""

try:
    from vosbench.kernel.compiled import contour_hits, contours, joint_histogram
except ImportError:
    from vosbench.kernel.twin import contour_hits, contours, joint_histogram

    BACKEND = "numpy"
else:
    BACKEND = "compiled"

__all__ = ["BACKEND", "contour_hits", "contours", "joint_histogram"]
