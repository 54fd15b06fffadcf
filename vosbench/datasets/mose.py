"""The layout of MOSE, first and second version (:mod:`vosbench.datasets.split_folders`).

``meta.json`` holds ``{"videos": {<video>: {"objects": …, "length": …}}}``, the objects as keys or as a list of ids. The
number of frames, ``length``, is in the second version only; frames are called 00000, 00001, and so on.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from vosbench.datasets.pictures import pictures
from vosbench.datasets.split_folders import SplitFolders, label_of
from vosbench.types import ObjectInfo, Sequence

#: More frames than the longest video has.
MAX_FRAMES = 10**5


class _Video(msgspec.Struct, frozen=True):
    objects: dict[str, Any] | list[str | int]
    length: int | None = None


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
                frames=self._frames(folder, name) or _annotated(masks.frames(name), videos[name].length),
                objects=tuple(ObjectInfo(id=label_of(str(key), self.root)) for key in videos[name].objects),
                images=self.images(folder, name),
                length=videos[name].length,
            )
            for name in names or videos
        )

    def _frames(self, folder: str, video: str) -> tuple[str, ...]:
        """The stems of the video's pictures: where truth is hidden, annotations are there for the first frame only."""
        return tuple(pictures(self.images(folder, video)))


def _annotated(masks: tuple[str, ...], length: int | None) -> tuple[str, ...]:
    """The stems of the masks; where there are fewer than the video has frames, all stems, so that truth is missing."""
    if length is None or not len(masks) < length <= MAX_FRAMES:
        return masks
    return tuple(f"{t:05d}" for t in range(length))
