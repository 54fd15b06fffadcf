"""``vosbench plot``."""

from pathlib import Path

import click

from vosbench.cli import options
from vosbench.datasets.query import Query


@click.command("plot")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option(
    "--kind",
    type=click.Choice(["over-time", "normalised", "bars", "scatter", "size"]),
    default="normalised",
    show_default=True,
    help="What to draw; scatter takes two runs.",
)
@click.option(
    "--measure",
    metavar="NAME",
    default="J",
    show_default=True,
    help='As tables name it: J, "J&F", "J mean seen"; with bars and scatter also "J decay".',
)
@click.option("--out", required=True, metavar="FILE", help="Where to write it: .png, .svg or .pdf.")
@options.data_options
def command(runs: tuple[str, ...], kind: str, measure: str, out: str, query: Query) -> None:
    """Draw finished runs, or prediction folders, which are scored first (data options as in `vosbench score`).

    Bands are 95 % intervals from resampling sequences. Figures are as wide as one column of a paper, 3.3 inches;
    seen and unseen objects have panels of their own.

    \b
    Examples:
      vosbench plot runs/mine runs/theirs --kind normalised --out over-time.pdf
      vosbench plot runs/mine --kind bars --measure "J&F" --out bars.svg
      vosbench plot a/ b/ --benchmark davis2016 --data /data/DAVIS --kind scatter --out scatter.png
    """
    from vosbench.measures.cells import parse
    from vosbench.scoring.api import load_or_score
    from vosbench.views.figure_style import write
    from vosbench.views.figures import draw

    parts = parse(measure).parts
    measures = None if {"J", "F"}.issuperset(parts) else list(dict.fromkeys(["J", "F", *parts]))
    with options.progress_bar() as progress:
        loaded = load_or_score(runs, query, measures=measures, progress=progress)
    write(draw(loaded, kind, measure), Path(out))
    options.remark(f"wrote {out}")
