"""``vosbench-tables CONFIG``: the rows of a paper's ablation tables, on whatever data is configured.

A paper's plan (``papers.py``) says which networks are trained, how, and which rows they make; a configuration says on
which data and at what size. Published numbers are on the paper's own benchmark, ours are J on the configured hold-out:
compare differences between rows, not rows.
"""

import csv
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from vosbench.errors import UsageError, VosbenchError
from vosbench.files import new_file
from vosbench.models.recipe import Recipe
from vosbench_baselines.data.config import Source, Training, read_config
from vosbench_baselines.data.folders import VideoFolder, video_folder
from vosbench_baselines.learning import ranks
from vosbench_baselines.training.families import family
from vosbench_baselines.training.holdout import holdout_j
from vosbench_baselines.training.loop import train
from vosbench_baselines.training.papers import PAPERS, Paper, Row, Stage

COLUMNS = ("table", "row", "flip", "scales", "published", "holdout_j")


class Tables(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Data and settings of all rows of the plan ``paper``.

    ``stills``, ``video_frames`` and ``videos`` are the data that stages name; ``pretraining`` and ``main`` hold keys of
    :class:`Training` but its sources, and ``stages`` further ones for single stages.
    """

    paper: str = "refinements"
    architecture: str = "stm"
    stills: list[Source] = []
    video_frames: Source | None = None
    videos: list[Source] = []
    holdout: Source
    pretraining: dict[str, Any] = {}
    main: dict[str, Any] = {}
    stages: dict[str, dict[str, Any]] = {}


def run_tables(
    config: Tables, base: Path, out: Path, *, budget: float | None = None, device: str = "cpu"
) -> list[dict[str, Any]]:
    """Train every stage once (each within ``budget`` seconds; finished or started ones go on) and test every row.

    Writes ``<out>/<stage>/`` and ``<out>/tables.csv``. Of several processes rank 0 tests; the others give no rows.
    """
    paper = plan(config)
    trainings = {name: training(config, paper, name) for name in paper.stages}  # mistakes show before hours of training
    weights: dict[str, Path] = {}
    for name, stage in paper.stages.items():
        wanted = trainings[name]
        if stage.after:
            wanted = msgspec.structs.replace(wanted, initial=str(weights[stage.after].resolve()))
        weights[name] = train(wanted, base, out / name, budget=budget, device=device, resume=True)
    if ranks.rank():
        return []
    folder = video_folder(config.holdout, base)
    found = [_tested(row, trainings[row.stages[0]].architecture, weights, folder, device) for row in paper.rows]
    with new_file(out / "tables.csv") as part, part.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(found)
    return found


def plan(config: Tables) -> Paper:
    """The paper a configuration is of. Raises UsageError for one that is not known, or stages it does not have."""
    if config.paper not in PAPERS:
        raise UsageError(f"no paper {config.paper!r}", fix=f"there are {', '.join(PAPERS)}")
    paper = PAPERS[config.paper]
    strangers = config.stages.keys() - paper.stages.keys()
    if strangers:
        raise UsageError(f"no stage {sorted(strangers)[0]!r}", fix=f"there are {', '.join(paper.stages)}")
    return paper


def training(config: Tables, paper: Paper, name: str) -> Training:
    """The run of a stage, weights to start from left aside."""
    stage: Stage = paper.stages[name]
    frames = [] if config.video_frames is None else [config.video_frames]
    available = {"stills": config.stills, "video_frames": frames, "videos": config.videos}
    sources = [
        msgspec.structs.replace(source, fraction=source.fraction * stage.fraction)
        for data in stage.sources
        for source in available[data]
    ]
    settings = {"pretraining": config.pretraining, "main": config.main}[stage.settings]
    keys = {**settings, **stage.training, **config.stages.get(name, {}), "sources": []}
    try:
        wanted = msgspec.convert(keys, Training)
    except msgspec.ValidationError as error:
        raise UsageError(f"[{stage.settings}] {error}", fix="see docs/baselines.md for the keys") from error
    architecture = stage.architecture(config.architecture)
    return msgspec.structs.replace(wanted, sources=sources, architecture=architecture, holdout=config.holdout)


def _tested(row: Row, architecture: str, weights: dict[str, Path], folder: VideoFolder, device: str) -> dict[str, Any]:
    kind = family(architecture)
    loaded = (kind.load(weights[stage], None) for stage in row.stages)
    models = [kind.door(network, name, device=device, **row.options) for network, name, _ in loaded]
    j = holdout_j(models, folder, Recipe(flip=row.flip, scales=row.scales))
    scales = " ".join(map(str, row.scales))
    return dict(zip(COLUMNS, (row.table, row.name, row.flip, scales, row.published, f"{j:.4f}"), strict=True))


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for the stages and tables.csv.")
@click.option("--budget-s", type=float, default=None, help="Seconds of training per stage; call again to go on.")
@click.option("--device", default="cpu", show_default=True)
def main(config: Path, out: Path, budget_s: float | None, device: str) -> None:
    """Train and test the rows of a paper's ablation tables; prints them as CSV."""
    try:
        with ranks.joined(device) as place:
            rows = run_tables(read_config(config, Tables), config.parent, out, budget=budget_s, device=place)
    except VosbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    if rows:
        writer = csv.DictWriter(sys.stdout, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
