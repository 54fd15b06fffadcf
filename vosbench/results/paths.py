"""What a path is, where a run is meant: a finished run, something that could be predictions, or neither.

A finished run may be named by its folder or by its ``result.json``. Every verb asks here, so that all of them take the
same paths and say the same of others.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from vosbench.errors import InputError, Problem
from vosbench.files import restore

RESULT: Final = "result.json"
ABSENT: Final = "it does not exist"
TABLES: Final = frozenset({"frames.parquet", "objects.csv"})

#: A larger JSON file holds masks: no document of vosbench comes near it.
_LARGEST: Final = 1 << 26

#: What a JSON document with this schema is, and what to do instead.
_DOCUMENTS: Final = {
    "vosbench.baseline": ("a baseline of `vosbench check`", "give it with --against"),
    "vosbench.prediction": ("the record that `vosbench predict` leaves beside masks", "give the folder it lies in"),
    "vosbench.costs": ("the costs that `vosbench predict` leaves beside masks", "give the folder it lies in"),
}


class _Header(msgspec.Struct):
    schema: str = ""


def run_folder(path: str | Path) -> Path | None:
    """The folder of the finished run that ``path`` names: the folder itself, or its ``result.json``; None if neither.

    Nothing is read: whether the run is sound says :func:`vosbench.load`.

    >>> run_folder("no such folder") is None
    True
    """
    found = Path(path)
    try:
        restore(found)
        if (found / RESULT).is_file():
            return found
        return found.parent if found.name == RESULT and found.is_file() else None
    except OSError:  # what cannot be looked at is reported by whoever reads it
        return None


def runs_inside(folder: str | Path) -> tuple[Path, ...]:
    """The finished runs in a folder that holds nothing else but journals of unfinished ones, sorted by name."""
    root = Path(folder)
    try:
        if run_folder(root) or not root.is_dir():
            return ()
        inside = sorted(p for p in root.iterdir() if not (p.name.startswith(".") or p.suffix == ".journal"))
    except OSError:
        return ()
    return tuple(inside) if all((path / RESULT).is_file() for path in inside) else ()


def require_run(path: str | Path) -> Path:
    """The folder of the finished run at ``path``.

    Raises:
        InputError: no run there; the message says what is there instead.
    """
    folder = run_folder(path)
    if folder is None:
        raise InputError([no_run(Path(path))])
    return folder


def require_runs_or_predictions(paths: Iterable[str | Path]) -> None:
    """Refuse paths that are neither a finished run nor can be predictions.

    Raises:
        InputError: one problem for each such path, with what it is instead.
    """
    given = [path for path in map(Path, paths) if run_folder(path) is None]
    if problems := [_problem(path, *found) for path in given if (found := _neither(path))]:
        raise InputError(problems)


def no_run(path: Path) -> Problem:
    """What a path is that should be a finished run."""
    what, fix = _neither(path) or _predictions(path)
    return _problem(path, what, fix)


def _problem(path: Path, what: str, fix: str) -> Problem:
    message = what if what == ABSENT else f"it is {what}, no finished run"
    return Problem(code="no-run", message=message, where=str(path), fix=fix)


def _neither(path: Path) -> tuple[str, str] | None:
    """What a path is that is no run and cannot be predictions, and the next step; None if it may be predictions."""
    try:
        return _unusable(path)
    except OSError:  # what cannot be looked at is reported by whoever reads it
        return None


def _unusable(path: Path) -> tuple[str, str] | None:
    give = "give the folder of a finished run, its result.json, or predictions"
    if not path.exists():
        return ABSENT, f"check the path; {give}"
    if path.is_dir():
        return _of_folder(path)
    if path.name in TABLES and run_folder(path.parent):
        return "one table of a run", f"give the folder, {path.parent}"
    if path.suffix == ".journal":
        return "the journal of an interrupted run", "finish it: repeat the `vosbench score` command with --resume"
    if path.suffix == ".json":
        return _of_json(path)
    return None


def _of_folder(path: Path) -> tuple[str, str] | None:
    if runs := runs_inside(path):
        few = ", ".join(run.name for run in runs[:5]) + ", …" * (len(runs) > 5)
        return f"a folder of {len(runs)} finished runs ({few})", f"name one of them, such as {runs[0]}"
    if any((path / name).exists() for name in TABLES):
        return "a run without its result.json", "score the predictions again with --out"
    if not any(path.iterdir()):
        return "an empty folder", "check the path"
    return None


def _of_json(path: Path) -> tuple[str, str] | None:
    schema, _, _ = _schema(path).rpartition("/")
    if schema == "vosbench.result":
        return "a copy of a result.json, without the tables of its run", "give the folder that --out wrote"
    return _DOCUMENTS.get(schema)


def _schema(path: Path) -> str:
    """The schema that a JSON object declares, or nothing."""
    try:
        if path.stat().st_size > _LARGEST:
            return ""
        return msgspec.json.decode(path.read_bytes(), type=_Header).schema
    except (OSError, ValueError, RecursionError):
        return ""


def _predictions(path: Path) -> tuple[str, str]:
    """What may be predictions, in words."""
    score = f"score it first: vosbench score {path} --out RUN"
    if path.is_dir():
        return "a folder of other files, such as predictions that are not scored yet", score
    if path.suffix.lower() == ".zip":
        return "a zip archive, such as predictions that are not scored yet", score
    return "another file", "give the folder of a finished run, or its result.json"
