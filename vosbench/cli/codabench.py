"""``vosbench codabench``."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from vosbench.cli import options

if TYPE_CHECKING:
    from vosbench.scoring.reading import Reading


@click.command("codabench")
@click.argument("input", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
@click.option(
    "--benchmark", metavar="NAME|FILE", help="That of INPUT/ref. Default: its benchmark.toml, or any folder of masks."
)
@click.option("--split", metavar="NAME|FILE", help="Split to score: a name, or a .txt of sequence names.")
@click.option("--protocol", metavar="NAME", help="Score by this protocol's rules instead of the benchmark's own.")
@click.option("--measures", metavar="J,F", help="Measures to report, separated by commas.")
@click.option("--pictures", is_flag=True, help="Show worst frames on the page: participants see true contours there.")
@options.mask_options
def command(
    input: str,
    output: str,
    benchmark: str | None,
    split: str | None,
    protocol: str | None,
    measures: str | None,
    pictures: bool,
    reading: "Reading",
    jobs: int | None,
) -> None:
    """Score INPUT/res against INPUT/ref; write OUTPUT/scores.json and OUTPUT/detailed_results.html.

    This is the command of a scoring program's metadata.yaml. What is wrong with a submission is told on stderr and on
    the page, there are no scores then, and the exit code fails the submission.

    \b
    Examples:
      vosbench codabench /app/input /app/output
      vosbench codabench /app/input /app/output --benchmark davis2017 --split val

    \b
    Exit codes: 0 scored · 2 usage · 3 problems with the submission or the reference data
    """
    from vosbench.challenge.codabench import score_submission, scores

    run = score_submission(
        Path(input),
        Path(output),
        benchmark=benchmark,
        protocol=protocol,
        split=split,
        measures=options.words(measures),
        reading=reading,
        jobs=jobs,
        pictures=pictures,
    )
    for note in run.document.notes:
        options.remark(f"note: {note}")
    for name, value in scores(run).items():
        click.echo(f"{name} {value:.4f}")
