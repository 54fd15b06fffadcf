"""``vosbench score``."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vosbench.cli import options
from vosbench.datasets.query import Query
from vosbench.errors import IncompleteError, InputError, UsageError

if TYPE_CHECKING:
    from vosbench.results.run import RunResult


@click.command("score")
@click.argument("predictions", nargs=-1, required=True, metavar="PREDICTIONS...")
@options.data_options
@click.option("--measures", metavar="J,F", help="Measures to report, separated by commas.")
@options.mask_options
@click.option(
    "--by",
    type=click.Choice(["sequence", "object", "category", "instances"]),
    multiple=True,
    help="Also a table by this.",
)
@click.option("--interval", is_flag=True, help="Also the 95 % interval of every mean, over sequences.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "csv", "md", "latex"]),
    default="table",
    show_default=True,
    help="What stdout gets. json is the content of result.json.",
)
@click.option("--out", metavar="FOLDER", help="Write the run: result.json, frames.parquet, objects.csv.")
@click.option("--overwrite", is_flag=True, help="Replace a finished run in --out.")
@click.option("--resume", is_flag=True, help="Go on with the interrupted run that was to be written to --out.")
@click.option(
    "--executor",
    metavar="NAME",
    help="threads, processes, dask://HOST:PORT or slurm. Default: processes where safe, else threads.",
)
@click.option(
    "--task-timeout",
    type=options.Seconds(),
    metavar="SECONDS",
    help="Stop a sequence that takes longer (of a long one, a part) and try again. Not with threads.",
)
def command(
    predictions: tuple[str, ...],
    form: str,
    out: str | None,
    overwrite: bool,
    by: tuple[str, ...],
    resume: bool,
    measures: str | None,
    interval: bool,
    query: Query,
    **choices: Any,
) -> None:
    """Score prediction folders or zip archives of <sequence>/<frame>.png.

    Several predictions share the work on the ground truth; with --out each becomes a folder of its own. A finished run
    in place of predictions is scored by another --protocol or other --measures from the counts it holds.

    \b
    Examples:
      vosbench score preds/ --split valid
      vosbench score preds/ --benchmark davis2017 --data /data/DAVIS --split val --out runs/mine --overwrite
      vosbench score a/ b/ c.zip --gt annotations/ --by sequence --interval
      vosbench score preds/ --gt annotations/ --format json > result.json
      vosbench score runs/mine --protocol folder --measures J,F,Jv,Fv
      vosbench score preds/ --split valid --out runs/mine --resume --executor dask://10.0.0.5:8786

    \b
    Exit codes: 0 scored · 2 usage · 3 problems with the input (all are listed, no result is written)
      · 6 sequences whose workers died or took too long · 130 interrupted
    """
    from vosbench.results.paths import require_runs_or_predictions, run_folder
    from vosbench.results.run import require_free

    if resume and out is None:
        raise UsageError("--resume needs --out", fix="name the folder that the interrupted run was to be written to")
    out = None if out is None else str(options.out_folder(out))
    targets = _targets(out, predictions, query)
    #: An interrupted run may have written some of its folders already.
    replaces = overwrite or (resume and out is not None and journal_path(Path(out)).exists())
    for target in targets:
        require_free(target, overwrite=replaces)
    choices["measures"] = options.words(measures)
    require_runs_or_predictions(predictions)
    finished = [run_folder(path) for path in predictions]
    if any(finished):
        runs = _rescored(finished, query, choices)
        _save(runs, targets, replaces)
    elif out is None:
        runs = _scored(predictions, query, choices)
    else:
        runs = _recorded(predictions, query, choices, targets, Path(out), resume, replaces)
    _say_notes(predictions, runs)
    click.echo(_render(runs, form, by, interval), nl=False)


def _recorded(
    predictions: tuple[str, ...],
    query: Query,
    choices: dict[str, Any],
    targets: list[Path],
    out: Path,
    resume: bool,
    replaces: bool,
) -> Sequence["RunResult"]:
    """Score and save, with a journal until it is saved."""
    from vosbench.execution.checkpoint import Journal

    with Journal(journal_path(out), resumes=resume) as journal:
        try:
            runs = _scored(predictions, query, choices | {"journal": journal})
            _save(runs, targets, replaces)
        except (KeyboardInterrupt, InputError, IncompleteError) as error:
            if isinstance(error, InputError) and not resume and not _is_full(error):
                journal.close()
            elif journal.finished:
                options.remark(f"{journal.path} keeps what is scored: to go on from there, add --resume")
            raise
        journal.close()
    return runs


def _is_full(error: InputError) -> bool:
    """Is it for want of room to write that the run failed, rather than for its masks?"""
    return any(problem.code == "unwritable" for problem in error.problems)


def journal_path(out: Path) -> Path:
    """Where a run to be written to ``out`` notes what it has finished: beside it."""
    whole = out.absolute()
    return out.parent / f"{whole.name}.journal"


def _save(runs: Sequence["RunResult"], targets: list[Path], replaces: bool) -> None:
    for run, target in zip(runs, targets, strict=False):
        run.save(target, overwrite=replaces)
        options.remark(f"wrote {target}")


def _scored(predictions: tuple[str, ...], query: Query, choices: dict[str, Any]) -> Sequence["RunResult"]:
    from vosbench.scoring.api import score_query

    with options.progress_bar() as progress:
        return score_query(predictions, query, progress=progress, **choices)


def _say_notes(predictions: tuple[str, ...], runs: Sequence["RunResult"]) -> None:
    """What was noted, with the predictions it was noted of where that is not all of them."""
    noted: dict[str, list[str]] = {}
    for path, run in zip(predictions, runs, strict=True):
        for note in run.document.notes:
            noted.setdefault(note, []).append(path)
    for note, paths in noted.items():
        whose = "" if len(paths) == len(runs) else f"{', '.join(paths)}: "
        options.remark(f"note: {whose}{note}")


def _rescored(folders: list[Path | None], query: Query, choices: dict[str, Any]) -> Sequence["RunResult"]:
    """Finished runs by another protocol or other measures, from the counts they hold."""
    from vosbench.scoring.reading import AS_IS
    from vosbench.scoring.rescore import rescore_saved

    runs = [folder for folder in folders if folder]
    if len(runs) < len(folders):
        raise UsageError("some of these are finished runs, others predictions", fix="score them in two calls")
    given = query.asked.keys() - {"protocol"} or choices["executor"] or choices["task_timeout"]
    if given or choices["reading"] != AS_IS:
        raise UsageError(
            "a run is scored again from its counts: only --protocol and --measures apply",
            fix="leave the others out, or score the predictions themselves",
        )
    return [rescore_saved(run, protocol=query.protocol, measures=choices["measures"]) for run in runs]


def _targets(out: str | None, predictions: tuple[str, ...], query: Query) -> list[Path]:
    """The run folder of each prediction: ``out`` itself, or a folder in it for each of several."""
    from vosbench.results.paths import run_folder

    if out is None:
        return []
    names = [Path(run_folder(p) or p).resolve().name.removesuffix(".zip") for p in predictions]
    if len(set(names)) < len(names):
        raise UsageError("two predictions have the same name, so their runs would too", fix="score them one by one")
    targets = [Path(out)] if len(names) == 1 else [Path(out) / name for name in names]
    for target in targets:
        for masks in map(Path, (*predictions, *([str(query.gt)] if query.gt else []))):
            if masks.resolve() in (target.resolve(), *target.resolve().parents):
                raise UsageError(f"--out {target} lies inside the masks {masks}", fix="choose a folder elsewhere")
    return targets


def _render(runs: Any, form: str, by: tuple[str, ...], interval: bool) -> str:
    from vosbench.results.comparable import comparable
    from vosbench.views import comparison, summary
    from vosbench.views.grid import RENDERERS

    if form == "json":
        if len(runs) == 1:
            return str(runs[0].to_json())
        return "[\n" + ",\n".join(run.to_json().rstrip("\n") for run in runs) + "\n]\n"
    runs, refused = comparable(runs)
    for measure, reason in refused.items():
        options.remark(f"{measure} is left out: {reason}")
    exact = form == "csv"
    grids = [summary.headline(runs, exact=exact)]
    if interval:
        grids.append(summary.intervals(runs, exact=exact))
    grids += [summary.sliced(run, key, exact=exact) for key in by for run in runs]
    blocks = [RENDERERS[form](grid) for grid in grids]
    if form != "csv":
        for run in runs:
            lines = summary.footnotes(run)
            if interval:
                lines = [*comparison.few(run.document.dataset.sequences), *lines]
            blocks.append("\n".join(f"% {line}" if form == "latex" else line for line in lines))
    return "\n\n".join(blocks) + "\n"
