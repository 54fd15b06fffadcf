"""``vosbench report``."""

from pathlib import Path
from typing import Any

import click

from vosbench.cli import options

#: Options that say where the masks of a run are.
WHERE = ("benchmark", "data", "gt", "split", "palette")


@click.command("report", short_help="Write one HTML page to read runs by.")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option("--out", default="report.html", show_default=True, metavar="FILE", help="Where to write it.")
@options.data_options
@options.mask_options
def command(runs: tuple[str, ...], out: str, **choices: Any) -> None:
    """Write a page about finished runs, or about prediction folders, which are scored first.

    The page is one file that needs no network: headline, J over time, the worst frames with both contours, sortable
    tables, flagged masks, provenance. For the pictures the masks are read again: the predictions where the run says
    they were, the ground truth by the data options of `vosbench score`.

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

    roots = options.data_roots()
    with options.progress_bar() as progress:
        loaded = load_or_score(runs, progress=progress, roots=roots, **choices)
    where = {name: Path(v) if name in ("data", "gt") and v else v for name, v in choices.items() if name in WHERE}
    page = report(loaded, lambda run: Evidence.of(run, roots=roots, **where), on_note=options.remark)
    write(Path(out), page)
    options.remark(f"wrote {out}")
