"""``vosbench list``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from vosbench.protocols import load as protocols

if TYPE_CHECKING:
    from vosbench.views.grid import Grid

KINDS = ("benchmarks", "protocols", "measures", "layouts")


@click.command("list", short_help="List what there is.")
@click.argument("what", type=click.Choice(KINDS), required=False)
def command(what: str | None) -> None:
    """List benchmarks, protocols, measures and layouts, or one of these.

    \b
    Examples:
      vosbench list
      vosbench list benchmarks
    """
    from vosbench.views.grid import text

    grids = _grids()
    for kind in [what] if what else KINDS:
        click.echo(f"{kind}\n{text(grids[kind])}\n" if not what else text(grids[kind]))


def _submission(prefix: str | None) -> str:
    return "–" if prefix is None else f"{prefix}<sequence>/<frame>.png"


def _grids() -> "dict[str, Grid]":
    from vosbench.datasets.detect import LAYOUTS
    from vosbench.locate import benchmarks
    from vosbench.measures.catalog import MEASURES
    from vosbench.views.grid import Grid

    rows: dict[str, Sequence[Sequence[str]]] = {
        "benchmarks": [
            (s.name, s.task, d.layout, d.split, d.ground_truth, _submission(d.submission), d.home)
            for s in benchmarks()
            if (d := s.data)
        ],
        "protocols": [(s.name, str(s.version), s.title, s.reference) for s in map(protocols.load, protocols.names())],
        "measures": [(m.name, m.title, "higher" if m.higher_is_better else "lower") for m in MEASURES.values()],
        "layouts": list(LAYOUTS.items()),
    }
    headers = {
        "benchmarks": ("name", "task", "layout", "split", "ground truth", "submission", "home"),
        "protocols": ("name", "version", "title", "reference"),
        "measures": ("name", "title", "better"),
        "layouts": ("name", "files"),
    }
    return {kind: Grid(header=headers[kind], rows=rows[kind], labels=9) for kind in KINDS}
