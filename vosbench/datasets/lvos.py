"""The layout of LVOS, first and second version (:mod:`vosbench.datasets.split_folders`).

``meta.json`` holds ``{"videos": {<video>: {"objects": {<id>: {"frame_range": {"start", "end", "frame_nums"}}}}}}``.
Frames are numbered at the rate of the source, eight digits, and annotated every fifth one: an object's frames are
``start``, ``start + 5``, … below ``end``. ``unseen_videos.txt``, in the root or in the split, names the videos whose
objects are unseen; all others are seen.
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from vosbench.datasets.lists import not_found, read_list
from vosbench.datasets.split_folders import SplitFolders, label_of
from vosbench.errors import InputError, Problem
from vosbench.types import ObjectInfo, Sequence

STEP = 5

#: More frames than the longest video has: a range that claims them is refused.
MAX_FRAMES = 10**6


class _Range(msgspec.Struct, frozen=True):
    start: str | int
    end: str | int


class _Object(msgspec.Struct, frozen=True):
    frame_range: _Range


class _Video(msgspec.Struct, frozen=True):
    objects: dict[str, _Object]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


@dataclass(frozen=True)
class Lvos(SplitFolders):
    """An LVOS root, the folder that holds ``valid/``."""

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The videos of a split in the order of ``meta.json``, or of a list of videos taken from any split."""
        folder, names = self.resolve(split)
        videos, unseen = self.read_meta(folder, _Meta).videos, self._unseen(folder)
        return tuple(
            self._sequence(folder, name, videos[name], "unseen" if name in unseen else "seen")
            for name in names or videos
        )

    def _sequence(self, folder: str, name: str, video: _Video, group: str) -> Sequence:
        objects = tuple(
            ObjectInfo(id=label_of(key, self.root), group=group, frames=_frames(o.frame_range, self.root))
            for key, o in sorted(video.objects.items(), key=lambda item: label_of(item[0], self.root))
        )
        frames = sorted({frame for o in objects for frame in o.frames or ()})
        return Sequence(name=name, frames=tuple(frames), objects=objects, images=self.images(folder, name))

    def _unseen(self, folder: str) -> frozenset[str]:
        places = (self.root / folder / "unseen_videos.txt", self.root / "unseen_videos.txt")
        for path in places:
            if path.is_file():
                return frozenset(read_list(path))
        raise not_found(self.root, ["unseen_videos.txt"], "the list of unseen videos (it comes with lvos-evaluation)")


def _frames(span: _Range, where: Path) -> tuple[str, ...]:
    try:
        first, behind = int(span.start), int(span.end)
        if not 0 <= first <= behind <= first + MAX_FRAMES:
            raise ValueError(f"no range of frames: {first} to {behind}")
    except ValueError as error:
        problem = Problem(code="layout", message=str(error), where=str(where), fix="fetch the list of objects again")
        raise InputError([problem]) from error
    return tuple(f"{number:08d}" for number in range(first, behind, STEP))
