"""``vosbench check``."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vosbench.cli import options
from vosbench.datasets.query import Query
from vosbench.errors import RegressionFound, UsageError

if TYPE_CHECKING:
    from vosbench.scoring.reading import Reading


@click.command("check")
@click.argument("run", metavar="RUN")
@click.option("--against", required=True, metavar="BASELINE", help="A baseline file, or a finished run.")
@click.option(
    "--tolerance",
    type=click.FloatRange(0),
    default=0.2,
    show_default=True,
    metavar="POINTS",
    help="What each group and sequence may lose.",
)
@click.option("--exact", is_flag=True, help="Every frame must have the same counts, to the pixel.")
@click.option("--update", is_flag=True, help="Write the baseline from this run instead of checking.")
@click.option("--junit", metavar="FILE", help="Also write the outcome as JUnit XML.")
@click.option(
    "--github", is_flag=True, help="Also to the summary page of the GitHub workflow; elsewhere, print Markdown."
)
@options.data_options
@options.mask_options
def command(
    run: str,
    against: str,
    tolerance: float,
    exact: bool,
    update: bool,
    junit: str | None,
    github: bool,
    query: Query,
    reading: "Reading",
    jobs: int | None,
) -> None:
    """Hold a finished run, or predictions, which are scored first, to a baseline: a file, or another finished run.

    The means of every group and every sequence may lose --tolerance points each. With --exact no frame may change at
    all, not even for the better; frames that do are named. A measure that was scored by other rules than in the
    baseline is not compared, and the check does not pass. Against a finished run, predictions are scored as that was,
    unless data options say otherwise.

    \b
    Examples:
      vosbench check preds/ --gt annotations/ --against baseline.json --update
      vosbench check preds/ --gt annotations/ --against baseline.json
      vosbench check runs/mine --against baseline.json --exact --junit report.xml
      vosbench check preds/ --against runs/released

    \b
    Exit codes: 0 passed · 2 usage · 3 problems with the input · 4 made by other rules than the baseline · 5 worse
    """
    from vosbench.analysis import regression as checks
    from vosbench.api.runs import is_baseline, run_and_baseline
    from vosbench.files import writable, write
    from vosbench.results.comparable import refuse
    from vosbench.scoring.api import load_or_score
    from vosbench.views import check as views
    from vosbench.views.grid import text

    if update:
        if not is_baseline(Path(against)):
            raise UsageError(f"--update writes a baseline file, and {against} is none", fix="name a new .json file")
        with options.progress_bar() as progress:
            (found,) = load_or_score([run], query, reading=reading, jobs=jobs, progress=progress)
        checks.write_baseline(checks.baseline_of(found), Path(against))
        options.remark(f"wrote {against}")
        return
    with options.progress_bar() as progress:
        found, baseline = run_and_baseline(run, against, query, reading=reading, jobs=jobs, progress=progress)
    report = checks.check(found, baseline, tolerance=tolerance, exact=exact)
    if junit is not None:
        write(Path(junit), views.junit(report))
    if github and (page := os.environ.get("GITHUB_STEP_SUMMARY")):
        with writable(Path(page)), Path(page).open("a", encoding="utf-8") as file:
            file.write(views.github(report) + "\n")
    if github and not page:
        click.echo(views.github(report), nl=False)
    else:
        click.echo("\n\n".join([*map(text, views.grids(report)), f"signature  {report.signature}"]))
    if report.worse:
        fix = f"if the change is meant, accept it: vosbench check {run} --against {against} --update"
        if not is_baseline(Path(against)):
            fix = f"if the change is meant, check against this run from now on: --against {run}"
        raise RegressionFound(views.headline(report), fix=fix)
    if report.refused:
        raise refuse(report.refused)
    options.remark(views.headline(report))
