"""The three files of a run, read back. A stranger may have written them: each is checked before anything relies on it.

``result.json`` must have every key that the views show, of its type; ``frames.parquet`` and ``objects.csv`` the columns
of :mod:`vosbench.results.tables`, all of one length.
"""

import csv
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import numpy as np

from vosbench.errors import IncomparableError, InputError
from vosbench.measures.catalog import MEASURES
from vosbench.results.agreement import broken, require_agreement
from vosbench.results.document import SCHEMA, ResultDocument
from vosbench.results.paths import require_run
from vosbench.results.run import RunResult
from vosbench.results.tables import FRAME_KEYS, FRAMES, OBJECTS, Columns

#: More rows than any benchmark has, and a larger file than any run writes: a table that claims them is refused.
MAX_ROWS, MAX_BYTES = 1 << 26, 1 << 30

_WORDS = ("sequence", "frame", "flags", "T_reason")
_WHOLE = ("object", "proposal", "instances", "frames", "filled")

T = TypeVar("T")


class _Header(msgspec.Struct):
    schema: str = ""


def load(run: RunResult | str | Path) -> RunResult:
    """Read a finished run back, by the path of its folder or of its ``result.json``. A run is returned as it is.

    Raises:
        InputError: no run there (the message says what is there instead), or files that do not belong together.
        IncomparableError: written by a newer vosbench.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> write_label_maps("annotations", {"bear": {1: "xxxx"}})
    >>> vosbench.score("annotations", gt="annotations").save("runs/perfect")
    >>> vosbench.load("runs/perfect").value("J")
    1.0
    """
    if isinstance(run, RunResult):
        return run
    root = require_run(run)
    found = RunResult(
        document=read_document(root / "result.json"),
        frames_columns=read_frames(root / "frames.parquet"),
        objects_columns=read_objects(root / "objects.csv"),
    )
    require_agreement(root, found)
    return replace(found, document=msgspec.structs.replace(found.document, seal=""))


def read_document(path: Path) -> ResultDocument:
    """The content of ``result.json``.

    Raises:
        InputError: no such file, no result of vosbench, or one of an older vosbench.
        IncomparableError: written by a newer vosbench.
    """
    raw = _read(path, _bytes)
    schema = _read(path, lambda _: msgspec.json.decode(raw, type=_Header)).schema
    if schema != SCHEMA:
        known, _, version = schema.rpartition("/")
        if known != "vosbench.result" or not version.isdigit():
            raise InputError([broken(path, "it is no result of vosbench")])
        if int(version) < int(SCHEMA.rpartition("/")[2]):
            raise InputError([broken(path, f"it has the old schema {schema}, this vosbench reads {SCHEMA}")])
        raise IncomparableError(
            f"{path.parent} has schema {schema}, this vosbench reads {SCHEMA}", fix="upgrade vosbench"
        )
    return _read(path, lambda _: msgspec.json.decode(raw, type=ResultDocument))


def read_frames(path: Path) -> Columns:
    """The frames table. Raises InputError."""
    return _read(path, _frames)


def read_objects(path: Path) -> Columns:
    """The objects table. Raises InputError."""
    return _read(path, _objects)


def _read(path: Path, reader: Callable[[Path], T]) -> T:
    from pyarrow import ArrowException

    try:
        return reader(path)
    except FileNotFoundError as error:
        raise InputError([broken(path, "there is no such file: is this the folder of a run?")]) from error
    except (OSError, ValueError, LookupError, TypeError, RecursionError, csv.Error, ArrowException) as error:
        raise InputError([broken(path, f"it cannot be read ({error})")]) from error


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    return path.read_bytes()


def _frames(path: Path) -> Columns:
    from pyarrow import parquet

    with parquet.ParquetFile(path) as file:
        if file.metadata.num_rows > MAX_ROWS:
            raise ValueError(f"it claims {file.metadata.num_rows} rows")
        names = [name for name in FRAMES if name in file.schema_arrow.names]
        if missing := [name for name in (*FRAME_KEYS, "flags") if name not in names]:
            raise ValueError(f"it has no column {missing[0]!r}")
        table = file.read(columns=names)
    return {name: _column(name, table[name].to_numpy()) for name in names}


def _column(name: str, values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A column of its type: words, flags, float64 (measures), or int64."""
    if name in _WORDS:
        if not all(isinstance(value, str) for value in values):
            raise ValueError(f"column {name!r} holds what is no text")
        return values.astype(object)
    wanted = bool if name == "scored" else np.float64 if name in MEASURES else np.int64
    if values.dtype != wanted:
        raise ValueError(f"column {name!r} is of type {values.dtype}")
    return values


def _objects(path: Path) -> Columns:
    text = _bytes(path).decode()
    rows = list(csv.reader(StringIO(text, newline=""), strict=True))
    if not rows or tuple(rows[0]) != OBJECTS or any(len(row) != len(OBJECTS) for row in rows):
        raise ValueError(f"its columns are not {', '.join(OBJECTS)}")
    columns: Columns = {name: np.array([row[k] for row in rows[1:]], object) for k, name in enumerate(OBJECTS)}
    columns |= {name: columns[name].astype(np.int64) for name in _WHOLE}
    columns["value"] = np.array([float(value or "nan") for value in columns["value"]])
    return columns
