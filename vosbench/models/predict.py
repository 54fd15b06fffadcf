"""Run models over a dataset and write palette PNGs: ``<out>/<sequence>/<frame>.png``.

Beside the sequences is ``prediction.json``, which says what made these masks, the same for every shard of a run, and
``costs.json`` (``costs-<i>-of-<n>.json`` for a shard), what it cost and what failed. A sequence is finished or absent:
it grows in a partial folder that is renamed, so a run that was killed goes on with ``resume``. A shard is locked while
it is predicted, so that a job that was queued twice runs once.
"""

import traceback
from collections.abc import Sequence as Items
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec

from vosbench._version import __version__
from vosbench.errors import IncompleteError, InputError, UsageError
from vosbench.files import locked, write
from vosbench.models.costs import Costs
from vosbench.models.interface import VOSModel
from vosbench.models.recipe import Recipe, ViewPlan, view_plans
from vosbench.models.sequence import SequenceCosts, predict_sequence, run_loop
from vosbench.models.video import Video, video
from vosbench.types import Dataset, Failure, MaskSource, Progress, Sequence

WARM_UP_FRAMES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """Part ``index`` (from 0) of ``of`` parts; together they are the whole run."""

    index: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise UsageError(f"there is no shard {self.index} of {self.of}", fix="number shards 0/n to (n-1)/n")


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionReport:
    """What a run did: costs of the sequences predicted, names of those found finished, and failures."""

    predicted: tuple[SequenceCosts, ...]
    skipped: tuple[str, ...]
    failures: tuple[Failure, ...]
    warm_up: float


def predict(
    dataset: Dataset,
    *,
    split: str,
    models: Items[VOSModel],
    out: Path,
    recipe: Recipe | None = None,
    resume: bool = False,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> PredictionReport:
    """Predict every sequence of a split, or of one shard of it.

    Several models are averaged. A sequence that fails leaves the others alone and no files. ``progress`` is called
    after each sequence with (frames done, frames in all, sequence).

    Raises:
        UsageError: models and recipe do not fit, ``out`` lies in the dataset, holds sequences of this run already (and
            not ``resume``), was made by other models or another recipe, or another process is at work on the shard.
        InputError: the dataset lacks the split, or ``out`` cannot be written.
        IncompleteError: sequences failed; all others are complete, and ``costs.json`` says why.
    """
    recipe, shard = recipe or Recipe(), shard or Shard()
    plans = view_plans(models, recipe)
    names = {sequence.name: sequence for sequence in dataset.sequences(split)}
    ours = [names[name] for name in sorted(names)][shard.index :: shard.of]
    suffix = "" if shard.of == 1 else f"-{shard.index}-of-{shard.of}"
    _require_outside(out, dataset)
    with locked(out / f".prediction{suffix}.lock", "wait for it, predict another shard, or write to another folder"):
        _claim(out, provenance(dataset, split, models, recipe))
        there = [sequence for sequence in ours if (out / sequence.name).is_dir()]
        if there and not resume:
            raise UsageError(f"{out} already holds {there[0].name}", fix="resume, or write to another folder")
        masks = dataset.masks(split)
        done = tuple(s.name for s in there if _is_complete(out / s.name, s, masks, recipe))
        todo = [sequence for sequence in ours if sequence.name not in done]
        report = _run(todo, masks, plans, recipe, out, done, progress)
        write(out / f"costs{suffix}.json", _json(_as_json(report)))
    if report.failures:
        failed = ", ".join(failure.task for failure in report.failures)
        raise IncompleteError(
            f"{len(report.failures)} of {len(todo)} sequences failed: {failed}; first: {report.failures[0].error}",
            fix=f"see {out / f'costs{suffix}.json'}, then resume",
        )
    return report


def provenance(dataset: Dataset, split: str, models: Items[VOSModel], recipe: Recipe) -> dict[str, Any]:
    """Everything that decides what the masks will be, as plain data."""
    return {
        "schema": "vosbench.prediction/1",
        "vosbench": __version__,
        "dataset": dataset.root.name,
        "split": split,
        "models": [asdict(model.spec) for model in models],
        "recipe": asdict(recipe),
    }


def _run(
    todo: Items[Sequence],
    masks: MaskSource,
    plans: Items[ViewPlan],
    recipe: Recipe,
    out: Path,
    done: tuple[str, ...],
    progress: Progress | None,
) -> PredictionReport:
    predicted: list[SequenceCosts] = []
    failures: list[Failure] = []
    warm_up: float | None = None
    frames = 0
    for sequence in todo:
        try:
            task = _video(sequence, masks, recipe)
            if warm_up is None:
                warm_up = _warm_up(task, plans, recipe)
            predicted.append(predict_sequence(task, plans, recipe, out))
        except UsageError:
            raise
        except Exception as error:
            if isinstance(error, InputError) and any(problem.code == "unwritable" for problem in error.problems):
                raise  # as any other sequence would
            failures.append(Failure(sequence.name, error))
        frames += len(sequence.frames)
        if progress:
            progress(frames, sum(len(s.frames) for s in todo), sequence.name)
    return PredictionReport(predicted=tuple(predicted), skipped=done, failures=tuple(failures), warm_up=warm_up or 0.0)


def _warm_up(task: Video, plans: Items[ViewPlan], recipe: Recipe) -> float:
    """Run the first frames for nothing, so that compiling and allocating is not billed to the first sequence.

    Models do not learn here: online learning can take minutes, in which a device has long warmed up.
    """
    costs = Costs()
    with closing(run_loop(task, plans, recipe, costs, adapting=False)) as loop:
        for _ in zip(range(WARM_UP_FRAMES), loop, strict=False):
            pass
    return float(costs.seconds["model"])


def _is_complete(folder: Path, sequence: Sequence, masks: MaskSource, recipe: Recipe) -> bool:
    """Does a folder that is there hold all frames? An unusable sequence is predicted again, and so reported."""
    have = {path.stem for path in folder.glob("*.png")}
    try:
        return _video(sequence, masks, recipe).wanted <= have
    except InputError:
        return False


def _video(sequence: Sequence, masks: MaskSource, recipe: Recipe) -> Video:
    return video(sequence, masks, frames=recipe.frames, unsupervised=recipe.task == "unsupervised")


def _require_outside(out: Path, dataset: Dataset) -> None:
    if out.resolve().is_relative_to(dataset.root.resolve()):
        raise UsageError(
            f"{out} is inside the dataset {dataset.root}", fix="write predictions to a folder of their own"
        )


def _claim(out: Path, made_by: dict[str, Any]) -> None:
    """Mark ``out`` as the place of these predictions, or recognise that it is."""
    path, ours = out / "prediction.json", _json(made_by)
    if path.exists() and path.read_bytes() != ours:
        raise UsageError(f"{path} was made by other models or another recipe", fix="write to another folder")
    if not path.exists() and any(entry.is_dir() and not entry.name.startswith(".") for entry in out.iterdir()):
        raise UsageError(f"{out} holds folders that no prediction.json accounts for", fix="write to another folder")
    write(path, ours)


def _as_json(report: PredictionReport) -> dict[str, Any]:
    return {
        "schema": "vosbench.costs/1",
        "warm_up": report.warm_up,
        "sequences": [asdict(costs) for costs in report.predicted],
        "skipped": list(report.skipped),
        "failures": [
            {"sequence": failure.task, "error": "".join(traceback.format_exception(failure.error)).splitlines()}
            for failure in report.failures
        ],
    }


def _json(content: dict[str, Any]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content, order="sorted"), indent=1) + b"\n"
