"""The frames table and the objects table as columns: names, types and keys.

Columns are NumPy arrays of one length; a DataFrame is made of them only when somebody asks for one.

FRAMES, one row for each object (or object and proposal) on each frame it is expected on:

==============  =======  ==========================================================================
sequence        str
object          int64    id of the object in the ground truth
proposal        int64    predicted label; 0 where objects are paired by id
frame           str      file name without suffix
index           int64    position of the frame in the sequence, from 0
scored          bool     does the row count? (an object's clock may start late)
intersection …  int64    the integer counts of :data:`vosbench.measures.catalog.COUNTS`
gt_hits_object  int64    and other EXTRA_COUNTS, where a measure of the protocol needs them
J, F, …         float64  the value itself, in runs whose table was imported: they have values instead of counts
T               float64  temporal stability, in runs that measured it; NaN where undefined
T_reason        str      why it is undefined, or ""
flags           str      "filled" where a missing mask was taken as empty, "absent" where that is so because nothing was
                         predicted for the whole sequence, "resized", "unreached" where the dataset counts a frame that
                         it does not reach (nothing was read, all counts are 0), or ""
==============  =======  ==========================================================================

:func:`values` gives the values of the rows, from counts or as imported; :func:`ruled_values` applies the rules of the
protocol to them.

OBJECTS, one row for each object, measure and statistic: sequence, object, proposal, category, group, stable (what the
dataset says of the sequence, for T), instances (objects in the sequence), frames (scored), filled, measure, statistic,
value (NaN where undefined, with a reason).
"""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vosbench.measures.catalog import COUNTS, EXTRA_COUNTS, MEASURES
from vosbench.protocols.frame_rules import counted, unreached
from vosbench.protocols.spec import Rules
from vosbench.results.counts import SequenceCounts

Columns: TypeAlias = dict[str, NDArray[Any]]

FRAME_KEYS = ("sequence", "object", "proposal", "frame", "index", "scored")
FRAMES = (*FRAME_KEYS, *COUNTS, *EXTRA_COUNTS, *MEASURES, "T_reason", "flags")
KEYS = ("sequence", "object", "category", "group", "stable", "instances")
#: The flag of a row whose frame the dataset counts but does not reach.
UNREACHED = "unreached"
_STABLE = {None: "", True: "stable", False: "unstable"}
OBJECT_KEYS = ("sequence", "object", "proposal", "category", "group", "stable", "instances", "frames", "filled")
OBJECTS = (*OBJECT_KEYS, "measure", "statistic", "value", "reason")


def frames_table(counts: Iterable[SequenceCounts], rules: Rules) -> Columns:
    """The frames table of some sequences: rows ordered by sequence, object, proposal and frame."""
    parts = [_with_unreached(_sequence_frames(c), c, rules) for c in counts]
    table = {name: np.concatenate([p[name] for p in parts]) for name in FRAMES if name in parts[0]}
    if rules.pairing == "best-by-frame":
        table = _best_by_frame(table)
    return table | {"scored": scored(table, rules)}


def _best_by_frame(table: Columns) -> Columns:
    """Of each object on each frame the row of the proposal with the largest J, of equals the first.

    A proposal that shows nothing on a frame is none there, or it would be right about an absent object for another.
    """
    keys = [np.unique(table[n].astype(str), return_inverse=True)[1] for n in ("sequence", "object")]
    order = np.lexsort((table["proposal"], -values(table, "J"), table["pred_area"] == 0, table["index"], *keys[::-1]))
    ordered = np.stack([table["index"], *keys])[:, order]
    first = np.append(True, (ordered[:, 1:] != ordered[:, :-1]).any(0)) if len(order) else np.zeros(0, bool)
    kept = np.sort(order[first])
    best = {name: column[kept] for name, column in table.items()}
    again = np.lexsort((best["index"], *[k[kept] for k in keys[::-1]]))
    return {name: column[again] for name, column in best.items()} | {"proposal": np.zeros(len(kept), np.int64)}


def values(frames: Mapping[str, NDArray[Any]], measure: str) -> NDArray[np.float64]:
    """The value of a measure in each row: from its counts, or as imported (then NaN where the table had none).

    >>> area = np.array([4, 0])
    >>> values({"intersection": np.array([1, 0]), "gt_area": area, "pred_area": area}, "J").round(3)
    array([0.143, 1.   ])
    """
    if measure in frames:
        return np.asarray(frames[measure], np.float64)
    return MEASURES[measure].of(frames)


def ruled_values(frames: Mapping[str, NDArray[Any]], measure: str, rules: Rules) -> NDArray[np.float64]:
    """The value of a measure in each row as the protocol counts it (:func:`ruled`)."""
    return ruled(values(frames, measure), frames, measure, rules)


def ruled(
    found: NDArray[np.float64], frames: Mapping[str, NDArray[Any]], measure: str, rules: Rules
) -> NDArray[np.float64]:
    """The values ``found`` of a measure, or the worst value in the rows that count so.

    These are rows where nothing was predicted for the sequence (rule ``absent``), where both masks are empty
    (``both_empty``) and where the dataset counts a frame that it does not reach (``unreached``).
    """
    lost = np.zeros(len(found), bool)
    if rules.absent == "zero":
        lost |= frames["flags"] == "absent"
    if rules.unreached == "zero":
        lost |= frames["flags"] == UNREACHED
    if rules.both_empty == "zero" and MEASURES[measure].rewards_absence and measure not in frames:
        lost |= (frames["gt_area"] == 0) & (frames["pred_area"] == 0)
    if MEASURES[measure].selective:  # a measure of some objects only stays undefined for the others
        lost &= ~np.isnan(found)
    worst = 0.0 if MEASURES[measure].higher_is_better else 1.0
    return np.where(lost, worst, found)


def scored_sequences(frames: Mapping[str, NDArray[Any]]) -> frozenset[str]:
    """The names of the sequences with at least one scored row."""
    return frozenset(frames["sequence"][frames["scored"]].tolist())


def scored(table: Mapping[str, NDArray[Any]], rules: Rules) -> NDArray[np.bool_]:
    """Which rows count under the frame rule, given the areas in ``table``."""
    areas = {"gt_area": table["gt_area"], "pred_area": table["pred_area"]}
    return counted(rules.frames, **areas, starts=np.flatnonzero(new_series(table)))


def new_series(table: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Flags the first row of each (sequence, object, proposal)."""
    first = np.ones(len(table["object"]), bool)
    keys = [table[name] for name in ("sequence", "object", "proposal")]
    first[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    return first


def object_keys(counts: Iterable[SequenceCounts]) -> Columns:
    """Every object there is, scored or not, by the names of :data:`KEYS`."""
    rows = [
        (c.sequence.name, o.id, o.category or "", o.group or "", _STABLE[c.sequence.stable], len(c.objects))
        for c in counts
        for o in c.objects
    ]
    columns = list(zip(*rows, strict=True)) or [()] * len(KEYS)
    kinds = [np.int64 if name in ("object", "instances") else object for name in KEYS]
    return {n: np.array(v, k) for n, v, k in zip(KEYS, columns, kinds, strict=True)}


def _sequence_frames(c: SequenceCounts) -> Columns:
    """Rows of one sequence: row-major over (row, frame), only where the row's object is expected."""
    keep = c.expected[c.row_object]
    row, t = np.nonzero(keep)
    ids = np.array([o.id for o in c.objects], np.int64)
    stems = np.array(c.sequence.frames, object)
    flags = np.where(c.filled, "absent" if c.absent else "filled", np.where(c.resized, "resized", "")).astype(object)
    columns: Columns = {
        "sequence": np.full(len(row), c.sequence.name, object),
        "object": ids[c.row_object[row]],
        "proposal": c.row_proposal[row],
        "frame": stems[c.frames[t]],
        "index": c.frames[t],
        "flags": flags[t],
    }
    if c.stability is not None and c.stability_reason is not None:
        columns |= {"T": c.stability[keep], "T_reason": c.stability_reason[keep]}
    return columns | {name: c.counts[k][keep] for k, name in enumerate(c.names)}


def _with_unreached(columns: Columns, c: SequenceCounts, rules: Rules) -> Columns:
    """The rows of a sequence, and one of zeros for each frame that the dataset counts for an object beyond its list."""
    missing = {o.id: unreached(rules.frames, o) for o in c.objects} if rules.unreached == "zero" else {}
    if not any(missing.values()):
        return columns
    at = {frame: i for i, frame in enumerate(c.sequence.frames)}
    beyond = sorted({f for frames in missing.values() for f in frames} - set(at))
    at |= {frame: len(c.sequence.frames) + i for i, frame in enumerate(beyond)}
    proposals = {(c.objects[o].id, int(p)) for o, p in zip(c.row_object, c.row_proposal, strict=True)}
    new = [(object_, proposal, frame) for object_, proposal in proposals for frame in missing[object_]]
    rows = {name: np.zeros(len(new), column.dtype) for name, column in columns.items()}
    rows["sequence"] = np.full(len(new), c.sequence.name, object)
    rows["object"], rows["proposal"] = (np.array([key[k] for key in new], np.int64) for k in (0, 1))
    rows["frame"] = np.array([frame for *_, frame in new], object)
    rows["index"] = np.array([at[frame] for *_, frame in new], np.int64)
    rows["flags"] = np.full(len(new), UNREACHED, object)
    if "T" in rows:
        rows["T"], rows["T_reason"] = np.full(len(new), np.nan), np.full(len(new), "not read", object)
    joined = {name: np.concatenate([column, rows[name]]) for name, column in columns.items()}
    order = np.lexsort((joined["index"], joined["proposal"], joined["object"]))
    return {name: column[order] for name, column in joined.items()}


def to_dataframe(columns: Mapping[str, NDArray[Any]], order: tuple[str, ...]) -> Any:
    """A pandas DataFrame of the columns, in the given order. Imports pandas."""
    import pandas as pd

    return pd.DataFrame({name: columns[name] for name in order if name in columns})
