"""What DAVIS says about its sequences in ``db_info.yml`` (or ``.yaml``): attributes, and whether T is meaningful.

The file lists sequences under ``sequences``, as entries with a ``name`` or keyed by it, each with ``attributes`` (a
list of codes such as OCC) and ``eval_t`` (true where temporal stability is evaluated).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vosbench.errors import InputError, Problem
from vosbench.text import read_text


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceInfo:
    """One sequence's entry. ``eval_t`` is None where the file does not say."""

    attributes: tuple[str, ...] = ()
    eval_t: bool | None = None


def read_db_info(root: Path) -> Mapping[str, SequenceInfo]:
    """The entries by sequence; empty if the dataset has no such file. ``root`` may also be the file itself.

    Raises:
        InputError: a file that cannot be understood.
    """
    paths = [root / folder / f"db_info.{ending}" for folder in ("", "Annotations") for ending in ("yml", "yaml")]
    path = next((p for p in [root, *paths] if p.is_file()), None)
    if path is None:
        return {}
    import yaml

    try:
        entries = yaml.load(read_text(path), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))["sequences"]
        named = entries.items() if isinstance(entries, dict) else ((str(e["name"]), e) for e in entries)
        return {name: _entry(values) for name, values in named}
    except (OSError, yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem(code="layout", message=f"not readable ({error})", where=str(path), fix="fetch it again")
        raise InputError([problem]) from error


def _entry(values: Mapping[str, Any]) -> SequenceInfo:
    says = values.get("eval_t")
    attributes = tuple(str(a) for a in values.get("attributes") or ())
    return SequenceInfo(attributes=attributes, eval_t=None if says is None else bool(says))
