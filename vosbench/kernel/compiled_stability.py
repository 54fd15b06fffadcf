"""The compiled kernel of temporal stability behind the twin's signatures (needs the built extension)."""

import numpy as np
from numpy.typing import NDArray

from vosbench.kernel import _native


def longest_polygon(mask: NDArray[np.uint8]) -> NDArray[np.int32]:
    """See :func:`vosbench.kernel.polygon_twin.longest_polygon`."""
    return np.frombuffer(_native.longest_polygon(mask, *mask.shape), np.int32).reshape(-1, 2)


def resample(vertices: NDArray[np.int32]) -> NDArray[np.float64]:
    """See :func:`vosbench.kernel.stability_twin.resample`."""
    return np.frombuffer(_native.resample(vertices, len(vertices))).reshape(-1, 2)


def shape_contexts(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """See :func:`vosbench.kernel.stability_twin.shape_contexts`."""
    histograms = np.empty((len(samples), 60))
    _native.shape_contexts(samples, len(samples), histograms)
    return histograms


def chi_square(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """See :func:`vosbench.kernel.stability_twin.chi_square`."""
    costs = np.empty((len(a), len(b)))
    _native.chi_square(a, len(a), b, len(b), costs)
    return costs


def matching_cost(costs: NDArray[np.float64]) -> float:
    """See :func:`vosbench.kernel.stability_twin.matching_cost`."""
    return _native.matching_cost(costs, *costs.shape)
