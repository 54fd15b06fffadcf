"""``vosbench report``."""

from pathlib import Path
from shlex import quote

import click

from vosbench.cli import options
from vosbench.datasets.query import Query


@click.command("report")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option("--out", default="report.html", show_default=True, metavar="FILE", help="Where to write it.")
@options.data_options
def command(runs: tuple[str, ...], out: str, query: Query) -> None:
    """Write a page about finished runs, or about prediction folders, which are scored first.

    The page is one file that needs no network: headline, J over time, the worst frames with both contours, sortable
    tables, flagged masks, provenance. For the pictures the masks are read again: the predictions
    and the ground truth where the run says they were, or where the data options say. If they are not there, the page
    has no pictures, and a line says what is missing and how to give it.

    \b
    Examples:
      vosbench report runs/mine --data /data/DAVIS --out report.html
      vosbench report runs/mine runs/theirs
      vosbench report preds/ --gt annotations/
    """
    from vosbench.files import write
    from vosbench.scoring.api import load_or_score
    from vosbench.views.report.evidence import Evidence
    from vosbench.views.report.page import report

    with options.progress_bar() as progress:
        loaded = load_or_score(runs, query, progress=progress)
    commands = {id(run): f"vosbench report {quote(path)}" for run, path in zip(loaded, runs, strict=True)}
    page = report(loaded, lambda run: Evidence.of(run, query, again=commands[id(run)]), on_note=options.remark)
    write(Path(out), page)
    options.remark(f"wrote {out}")
