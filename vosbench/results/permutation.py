"""What J would be if the predicted labels of each sequence could be renamed: a sign of permuted identities."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def best_permutation(matrices: Mapping[str, Floats]) -> float | None:
    """Mean J over all objects if the predicted labels of each sequence could be renamed at will.

    Args:
        matrices: for each sequence the mean J of every object (row) under every label (column); at least one row.

    Returns:
        The mean over objects, or None if no sequence has two objects.
    """
    if not any(len(m) > 1 for m in matrices.values()):
        return None
    picked = []
    for matrix in matrices.values():
        if (matrix.diagonal() >= matrix.max(axis=1, initial=0)).all():  # already the best: spare the import
            picked.append(matrix.diagonal())
        else:
            from scipy.optimize import linear_sum_assignment

            picked.append(matrix[linear_sum_assignment(matrix, maximize=True)])
    return float(np.concatenate(picked).mean())
