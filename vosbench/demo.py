"""The demonstration: draw a small dataset, segment it in two ways that need no training, score them.

A third, learnt way joins them where vosbench-baselines is installed.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from vosbench.datasets.query import Query
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.errors import UsageError
from vosbench.execution import default_jobs
from vosbench.models.interface import VOSModel, available_models, load_model
from vosbench.results.run import RunResult
from vosbench.scoring.api import score_query
from vosbench.types import Progress

#: The models always shown; they come with vosbench and need no weights.
SHOWN = ("copy-first-mask", "optical-flow")
#: Shown where it is installed: it ships with its weights, and is fast enough without an accelerator.
LEARNT = "masktrack-lite-offline"


def run_demo(folder: Path, *, say: Callable[[str], None], progress: Progress | None = None) -> tuple[RunResult, ...]:
    """Make ``folder/data``, ``folder/preds/<predictor>`` and ``folder/runs/<predictor>``.

    Args:
        folder: new or empty.
        say: called with each command as it is carried out, so that a reader can repeat it.
        progress: see :func:`vosbench.score_all`.

    Returns:
        The runs, in the order of :data:`SHOWN`, then :data:`LEARNT` if there is one.

    Raises:
        UsageError: the folder is not empty.
    """
    from vosbench.models.predict import predict
    from vosbench.synthetic import make_dataset

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty", fix="remove it, or choose another with --out")
    data = folder / "data"
    say(f"vosbench data make {data}")
    make_dataset(data, workers=default_jobs())
    paths = []
    for model in _models():
        path = folder / "preds" / model.spec.name
        say(f"vosbench predict {path.name} --data {data} --split valid --out {path}")
        predict(YouTubeVOS(data), split="valid", models=[model], out=path)
        paths.append(path)
    runs = folder / "runs"
    say(f"vosbench score {' '.join(map(str, paths))} --data {data} --split valid --out {runs}")
    results = score_query(paths, Query(data=data, split="valid"), progress=progress)
    for path, result in zip(paths, results, strict=True):
        result.save(runs / path.name)
    return results


def _models() -> list[VOSModel]:
    models = [load_model(name) for name in SHOWN]
    if LEARNT in {plugin.name for plugin in available_models()}:
        with suppress(UsageError):  # its package is there, but not what it needs
            models.append(load_model(LEARNT))
    return models
