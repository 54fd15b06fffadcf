"""``vosbench compare``."""

from typing import TYPE_CHECKING, Any

import click

from vosbench.cli import options
from vosbench.datasets.query import Query

if TYPE_CHECKING:
    pass

#: What ``--by`` takes; vosbench.analysis.slices explains each.
PROPERTIES = (
    "sequence",
    "group",
    "category",
    "instances",
    "size",
    "entry",
    "reappearance",
    "growth",
    "motion",
    "attribute",
)


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option("--baseline", metavar="RUN", help="Compare with this one of RUNS. Default: the first.")
@click.option(
    "--measure",
    metavar="NAME",
    help='Test and slice this, a column of score: J, "J decay". Default: J&F, or the first.',
)
@click.option("--by", type=click.Choice(PROPERTIES), multiple=True, help="Also means over objects that share this.")
@click.option("--attributes", metavar="FILE", help="db_info.yml with the attributes of the sequences.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the permutations.")
@click.option("--resamples", type=click.IntRange(100), default=10_000, show_default=True, help="Permutations at most.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "md", "latex", "csv", "html"]),
    default="table",
    show_default=True,
    help="What stdout gets; csv has all numbers in full.",
)
@options.data_options
def command(
    runs: tuple[str, ...],
    baseline: str | None,
    measure: str | None,
    by: tuple[str, ...],
    attributes: str | None,
    seed: int,
    resamples: int,
    form: str,
    query: Query,
) -> None:
    """Compare finished runs, or prediction folders, which are scored first (data options as in `vosbench score`).

    Whole sequences are the independent units, not objects: intervals are Student's t, p values those of a permutation
    test, corrected for the number of methods. Runs made by different rules are refused.

    A folder of finished runs is one method with several runs, such as one a seed: its numbers are their mean, with the
    standard deviation over them.

    \b
    Examples:
      vosbench compare runs/mine runs/theirs
      vosbench compare runs/a runs/b runs/c --baseline runs/b --by size --by reappearance
      vosbench compare runs/mine-seeds/ runs/theirs-seeds/
      vosbench compare preds/ runs/a --benchmark davis2016 --data /data/DAVIS --format latex > table.tex

    \b
    Exit codes: 0 compared · 2 usage · 3 problems with the input · 4 the runs were made by different rules
    """
    from vosbench.api.runs import compare_query

    with options.progress_bar() as progress:
        found = compare_query(
            runs,
            query,
            baseline=baseline or 0,
            measure=measure,
            by=by,
            attributes=attributes,
            seed=seed,
            resamples=resamples,
            progress=progress,
        )
    click.echo(_render(found, form))


def _render(found: Any, form: str) -> str:
    from vosbench.views import comparison
    from vosbench.views.grid import RENDERERS, as_comment

    if form == "csv":
        return "\n".join(map(RENDERERS[form], comparison.flat(found)))
    blocks = [RENDERERS[form](grid) for grid in comparison.grids(found)]
    return "\n\n".join([*blocks, as_comment(comparison.footnotes(found), form)])
