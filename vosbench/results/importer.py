"""Published per-frame values as runs: a table of numbers somebody else measured can be compared and plotted too.

An imported run has values where a scored one has counts. Its signature says so (``source:imported``): it compares with
other runs of the same table, never with one that was scored here.
"""

import hashlib
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vosbench.errors import InputError, Problem
from vosbench.measures.catalog import MEASURES
from vosbench.measures.stability import STABLE_DAVIS_2016_VAL, UNSTABLE_DAVIS_2016
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results.assemble import assemble
from vosbench.results.run import RunResult
from vosbench.results.tables import Columns
from vosbench.text import read_text

if TYPE_CHECKING:
    import pandas as pd

KEYS = ["sequence", "object", "index"]

#: Other names under which published tables give a column.
ALIASES = {"frame_index": "index", "T_raw": "T"}


def import_table(path: str | Path, *, protocol: str = "davis2016", split: str = "val") -> tuple[RunResult, ...]:
    """Read a CSV file of values, one row for each method, sequence, object and frame.

    Args:
        path: columns ``sequence`` and ``index`` (or ``frame_index``, from 0), a column for each measure (``J``, ``F``,
            …; fractions), and optionally ``method`` (default: the name of the file), ``object`` (1), ``frame`` (the
            index in five digits), ``category`` and ``group``. All rows count, whatever the protocol's frame rule.
        protocol: whose statistics, groups and headline to use.
        split: the name of the split, for the signature.

    Returns:
        One run for each method, in the order of the file.

    Raises:
        InputError: no readable table, columns missing, or values that are no fractions.
        UsageError: no such protocol.
    """
    spec = protocols.load(protocol)
    table = _read(Path(path))
    measures = tuple(m for m in MEASURES if m in table)
    spec = msgspec.structs.replace(spec, rules=msgspec.structs.replace(spec.rules, measures=measures))
    return tuple(_run(str(name), rows, spec, split) for name, rows in table.groupby("method", sort=False))


def _read(path: Path) -> "pd.DataFrame":
    import pandas as pd

    try:
        text = dict.fromkeys(("method", "sequence", "frame", "category", "group"), str)
        file = StringIO(read_text(path))
        table = pd.read_csv(file, dtype=text, keep_default_na=False, na_values=[""]).rename(columns=ALIASES)
    except (OSError, ValueError) as error:
        raise _refused(path, f"it cannot be read as CSV ({error})") from error
    if len(table.columns) == 1 and ";" in table.columns[0]:
        raise _refused(path, "its columns are separated by semicolons", "save it with commas, and points in numbers")
    if missing := [name for name in ("sequence", "index") if name not in table]:
        raise _refused(path, f"it has no column {' or '.join(missing)}")
    if not (measures := [m for m in MEASURES if m in table]) or table.empty:
        raise _refused(path, f"it has no values: no column is called {' or '.join(MEASURES)}, or there are no rows")
    table = table.assign(method=table.get("method", path.stem), object=table.get("object", 1))
    _check(path, table, measures)
    return table


def _check(path: Path, table: "pd.DataFrame", measures: list[str]) -> None:
    """Every problem with a row, named by its line in the file."""
    checks: list[tuple[str, Callable[[], Any]]] = [
        ("method and sequence must be names", lambda: table[["method", "sequence"]].isna().any(axis=1)),
        ("index and object must be whole numbers from 0", lambda: ~_whole(table["index"]) | ~_whole(table["object"])),
        ("the same frame occurs twice", lambda: table.duplicated(["method", *KEYS])),
        *((f"{m} must lie between 0 and 1", lambda m=m: ~_fractions(table[m], m)) for m in measures),
    ]
    problems = []
    for message, bad in checks:
        lines = np.flatnonzero(bad()) + 2
        problems += [Problem(code="table", message=message, where=f"{path}:{n}", fix="correct it") for n in lines]
    if problems:
        raise InputError(problems)


def _whole(column: "pd.Series[Any]") -> Any:
    return column.map(lambda v: isinstance(v, int | float) and v >= 0 and float(v).is_integer())


def _fractions(column: "pd.Series[Any]", measure: str) -> Any:
    """J and F have a value wherever there is a row; measures of pairs of frames may be undefined."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    return numbers.between(0, 1) | (column.isna() & (measure not in ("J", "F")))


def _run(name: str, rows: "pd.DataFrame", spec: ProtocolSpec, split: str) -> RunResult:
    rows = rows.sort_values(KEYS, kind="stable")
    index = rows["index"].to_numpy(np.int64)
    frames: Columns = {
        "sequence": rows["sequence"].to_numpy(object),
        "object": rows["object"].to_numpy(np.int64),
        "proposal": np.zeros(len(rows), np.int64),
        "frame": rows["frame"].to_numpy(object) if "frame" in rows else np.array([f"{i:05d}" for i in index], object),
        "index": index,
        "scored": np.ones(len(rows), bool),
        **{m: rows[m].to_numpy(np.float64) for m in spec.rules.measures},
        "flags": np.full(len(rows), "", object),
    }
    if "T" in frames:
        frames["T_reason"] = np.where(np.isnan(frames["T"]), "not in the table", "").astype(object)
    keys = _object_keys(rows)
    described = [frames[k] for k in ("sequence", "object", "index")]
    truth = _fingerprint([*zip(*described, strict=True), *zip(*(keys[k] for k in keys), strict=True)])
    return assemble(spec, frames=frames, keys=keys, benchmark=spec.name, split=split, truth=truth, name=name)


def _object_keys(rows: "pd.DataFrame") -> Columns:
    first = rows.drop_duplicates(["sequence", "object"])
    known = dict.fromkeys(STABLE_DAVIS_2016_VAL, "stable") | dict.fromkeys(UNSTABLE_DAVIS_2016, "unstable")
    blank = np.full(len(first), "", object)
    named = {n: first[n].fillna("").to_numpy(object) if n in first else blank for n in ("category", "group")}
    return {
        "sequence": first["sequence"].to_numpy(object),
        "object": first["object"].to_numpy(np.int64),
        **named,
        "stable": first["sequence"].map(known).fillna("").to_numpy(object),
        "instances": first.groupby("sequence")["object"].transform("size").to_numpy(np.int64),
    }


def _fingerprint(rows: Any) -> str:
    digest = hashlib.sha256()
    for row in rows:
        digest.update(repr(tuple(v.item() if isinstance(v, np.generic) else v for v in row)).encode())
    return digest.hexdigest()


def _refused(path: Path, message: str, fix: str = "") -> InputError:
    fix = fix or "give columns method, sequence, index and one for each measure"
    return InputError([Problem(code="table", message=message, where=str(path), fix=fix)])
