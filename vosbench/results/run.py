"""A finished run: three tables, the rules that made them, and where they came from; on disk a folder.

``result.json`` says everything but the counts, ``frames.parquet`` holds the counts, ``objects.csv`` the objects table.
They are written to temporary names and renamed, so that a run is there or is not.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vosbench.errors import UsageError, visible
from vosbench.files import new_folder, restore
from vosbench.measures.catalog import is_selected
from vosbench.measures.cells import cell_name, parse
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results.document import ResultDocument
from vosbench.results.tables import FRAMES, KEYS, OBJECTS, Columns, to_dataframe

if TYPE_CHECKING:
    import pandas as pd

RUN_FILES = frozenset({"result.json", "frames.parquet", "objects.csv"})


@dataclass(frozen=True, eq=False, repr=False)
class RunResult:
    """The result of scoring one prediction folder.

    Two runs are equal if their rules, ground truth, counts and numbers are, wherever they were made and whatever the
    predictions are called.

    Attributes:
        document: the content of ``result.json``: signature, protocol, dataset, predictions, summary and so on.
        frames_columns, objects_columns: the tables as NumPy columns (:mod:`vosbench.results.tables`).
    """

    document: ResultDocument
    frames_columns: Columns
    objects_columns: Columns

    @property
    def signature(self) -> str:
        """The rules behind the numbers in one line."""
        return self.document.signature

    @property
    def name(self) -> str:
        """What to call this run in a table: the name of the prediction folder."""
        path = Path(self.document.predictions.name)
        return path.name or str(path)

    @property
    def spec(self) -> ProtocolSpec:
        """The protocol, as embedded in the result."""
        return self.document.protocol

    @cached_property
    def frames(self) -> "pd.DataFrame":
        """The frames table as a DataFrame."""
        frame: pd.DataFrame = to_dataframe(self.frames_columns, FRAMES)
        return frame

    @cached_property
    def objects(self) -> "pd.DataFrame":
        """The objects table as a DataFrame."""
        frame: pd.DataFrame = to_dataframe(self.objects_columns, OBJECTS)
        return frame

    @cached_property
    def summary(self) -> "pd.DataFrame":
        """The summary as a DataFrame: group, measure, statistic, value, n."""
        import pandas as pd

        cells = [msgspec.to_builtins(cell) for cell in self.document.summary]
        return pd.DataFrame(cells, columns=["group", "measure", "statistic", "value", "n"])

    def value(self, name: str, statistic: str | None = None, group: str | None = None) -> float:
        """One number of the summary, in [0, 1]; NaN where it is undefined.

        Args:
            name: as tables name it: "J", "J decay", "J mean seen" (:mod:`vosbench.measures.cells`).
            statistic, group: instead of those in the name; the mean, and the group of the headline, if neither says.

        Raises:
            UsageError: the protocol has no such number.
        """
        cell = parse(name)
        wanted = group or cell.group or self.headline_group, cell.measure, statistic or cell.statistic
        for c in self.document.summary:
            if (c.group, c.measure, c.statistic) == wanted:
                return math.nan if c.value is None else c.value
        there = ", ".join(dict.fromkeys(cell_name(c.measure, c.statistic) for c in self.document.summary))
        groups = ", ".join(dict.fromkeys(c.group for c in self.document.summary))
        raise UsageError(
            f"{self.spec.name} has no {wanted[1]}-{wanted[2]} for {wanted[0]}",
            fix=f"there are {there}, for {groups}",
        )

    @property
    def headline_group(self) -> str:
        """The group whose numbers the headline shows."""
        return "overall" if self.spec.rules.groups else "all"

    @property
    def headline(self) -> dict[str, float]:
        """The protocol's headline numbers by measure, over all objects or, if it has groups, the mean of the groups."""
        rules, group = self.spec.rules, self.headline_group
        there = {cell.measure for cell in self.document.summary}
        numbers = {m: self.value(m, group=group) for m in rules.headline if m in there}
        for m in rules.measures:
            if m in there and is_selected([m]):
                numbers[m] = self.value(m, group="stable" if rules.stability == "stable" else group)
        return numbers

    def __eq__(self, other: object) -> bool:
        return self._content() == other._content() if isinstance(other, RunResult) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.signature, self.document.predictions.fingerprint))

    def _content(self) -> tuple[Any, ...]:
        d = self.document
        return d.signature, d.signatures, d.protocol.rules, d.dataset, d.predictions.fingerprint, d.summary

    def __repr__(self) -> str:
        d, numbers = self.document, "  ".join(f"{m} {100 * v:.1f}" for m, v in self.headline.items())
        size = f"{d.dataset.sequences} sequences, {d.dataset.objects} objects, {d.dataset.frames} frames"
        return f"<RunResult {self.name!r}: {d.benchmark}, {d.split}, {size}\n  {numbers}\n  {self.signature}>"

    def _repr_html_(self) -> str:
        """The summary as a table for notebooks, with the signature below."""
        return as_html(self)

    def to_json(self) -> str:
        """The content of ``result.json``."""
        return self.document.to_json()

    def save(self, folder: str | Path, *, overwrite: bool = False) -> None:
        """Write the run to a new folder or, with ``overwrite``, in the place of an earlier run.

        Raises:
            UsageError: see :func:`require_free`.
            InputError: it cannot be written.
        """
        target = Path(folder)
        require_free(target, overwrite=overwrite)
        with new_folder(target) as part:
            self._write(part)

    def _write(self, folder: Path) -> None:
        (folder / "result.json").write_text(self.to_json(), encoding="utf-8")
        _write_frames(self.frames_columns, folder / "frames.parquet")
        with (folder / "objects.csv").open("w", newline="", encoding="utf-8") as file:
            file.write(csv_text(self.objects_columns, OBJECTS))


def require_free(target: Path, *, overwrite: bool = False) -> None:
    """Refuse to write a run where it would cost the user a file.

    Raises:
        UsageError: ``target`` holds other files, or a finished run and ``overwrite`` was not asked for.
    """
    restore(target)
    if not target.exists():
        return
    held = {path.name for path in target.iterdir()} if target.is_dir() else {target.name}
    if foreign := held - RUN_FILES or (held if held and "result.json" not in held else None):
        few = ", ".join(sorted(foreign)[:3])
        raise UsageError(f"{target} holds what is no run of vosbench: {few}", fix="choose another folder")
    if held and not overwrite:
        raise UsageError(f"{target} holds a finished run", fix="replace it with --overwrite, or choose another folder")


def csv_text(columns: Columns, order: tuple[str, ...]) -> str:
    """Columns as CSV text; NaN as an empty field, floats in full."""
    from io import StringIO

    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(order)
    for row in zip(*(columns[name].tolist() for name in order), strict=True):
        writer.writerow(["" if isinstance(v, float) and math.isnan(v) else v for v in row])
    return text.getvalue()


def _write_frames(columns: Columns, path: Path) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    table = pa.table({name: _arrow(columns[name]) for name in FRAMES if name in columns})
    parquet.write_table(table, path, compression="zstd")


def _arrow(column: np.ndarray[Any, Any]) -> Any:
    import pyarrow as pa

    if column.dtype == object:
        return pa.array(column.tolist(), pa.string()).dictionary_encode()
    return pa.array(column, from_pandas=column.dtype.kind == "f")


def as_html(run: RunResult) -> str:
    """The summary of a run as an HTML table: a row a group, a column a number in per cent; then its signature."""
    cells = {(c.group, cell_name(c.measure, c.statistic)): c.value for c in run.document.summary}
    groups, names = dict.fromkeys(g for g, _ in cells), dict.fromkeys(n for _, n in cells)
    header = "".join(f"<th>{escape(name)}</th>" for name in ("", *names))
    rows = []
    for group in groups:
        values = [cells.get((group, name)) for name in names]
        shown = "".join(f"<td>{'–' if v is None else f'{100 * v:.1f}'}</td>" for v in values)
        rows.append(f"<tr><th>{escape(group)}</th>{shown}</tr>")
    caption = escape(visible(f"{run.name}: {run.document.benchmark}, {run.document.split}"))
    table = f"<table><caption>{caption}</caption><tr>{header}</tr>{''.join(rows)}</table>"
    return f"{table}<code>{escape(visible(run.signature))}</code>"


def unique_names(runs: Sequence[RunResult]) -> list[str]:
    """Short names of the runs; the path of the predictions where two share a name; numbered where paths are equal."""
    short = [run.name for run in runs]
    full = [run.document.predictions.name for run in runs]
    places = {s: {f for name, f in zip(short, full, strict=True) if name == s} for s in short}
    names = [f if len(places[s]) > 1 else s for s, f in zip(short, full, strict=True)]
    earlier = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, earlier, strict=True)]


def run_keys(run: RunResult) -> Columns:
    """Every object of a run once, by the names of :data:`vosbench.results.tables.KEYS`."""
    columns = run.objects_columns
    n = len(dict.fromkeys(zip(columns["measure"], columns["statistic"], strict=True)))
    return {name: columns[name][::n] for name in KEYS}
