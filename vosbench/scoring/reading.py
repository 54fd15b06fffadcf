"""How to read predictions: what to do with missing masks, other sizes and RGB colours."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from vosbench.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The choices a caller has when predictions are read.

    Attributes:
        missing: "error", or "empty" to score missing masks as empty.
        resize: "nearest" to accept masks of another size; None refuses them.
        palette: the palette whose exact colours RGB predictions use: "davis", "youtube-vos" or "lvos".

    Raises:
        UsageError: a word that none of them knows.

    >>> Reading(missing="empty").resize is None
    True
    """

    missing: str = "error"
    resize: str | None = None
    palette: str | None = None

    def __post_init__(self) -> None:
        if self.missing not in ("error", "empty"):
            raise UsageError(f"missing={self.missing!r} is not known", fix="choose 'error' or 'empty'")
        if self.resize not in (None, "nearest"):
            raise UsageError(f"resize={self.resize!r} is not known", fix="choose None or 'nearest'")
        if self.palette is None:
            return
        from vosbench.masks.palette import PALETTES  # NumPy, which the help of the command line does without

        if self.palette not in PALETTES:
            raise UsageError(f"palette={self.palette!r} is not known", fix=f"choose from {', '.join(PALETTES)}")


#: Every mask must be there, of the size of the ground truth.
AS_IS = Reading()


def paths_of(predictions: str | Path | Collection[str | Path]) -> tuple[Path, ...]:
    """The paths given, or the one.

    >>> paths_of("preds") == paths_of(["preds"]) == (Path("preds"),)
    True
    """
    given = [predictions] if isinstance(predictions, str | Path) else predictions
    return tuple(map(Path, given))
