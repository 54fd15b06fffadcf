"""``vosbench-tables CONFIG``: the ablations of the refinement paper as rows, on whatever data is configured.

The paper ("Space-Time Memory Networks with refinements", YouTube-VOS challenge 2019) asks what pre-training on frames
of videos, the backbone, and flip and multi-scale testing are worth. Its full-training figure in table 1 is that of the
row "flip" in table 3, so tables 1 and 2 are tested with flip here too. Its numbers are the Overall score on YouTube-VOS
2018 validation; ours are J on the configured hold-out: compare differences between rows, not rows.
"""

import csv
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from vosbench.errors import UsageError, VosbenchError
from vosbench.prediction.recipe import Recipe
from vosbench_baselines.stm_model import STMModel
from vosbench_baselines.training.config import Source, Training, read_config
from vosbench_baselines.training.folders import video_folder
from vosbench_baselines.training.holdout import holdout_j
from vosbench_baselines.training.loop import train
from vosbench_baselines.weights import load_stm

COLUMNS = ("table", "row", "flip", "scales", "published_overall", "holdout_j")


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data and settings of all rows. ``pretraining`` and ``main`` hold keys of :class:`Training` but its sources."""

    architecture: str = "stm"
    stills: list[Source]
    video_frames: Source
    videos: list[Source]
    holdout: Source
    pretraining: dict[str, Any] = {}
    main: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: on which data, with which backbone, after which other stage."""

    sources: tuple[str, ...]
    settings: str
    refine: bool = False
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the stages whose models are averaged, and how they are tested."""

    table: str
    name: str
    stages: tuple[str, ...]
    published: float
    flip: bool = True
    scales: tuple[float, ...] = (1.0,)


STAGES = {
    "stills": Stage(("stills",), "pretraining"),
    "pretraining": Stage(("stills", "video_frames"), "pretraining"),
    "main": Stage(("videos",), "main"),
    "full": Stage(("videos",), "main", after="pretraining"),
    "refine50-pretraining": Stage(("stills", "video_frames"), "pretraining", refine=True),
    "refine50-full": Stage(("videos",), "main", refine=True, after="refine50-pretraining"),
}

ROWS = (
    Row("1", "pre-training only, without frames of videos", ("stills",), 0.617),
    Row("1", "pre-training only, with frames of videos", ("pretraining",), 0.667),
    Row("1", "main training only", ("main",), 0.681),
    Row("1", "full training", ("full",), 0.766),
    Row("2", "ResNet-50, pre-training only", ("pretraining",), 0.667),
    Row("2", "Refine-50 (our reading), pre-training only", ("refine50-pretraining",), 0.708),
    Row("3", "full training, plain", ("full",), 0.761, flip=False),
    Row("3", "full training, flip", ("full",), 0.766),
    Row("3", "full training, flip and multi-scale", ("full",), 0.777, scales=(0.75, 1.0)),
    Row("4", "both backbones averaged, flip and multi-scale", ("full", "refine50-full"), 0.791, scales=(0.75, 1.0)),
)


def run_tables(
    config: Tables, base: Path, out: Path, *, budget: float | None = None, device: str = "cpu"
) -> list[dict[str, Any]]:
    """Train every stage once (each within ``budget`` seconds; finished or started ones go on) and test every row.

    Writes ``<out>/<stage>/`` and ``<out>/tables.csv``.
    """
    weights: dict[str, Path] = {}
    for name, stage in STAGES.items():
        initial = str(weights[stage.after].resolve()) if stage.after else ""
        training = _training(config, stage, initial)
        weights[name] = train(training, base, out / name, budget=budget, device=device, resume=True)
    folder = video_folder(config.holdout, base)
    found = []
    for row in ROWS:
        models = [STMModel(*load_stm(weights[stage])[:2], device=device) for stage in row.stages]
        j = holdout_j(models, folder, Recipe(flip=row.flip, scales=row.scales))
        scales = " ".join(map(str, row.scales))
        found.append(
            dict(zip(COLUMNS, (row.table, row.name, row.flip, scales, row.published, f"{j:.4f}"), strict=True))
        )
    with (out / "tables.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(found)
    return found


def _training(config: Tables, stage: Stage, initial: str) -> Training:
    available = {"stills": config.stills, "video_frames": [config.video_frames], "videos": config.videos}
    sources = [source for name in stage.sources for source in available[name]]
    name = config.architecture + ("-refine50" if stage.refine else "")
    settings = {"pretraining": config.pretraining, "main": config.main}[stage.settings]
    try:
        wanted = msgspec.convert({**settings, "sources": []}, Training)
    except msgspec.ValidationError as error:
        raise UsageError(f"[{stage.settings}] {error}", fix="see docs/baselines.md for the keys") from error
    return msgspec.structs.replace(
        wanted, sources=sources, architecture=name, initial=initial or wanted.initial, holdout=config.holdout
    )


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the stages and tables.csv.")
@click.option("--budget-s", type=float, default=None, help="Seconds of training per stage; call again to go on.")
@click.option("--device", default="cpu", show_default=True)
def main(config: Path, out: Path, budget_s: float | None, device: str) -> None:
    """Train and test the rows of the refinement paper's tables; prints them as CSV."""
    try:
        rows = run_tables(read_config(config, Tables), config.parent, out, budget=budget_s, device=device)
    except VosbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    writer = csv.DictWriter(sys.stdout, COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
