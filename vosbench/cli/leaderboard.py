"""``vosbench leaderboard``: add a result, build the site, check the cards, print tables."""

from pathlib import Path

import click

from vosbench.leaderboard.formats import FORMATS

BOARD = click.option(
    "--board",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("leaderboard"),
    show_default=True,
    help="The leaderboard folder.",
)


@click.group()
def leaderboard() -> None:
    """Cards, tables and pages that answer: how does my method compare?

    \b
    Examples:
      vosbench leaderboard add runs/osvos --card card.toml
      vosbench leaderboard check
      vosbench leaderboard build leaderboard/ --out site/
      vosbench leaderboard table --benchmark davis2016
      vosbench leaderboard table --like youtube-vos-2018/table2 --format latex
    """


@leaderboard.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--card",
    "about",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    required=True,
    help="TOML file with what only you know: method, paper, year, flags, runtimes.",
)
@BOARD
def add(run: Path, about: Path, board: Path) -> None:
    """Put the finished run RUN, a folder or its result.json, on the leaderboard.

    Writes the card and a copy of its result.json, and prints the card's path. Send both as a pull request.

    \b
    A card.toml:
      method = "MyMethod"
      paper = "Doe et al., A Method, CVPR 2026"
      year = 2026
      task = "semi-supervised"
      flags = { online_learning = false, post_processing = false }
      runtimes = [{ value = "0.05", unit = "s/frame", gpu = "NVIDIA V100" }]

    \b
    Example:
      vosbench leaderboard add runs/mymethod --card card.toml
    """
    from vosbench.leaderboard.entries import load
    from vosbench.leaderboard.measured import add as add_run
    from vosbench.leaderboard.measured import read_about
    from vosbench.results.paths import require_run

    click.echo(add_run(load(board), require_run(run), read_about(about)))


@leaderboard.command()
@click.argument("board", type=click.Path(file_okay=False, path_type=Path), default=Path("leaderboard"))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the site.")
def build(board: Path, out: Path) -> None:
    """Build the static site of BOARD (default: leaderboard).

    The pages need no server and no network: open OUT/index.html.

    \b
    Example:
      vosbench leaderboard build leaderboard/ --out site/
    """
    from vosbench.leaderboard.entries import load
    from vosbench.leaderboard.site import build as build_site

    pages = build_site(load(board), out)
    click.echo(f"{pages} files in {out}", err=True)
    click.echo(out / "index.html")


@leaderboard.command()
@click.argument("board", type=click.Path(file_okay=False, path_type=Path), default=Path("leaderboard"))
@click.option(
    "--predictions",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Score again what lies in this folder and whose data is registered.",
)
def check(board: Path, predictions: Path | None) -> None:
    """Check every card of BOARD (default: leaderboard): its keys, its fingerprint, its numbers.

    Exits with 3 and the list of everything that is wrong.

    \b
    Example:
      vosbench leaderboard check leaderboard/
      vosbench leaderboard check leaderboard/ --predictions preds/
    """
    from vosbench.cli import options
    from vosbench.leaderboard.check import check as check_board
    from vosbench.leaderboard.entries import load
    from vosbench.leaderboard.rescore import rescorer

    loaded = load(board)
    check_board(loaded, rescorer(loaded, predictions, options.data_roots()) if predictions else None)
    measured = sum(entry.card.kind == "measured" for entry in loaded.entries)
    click.echo(f"{len(loaded.entries)} cards are in order, {measured} of them measured", err=True)


@leaderboard.command()
@click.option("--benchmark", help="Every ranking of a benchmark, such as davis2016.")
@click.option("--split", help="Only this split of the benchmark.")
@click.option("--like", help="A paper's table as printed, such as youtube-vos-2018/table2.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How to print it.",
)
@BOARD
def table(benchmark: str | None, split: str | None, like: str | None, form: str, board: Path) -> None:
    """Print a benchmark's rankings, or a published table again from its cards.

    \b
    Examples:
      vosbench leaderboard table --benchmark davis2016
      vosbench leaderboard table --benchmark davis2017 --split val --format md
      vosbench leaderboard table --like stcnn-2019/table2 --format csv
    """
    from vosbench.leaderboard import formats, tables
    from vosbench.leaderboard.entries import load

    if (benchmark is None) == (like is None) or (split and like):
        raise click.UsageError("give either --benchmark (with or without --split) or --like")
    loaded = load(board)
    grids = [tables.like(loaded, like)] if like else tables.benchmark(loaded, benchmark or "", split)
    click.echo(formats.render(grids, form), nl=False)


command = leaderboard
