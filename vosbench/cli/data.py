"""``vosbench data``."""

import json
from pathlib import Path

import click

from vosbench.cli import options
from vosbench.errors import InputError, UsageError


@click.group("data")
def command() -> None:
    """Tell vosbench where datasets lie, or draw a synthetic one.

    \b
    Examples:
      vosbench data add /data/DAVIS
      vosbench data add /data/ytvos19 --benchmark youtube-vos-2019
      vosbench data show
      vosbench data check /data/LVOS --benchmark lvos-v2
      vosbench data make clips/ --layout davis2017 --sequences 30
    """


@command.command("add")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--benchmark", metavar="NAME", help="The benchmark this data is for, where its layout fits several.")
def add(folder: Path, benchmark: str | None) -> None:
    """Register a dataset root, or a folder of several, so that --data can be left out."""
    from vosbench.datasets.discover import fits
    from vosbench.datasets.query import Root

    names = fits(Root(path=folder, benchmark=benchmark))
    if not names:
        raise UsageError(
            f"{folder} has the layout of no benchmark", fix="see `vosbench list layouts` for what is expected"
        )
    _save({**options.registered(), str(folder.resolve()): benchmark})
    click.echo(f"{folder.resolve()}: {', '.join(names)}")


@command.command("remove")
@click.argument("folder", type=click.Path(path_type=Path))
def remove(folder: Path) -> None:
    """Forget a registered folder."""
    known = options.registered()
    if known.pop(str(folder.resolve()), folder) is folder:
        raise UsageError(f"{folder} is not registered", fix="see `vosbench data show`")
    _save(known)


@command.command("show")
def show() -> None:
    """Show registered data and what it fits."""
    from vosbench.datasets.discover import fits
    from vosbench.views.grid import Grid, text

    roots = options.data_roots()
    if not roots:
        options.remark("no data is registered; see `vosbench data add --help`")
        return
    rows = [(str(root.path), ", ".join(fits(root)) or "nothing found") for root in roots]
    click.echo(text(Grid(header=("folder", "benchmarks"), rows=rows, labels=2)))


@command.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--benchmark", metavar="NAME|FILE", help="What it should be. Default: found from the data.")
@click.option("--split", metavar="NAME|FILE", help="The split to look at. Default: the benchmark's usual one.")
def check(folder: Path, benchmark: str | None, split: str | None) -> None:
    """Check a dataset root: its size against the published one, and the first problems.

    \b
    Exit codes: 0 in order · 2 usage · 3 not laid out as expected, or masks are missing or unreadable
    """
    from vosbench.scoring.dataset_check import survey

    found = survey(folder, benchmark=benchmark, split=split)
    objects = "objects not counted" if found.objects is None else f"{found.objects} objects"
    click.echo(f"{found.benchmark} · {found.split} · {found.sequences} sequences, {objects}, {found.frames} frames")
    for line in (*found.deviations(), *found.notes):
        options.remark(f"note: {line}")
    if found.problems:
        raise InputError(found.problems)


@command.command("make")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--layout", type=click.Choice(["youtube-vos", "davis2017"]), default="youtube-vos", show_default=True)
@click.option("--sequences", type=click.IntRange(1), default=8, show_default=True, help="Videos to draw.")
@click.option("--frames", type=click.IntRange(3), help="Frames in each. Default: about 27.")
@click.option("--objects", type=click.IntRange(1), help="Objects in each. Default: 2 to 4.")
@click.option("--size", default="240x432", show_default=True, metavar="HxW", help="Frame size in pixels.")
@click.option("--seed", type=int, default=0, show_default=True)
def make(
    folder: Path, layout: str, sequences: int, frames: int | None, objects: int | None, size: str, seed: int
) -> None:
    """Draw a synthetic dataset with exact ground truth."""
    from vosbench.execution import default_jobs
    from vosbench.synthetic import make_dataset

    try:
        height, width = (int(n) for n in size.lower().split("x"))
    except ValueError:
        raise UsageError(f"{size!r} is no frame size", fix="write it as height x width, such as 480x854") from None
    asked = {name: n for name, n in (("frames", frames), ("objects", objects)) if n is not None}
    shape = (height, width)
    make_dataset(folder, layout=layout, sequences=sequences, shape=shape, seed=seed, workers=default_jobs(), **asked)
    click.echo(str(folder))


def _save(known: dict[str, str | None]) -> None:
    from vosbench.files import write

    write(options.registry_path(), json.dumps(known, indent=1, sort_keys=True))
