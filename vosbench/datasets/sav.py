"""The layout of SA-V: a folder for each object, with one binary PNG a frame.

::

    sav_val/sav_val.txt                                        optional: names of videos, one a line
    sav_val/Annotations_6fps/<video>/<object>/<frame>.png      objects 000, 001, …; any pixel but 0 is the object

The root is the folder that holds ``sav_val/`` and ``sav_test/``, or one of these; split "val" is ``sav_val``.

Layout "object-tree" is the same with one split, "all": ``<annotations>/<video>/<object>/<frame>.png`` and, optionally,
``video_id.txt``, the names of the videos.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vosbench.datasets.lists import no_truth, read_list
from vosbench.errors import UsageError
from vosbench.masks.objects import ObjectTree
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.types import MaskSource, ObjectInfo, Sequence

FOLDER = "Annotations_6fps"


@dataclass(frozen=True)
class SaV:
    """An SA-V root or, where ``annotations`` names its folder of annotations, one that has a single split."""

    root: Path
    annotations: str = ""

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return (f"{self.annotations or f'sav_<split>/{FOLDER}'}/<video>/<object>/<frame>.png",)

    def found(self) -> bool:
        """Does the root have this layout?"""
        return bool(self._folders)

    def splits(self) -> tuple[str, ...]:
        """Names of the splits found."""
        return tuple(self._folders)

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The videos of a split, or those in a list of names, which may come from any split."""
        masks, names = self._open(split), self._names(split)
        if missing := [name for name in names if not masks.frames(name)]:
            raise no_truth(self.root, missing, masks)
        return tuple(self._sequence(masks, name) for name in names)

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        return self._open(split)

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions: a tree like that of the annotations, or label maps in which the object of folder 000 is 1."""
        known = {name for split in self.splits() for name in self._open(split).folders}
        files = open_masks(path, palette=palette, known=known, objects=True)
        if not any("/" in name for name in files.sequences()):
            return files
        return ObjectTree(files, {n: self._required(n) for split in self.splits() for n in self._open(split).folders})

    def _required(self, video: str) -> dict[int, frozenset[str]]:
        """The frames on which each object is scored."""
        tree = next(t for t in map(self._open, self.splits()) if video in t.folders)
        return {label: frozenset(frames[1:-1]) for label, frames in tree.frames_of(video).items()}

    def _sequence(self, masks: ObjectTree, name: str) -> Sequence:
        objects = tuple(ObjectInfo(id=label, frames=frames) for label, frames in masks.frames_of(name).items())
        return Sequence(name=name, frames=masks.frames(name), objects=objects)

    def _names(self, split: str) -> tuple[str, ...]:
        if split.endswith(".txt"):
            return read_list(Path(split))
        own = self._folders[split] / ("video_id.txt" if self.annotations else f"{self._folders[split].name}.txt")
        return read_list(own) if own.is_file() else self._open(split).sequences()

    def _open(self, split: str) -> ObjectTree:
        cache: dict[str, ObjectTree] = self.__dict__.setdefault("_trees", {})
        if split.endswith(".txt"):
            names = set(read_list(Path(split)))
            split = next((s for s in self.splits() if names <= set(self._open(s).sequences())), split)
        if split not in self._folders:
            have = ", ".join(self.splits()) or "none"
            raise UsageError(f"{self.root} has no split called {split!r}: it has {have}", fix="name one of them")
        if split not in cache:
            cache[split] = ObjectTree(MaskFolder(self._folders[split] / (self.annotations or FOLDER), depth=2))
        return cache[split]

    @cached_property
    def _folders(self) -> dict[str, Path]:
        if self.annotations:
            return {"all": self.root} if (self.root / self.annotations).is_dir() else {}
        places = [self.root, *sorted(self.root.glob("*/"))]
        return {p.resolve().name.removeprefix("sav_"): p for p in places if (p / FOLDER).is_dir()}
