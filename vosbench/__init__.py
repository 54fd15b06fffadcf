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
    from vosbench.api.models import predict
    from vosbench.api.runs import check, compare
    from vosbench.api.scoring import score, score_all, score_many, validate
    from vosbench.results.reader import load
    from vosbench.results.run import RunResult

_HOMES = {
    "RunResult": "vosbench.results.run",
    "check": "vosbench.api.runs",
    "compare": "vosbench.api.runs",
    "errors": "vosbench.errors",
    "load": "vosbench.results.reader",
    "measures": "vosbench.measures",
    "predict": "vosbench.api.models",
    "score": "vosbench.api.scoring",
    "score_all": "vosbench.api.scoring",
    "score_many": "vosbench.api.scoring",
    "validate": "vosbench.api.scoring",
}

__all__ = [
    "RunResult",
    "__version__",
    "check",
    "compare",
    "errors",
    "load",
    "measures",
    "predict",
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
