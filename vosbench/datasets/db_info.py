"""The ``db_info.yml`` of DAVIS-2016: which attributes a sequence has, and whether temporal stability is measured on it.

::

    sequences:
      - name: bear
        attributes: [DEF, ...]      15 of them, such as OCC (occlusion) or FM (fast motion)
        eval_t: True
        set: train

Perazzi et al., CVPR 2016, table 1 explains the attributes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vosbench.errors import InputError, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceInfo:
    """What the file says of a sequence; ``eval_t`` is None where it does not say."""

    attributes: tuple[str, ...] = ()
    eval_t: bool | None = None


def find_db_info(root: Path) -> Path | None:
    """The file of a DAVIS root, in the root itself or where the releases put it."""
    places = (root / folder / f"db_info.{ending}" for folder in ("", "Annotations") for ending in ("yml", "yaml"))
    return next((path for path in places if path.is_file()), None)


def read_db_info(path: Path) -> Mapping[str, SequenceInfo]:
    """Sequence name → what the file says of it.

    Raises:
        InputError: the file cannot be read or is not of this form.
    """
    import yaml

    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        entries = entries["sequences"] if isinstance(entries, dict) else entries
        return {str(entry["name"]): _info(entry) for entry in entries}
    except (OSError, ValueError, KeyError, TypeError, yaml.YAMLError) as error:
        detail = " ".join(str(error).split()) or type(error).__name__
        problem = Problem(
            code="layout", message=f"not readable as db_info ({detail})", where=str(path), fix="fetch it again"
        )
        raise InputError([problem]) from error


def _info(entry: Mapping[str, object]) -> SequenceInfo:
    attributes, stable = entry.get("attributes") or (), entry.get("eval_t")
    if not isinstance(attributes, list | tuple):
        raise TypeError(f"attributes of {entry['name']} are no list")
    return SequenceInfo(attributes=tuple(map(str, attributes)), eval_t=stable if isinstance(stable, bool) else None)
