"""The layout of MOSE, first and second version (:mod:`vosbench.datasets.split_folders`).

``meta.json`` holds ``{"videos": {<video>: {"objects": …}}}``, the objects as keys or as a list of ids.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from vosbench.datasets.pictures import pictures
from vosbench.datasets.split_folders import SplitFolders, label_of
from vosbench.types import ObjectInfo, Sequence


class _Video(msgspec.Struct, frozen=True):
    objects: dict[str, Any] | list[str | int]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


@dataclass(frozen=True)
class Mose(SplitFolders):
    """A MOSE root, the folder that holds ``train/`` and ``valid/``."""

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The videos of a split in the order of ``meta.json``, or of a list of videos taken from any split."""
        folder, names = self.resolve(split)
        videos, masks = self.read_meta(folder, _Meta).videos, self.masks(folder)
        return tuple(
            Sequence(
                name=name,
                frames=self._frames(folder, name) or masks.frames(name),
                objects=tuple(ObjectInfo(id=label_of(str(key), self.root)) for key in videos[name].objects),
                images=self.images(folder, name),
            )
            for name in names or videos
        )

    def _frames(self, folder: str, video: str) -> tuple[str, ...]:
        """The stems of the video's pictures: where truth is hidden, annotations are there for the first frame only."""
        return tuple(pictures(self.images(folder, video)))
