"""``vosbench-train CONFIG``: train one model."""

import sys
from pathlib import Path

import click

from vosbench.errors import VosbenchError
from vosbench_baselines.training.config import Training, read_config


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for weights, log and checkpoint.")
@click.option("--budget-s", type=float, default=None, help="Stop after this many seconds, with a checkpoint.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in OUT.")
def main(config: Path, out: Path, budget_s: float | None, device: str, resume: bool) -> None:
    """Train the model that CONFIG, a TOML file, describes. Prints the path of the weights."""
    from vosbench_baselines.training.loop import train

    try:
        settings = read_config(config, Training)
        click.echo(train(settings, config.parent, out, budget=budget_s, device=device, resume=resume))
    except VosbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
