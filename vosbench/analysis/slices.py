"""Which objects share a property: what the dataset says of them, and what their ground truth shows.

Nearly all of it comes from the tables of a run, which know the ground truth by its area in each frame. Motion needs
positions: :mod:`vosbench.analysis.motion` finds them in the masks.

============  =============================================================================================
group         as in the dataset: seen, unseen
category      as in the dataset
instances     objects in the sequence: 1, 2, 3, 4 or more
size          mean visible area in pixels: small under 32², medium under 96² (the bounds of COCO), large
entry         when the object is first visible: "first frame", or in the first or second half of the sequence
reappearance  "returns" if it is absent between frames on which it is visible, otherwise "never away"
growth        largest over smallest visible area: "under 2x", "2x to 4x", "over 4x" (change of scale)
motion        mean distance between the centres of consecutive annotated frames: under 5, 5 to 20, over 20 pixels
attribute     attributes of the sequence, where the dataset has them; an object is in several slices
============  =============================================================================================
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from vosbench.analysis.motion import Speeds
from vosbench.errors import UsageError
from vosbench.results.run import RunResult, run_keys
from vosbench.results.tables import Columns

Flags = NDArray[np.bool_]

#: Upper bounds of small and medium, in pixels.
SMALL, MEDIUM = 32**2, 96**2


def members(run: RunResult, by: str, *, motion: Speeds | None = None) -> dict[str, Flags]:
    """The slices of a run by one property: label → which of its objects belong to it (in the order of ``run_keys``).

    Objects that are never visible belong to no slice by size, entry, reappearance or growth.

    Args:
        run: the run.
        by: one of :data:`SLICES`.
        motion: speeds of the objects (:func:`vosbench.analysis.motion.speeds`), which only "motion" needs.

    Raises:
        UsageError: no such property, or the run does not hold what it needs.
    """
    if by not in SLICES:
        raise UsageError(f"nothing can be sliced by {by!r}", fix=f"choose from {', '.join(SLICES)}")
    return _motion(run, motion or {}) if by == "motion" else SLICES[by](run)


def _column(name: str) -> Callable[[RunResult], dict[str, Flags]]:
    def by_column(run: RunResult) -> dict[str, Flags]:
        labels = run_keys(run)[name]
        if not any(labels):
            raise UsageError(f"this dataset names no {name} of its objects", fix="slice by something else")
        return {str(label): labels == label for label in sorted(set(labels.tolist()) - {""})}

    return by_column


def _instances(run: RunResult) -> dict[str, Flags]:
    n = run_keys(run)["instances"]
    return {"1": n == 1, "2": n == 2, "3": n == 3, "4 or more": n >= 4}


def _size(run: RunResult) -> dict[str, Flags]:
    area = _visible(run, lambda areas, index, length: float(areas[areas > 0].mean()))
    return {"small": area < SMALL, "medium": (area >= SMALL) & (area < MEDIUM), "large": area >= MEDIUM}


def _entry(run: RunResult) -> dict[str, Flags]:
    """Index 1 counts as the first frame too: the frame whose mask is given is in no table."""

    def when(areas: NDArray[np.int64], index: NDArray[np.int64], length: int) -> float:
        first = int(index[areas > 0][0])
        return 0.0 if first <= 1 else first / length

    at = _visible(run, when)
    return {"first frame": at == 0, "first half": (at > 0) & (at < 0.5), "second half": at >= 0.5}


def _reappearance(run: RunResult) -> dict[str, Flags]:
    def gaps(areas: NDArray[np.int64], index: NDArray[np.int64], length: int) -> float:
        shown = np.flatnonzero(areas > 0)
        return float(shown[-1] - shown[0] + 1 - len(shown))

    absent = _visible(run, gaps)
    return {"never away": absent == 0, "returns": absent > 0}


def _growth(run: RunResult) -> dict[str, Flags]:
    ratio = _visible(run, lambda areas, index, length: float(areas.max() / areas[areas > 0].min()))
    return {"under 2x": ratio < 2, "2x to 4x": (ratio >= 2) & (ratio <= 4), "over 4x": ratio > 4}


def _motion(run: RunResult, speeds: Speeds) -> dict[str, Flags]:
    if not speeds:
        raise UsageError("motion is not in the tables of a run", fix="say where the ground truth is: --data or --gt")
    keys = run_keys(run)
    pairs = zip(keys["sequence"], keys["object"].tolist(), strict=True)
    speed = np.array([speeds.get(sequence, {}).get(str(number), np.nan) for sequence, number in pairs])
    return {"under 5 px": speed < 5, "5 to 20 px": (speed >= 5) & (speed <= 20), "over 20 px": speed > 20}


def _attribute(run: RunResult) -> dict[str, Flags]:
    attributes = run.document.attributes
    if not attributes:
        raise UsageError("this run knows no attributes of its sequences", fix="give them with --attributes db_info.yml")
    sequence = run_keys(run)["sequence"]
    names = sorted({name for found in attributes.values() for name in found})
    return {name: np.array([name in attributes.get(s, ()) for s in sequence], bool) for name in names}


#: Property → the function that finds its slices.
SLICES: Mapping[str, Callable[[RunResult], dict[str, Flags]]] = {
    "sequence": _column("sequence"),
    "group": _column("group"),
    "category": _column("category"),
    "instances": _instances,
    "size": _size,
    "entry": _entry,
    "reappearance": _reappearance,
    "growth": _growth,
    "motion": lambda run: _motion(run, {}),
    "attribute": _attribute,
}


def _visible(
    run: RunResult, measure: Callable[[NDArray[np.int64], NDArray[np.int64], int], float]
) -> NDArray[np.float64]:
    """One number for each object from its (areas, indices) and the length of its sequence; NaN if never visible."""
    frames = run.frames_columns
    if "gt_area" not in frames:
        raise UsageError("an imported run has no ground truth to slice by", fix="score the predictions instead")
    rows, lengths = _first_series(frames), _lengths(frames)
    keys = run_keys(run)
    values = np.full(len(keys["object"]), np.nan)
    for i, key in enumerate(zip(keys["sequence"], keys["object"].tolist(), strict=True)):
        at = rows.get(key, slice(0, 0))
        areas = frames["gt_area"][at]
        if areas.any():
            values[i] = measure(areas, frames["index"][at], lengths[key[0]])
    return values


def _first_series(frames: Columns) -> dict[tuple[str, int], slice]:
    """The rows of each object, of one proposal where there are several: its ground truth is the same in all."""
    found: dict[tuple[str, int], slice] = {}
    keys = list(zip(*(frames[n].tolist() for n in ("sequence", "object", "proposal")), strict=True))
    start = 0
    for end in range(1, len(keys) + 1):
        if end == len(keys) or keys[end] != keys[start]:
            found.setdefault(keys[start][:2], slice(start, end))
            start = end
    return found


def _lengths(frames: Columns) -> dict[str, int]:
    """Frames of each sequence up to the last one in the table."""
    names, at = np.unique(frames["sequence"].astype(str), return_inverse=True)
    last = np.zeros(len(names), np.int64)
    np.maximum.at(last, at, frames["index"])
    return dict(zip(names.tolist(), (last + 1).tolist(), strict=True))
