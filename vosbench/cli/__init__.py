"""The command line: the only place that prints, exits or reads the environment.

Verbs are imported when they are called, so that ``vosbench --help`` is instant.
"""

import os
import sys
from importlib import import_module

import click

from vosbench._version import __version__
from vosbench.cli import process
from vosbench.errors import VosbenchError, did_you_mean

# NumPy's linear algebra starts a thread for every core, and these spin at first: a tenth of a CPU second, for nothing.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

#: verb → (module with a command of that name, one line for --help)
VERBS = {
    "demo": ("demo", "Draw a small dataset, segment it, score the results."),
    "score": ("score", "Score prediction folders."),
    "score-many": ("score_many", "Score the submissions of many teams, each in isolation."),
    "codabench": ("codabench", "Score a submission as a scoring program on Codabench."),
    "validate": ("validate", "Find every problem with a prediction folder, without scoring it."),
    "compare": ("compare", "Compare methods: intervals, tests, slices."),
    "plot": ("plot", "Draw runs: over time, by sequence, by size."),
    "report": ("report", "Write one HTML page to read runs by."),
    "check": ("check", "Stop a regression: hold a run to a baseline."),
    "leaderboard": ("leaderboard", "Compare published and measured results; build the site."),
    "predict": ("predict", "Run a model over a benchmark."),
    "pack": ("pack", "Check predictions and write the archive a server takes."),
    "import": ("import_table", "Make runs of a table of published per-frame values."),
    "split": ("split", "Make reproducible seen/unseen splits."),
    "explain": ("explain", "Tell the rules of a protocol in plain English."),
    "list": ("list", "List benchmarks, protocols, measures and layouts."),
    "data": ("data", "Register, show or draw datasets."),
}


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            ctx.fail(" ".join(filter(None, [f"No such command {name!r}.", did_you_mean(name, VERBS)])))
        command: click.Command = import_module(f"vosbench.cli.{VERBS[name][0]}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in VERBS.items()])


def _version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        from vosbench import kernel

        click.echo(f"vosbench {__version__} ({kernel.BACKEND} kernel)")
        ctx.exit()


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def cli() -> None:
    """Exact, comparable, reproducible scores for video object segmentation.

    \b
    Examples:
      vosbench demo
      vosbench score preds/ --benchmark davis2017 --data /data/DAVIS --split val
      vosbench score preds/ --gt annotations/
      vosbench explain davis2017
    """


def main() -> None:
    """Run the command line and exit with the code of whatever went wrong."""
    code = 1
    try:
        process.prepare()
        code = _code_of_the_command()
        process.flush()
    except VosbenchError as error:
        code = _said(error)
    except (OSError, MemoryError, ImportError) as error:
        if (known := process.typed(error)) is None:
            raise
        code = _said(known)
    process.leave()
    sys.exit(code)


def _said(error: VosbenchError) -> int:
    click.echo(f"error: {error}", err=True)
    return error.exit_code


def _code_of_the_command() -> int:
    try:
        return int(cli.main(standalone_mode=False) or 0)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted; no result was written", err=True)
        return 130
    except VosbenchError as error:
        process.flush()
        return _said(error)
