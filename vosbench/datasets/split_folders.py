"""What LVOS and MOSE share: a folder for each split, with annotations and a JSON file that lists objects.

::

    <split>/Annotations/<video>/<frame>.png
    <split>/JPEGImages/<video>/<frame>.jpg       optional
    <split>/meta.json                            or <split>_meta.json or meta_<split>.json, there or in the root
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from vosbench.datasets.lists import folder_of, not_found, read_list, require_inside, subfolders
from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.text import as_utf8
from vosbench.types import MaskSource


class ListOfVideos(Protocol):
    """A JSON file with objects by video."""

    @property
    def videos(self) -> Mapping[str, Any]:
        """By name."""


T = TypeVar("T", bound=ListOfVideos)


@dataclass(frozen=True)
class SplitFolders:
    """A root with ``<split>/Annotations``."""

    root: Path

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return ("<split>/Annotations/<video>/<frame>.png", "<split>/meta.json")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return any(self._meta_file(split) for split in self._folders)

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold annotations."""
        return tuple(self._folders)

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        return self._annotations(self.resolve(split)[0])

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<video>/<frame>.png``."""
        known = {name for folder in self._folders.values() for name in subfolders(folder / "Annotations")}
        return open_masks(path, palette=palette, known=known)

    def resolve(self, split: str) -> tuple[str, tuple[str, ...]]:
        """The folder of a split and, for a list of videos, their names."""
        if split in self._folders:
            return split, ()
        if not split.endswith(".txt"):
            have = ", ".join(self.splits()) or "none"
            raise UsageError(f"{self.root} has no split called {split!r}: it has {have}", fix="name one of them")
        names = read_list(Path(split))
        for folder in self._folders:
            if set(names) <= set(self._annotations(folder).sequences()):
                return folder, names
        raise UsageError(f"no split of {self.root} holds all videos listed in {split}", fix="check the names")

    def images(self, folder: str, video: str) -> Path | None:
        """The folder of a video's pictures, if there is one."""
        return folder_of(self._folders[folder] / "JPEGImages", video)

    def read_meta(self, folder: str, kind: type[T]) -> T:
        """The JSON file of a split as ``kind``. Raises InputError."""
        path = self._meta_file(folder)
        if path is None:
            raise not_found(self.root, [f"{folder}/meta.json"], "the list of objects")
        try:
            document = msgspec.json.decode(as_utf8(path.read_bytes()), type=kind)
        except (OSError, ValueError, RecursionError) as error:
            message = f"not readable as a list of objects ({error})"
            raise InputError(
                [Problem(code="layout", message=message, where=str(path), fix="fetch it again")]
            ) from error
        require_inside(path, document.videos)
        return document

    def _annotations(self, folder: str) -> MaskFolder:
        return MaskFolder(self._folders[folder] / "Annotations")

    def _meta_file(self, folder: str) -> Path | None:
        names = (f"{folder}_meta.json", f"meta_{folder}.json")
        places = [self._folders[folder] / name for name in ("meta.json", *names)] + [self.root / n for n in names]
        return next((p for p in places if p.is_file()), None)

    @cached_property
    def _folders(self) -> dict[str, Path]:
        return {p.name: p for p in sorted(self.root.glob("*/")) if (p / "Annotations").is_dir()}


def label_of(key: str, where: Path) -> int:
    """An object's key as a label. Raises InputError."""
    if len(key) <= 3 and key.isascii() and key.isdigit() and 1 <= int(key) <= 255:
        return int(key)
    problem = Problem(
        code="layout", message=f"object {key!r}: ids must be 1 to 255", where=str(where), fix="correct it"
    )
    raise InputError([problem])
