"""From counts to numbers: frames → objects → summary. Pure functions; nothing here reads a file.

A measure of an object is averaged over its scored frames, a group over its objects. By default objects are pooled:
every object weighs the same, however many its sequence has; ``averaging`` of a protocol may say otherwise.
"""

from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.measures import statistics
from vosbench.measures.catalog import EXTRA_HITS, MEAN_ONLY, MEASURES, composites, is_selected
from vosbench.protocols.rules import STATISTICS
from vosbench.protocols.spec import Rules
from vosbench.results.document import Cell
from vosbench.results.tables import KEYS, UNREACHED, Columns, new_series, ruled, ruled_values, scored

Floats = NDArray[np.float64]

#: Columns that describe the prediction; zero, they describe an empty one.
_PREDICTED = ("intersection", "pred_area", "pred_length", "gt_hits", "pred_hits", *sum(EXTRA_HITS.values(), ()))


def objects(frames: Columns, keys: Columns, rules: Rules) -> Columns:
    """Compute the objects table.

    Args:
        frames: the frames table.
        keys: every object there is (:func:`vosbench.results.tables.object_keys`), so that one without a scored frame
            is a row with a reason.
        rules: of the protocol.
    """
    series = _Series.of(frames, rules)
    chosen = _proposals(series, keys, rules)
    found = chosen >= 0
    n = len(keys["object"])
    safe = np.where(found, chosen, 0)
    described = {name: keys[name] for name in KEYS}
    described["proposal"] = np.where(found, series.take("proposal", safe), 0)
    described["frames"] = np.where(found, _at(series.lengths, safe), 0)
    described["filled"] = np.where(found, _at(series.filled, safe), 0)
    zero = rules.unscored == "zero"
    cells = {
        (m, s): np.where(found, _at(v, safe), 0.0 if zero and s == "mean" else np.nan)
        for (m, s), v in series.statistics(rules).items()
    }
    table = {name: np.repeat(column, len(cells)) for name, column in described.items()}
    table["measure"] = np.tile(np.array([m for m, _ in cells], object), n)
    table["statistic"] = np.tile(np.array([s for _, s in cells], object), n)
    table["value"] = np.stack(list(cells.values()), 1).ravel() if cells else np.empty(0)
    reason = np.where(table["frames"] > 0, "undefined on every frame", "no scored frame")
    table["reason"] = np.where(np.isnan(table["value"]), reason, "").astype(object)
    return table


def summary(table: Columns, rules: Rules) -> tuple[Cell, ...]:
    """Average the objects table over groups.

    Returns:
        Cells of group "all" (every object), and of each group of the protocol; if it has groups, of "overall", the
        mean of the groups; for T, where the protocol says so, of "stable". ``value`` is None where no object has one.
    """
    cells = []
    for measure, statistic in _names(table):
        here = (table["measure"] == measure) & (table["statistic"] == statistic)
        values, group = table["value"][here], table["group"][here]
        members = {"all": np.ones(len(values), bool)} | {g: group == g for g in rules.groups}
        if is_selected([measure]) and rules.stability == "stable":
            members["stable"] = table["stable"][here] == "stable"
        units = _units(table, here, rules)
        means = {g: _mean(values[m], {name: column[m] for name, column in units.items()}) for g, m in members.items()}
        if rules.groups:
            means["overall"] = _overall([means[g] for g in rules.groups])
        for g, (value, n) in means.items():
            cells.append(Cell(group=g, measure=measure, statistic=statistic, value=value, n=n))
    return tuple(cells)


def predicting_nothing(frames: Columns, keys: Columns, rules: Rules) -> tuple[Cell, ...]:
    """The summary that empty masks would get on the same frames under the same rules."""
    empty = frames | {name: np.zeros_like(frames[name]) for name in _PREDICTED if name in frames}
    empty["flags"] = np.where(frames["flags"] == UNREACHED, UNREACHED, "").astype(object)
    for name, *_ in (m.columns for m in MEASURES.values() if m.columns and m.name in frames):
        empty[name] = np.full_like(frames[name], np.nan)
    if rules.pairing != "id":  # every object meets the same empty mask, so there is nothing to assign
        first = empty["proposal"] == 1
        empty = {name: column[first] for name, column in empty.items()}
        rules = msgspec.structs.replace(rules, pairing="id")
    return summary(objects(empty | {"scored": scored(empty, rules)}, keys, rules), rules)


class _Series:
    """The scored rows of the frames table, grouped by (sequence, object, proposal)."""

    def __init__(self, frames: Columns, first: NDArray[np.bool_], segment: NDArray[np.int64]) -> None:
        self.keys = {name: frames[name][first] for name in ("sequence", "object", "proposal")}
        self.n = int(first.sum())
        keep = frames["scored"]
        self.frames = {name: column[keep] for name, column in frames.items()}
        self.segment = segment[keep]
        self.lengths = np.bincount(self.segment, minlength=self.n)
        filled = np.isin(self.frames["flags"].astype(str), ("filled", "absent"))
        self.filled = np.bincount(self.segment, filled, self.n).astype(np.int64)

    @classmethod
    def of(cls, frames: Columns, rules: Rules) -> "_Series":
        first = new_series(frames)
        return cls(frames, first, np.cumsum(first) - 1)

    def take(self, name: str, at: NDArray[np.int64]) -> NDArray[Any]:
        return _at(self.keys[name], at)

    def statistics(self, rules: Rules) -> dict[tuple[str, str], Floats]:
        """Every (measure, statistic) of the protocol, one value for each series."""
        cells: dict[tuple[str, str], Floats] = {}
        by_measure = {name: self._values(name, rules) for name in rules.measures}
        for name, v in by_measure.items():
            for statistic in rules.statistics:
                if statistic in MEASURES[name].statistics:
                    cells[name, statistic] = (
                        self._mean(name, v) if statistic == "mean" else self._statistic(statistic, v)
                    )
        for name, parts in composites(rules.measures).items():
            j, f = (by_measure[part] for part in parts)
            if "mean" in rules.statistics:
                cells[name, "mean"] = (cells[parts[0], "mean"] + cells[parts[1], "mean"]) / 2
            for statistic in rules.statistics:
                if STATISTICS[statistic].of_composites and MEASURES[parts[0]].statistics != MEAN_ONLY:
                    cells[name, statistic] = self._statistic(statistic, (j + f) / 2)
        return cells

    def means(self, name: str, rules: Rules) -> Floats:
        """The mean of a measure of each series, added up in the order of NumPy's mean, as the reference scorers do."""
        found = ruled_values(self.frames, name, rules)
        ends = np.cumsum(self.lengths)
        parts = zip(ends - self.lengths, ends, strict=True)
        return np.array([found[start:stop].mean() if stop > start else np.nan for start, stop in parts])

    def _mean(self, name: str, v: Floats) -> Floats:
        """The mean of a measure of each series, as its catalog entry has it."""
        measure = MEASURES[name]
        found = self._statistic("mean", v) * measure.factor
        defined = np.bincount(self.segment, ~np.isnan(v), self.n)
        found = np.where((defined == 0) & (self.lengths > 0), measure.empty, found)
        return np.where((defined > 0) & (defined < measure.least), np.nan, found)

    def _statistic(self, statistic: str, v: Floats) -> Floats:
        """Over the frames where the measure is defined."""
        defined = ~np.isnan(v)
        present = self.frames["gt_area"][defined] > 0 if STATISTICS[statistic].of_composites else None
        return statistics.segmented(statistic, v[defined], self.segment[defined], self.n, present=present)

    def _values(self, name: str, rules: Rules) -> Floats:
        """The value of a measure in each row; the same in all rows of an object where its counts are summed first."""
        if not MEASURES[name].pooled:
            return ruled_values(self.frames, name, rules)
        columns = {c: self.frames[c].astype(np.float64) for c in MEASURES[name].counts}
        sums = {c: np.bincount(self.segment, column, self.n).astype(np.int64) for c, column in columns.items()}
        return ruled(MEASURES[name].of(sums)[self.segment], self.frames, name, rules)


def _proposals(series: _Series, keys: Columns, rules: Rules) -> NDArray[np.int64]:
    """For each object the number of the series that is scored for it; -1 if it has no row at all."""
    if rules.pairing.startswith("hungarian"):
        pick = _assigned(series, rules)
    else:
        pick = np.arange(series.n)
    at = {(series.keys["sequence"][i], series.keys["object"][i]): i for i in pick.tolist()}
    pairs = zip(keys["sequence"], keys["object"].tolist(), strict=True)
    return np.array([at.get(pair, -1) for pair in pairs], np.int64)


def _assigned(series: _Series, rules: Rules) -> NDArray[np.int64]:
    """In each sequence, one proposal for each object so that the sum of mean (J + F) / 2 is largest."""
    from scipy.optimize import linear_sum_assignment

    quality = (series.means("J", rules) + series.means("F", rules)) / 2
    picked = []
    sequence = series.keys["sequence"]
    starts = np.flatnonzero(np.append(True, sequence[1:] != sequence[:-1])) if series.n else np.empty(0, np.int64)
    for start, stop in zip(starts, np.append(starts, series.n)[1:], strict=True):
        n_objects = len(np.unique(series.keys["object"][start:stop]))
        matrix = np.nan_to_num(quality[start:stop]).reshape(n_objects, -1).T  # as in the references, for equal ties
        proposals, objects = linear_sum_assignment(matrix, maximize=True)
        picked.append(start + objects * len(matrix) + proposals)
    return np.concatenate(picked) if picked else np.empty(0, np.int64)


def _at(column: NDArray[Any], index: NDArray[np.int64]) -> NDArray[Any]:
    """``column[index]``, zeros if there is nothing to index."""
    return column[index] if len(column) else np.zeros(len(index), np.int64)


def _names(table: Columns) -> list[tuple[str, str]]:
    return list(dict.fromkeys(zip(table["measure"], table["statistic"], strict=True)))


def _units(table: Columns, here: NDArray[np.bool_], rules: Rules) -> Columns:
    """The columns of the objects table that decide how objects are averaged."""
    names = {
        "object": (),
        "sequence": ("sequence",),
        "category": ("sequence", "category"),
        "frame": ("frames",),
    }[rules.averaging]
    return {name: table[name][here] for name in names}


def _mean(values: Floats, units: Columns) -> tuple[float | None, int]:
    """The mean, and how many values it was made of.

    ``units`` holds nothing where every object weighs the same; "frames" where every frame does; names of sequences,
    then of categories, where objects are averaged within sequences, and those within categories.
    """
    known = ~np.isnan(values)
    values, units = values[known], {name: column[known] for name, column in units.items()}
    if not len(values):
        return None, 0
    if "frames" in units:
        return float(np.average(values, weights=units["frames"])), len(values)
    while units:
        first = next(iter(units))
        _, at, inverse = np.unique(units[first].astype(str), return_index=True, return_inverse=True)
        values = np.bincount(inverse, values) / np.bincount(inverse)
        units = {name: column[at] for name, column in units.items() if name != first}
    return float(values.mean()), len(values)


def _overall(groups: list[tuple[float | None, int]]) -> tuple[float | None, int]:
    """The mean of the groups; undefined if one of them is."""
    values = [value for value, _ in groups if value is not None]
    n = sum(n for _, n in groups)
    return (sum(values) / len(values), n) if len(values) == len(groups) else (None, n)
