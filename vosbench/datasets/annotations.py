"""The plain layout that suits most benchmarks, of one object a sequence or of label maps.

::

    Annotations/<sequence>/<frame>.png                 layout "annotations"
    Annotations/<group>/<sequence>/<frame>.png         layout "annotations-nested"
    ImageSets/<split>.txt                              optional: names of sequences, one a line
    JPEGImages/<sequence>/<frame>.jpg                  optional

Nested sequences are called ``<group>/<sequence>``, and the group is the category of their object: the class in
YouTube-Objects, the video where each sequence is an expression that refers to something in it. Without lists there is
one split, "all".
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vosbench.datasets.lists import folder_of, no_truth, read_list, split_file
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.types import MaskSource, ObjectInfo, Sequence


@dataclass(frozen=True)
class Annotations:
    """A root with a folder of annotations and, if it has splits, lists under ``ImageSets/<lists>``."""

    root: Path
    annotations: str = "Annotations"
    lists: str = ""
    nested: bool = False

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return (f"{self.annotations}/{'<group>/' * self.nested}<sequence>/<frame>.png",)

    def found(self) -> bool:
        """Does the root have this layout?"""
        return (self.root / self.annotations).is_dir() and bool(self._masks.sequences())

    def splits(self) -> tuple[str, ...]:
        """Names of the lists found, or "all"."""
        return tuple(self._lists) or ("all",)

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The sequences of a split, in the order of its list."""
        if split == "all" and split not in self._lists:
            names = self._masks.sequences()
        else:
            names = read_list(split_file(split, self._lists, self.root))
        if missing := [name for name in names if not self._masks.frames(name)]:
            raise no_truth(self.root, missing, self._masks)
        return tuple(self._sequence(name) for name in names)

    def masks(self, split: str) -> MaskSource:
        """The ground truth; all splits share a folder."""
        del split
        return self._masks

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, laid out like the annotations."""
        return open_masks(path, palette=palette, depth=2 if self.nested else 1, known=self._masks.sequences())

    def _sequence(self, name: str) -> Sequence:
        group, nested, _ = name.rpartition("/")
        return Sequence(
            name=name,
            frames=self._masks.frames(name),
            objects=(ObjectInfo(id=1, category=group),) if nested else None,
            images=folder_of(self.root / "JPEGImages", name),
        )

    @cached_property
    def _lists(self) -> dict[str, Path]:
        return {p.stem: p for p in sorted((self.root / "ImageSets" / self.lists).glob("*.txt"))}

    @cached_property
    def _masks(self) -> MaskFolder:
        return MaskFolder(self.root / self.annotations, depth=2 if self.nested else 1)
