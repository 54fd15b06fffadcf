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
    from vosbench.results.reader import load
    from vosbench.results.run import RunResult
    from vosbench.scoring.api import score, score_all

_HOMES = {
    "RunResult": "vosbench.results.run",
    "load": "vosbench.results.reader",
    "score": "vosbench.scoring.api",
    "score_all": "vosbench.scoring.api",
}

__all__ = ["RunResult", "__version__", "load", "score", "score_all"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'vosbench' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
