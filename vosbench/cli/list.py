"""``vosbench list``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from vosbench.protocols import load as protocols

if TYPE_CHECKING:
    from vosbench.protocols.spec import Data
    from vosbench.views.grid import Grid

KINDS = ("benchmarks", "protocols", "measures", "layouts", "models")


@click.command("list")
@click.argument("what", type=click.Choice(KINDS), required=False)
@click.option("--peak", type=float, default=100.0, show_default=True, metavar="TFLOPS", help="For the floor of models.")
def command(what: str | None, peak: float) -> None:
    """List benchmarks, protocols, measures, layouts and models, or one of these.

    A model's floor is the least time its arithmetic takes on a frame of 480 x 854 with one object, at the peak given.

    \b
    Examples:
      vosbench list
      vosbench list benchmarks
      vosbench list models --peak 790
    """
    from vosbench.views.grid import text

    grids = _grids() if what != "models" else {}
    if what in (None, "models"):
        grids["models"] = _models(peak)
    for kind in [what] if what else KINDS:
        click.echo(f"{kind}\n{text(grids[kind])}\n" if not what else text(grids[kind]))


def _submission(prefix: str | None) -> str:
    return "–" if prefix is None else f"{prefix}<sequence>/<frame>.png"


def _models(peak: float) -> "Grid":
    from vosbench.models.interface import available_models, model_costs
    from vosbench.views.grid import Grid

    costs = model_costs()
    rows = []
    for model in available_models():
        cost = costs.get(model.name)
        told = (f"{cost.parameters:,}", f"{cost.gflop:.1f}", f"{cost.floor_ms(peak):.2f}") if cost else ("", "", "")
        rows.append((model.name, f"{model.package} {model.version}", *told))
    header = ("name", "package", "parameters", "GFLOP/frame", f"floor ms at {peak:g} TFLOP/s")
    return Grid(header=header, rows=rows, labels=2)


def _grids() -> "dict[str, Grid]":
    from vosbench.datasets.discover import benchmarks
    from vosbench.datasets.registry import LAYOUTS, files_of
    from vosbench.measures.catalog import MEASURES
    from vosbench.views.grid import Grid

    rows: dict[str, Sequence[Sequence[str]]] = {
        "benchmarks": [
            (
                s.name,
                s.task,
                d.split,
                _ground_truth(d),
                _submission(d.submission),
                d.licence or "see home",
                d.home,
                files_of(d),
            )
            for s in benchmarks()
            if (d := s.data)
        ],
        "protocols": [(s.name, str(s.version), s.title, s.reference) for s in map(protocols.load, protocols.names())],
        "measures": [(m.name, m.title, "higher" if m.higher_is_better else "lower") for m in MEASURES.values()],
        "layouts": [(name, verb.files) for name, verb in LAYOUTS.items()],
    }
    headers = {
        "benchmarks": ("name", "task", "split", "ground truth", "submission", "licence", "home", "layout"),
        "protocols": ("name", "version", "title", "reference"),
        "measures": ("name", "title", "better"),
        "layouts": ("name", "files"),
    }
    return {kind: Grid(header=header, rows=rows[kind], labels=9) for kind, header in headers.items()}


def _ground_truth(data: "Data") -> str:
    """Whether it is public, and which further splits are hidden."""
    return data.ground_truth + (f" (hidden: {', '.join(data.hidden)})" if data.hidden else "")
