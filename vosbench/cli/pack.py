"""``vosbench pack``."""

import click

from vosbench.cli import options


@click.command("pack")
@click.argument("predictions", metavar="PREDICTIONS")
@click.option("--benchmark", metavar="NAME|FILE", help="See `vosbench list benchmarks`. Default: found from the data.")
@click.option("--data", metavar="FOLDER", help="Root of the dataset. Default: registered data, VOSBENCH_DATA.")
@click.option("--split", metavar="NAME|FILE", help="Split to submit. Default: the benchmark's usual one.")
@click.option("--palette", type=options.PALETTE, help="Exact colours of RGB masks.")
@click.option("--out", required=True, metavar="FILE.zip", help="The archive to write.")
def command(
    predictions: str, benchmark: str | None, data: str | None, split: str | None, palette: str | None, out: str
) -> None:
    """Check every mask a benchmark's server asks for, and write them in the layout it wants.

    Frames it does not ask for are left out, masks become palette PNG, and equal masks make equal archives. The dataset
    must be there, at least its lists and first masks; ground truth need not be.

    \b
    Examples:
      vosbench pack preds/ --benchmark youtube-vos-2019 --data /data/YouTube-VOS --split valid --out submission.zip
      vosbench pack preds/ --benchmark davis2017 --data /data/DAVIS --split test-dev --out submission.zip
      vosbench pack runs/mine --out submission.zip

    \b
    Exit codes: 0 written · 2 usage · 3 problems with the input (all are listed, nothing is written)
    """
    from vosbench.challenge.pack import pack

    with options.progress_bar() as progress:
        packed = pack(
            predictions,
            out,
            benchmark=benchmark,
            data=data,
            split=split,
            palette=palette,
            roots=options.data_roots(),
            progress=progress,
        )
    click.echo(f"wrote {packed.path}: {packed.sequences} sequences, {packed.frames} frames as {packed.layout}")
    what = f"{packed.benchmark} {packed.split}"
    if packed.hidden:
        options.remark(f"the ground truth of {what} is not here: submit at {packed.server or packed.home}")
    else:
        options.remark(f"the ground truth of {what} is here: `vosbench score` can score it without a server")
