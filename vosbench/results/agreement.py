"""Do the files of a run agree? Everything that follows from the tables is computed again and compared.

Numbers may differ by :data:`ROUNDING`, because another machine may add in another order. An edited number is found,
also if the seal of ``result.json`` is made anew. Somebody who scores other masks and writes all three files is not
found: only scoring again can tell.

Only the seal notices a change of what no number follows from: ``benchmark``, ``notes``, ``environment``,
``best_permutation_J``, ``attributes``, ``dataset.fingerprint`` after its 12th digit, words of the protocol, and rules
that do not matter to this run. Nothing notices a change of ``origin`` and ``predictions.name``: a folder may move.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench._version import ENGINE
from vosbench.errors import InputError, Problem
from vosbench.measures.catalog import COUNTS, EXTRA_COUNTS, MEASURES
from vosbench.measures.cells import cell_name
from vosbench.protocols.signature import differences, parse
from vosbench.results.assemble import assembled_again
from vosbench.results.document import Cell, ResultDocument
from vosbench.results.run import RunResult, run_keys
from vosbench.results.tables import OBJECTS, Columns, new_series, scored

#: Two numbers that should be equal differ by no more than this.
ROUNDING = 1e-9

#: Fields of the document that follow from the tables and the rules.
DERIVED = ("overrides", "filled", "resized", "dataset", "predictions")

#: No count of one object on one frame is as large as this.
_TOO_LARGE = 1 << 40

_FEW = 5


def require_agreement(root: Path, run: RunResult) -> None:
    """Raise InputError with every cell in which the files of a run disagree."""
    checks = (_form, _objects_known, _again, _seal)
    for check in checks:  # a later check relies on the earlier ones
        if problems := list(check(root, run)):
            raise InputError(problems, summary=f"the files of the run {root} do not belong together")


def broken(path: Path, message: str) -> Problem:
    """What is wrong with a file of a run."""
    return Problem(code="run", message=message, where=str(path), fix="score the predictions again with --out")


def _form(root: Path, run: RunResult) -> Iterator[Problem]:
    """Columns the measures need, rows that occur once and in order, counts that are possible."""
    measures, frames, path = run.spec.rules.measures, run.frames_columns, root / "frames.parquet"
    if not all(":" in knob for knob in run.signature.split("|")):
        yield broken(root / "result.json", f"`signature` is {run.signature!r}, which is none")
        return
    if unknown := [m for m in measures if m not in MEASURES]:
        yield broken(root / "result.json", f"`protocol.rules.measures` has {unknown[0]!r}, which is no measure")
        return
    counted = [name for name in COUNTS if name in frames]
    if len(counted) not in (0, len(COUNTS)):
        yield broken(path, f"it has no column {next(name for name in COUNTS if name not in frames)!r}")
        return
    uncounted = [m for m in measures if m not in frames and not _counted(m, frames)]
    if uncounted:
        yield broken(path, f"it has no counts of {uncounted[0]}")
        return
    first = new_series(frames)
    keys = list(zip(*(frames[k][first].tolist() for k in ("sequence", "object", "proposal")), strict=True))
    step = np.diff(frames["index"], prepend=0) <= 0
    if len(set(keys)) < len(keys) or (step & ~first).any():
        at = np.flatnonzero(step & ~first)
        where = _row(frames, at[0]) if len(at) else f"{keys[0]}"
        yield broken(path, f"its rows are not in order, or occur twice ({where})")
    for name in (*COUNTS, *EXTRA_COUNTS):
        if name in frames:
            bad = (frames[name] < 0) | (frames[name] > _most(name, frames))
            yield from (broken(path, f"{_row(frames, i)}: {name} is {frames[name][i]}") for i in _few(bad))


def _counted(measure: str, frames: Columns) -> bool:
    needed = MEASURES[measure].counts
    return bool(needed) and set(needed) <= set(frames)


def _most(name: str, frames: Columns) -> Any:
    """What a count cannot exceed."""
    if name == "intersection":
        return np.minimum(frames["gt_area"], frames["pred_area"])
    for side in ("gt", "pred"):
        if name.startswith(f"{side}_hits"):
            return frames[f"{side}_length"]
    return _TOO_LARGE


def _objects_known(root: Path, run: RunResult) -> Iterator[Problem]:
    """Every object once in objects.csv, with all its cells, and no other object in the frames."""
    table, path = run.objects_columns, root / "objects.csv"
    names = list(dict.fromkeys(zip(table["measure"], table["statistic"], strict=True)))
    n = len(table["object"])
    if not run.document.summary or not names:
        yield broken(root / "result.json", "`summary` is empty")
        return
    if n % len(names):
        yield broken(path, f"it has {n} rows, but {len(names)} numbers for each object")
        return
    keys = run_keys(run)
    pairs = list(zip(keys["sequence"].tolist(), keys["object"].tolist(), strict=True))
    for sequence, number in [pair for pair, times in Counter(pairs).items() if times > 1][:_FEW]:
        yield broken(path, f"{sequence} object {number} occurs twice")
    frames = run.frames_columns
    first = np.flatnonzero(new_series(frames))
    there = dict.fromkeys(zip(*(frames[k][first].tolist() for k in ("sequence", "object")), strict=True))
    for sequence, number in list(there.keys() - set(pairs))[:_FEW]:
        yield broken(path, f"{sequence} object {number} is missing, frames.parquet has it")


def _again(root: Path, run: RunResult) -> Iterator[Problem]:
    """Compute everything again and compare."""
    try:
        again = assembled_again(run)
    except (ValueError, LookupError, ArithmeticError) as error:
        yield broken(root / "frames.parquet", f"its rows are none of {run.spec.name} ({error})")
        return
    found = [*_frames(root, run), *_objects(root, run, again), *_document(root, run.document, again.document)]
    engine = parse(run.signature).get("engine", "")
    if found and engine != str(ENGINE):
        yield broken(root / "result.json", f"it was made by engine {engine}, this vosbench has engine {ENGINE}")
    yield from found


def _frames(root: Path, run: RunResult) -> Iterator[Problem]:
    frames = run.frames_columns
    right = scored(frames, run.spec.rules) if "gt_area" in frames else np.ones(len(frames["scored"]), bool)
    for i in _few(frames["scored"] != right):
        message = f"{_row(frames, i)}: scored is {frames['scored'][i]}, the rule {run.spec.rules.frames} says otherwise"
        yield broken(root / "frames.parquet", message)


def _objects(root: Path, run: RunResult, again: RunResult) -> Iterator[Problem]:
    table, right, path = run.objects_columns, again.objects_columns, root / "objects.csv"
    if len(table["object"]) != len(right["object"]):
        yield broken(path, f"it has {len(table['object'])} rows, frames.parquet gives {len(right['object'])}")
        return
    for name in OBJECTS:
        there, computed = table[name], right[name]
        wrong = ~_close(there, computed) if name == "value" else there != computed
        for i in _few(np.asarray(wrong)):
            cell = cell_name(str(right["measure"][i]), str(right["statistic"][i]))
            row = f"{table['sequence'][i]} object {table['object'][i]}, {cell}"
            yield broken(path, f"{row}: {name} is {there[i]}, frames.parquet gives {computed[i]}")


def _document(root: Path, document: ResultDocument, again: ResultDocument) -> Iterator[Problem]:
    path = root / "result.json"
    if document.predictions.fingerprint != again.predictions.fingerprint:
        yield broken(root / "frames.parquet", "its content is not what `predictions.fingerprint` of result.json says")
    if document.dataset.described != again.dataset.described:
        message = "its categories, groups, stable or instances are not what `dataset.described` of result.json says"
        yield broken(root / "objects.csv", message)
    for knob, (there, right) in differences(document.signature, again.signature).items():
        yield broken(path, f"`signature` has {knob}: {there}, the rest of the run gives {right}")
    for name in sorted(document.signatures.keys() | again.signatures.keys()):
        if document.signatures.get(name) != again.signatures.get(name):
            yield broken(path, f"`signatures` is wrong for {name}")
    for field in DERIVED:
        there, right = (msgspec.to_builtins(getattr(d, field)) for d in (document, again))
        for key in sorted(there.keys() | right.keys()):
            if there.get(key) != right.get(key) and key not in ("fingerprint", "described"):
                yield broken(path, f"`{field}.{key}` is {there.get(key)}, the tables give {right.get(key)}")
    yield from _cells(path, "summary", document.summary, again.summary)
    yield from _cells(path, "predicting_nothing", document.predicting_nothing, again.predicting_nothing)


def _seal(root: Path, run: RunResult) -> Iterator[Problem]:
    """Whatever the tables do not tell must be as it was written."""
    if run.document.seal != run.document.content_seal():
        yield broken(root / "result.json", "it was edited after it was written: `seal` is not that of its content")


def _cells(path: Path, field: str, there: tuple[Cell, ...], right: tuple[Cell, ...]) -> Iterator[Problem]:
    """Cells that differ; cells that are missing, too many, or in another order."""
    names = [[(c.group, c.measure, c.statistic) for c in cells] for cells in (there, right)]
    if names[0] != names[1]:
        odd = sorted(set(names[0]) ^ set(names[1]))
        yield broken(path, f"`{field}` has not the cells of the protocol{f': {odd[0]}' if odd else ''}")
        return
    for a, b in zip(there, right, strict=True):
        if a.n != b.n or not _same(a.value, b.value):
            cell = f"{cell_name(a.measure, a.statistic)} of group {a.group}"
            yield broken(path, f"`{field}`: {cell} is {a.value} of {a.n}, the tables give {b.value} of {b.n}")


def _same(a: float | None, b: float | None) -> bool:
    return a == b if a is None or b is None else math.isclose(a, b, rel_tol=0, abs_tol=ROUNDING)


def _close(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.isclose(a, b, rtol=0, atol=ROUNDING, equal_nan=True)


def _few(wrong: NDArray[np.bool_]) -> list[int]:
    return [int(i) for i in np.flatnonzero(wrong)[:_FEW]]


def _row(frames: Columns, i: Any) -> str:
    return f"{frames['sequence'][i]}/{frames['frame'][i]} object {frames['object'][i]}"
