"""How fast each object of the ground truth moves: the one property of a slice that needs the masks themselves.

The mean distance of its centroid from one annotated frame to the next, in pixels, over pairs of frames on which it is
visible in both. DAVIS-2016 calls more than 20 pixels fast motion (Perazzi et al., CVPR 2016, table 1). The resolution
and the time between annotated frames matter, so compare objects of one dataset only.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vosbench.datasets.discover import Target
from vosbench.results.run import RunResult, run_keys
from vosbench.types import MaskSource

Speeds = Mapping[str, Mapping[str, float]]


def speeds(run: RunResult, target: Target) -> Speeds:
    """Sequence → object id (as text) → mean speed in pixels; objects without a pair of frames are left out.

    Raises:
        InputError: a mask that cannot be read.
    """
    keys = run_keys(run)
    truth = target.dataset.masks(target.split)
    merged = run.spec.rules.objects == "merged"
    found: dict[str, dict[str, float]] = {}
    for name in dict.fromkeys(keys["sequence"].tolist()):
        ids = keys["object"][keys["sequence"] == name].tolist()
        centres = _centres(truth, name, ids, merged)
        steps = np.linalg.norm(np.diff(centres, axis=0), axis=2)
        means = {str(i): steps[:, k][~np.isnan(steps[:, k])] for k, i in enumerate(ids)}
        found[name] = {i: float(step.mean()) for i, step in means.items() if len(step)}
    return found


def _centres(truth: MaskSource, sequence: str, ids: list[int], merged: bool) -> NDArray[np.float64]:
    """(frames, objects, 2): the centroid (row, column) of each object; NaN where it is not visible."""
    centres = np.full((len(truth.frames(sequence)), len(ids), 2), np.nan)
    for t, frame in enumerate(truth.frames(sequence)):
        for plane in truth.read(sequence, frame):
            binary = merged or (ids == [1] and set(np.unique(plane).tolist()) <= {0, 255})
            for k, number in enumerate(ids):
                rows, columns = np.nonzero(plane > 0 if binary else plane == number)
                if len(rows):
                    centres[t, k] = rows.mean(), columns.mean()
    return centres
