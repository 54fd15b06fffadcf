"""``vosbench validate``."""

from typing import Any

import click

from vosbench.cli import options


@click.command("validate", short_help="Find every problem with a prediction folder.")
@click.argument("predictions", nargs=-1, required=True, metavar="PREDICTIONS...")
@options.data_options
@options.mask_options
def command(predictions: tuple[str, ...], **choices: Any) -> None:
    """Decode every mask and report every problem at once, without scoring.

    Masks that can be scored but look improbable (inverted, a reordered palette, an object never predicted) are
    remarked on; "fit to score" means that there is nothing to remark.

    \b
    Examples:
      vosbench validate preds/ --benchmark davis2017 --data /data/DAVIS --split val
      vosbench validate submission.zip --gt annotations/

    \b
    Exit codes: 0 can be scored · 2 usage · 3 problems with the input
    """
    from vosbench.scoring.validate import validate

    with options.progress_bar() as progress:
        report = validate(predictions, progress=progress, roots=options.data_roots(), **choices)
    for note in report.notes:
        options.remark(f"note: {note}")
    for remark in report.remarks:
        options.remark(f"remark: {remark}")
    size = f"{report.sequences} sequences, {report.objects} objects, {report.frames} frames"
    n = len(report.remarks)
    verdict = f"can be scored, but look at the {n} remark{'s' * (n > 1)} first" if n else "fit to score"
    click.echo(f"{size}: {verdict}")
