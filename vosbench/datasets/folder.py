"""Any folder of masks: ``<sequence>/<frame>.png``, or the frames of a single sequence; or instances in JSON."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from vosbench.datasets.lists import no_truth, read_list
from vosbench.errors import UsageError
from vosbench.masks.masklets import Masklets
from vosbench.masks.rle import InstanceFile
from vosbench.masks.sources import open_masks
from vosbench.types import MaskSource, Sequence


@dataclass(frozen=True)
class Folder:
    """A folder, zip archive or JSON file of ground-truth masks. Its only split is called "all"."""

    root: Path

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return ("<sequence>/<frame>.png",)

    def found(self) -> bool:
        """Does the root hold masks?"""
        return bool(self._source.sequences())

    def splits(self) -> tuple[str, ...]:
        """The one split there is."""
        return ("all",)

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """All sequences found, or those named in a list."""
        if split != "all" and not split.endswith(".txt"):
            raise UsageError("a folder of masks has no splits", fix="leave --split out, or give a .txt of sequences")
        names = self._source.sequences() if split == "all" else read_list(Path(split))
        if missing := [name for name in names if not self._source.frames(name)]:
            raise no_truth(self.root, missing, self._source)
        listed = self._source.objects if isinstance(self._source, Masklets) else lambda _: None
        return tuple(Sequence(name=n, frames=self._source.frames(n), objects=listed(n)) for n in names)

    def masks(self, split: str) -> MaskSource:
        """The masks themselves."""
        del split
        return self._source

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<sequence>/<frame>.png`` or JSON; a list of results takes its videos from the truth."""
        videos = self._source.videos if isinstance(self._source, InstanceFile) else None
        return open_masks(path, palette=palette, known=self._source.sequences(), videos=videos)

    @cached_property
    def _source(self) -> MaskSource:
        return open_masks(self.root)
