"""Which frames to look at first: the lowest values of a run, few for each object, none beside another."""

from dataclasses import dataclass

import numpy as np

from vosbench.analysis.curves import rows
from vosbench.results.run import RunResult
from vosbench.results.tables import ruled_values

#: Frames shown for each run, and for each object among them.
SHOWN, PER_OBJECT = 12, 2

#: Frames of one object are at least this far apart, or they would show the same failure.
APART = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstFrame:
    """A row of the frames table: what failed, where, and by how much. ``proposal`` is 0 where ids are paired."""

    sequence: str
    object: int
    proposal: int
    frame: str
    row: int
    values: dict[str, float]


def worst_frames(run: RunResult, measure: str, shown: int = SHOWN) -> list[WorstFrame]:
    """The rows with the lowest value, worst first; of equals the largest object first.

    Frames without the object are left out: there is nothing to see of them.
    """
    r = rows(run, measure)
    frames = run.frames_columns
    visible = r.area > 0 if "gt_area" in frames else np.ones(len(r.row), bool)
    chosen: list[int] = []
    for i in np.lexsort((-r.area, r.value)).tolist():
        mine = [j for j in chosen if r.series[j] == r.series[i]]
        near = any(abs(r.index[j] - r.index[i]) < APART for j in mine)
        if visible[i] and not near and len(mine) < PER_OBJECT:
            chosen.append(i)
        if len(chosen) == shown:
            break
    names = [m for m in ("J", "F") if m in run.spec.rules.measures]
    columns = {m: ruled_values(frames, m, run.spec.rules) for m in names}
    return [_frame(run, int(r.row[i]), {m: float(columns[m][r.row[i]]) for m in names}) for i in chosen]


def _frame(run: RunResult, row: int, found: dict[str, float]) -> WorstFrame:
    at = {k: run.frames_columns[k][row] for k in ("sequence", "object", "proposal", "frame")}
    numbers = {k: int(at[k]) for k in ("object", "proposal")}
    return WorstFrame(sequence=str(at["sequence"]), frame=str(at["frame"]), row=row, values=found, **numbers)
