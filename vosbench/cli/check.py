"""``vosbench check``."""

import os
from pathlib import Path
from typing import Any

import click

from vosbench.cli import options
from vosbench.errors import RegressionFound


@click.command("check", short_help="Stop a regression: hold a run to a baseline.")
@click.argument("run", metavar="RUN")
@click.option("--against", required=True, metavar="FILE", help="The baseline.")
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
    **choices: Any,
) -> None:
    """Hold a finished run, or a prediction folder, which is scored first, to a baseline.

    The means of every group and every sequence may lose --tolerance points each. With --exact no frame may change at
    all, for the better neither; frames that do are named.

    \b
    Examples:
      vosbench check preds/ --gt annotations/ --against baseline.json --update
      vosbench check preds/ --gt annotations/ --against baseline.json
      vosbench check runs/mine --against baseline.json --exact --junit report.xml

    \b
    Exit codes: 0 passed · 2 usage · 3 problems with the input · 4 made by other rules than the baseline · 5 worse
    """
    from vosbench.analysis import regression as checks
    from vosbench.files import writable, write
    from vosbench.scoring.api import load_or_score
    from vosbench.views import check as views
    from vosbench.views.grid import text

    baseline = None if update else checks.read_baseline(Path(against))
    with options.progress_bar() as progress:
        (found,) = load_or_score([run], progress=progress, roots=options.data_roots(), **choices)
    if baseline is None:
        checks.write_baseline(checks.baseline_of(found), Path(against))
        options.remark(f"wrote {against}")
        return
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
    if not report.passed:
        fix = f"if the change is meant, accept it: vosbench check {run} --against {against} --update"
        raise RegressionFound(views.headline(report), fix=fix)
    options.remark(views.headline(report))
