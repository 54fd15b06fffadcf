"""``vosbench split``."""

from pathlib import Path

import click

from vosbench.cli import options
from vosbench.errors import UsageError


@click.command("split")
@click.option("--data", required=True, metavar="FOLDER", help="Root of a dataset that lists categories.")
@click.option("--benchmark", metavar="NAME|FILE", help="See `vosbench list benchmarks`. Default: found from the data.")
@click.option("--split", "source", default="train", show_default=True, metavar="NAME", help="The videos to split.")
@click.option("--unseen", default="0", metavar="N|A,B,…", help="Unseen categories: how many to draw, or which.")
@click.option(
    "--validation", type=click.IntRange(0), default=0, metavar="N", help="Videos a seen category to validate."
)
@click.option("--test", type=click.IntRange(0), default=0, metavar="N", help="Videos a seen category to test.")
@click.option(
    "--hold-out", type=click.FloatRange(0), default=0, metavar="N", help="Training videos, or a share below 1."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of all choices.")
@click.option("--out", required=True, metavar="FOLDER", help="Where to write the lists.")
def command(
    data: str,
    benchmark: str | None,
    source: str,
    unseen: str,
    validation: int,
    test: int,
    hold_out: float,
    seed: int,
    out: str,
) -> None:
    """Choose unseen categories, sample videos of the seen ones, hold out training videos; write lists.

    Each list has one video a line and is read by `vosbench score --split FILE`; the categories in unseen.txt beside it
    are then the unseen ones. A video with an object of an unseen category is never trained on.

    \b
    Examples:
      vosbench split --data /data/YouTube-VOS --unseen 10 --validation 2 --test 4 --out splits/
      vosbench split --data /data/YouTube-VOS --hold-out 150 --out splits/
      vosbench split --data /data/YouTube-VOS --hold-out 0.2 --seed 7 --out splits/
      vosbench score preds/ --data /data/YouTube-VOS --split splits/test.txt

    \b
    Exit codes: 0 written · 2 usage · 3 problems with the input
    """
    from vosbench.datasets.discover import locate
    from vosbench.datasets.query import Query
    from vosbench.datasets.splits import make_splits, write_splits

    target = locate(Query.of(benchmark=benchmark, data=data, split=source))
    if Path(out).resolve().is_relative_to(Path(data).resolve()):
        raise UsageError(f"{out} lies inside the dataset", fix="choose another --out folder")
    sequences = target.dataset.sequences(source)
    categories = {s.name: {o.category for o in s.objects or () if o.category} for s in sequences}
    if not any(categories.values()) and unseen != "0":
        raise UsageError(f"{target.benchmark} lists no categories", fix="leave --unseen out, or use another dataset")
    chosen = int(unseen) if unseen.isdigit() else [name.strip() for name in unseen.split(",")]
    made = make_splits(categories, unseen=chosen, validation=validation, test=test, hold_out=hold_out, seed=seed)
    written = write_splits(made, Path(out))
    for path, lines in zip(written, [*made.videos.values(), made.unseen], strict=False):
        click.echo(f"{path}  {len(lines)}")
    options.remark(f"seed {seed}" + f"; unseen: {', '.join(made.unseen)}" * bool(made.unseen))
