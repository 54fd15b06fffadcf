"""``vosbench predict``."""

from typing import TYPE_CHECKING

import click

from vosbench.cli import options
from vosbench.datasets.query import Query
from vosbench.errors import UsageError

if TYPE_CHECKING:
    from vosbench.models.predict import PredictionReport, Shard


@click.command("predict")
@click.argument("model", metavar="MODEL")
@options.data_options
@click.option("--out", required=True, metavar="FOLDER", help="Where the masks go: <sequence>/<frame>.png.")
@click.option("--weights", metavar="FILE", help="Weights of the model.")
@click.option("--device", default="cpu", show_default=True, metavar="NAME", help="cpu, cuda, cuda:1, …")
@click.option("--flip", is_flag=True, help="Average with the mirrored video.")
@click.option("--scales", default="1.0", show_default=True, metavar="S,S", help="Average over these scales.")
@click.option(
    "--ensemble", multiple=True, metavar="MODEL[=FILE]", help="Average with this model too (and its weights)."
)
@click.option("--frames", type=click.Choice(["required", "all"]), default="required", show_default=True)
@click.option("--resume", is_flag=True, help="Go on with what is not finished.")
@click.option("--shard", default="0/1", show_default=True, metavar="I/N", help="Only part I (from 0) of N.")
def command(
    model: str,
    out: str,
    weights: str | None,
    device: str,
    flip: bool,
    scales: str,
    ensemble: tuple[str, ...],
    frames: str,
    resume: bool,
    shard: str,
    query: Query,
) -> None:
    """Run a model over every sequence of a split and write palette PNGs that anyone can score.

    \b
    Examples:
      vosbench list models
      vosbench predict optical-flow --benchmark davis2017 --data /data/DAVIS --split val --out preds/flow
      vosbench predict stm --weights STM_weights.pth --device cuda --flip --scales 0.75,1.0 --split val --out preds/stm
      vosbench predict stm-s --weights s.safetensors --split val --out preds/s --resume --shard 0/2

    \b
    Exit codes: 0 done · 2 usage · 3 problems with the data · 6 some sequences failed, the others are complete
    """
    from pathlib import Path

    from vosbench.api.models import predict_query
    from vosbench.models.interface import load_model
    from vosbench.models.recipe import Recipe

    recipe = Recipe(scales=_scales(scales), flip=flip, frames="all" if frames == "all" else "required")
    wanted = [(model, weights), *((name, file or None) for name, _, file in (m.partition("=") for m in ensemble))]
    models = [load_model(name, weights=Path(file) if file else None, device=device) for name, file in wanted]
    with options.progress_bar() as progress:
        report = predict_query(models, out, query, recipe=recipe, resume=resume, shard=_shard(shard), progress=progress)
    options.remark(_told(report))
    click.echo(out)


def _told(report: "PredictionReport") -> str:
    """What was done, and what it took."""
    told = [f"{len(report.predicted)} sequence(s) predicted"]
    if report.skipped:
        told.append(f"{len(report.skipped)} were there already")
    if frames := sum(costs.frames for costs in report.predicted):
        told.append(f"model {sum(costs.model for costs in report.predicted) / frames:.3f} s a frame")
        if adaptation := sum(costs.adaptation for costs in report.predicted):
            told.append(f"adaptation {adaptation / len(report.predicted):.1f} s a sequence")
    return ", ".join(told)


def _scales(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(s) for s in text.split(","))
    except ValueError:
        raise UsageError(f"--scales {text!r} is no list of numbers", fix="write it as 0.75,1.0,1.25") from None


def _shard(text: str) -> "Shard":
    from vosbench.models.predict import Shard

    index, _, of = text.partition("/")
    if not (index.isdigit() and of.isdigit()):
        raise UsageError(f"--shard {text!r} is not of the form I/N", fix="number shards 0/n to (n-1)/n")
    return Shard(index=int(index), of=int(of))
