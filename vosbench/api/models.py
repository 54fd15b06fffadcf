"""Run models over a benchmark."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query, Root
from vosbench.models import predict as predicting
from vosbench.models.interface import VOSModel, load_model
from vosbench.models.predict import PredictionReport, Shard
from vosbench.models.recipe import Recipe
from vosbench.types import Progress


def predict(
    model: str | VOSModel | Sequence[str | VOSModel],
    out: str | Path,
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    weights: str | Path | None = None,
    device: str = "cpu",
    flip: bool = False,
    scales: Sequence[float] = (1.0,),
    frames: Literal["required", "all"] = "required",
    resume: bool = False,
    shard: tuple[int, int] = (0, 1),
    roots: Collection[Root] = (),
    progress: Progress | None = None,
) -> PredictionReport:
    """Run a model over every sequence of a split and write palette PNGs: ``<out>/<sequence>/<frame>.png``.

    Args:
        model: the name of a registered model (``vosbench list models``), or a model; several are averaged.
        out: folder for the masks.
        benchmark, protocol, data, gt, split, roots: see :class:`vosbench.datasets.query.Query`.
        weights: file with the weights of the models given by name; those that the package ships if None.
        device: "cpu", "cuda", "cuda:1" and so on.
        flip: average with the mirrored video.
        scales: average over these factors of the model's own resolution.
        frames: "required" are those with ground truth, "all" every picture.
        resume: go on with what is not finished.
        shard: (part, parts): only this part of the sequences, counted from 0.
        progress: called with (frames done, frames in all, sequence) after each sequence.

    Raises:
        UsageError: an unknown model, or models and options that do not fit; see
            :func:`vosbench.models.predict.predict`.
        InputError: the data is not there.
        IncompleteError: sequences failed; all others are complete.

    >>> import vosbench
    >>> from vosbench.synthetic import make_dataset
    >>> from pathlib import Path
    >>> make_dataset(Path("clips"), sequences=1, frames=4, objects=1, shape=(48, 64))
    >>> vosbench.predict("copy-first-mask", "preds", data="clips", split="valid").predicted[0].frames
    4
    """
    query = Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots)
    given = [model] if isinstance(model, str) or not isinstance(model, Sequence) else model
    path = None if weights is None else Path(weights)
    models = [load_model(m, weights=path, device=device) if isinstance(m, str) else m for m in given]
    recipe = Recipe(scales=tuple(scales), flip=flip, frames=frames)
    part = Shard(index=shard[0], of=shard[1])
    return predict_query(models, out, query, recipe=recipe, resume=resume, shard=part, progress=progress)


def predict_query(
    models: Sequence[VOSModel],
    out: str | Path,
    query: Query,
    *,
    recipe: Recipe,
    resume: bool = False,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> PredictionReport:
    """As :func:`predict`; the task of the recipe is that of the protocol."""
    target = locate(query)
    task: Literal["semi-supervised", "unsupervised"]
    task = "unsupervised" if target.spec.task == "unsupervised" else "semi-supervised"
    return predicting.predict(
        target.dataset,
        split=target.split,
        models=models,
        out=Path(out),
        recipe=replace(recipe, task=task),
        resume=resume,
        shard=shard,
        progress=progress,
    )
