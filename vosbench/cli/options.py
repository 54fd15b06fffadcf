"""Options that several verbs share, and what they turn into."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click

from vosbench.datasets.query import Query, Root
from vosbench.errors import UsageError, visible
from vosbench.types import Progress

#: The names of :data:`vosbench.masks.palette.PALETTES`, which takes NumPy to import.
PALETTE = click.Choice([f"{name}{order}" for order in ("", "-bgr") for name in ("davis", "youtube-vos", "lvos")])


def data_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--benchmark``, ``--data``, ``--split``, ``--gt``, ``--protocol``: the command gets them as one ``query``."""

    @wraps(command)
    def asked(
        *,
        benchmark: str | None,
        data: str | None,
        split: str | None,
        gt: str | None,
        protocol: str | None,
        **others: Any,
    ) -> None:
        query = Query.of(benchmark=benchmark, data=data, split=split, gt=gt, protocol=protocol, roots=data_roots())
        command(query=query, **others)

    for option in (
        click.option(
            "--protocol", metavar="NAME", help="Score by this protocol's rules instead of the benchmark's own."
        ),
        click.option("--gt", metavar="FOLDER", help="Score against this folder of masks; no benchmark needed."),
        click.option("--split", metavar="NAME|FILE", help="Split to score: a name, or a .txt of sequence names."),
        click.option("--data", metavar="FOLDER", help="Root of the dataset. Default: registered data, VOSBENCH_DATA."),
        click.option("--benchmark", metavar="NAME|FILE", help="See `vosbench list`. Default: found from the data."),
    ):
        asked = option(asked)
    return asked


def mask_options(command: Callable[..., None]) -> Callable[..., None]:
    """``--missing``, ``--resize``, ``--palette`` as one ``reading``, and ``--jobs``."""

    @wraps(command)
    def asked(*, missing: str, resize: str | None, palette: str | None, **others: Any) -> None:
        from vosbench.scoring.reading import Reading

        command(reading=Reading(missing=missing, resize=resize, palette=palette), **others)

    for option in (
        click.option("--jobs", type=click.IntRange(1), metavar="N", help="Workers. Default: all cores."),
        click.option(
            "--palette", type=PALETTE, help="Exact colours of RGB masks; with -bgr, red and blue are exchanged."
        ),
        click.option("--resize", type=click.Choice(["nearest"]), help="Accept masks of another size; recorded."),
        click.option(
            "--missing",
            type=click.Choice(["error", "empty"]),
            default="error",
            show_default=True,
            help="Missing masks: refuse, or score as empty (flagged).",
        ),
    ):
        asked = option(asked)
    return asked


def words(text: str | None) -> tuple[str, ...] | None:
    """The words of an option that takes several, separated by commas."""
    return tuple(word.strip() for word in text.split(",")) if text else None


def out_folder(out: str) -> Path:
    """The folder that ``--out`` names, links followed: its name is its own, so that it is locked and replaced as one.

    Raises:
        UsageError: it is the current folder, or one above it.
    """
    path = Path(out)
    resolved = Path(os.path.realpath(path))
    if resolved in (Path.cwd(), *Path.cwd().parents):
        raise UsageError(f"--out {out} is the current folder, or one above", fix="name a new folder, such as ./run")
    return resolved if path.is_symlink() or path.name in ("", "..") else path


class Seconds(click.FloatRange):
    """A time in seconds: above 0, finite."""

    def __init__(self) -> None:
        super().__init__(0, 1e8, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Not-a-number is in no range, but no comparison says so."""
        seconds = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value} is no number of seconds", param, ctx)
        return seconds


def registry_path() -> Path:
    """The file that `vosbench data add` writes."""
    return Path(click.get_app_dir("vosbench")) / "data.json"


def registered() -> dict[str, str | None]:
    """Registered data: path → benchmark, or None."""
    try:
        return dict(json.loads(registry_path().read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return {}


def data_roots() -> list[Root]:
    """Where data may lie: what was registered, then VOSBENCH_DATA (several folders separated as in PATH)."""
    roots = [Root(path=Path(path), benchmark=benchmark) for path, benchmark in registered().items()]
    paths = os.environ.get("VOSBENCH_DATA", "").split(os.pathsep)
    return roots + [Root(path=Path(p)) for p in paths if p]


@contextmanager
def progress_bar() -> Iterator[Progress | None]:
    """A bar on stderr while people watch; nothing in a pipe or a log."""
    if not sys.stderr.isatty():
        yield None
        return
    with click.progressbar(length=1, file=sys.stderr, item_show_func=lambda name: name or "", show_pos=True) as bar:

        def update(done: int, total: int, name: str) -> None:
            bar.length = total
            bar.update(done - bar.pos, name)

        yield update


def remark(line: str) -> None:
    """One line for people, on stderr."""
    click.echo(visible(line), err=True)
