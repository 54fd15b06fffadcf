"""``vosbench demo``."""

from pathlib import Path

import click

from vosbench.cli import options


@click.command("demo")
@click.option(
    "--out", default="vosbench-demo", show_default=True, metavar="FOLDER", help="A new folder for everything."
)
def command(out: str) -> None:
    """Draw a small dataset, segment it by copying the first mask and by following optical flow, score both.

    Where vosbench-baselines is installed, masktrack-lite-offline, a small trained model, joins them.

    Everything stays in the folder, so that each step can be repeated and looked at.

    \b
    Example:
      vosbench demo --out /tmp/demo
    """
    from vosbench.demo import run_demo
    from vosbench.views import summary
    from vosbench.views.grid import text

    with options.progress_bar() as progress:
        runs = run_demo(Path(out), say=lambda line: options.remark(f"$ {line}"), progress=progress)
    options.remark("")
    click.echo(text(summary.headline(runs)))
    click.echo("\n" + "\n".join(summary.footnotes(runs[-1])))
