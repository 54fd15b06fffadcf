"""vosbench: exact, comparable, reproducible scores for video object segmentation.

>>> import vosbench
>>> run = vosbench.score("preds", benchmark="davis2017", data="DAVIS", split="val")  # doctest: +SKIP
>>> run.value("J&F")  # doctest: +SKIP

The public names are loaded when they are first used, so that ``import vosbench`` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from vosbench._version import __version__

if TYPE_CHECKING:
    from vosbench import errors, measures
    from vosbench.challenge.batch import score_many
    from vosbench.results.run import RunResult, load
    from vosbench.scoring.api import score, score_all
    from vosbench.scoring.validate import validate

_HOMES = {
    "RunResult": "vosbench.results.run",
    "errors": "vosbench.errors",
    "load": "vosbench.results.run",
    "measures": "vosbench.measures",
    "score": "vosbench.scoring.api",
    "score_all": "vosbench.scoring.api",
    "score_many": "vosbench.challenge.batch",
    "validate": "vosbench.scoring.validate",
}

__all__ = [
    "RunResult",
    "__version__",
    "errors",
    "load",
    "measures",
    "score",
    "score_all",
    "score_many",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vosbench' has no attribute {name!r}")
    module = import_module(_HOMES[name])
    return module if _HOMES[name] == f"vosbench.{name}" else getattr(module, name)


def __dir__() -> list[str]:
    return sorted(__all__)
