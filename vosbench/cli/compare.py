"""``vosbench compare``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vosbench.cli import options
from vosbench.errors import UsageError

if TYPE_CHECKING:
    from vosbench.analysis.motion import Speeds
    from vosbench.results.run import RunResult

#: What ``--by`` takes; vosbench.analysis.slices explains each.
PROPERTIES = (
    "sequence",
    "group",
    "category",
    "instances",
    "size",
    "entry",
    "reappearance",
    "growth",
    "motion",
    "attribute",
)


@click.command("compare", short_help="Compare methods: intervals, tests, slices.")
@click.argument("runs", nargs=-1, required=True, metavar="RUNS...")
@click.option("--baseline", metavar="RUN", help="Compare with this one of RUNS. Default: the first.")
@click.option(
    "--measure",
    metavar="NAME",
    help='Test and slice this, a column of score: J, "J decay". Default: J&F, or the first.',
)
@click.option("--by", type=click.Choice(PROPERTIES), multiple=True, help="Also means over objects that share this.")
@click.option("--attributes", metavar="FILE", help="db_info.yml with the attributes of the sequences.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the permutations.")
@click.option("--resamples", type=click.IntRange(100), default=10_000, show_default=True, help="Permutations at most.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "md", "latex", "csv", "html"]),
    default="table",
    show_default=True,
    help="What stdout gets; csv has all numbers in full.",
)
@options.data_options
@options.mask_options
def command(
    runs: tuple[str, ...],
    baseline: str | None,
    measure: str | None,
    by: tuple[str, ...],
    attributes: str | None,
    seed: int,
    resamples: int,
    form: str,
    **choices: Any,
) -> None:
    """Compare finished runs, or prediction folders, which are scored first (data options as in `vosbench score`).

    Whole sequences are the independent units, not objects: intervals are Student's t, p values those of a permutation
    test, corrected for the number of methods. Runs made by different rules are refused.

    A folder of finished runs is one method with several runs, such as one a seed: its numbers are their mean, with the
    standard deviation over them.

    \b
    Examples:
      vosbench compare runs/mine runs/theirs
      vosbench compare runs/a runs/b runs/c --baseline runs/b --by size --by reappearance
      vosbench compare runs/mine-seeds/ runs/theirs-seeds/
      vosbench compare preds/ runs/a --benchmark davis2016 --data /data/DAVIS --format latex > table.tex

    \b
    Exit codes: 0 compared · 2 usage · 3 problems with the input · 4 the runs were made by different rules
    """
    from vosbench.analysis.compare import compare
    from vosbench.scoring.api import load_or_score

    if baseline is not None and _key(baseline) not in map(_key, runs):
        raise UsageError(f"--baseline {baseline} is none of the runs", fix="repeat one of them")
    members = [_runs_of(Path(path)) or (path,) for path in runs]
    every = [path for several in members for path in several]
    with options.progress_bar() as progress:
        loaded = load_or_score(every, progress=progress, roots=options.data_roots(), **choices)
    if attributes is not None:
        loaded = _with_attributes(loaded, Path(attributes))
    motion = _speeds(loaded[0], choices) if "motion" in by else None
    number = list(map(_key, runs)).index(_key(baseline)) if baseline is not None else 0
    methods = _methods(runs, members, loaded)
    found = compare(methods, baseline=number, measure=measure, by=by, motion=motion, seed=seed, resamples=resamples)
    click.echo(_render(found, form))


def _runs_of(folder: Path) -> tuple[str, ...]:
    """The finished runs in a folder that holds nothing else: the several runs of one method."""
    if (folder / "result.json").exists() or not folder.is_dir():
        return ()
    inside = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    return tuple(map(str, inside)) if all((path / "result.json").is_file() for path in inside) else ()


def _methods(paths: Sequence[str], members: Sequence[Sequence[str]], loaded: Sequence[Any]) -> list[Any]:
    """The loaded runs, those of one folder together."""
    from vosbench.analysis.compare import Method

    rest, methods = iter(loaded), []
    for path, several in zip(paths, members, strict=True):
        found = tuple(next(rest) for _ in several)
        name = _key(path).name
        methods.append(found[0] if len(found) == 1 else Method(name=name, runs=found))
    return methods


def _with_attributes(runs: "Sequence[RunResult]", path: Path) -> "tuple[RunResult, ...]":
    """The runs with the attributes of the sequences that a file names."""
    from dataclasses import replace

    from msgspec.structs import replace as changed

    from vosbench.datasets.db_info import read_db_info

    known = {name: tuple(info.attributes) for name, info in read_db_info(path).items()}
    return tuple(replace(run, document=changed(run.document, attributes=known)) for run in runs)


def _speeds(run: "RunResult", choices: dict[str, Any]) -> "Speeds":
    """How fast each object moves; once for all runs, because the ground truth is the same."""
    from vosbench.analysis.motion import speeds
    from vosbench.datasets.discover import locate

    where = {name: choices[name] for name in ("benchmark", "protocol", "split")}
    data, gt = (None if choices[name] is None else Path(choices[name]) for name in ("data", "gt"))
    return speeds(run, locate(data=data, gt=gt, roots=options.data_roots(), **where))


def _key(path: str) -> Path:
    return Path(path).resolve()


def _render(found: Any, form: str) -> str:
    from vosbench.views import comparison
    from vosbench.views.grid import RENDERERS, as_comment

    if form == "csv":
        return "\n".join(map(RENDERERS[form], comparison.flat(found)))
    blocks = [RENDERERS[form](grid) for grid in comparison.grids(found)]
    return "\n\n".join([*blocks, as_comment(comparison.footnotes(found), form)])
