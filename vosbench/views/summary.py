"""The result of scoring as tables: the headline, and slices by sequence, object, category or number of instances."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from vosbench.analysis.intervals import estimate
from vosbench.analysis.significance import SequenceSums
from vosbench.measures.cells import cell_name
from vosbench.results.document import Cell
from vosbench.results.run import RunResult, unique_names
from vosbench.results.tables import Columns
from vosbench.views.grid import Grid

#: How the objects table can be sliced: name → the columns that make a row.
SLICES = {
    "sequence": ("sequence",),
    "object": ("sequence", "object"),
    "category": ("category",),
    "instances": ("instances",),
}


def percent(value: float | None) -> str:
    """A fraction as a percentage with one decimal; "–" if undefined.

    >>> percent(0.7123), percent(None)
    ('71.2', '–')
    """
    return "–" if value is None or math.isnan(value) else f"{100 * value:z.1f}"


def headline(runs: Sequence[RunResult], *, exact: bool = False) -> Grid:
    """One row for each run and group, one column for each measure and statistic, and a row for predicting nothing.

    ``exact`` keeps fractions in full instead of percentages with one decimal.
    """
    columns = _ordered((c.measure, c.statistic) for c in runs[0].document.summary)
    groups = list(dict.fromkeys(c.group for c in runs[0].document.summary))
    groups.sort(key=lambda g: ["overall", *runs[0].spec.rules.groups, "all", "stable"].index(g))
    named = zip(unique_names(runs), [run.document.summary for run in runs], strict=True)
    rows = [[name, g, *_cells(cells, g, columns, exact=exact)] for name, cells in named for g in groups]
    if nothing := runs[0].document.predicting_nothing:
        rows.append(["(predicting nothing)", groups[0], *_cells(nothing, groups[0], columns, exact=exact)])
    header = ["", "group", *[cell_name(m, s) for m, s in columns]]
    return Grid(header=header, rows=rows, labels=2)


def intervals(runs: Sequence[RunResult], *, exact: bool = False) -> Grid:
    """The 95 % interval of every mean in the headline's group: one row a run and measure."""
    rows = []
    for name, run in zip(unique_names(runs), runs, strict=True):
        for measure, statistic in _ordered((c.measure, c.statistic) for c in run.document.summary):
            if statistic != "mean":
                continue
            sums = SequenceSums.of(run.objects_columns, measure, statistic, run.spec.rules)
            e = estimate(sums, measure, statistic)
            numbers = [e.value, e.low, e.high]
            shown = ["" if math.isnan(v) else repr(v) for v in numbers] if exact else list(map(percent, numbers))
            rows.append([name, measure, str(e.sequences), *shown])
    header = ["", "measure", "sequences", "value", "low", "high"]
    return Grid(header=header, rows=rows, labels=2, caption="95 % intervals over sequences (Student's t)")


def _ordered(names: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """(measure, statistic) pairs, each once, J&F first."""
    return sorted(dict.fromkeys(names), key=lambda key: key[0] != "J&F")


def _cells(summary: Sequence[Cell], group: str, columns: list[tuple[str, str]], *, exact: bool) -> list[str]:
    values = {(c.measure, c.statistic): c.value for c in summary if c.group == group}
    show = (lambda v: "" if v is None else repr(v)) if exact else percent
    return [show(values.get(key)) for key in columns]


def sliced(run: RunResult, by: str, *, exact: bool = False) -> Grid:
    """Means over the objects that share a sequence, category or number of instances; or every object on its own."""
    keys = SLICES[by]
    table = run.objects_columns
    columns = _ordered(zip(table["measure"], table["statistic"], strict=True))
    members: dict[tuple[Any, ...], list[int]] = {}
    for row, key in enumerate(zip(*(table[k].tolist() for k in keys), strict=True)):
        members.setdefault(key, []).append(row)
    show = repr if exact else percent
    extra = ["proposal"] if by == "object" and run.spec.rules.pairing != "id" else []
    rows = []
    for key in sorted(members):
        at = np.array(members[key])
        values = [_mean_of(table, at, *column) for column in columns]
        matched = [str(table["proposal"][at[0]])] * len(extra)
        count = [] if by == "object" else [str(len({(table["sequence"][i], table["object"][i]) for i in at}))]
        rows.append([*map(str, key), *matched, *count, *[show(v) for v in values]])
    header = [*keys, *extra, *([] if by == "object" else ["objects"])]
    names = [cell_name(m, s) for m, s in columns]
    return Grid(header=[*header, *names], rows=rows, labels=len(keys))


def _mean_of(table: Columns, rows: Any, measure: str, statistic: str) -> float:
    here = rows[(table["measure"][rows] == measure) & (table["statistic"][rows] == statistic)]
    values = table["value"][here]
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else math.nan


def footnotes(run: RunResult) -> list[str]:
    """What must be said beside the numbers: coverage, filled and resized masks, unscored objects."""
    d = run.document
    size = d.dataset
    whole = size.sequences - len(d.filled)
    coverage = f"{whole}/{size.sequences}" if d.filled else str(size.sequences)
    counted = f"{coverage} sequences, {size.objects} objects, {size.frames} frames"
    lines = [f"{d.benchmark} · {d.split} · {counted}"]
    if d.filled:
        frames = sum(d.filled.values())
        lines.append(f"{frames} missing mask(s) in {len(d.filled)} sequence(s) were scored as empty")
    if "T" in run.frames_columns and (undefined := int(np.isnan(run.frames_columns["T"]).sum())):
        reasons = Counter(run.frames_columns["T_reason"].tolist())
        why = ", ".join(f"{reason}: {n}" for reason, n in sorted(reasons.items()) if reason)
        lines.append(f"T is undefined on {undefined} of {len(run.frames_columns['T'])} frames ({why}) and skips them")
    if d.resized:
        lines.append(f"{sum(d.resized.values())} mask(s) were resized to the ground truth (nearest neighbour)")
    at = np.flatnonzero(run.objects_columns["frames"] == 0)
    if unscored := len(set(zip(*(run.objects_columns[k][at].tolist() for k in ("sequence", "object")), strict=True))):
        fate = "count 0" if run.spec.rules.unscored == "zero" else "are left out of every mean"
        lines.append(f"{unscored} object(s) have no frame to score and {fate}")
    if any(c.group == "overall" and c.value is None for c in d.summary):
        lines.append("overall, the mean of the groups, is undefined: one of the groups is empty")
    return [*lines, f"signature  {run.signature}"]
