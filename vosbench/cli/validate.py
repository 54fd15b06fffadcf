"""``vosbench validate``."""

from typing import TYPE_CHECKING

import click

from vosbench.cli import options
from vosbench.datasets.query import Query

if TYPE_CHECKING:
    from vosbench.scoring.reading import Reading


@click.command("validate")
@click.argument("predictions", nargs=-1, required=True, metavar="PREDICTIONS...")
@options.data_options
@options.mask_options
def command(predictions: tuple[str, ...], query: Query, reading: "Reading", jobs: int | None) -> None:
    """Decode every mask and report every problem at once, without scoring.

    Masks that can be scored but look improbable (inverted, a reordered palette, an object never predicted) are
    remarked on; "fit to score" means that there is nothing to remark. Of a finished run, the files are checked against
    each other, and its predictions are read again where they were.

    \b
    Examples:
      vosbench validate preds/ --benchmark davis2017 --data /data/DAVIS --split val
      vosbench validate submission.zip --gt annotations/
      vosbench validate runs/mine

    \b
    Exit codes: 0 can be scored · 2 usage · 3 problems with the input
    """
    from vosbench.scoring.validate import validate_query

    with options.progress_bar() as progress:
        report = validate_query(predictions, query, reading=reading, jobs=jobs, progress=progress)
    for note in report.notes:
        options.remark(f"note: {note}")
    for remark in report.remarks:
        options.remark(f"remark: {remark}")
    size = f"{report.sequences} sequences, {report.objects} objects, {report.frames} frames"
    n = len(report.remarks)
    verdict = f"can be scored, but look at the {n} remark{'s' * (n > 1)} first" if n else "fit to score"
    click.echo(f"{size}: {verdict}")
