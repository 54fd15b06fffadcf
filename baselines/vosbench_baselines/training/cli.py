"""``vosbench-train CONFIG``: train one model."""

import sys
from importlib.util import find_spec
from pathlib import Path

import click

from vosbench.errors import VosbenchError
from vosbench_baselines.data.config import Training, read_config


@click.command()
@click.argument("config", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path), required=True, help="Folder for weights, log and checkpoint.")
@click.option("--budget-s", type=float, default=None, help="Stop after this many seconds, with a checkpoint.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda; under torchrun a GPU a process.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in OUT.")
@click.option("--tensorboard", is_flag=True, help="Write events for TensorBoard beside log.csv.")
def main(config: Path, out: Path, budget_s: float | None, device: str, resume: bool, tensorboard: bool) -> None:
    """Train the model that CONFIG, a TOML file, describes. Prints the path of the weights.

    \b
    Examples:
      vosbench-train baselines/configs/stm-s.toml --out runs/stm-s --device cuda --budget-s 540
      vosbench-train baselines/configs/stm-s.toml --out runs/stm-s --device cuda --resume --tensorboard
      torchrun --nproc-per-node 8 -m vosbench_baselines.training.cli stm-s.toml --out runs/stm-s --device cuda

    \b
    Exit codes: 0 done · 2 usage · 3 problems with the data
    """
    from vosbench_baselines.learning import ranks
    from vosbench_baselines.training.loop import train

    try:
        settings = read_config(config, Training)
        with ranks.joined(device) as place:
            events = tensorboard and _found_tensorboard(complain=ranks.rank() == 0)
            weights = train(
                settings, config.parent, out, budget=budget_s, device=place, resume=resume, tensorboard=events
            )
            if ranks.rank() == 0:
                click.echo(weights)
    except VosbenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)


def _found_tensorboard(*, complain: bool) -> bool:
    found = find_spec("tensorboard") is not None
    if complain and not found:
        click.echo("no events: tensorboard is missing (pip install 'vosbench-baselines[tensorboard]')", err=True)
    return found


if __name__ == "__main__":
    main()
