"""``vosbench import``."""

from pathlib import Path

import click

from vosbench.cli import options
from vosbench.errors import UsageError


@click.command("import")
@click.argument("table", metavar="TABLE.csv")
@click.option("--protocol", default="davis2016", show_default=True, metavar="NAME", help="Whose statistics to use.")
@click.option("--split", default="val", show_default=True, metavar="NAME", help="Name of the split, for the signature.")
@click.option("--out", required=True, metavar="FOLDER", help="Where to write: one run for each method.")
@click.option("--overwrite", is_flag=True, help="Replace finished runs that are there.")
def command(table: str, protocol: str, split: str, out: str, overwrite: bool) -> None:
    """Turn a CSV file of per-frame values into runs that compare, plot and report can read.

    Columns: sequence, index (or frame_index, from 0), J, F; optionally method, object, frame, category and group. Each
    method becomes a run; imported runs compare with each other, not with runs that were scored.

    \b
    Examples:
      vosbench import davis2016_val_per_frame.csv --out runs/published
      vosbench compare runs/published/osvos runs/published/msk

    \b
    Exit codes: 0 written · 2 usage · 3 problems with the table (all are listed, nothing is written)
    """
    from vosbench.results.importer import import_table
    from vosbench.views import summary
    from vosbench.views.grid import text

    runs = import_table(table, protocol=protocol, split=split)
    for run in runs:
        if run.name in ("", ".", "..") or run.name != run.document.predictions.name:
            raise UsageError(f"{run.document.predictions.name!r} cannot name a folder", fix="rename the method")
    for run in runs:
        target = Path(out) if len(runs) == 1 else Path(out) / run.name
        run.save(target, overwrite=overwrite)
        options.remark(f"wrote {target}")
    click.echo(text(summary.headline(runs)))
    click.echo("\n" + "\n".join(summary.footnotes(runs[0])))
