"""A finished run: three tables, the rules that made them, and where they came from; on disk a folder.

``result.json`` says everything but the counts, ``frames.parquet`` holds the counts, ``objects.csv`` the objects table.
They are written to temporary names and renamed, so that a run is there or is not.
"""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from vosbench.errors import UsageError
from vosbench.files import new_folder, restore
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results.document import ResultDocument
from vosbench.results.tables import FRAMES, KEYS, OBJECTS, Columns, to_dataframe

if TYPE_CHECKING:
    import pandas as pd

RUN_FILES = frozenset({"result.json", "frames.parquet", "objects.csv"})


@dataclass(frozen=True)
class RunResult:
    """The result of scoring one prediction folder.

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

    def value(self, measure: str, statistic: str = "mean", group: str = "all") -> float:
        """One number of the summary, in [0, 1]; NaN where it is undefined.

        Raises:
            UsageError: the protocol has no such number.
        """
        wanted = (group, measure, statistic)
        for cell in self.document.summary:
            if (cell.group, cell.measure, cell.statistic) == wanted:
                return math.nan if cell.value is None else cell.value
        raise UsageError(
            f"{self.spec.name} has no {measure}-{statistic} for {group}", fix="see .summary for what there is"
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
        if "T" in there:
            numbers["T"] = self.value("T", group="stable" if rules.stability == "stable" else group)
        return numbers

    def to_json(self) -> str:
        """The content of ``result.json``."""
        return self.document.to_json()

    def save(self, folder: str | Path) -> None:
        """Write the run to a new folder, or in the place of an earlier run.

        Raises:
            UsageError: see :func:`require_free`.
            InputError: it cannot be written.
        """
        target = Path(folder)
        require_free(target)
        with new_folder(target) as part:
            self._write(part)

    def _write(self, folder: Path) -> None:
        (folder / "result.json").write_text(self.to_json(), encoding="utf-8")
        _write_frames(self.frames_columns, folder / "frames.parquet")
        with (folder / "objects.csv").open("w", newline="", encoding="utf-8") as file:
            file.write(csv_text(self.objects_columns, OBJECTS))


def require_free(target: Path) -> None:
    """Raise UsageError if writing a run to ``target`` would cost the user a file: anything there but an earlier run."""
    restore(target)
    if not target.exists():
        return
    held = {path.name for path in target.iterdir()} if target.is_dir() else {target.name}
    if foreign := held - RUN_FILES or (held if held and "result.json" not in held else None):
        few = ", ".join(sorted(foreign)[:3])
        raise UsageError(f"{target} holds what is no run of vosbench: {few}", fix="choose another --out folder")


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


def unique_names(runs: Sequence[RunResult]) -> list[str]:
    """Short names of the runs; the path of the predictions where two share one, numbered where they share that too."""
    short = [run.name for run in runs]
    full = [run.document.predictions.name for run in runs]
    names = [f if short.count(s) > 1 else s for s, f in zip(short, full, strict=True)]
    earlier = [names[:i].count(name) for i, name in enumerate(names)]
    return [f"{name} ({n + 1})" if n else name for name, n in zip(names, earlier, strict=True)]


def run_keys(run: RunResult) -> Columns:
    """Every object of a run once, by the names of :data:`vosbench.results.tables.KEYS`."""
    columns = run.objects_columns
    n = len(dict.fromkeys(zip(columns["measure"], columns["statistic"], strict=True)))
    return {name: columns[name][::n] for name in KEYS}
