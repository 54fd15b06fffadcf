"""``vosbench score-many``."""

import csv
from contextlib import closing
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vosbench.cli import options
from vosbench.datasets.query import Query
from vosbench.errors import IncompleteError, UsageError

if TYPE_CHECKING:
    from vosbench.scoring.reading import Reading


@click.command("score-many")
@click.argument("submissions", nargs=-1, required=True, metavar="SUBMISSIONS...")
@options.data_options
@click.option("--measures", metavar="J,F", help="Measures to report, separated by commas.")
@options.mask_options
@click.option(
    "--timeout", type=options.Seconds(), default=3600, show_default=True, help="Seconds one submission may take."
)
@click.option("--out", required=True, metavar="FOLDER", help="Where results.csv and a folder for each go.")
def command(
    submissions: tuple[str, ...],
    out: str,
    timeout: float,
    measures: str | None,
    query: Query,
    reading: "Reading",
    jobs: int | None,
) -> None:
    """Score zip archives or folders that nobody vouches for, each in a process of its own.

    What one submission does never stops or changes another: a broken, hostile or endless one is a row with the reason.
    The ground truth is decoded once. FOLDER gets results.csv, one row a submission, and a folder for each one scored
    with the very files that `vosbench score` of it alone writes.

    \b
    Examples:
      vosbench score-many submissions/*.zip --benchmark davis2017 --data /data/DAVIS --split val --out results/
      vosbench score-many submissions/* --gt annotations/ --missing empty --out results/

    \b
    Exit codes: 0 all scored · 2 usage · 3 problems with the ground truth · 6 some submissions were not scored · 130
    interrupted (results.csv has those that were done)
    """
    from vosbench.challenge.batch import TABLE, score_many_query
    from vosbench.challenge.table import line, table
    from vosbench.views.grid import text

    path = Path(out) / TABLE
    _require_ours(path)
    found = []
    outcomes = score_many_query(
        submissions, out, query, reading=reading, measures=options.words(measures), jobs=jobs, seconds=timeout
    )
    try:
        with closing(outcomes):
            for outcome in outcomes:
                found.append(outcome)
                options.remark(line(outcome, len(found), len(submissions)))
                _write(path, table(_in_order(found, submissions), exact=True))
    except KeyboardInterrupt:
        options.remark(f"interrupted: {len(found)} of {len(submissions)} are done" + (f", see {path}" if found else ""))
        raise click.exceptions.Exit(130) from None
    ordered = _in_order(found, submissions)
    click.echo(text(table(ordered)))
    options.remark(f"wrote {path}")
    if bad := sum(o.status != "scored" for o in ordered):
        raise IncompleteError(f"{bad} of {len(ordered)} submissions were not scored", fix=f"see {path} for the reasons")


def _in_order(found: list[Any], submissions: tuple[str, ...]) -> list[Any]:
    order = {Path(path): k for k, path in enumerate(submissions)}
    return sorted(found, key=lambda outcome: order[outcome.submission.path])


def _write(path: Path, grid: Any) -> None:
    """All rows so far, so that an interrupt leaves a table."""
    from vosbench.files import write

    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows([grid.header, *grid.rows])
    write(path, text.getvalue())


def _require_ours(path: Path) -> None:
    """An earlier table may be replaced, other people's files may not."""
    if path.exists() and not (path.is_file() and path.read_bytes().startswith(b"submission,status,")):
        raise UsageError(f"{path} is there and is no table of submissions", fix="choose another --out folder")
