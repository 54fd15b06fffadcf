"""The loops behind the measures: a small C extension, and the NumPy twin that says what it must return.

Both modules hold the same functions with the same signatures. The compiled one is used where it was built; without a
compiler the install succeeds and the twin serves, slower and equal. ``BACKEND`` says which ("compiled" or "numpy").
"""

from vosbench.kernel import twin

try:
    from vosbench.kernel import compiled as _compiled
except ImportError:
    _compiled = None  # type: ignore[assignment]

_chosen = _compiled or twin

BACKEND: str = "compiled" if _compiled else "numpy"
contour_hits = _chosen.contour_hits
contours = _chosen.contours
joint_histogram = _chosen.joint_histogram

__all__ = ["BACKEND", "contour_hits", "contours", "joint_histogram"]
