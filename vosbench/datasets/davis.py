"""The layout of DAVIS 2016 and 2017.

::

    ImageSets/<year>/<split>.txt                  one sequence name a line
    ImageSets/480p/<split>.txt                    or, as shipped in 2016, one "/image /annotation" pair a line
    Annotations[_unsupervised]/480p/<sequence>/<frame>.png
    JPEGImages/480p/<sequence>/<frame>.jpg        optional
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vosbench.datasets.db_info import SequenceInfo, read_db_info
from vosbench.datasets.lists import folder_of, no_truth, not_found, read_list, split_file
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.measures.stability import STABLE_DAVIS_2016_VAL, UNSTABLE_DAVIS_2016
from vosbench.types import MaskSource, Sequence


@dataclass(frozen=True)
class Davis:
    """A DAVIS root. ``annotations`` names the folder of masks, ``lists`` the folder under ``ImageSets``."""

    root: Path
    annotations: str = "Annotations"
    lists: str = "2017"

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return (f"{self.annotations}/480p/", f"ImageSets/{self.lists}/*.txt")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return self._annotations is not None and bool(self.splits())

    @cached_property
    def _annotations(self) -> Path | None:
        """The folder of sequences: 480p where there is one, else the only resolution there is."""
        folder = self.root / self.annotations
        if (folder / "480p").is_dir():
            return folder / "480p"
        inside = sorted(p for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []
        return inside[0] if len(inside) == 1 else None

    def _list_files(self) -> dict[str, Path]:
        sets = self.root / "ImageSets"
        for folder in (sets / self.lists, *([sets / "480p"] if self.lists == "2016" else [])):
            if files := {p.stem: p for p in sorted(folder.glob("*.txt"))}:
                return files
        return {}

    def splits(self) -> tuple[str, ...]:
        """Names of the lists found."""
        return tuple(self._list_files())

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The sequences of a split, in the order of its list."""
        names = read_list(split_file(split, self._list_files(), self.root))
        masks = self._truth
        missing = [n for n in names if not masks.frames(n)]
        if missing:
            raise no_truth(self.root, missing, masks)
        return tuple(self._sequence(name, masks) for name in names)

    def _sequence(self, name: str, masks: MaskFolder) -> Sequence:
        attributes = self._info[name].attributes if name in self._info else ()
        return Sequence(
            name=name,
            frames=masks.frames(name),
            images=self._images(name),
            attributes=attributes,
            stable=self._stable.get(name),
        )

    @cached_property
    def _info(self) -> Mapping[str, SequenceInfo]:
        return read_db_info(self.root)

    def masks(self, split: str) -> MaskSource:
        """The ground truth; DAVIS keeps all splits in one folder."""
        del split
        return self._truth

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<sequence>/<frame>.png``."""
        return open_masks(path, palette=palette, known=self._truth.sequences())

    @cached_property
    def _stable(self) -> Mapping[str, bool]:
        """Whether temporal stability is meaningful, by sequence: ``eval_t`` of ``db_info``, else as in DAVIS-2016."""
        if info := self._info:
            return {name: entry.eval_t for name, entry in info.items() if entry.eval_t is not None}
        return dict.fromkeys(UNSTABLE_DAVIS_2016, False) | dict.fromkeys(STABLE_DAVIS_2016_VAL, True)

    @cached_property
    def _truth(self) -> MaskFolder:
        if self._annotations is None:
            raise not_found(self.root, [f"{self.annotations}/480p/"], "the annotations of DAVIS")
        return MaskFolder(self._annotations)

    def _images(self, sequence: str) -> Path | None:
        resolution = self._annotations.name if self._annotations else "480p"
        return folder_of(self.root / "JPEGImages" / resolution, sequence)
