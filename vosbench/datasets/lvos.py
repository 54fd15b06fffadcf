"""The layout of LVOS, first and second version (:mod:`vosbench.datasets.split_folders`).

``meta.json`` holds ``{"videos": {<video>: {"objects": {<id>: {"frame_range": {"start", "end", "frame_nums"}}}}}}``.
Frames are numbered at the rate of the source, eight digits, and annotated every fifth one: an object's frames are
``start``, ``start + 5``, … below ``end``. ``frame_nums`` says how many there are. Where it says more, the frames behind
the range are unreached (:class:`~vosbench.types.ObjectInfo`): lvos-evaluation makes room for them and never reads them.
This is so where ``end`` is the number of the last frame.

``unseen_videos.txt``, in the root or in the split, names the videos whose objects are unseen; all others are seen.
Where there is ``unsupervised_videos.txt`` as well, a split ``<split>-single`` holds those of its videos that are named
there, each with one object: the foreground.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from vosbench.datasets.lists import not_found, read_list
from vosbench.datasets.split_folders import SplitFolders, label_of
from vosbench.errors import InputError, Problem
from vosbench.masks.order import in_time_order
from vosbench.types import ObjectInfo, Sequence

STEP = 5

#: More frames than the longest video has: a range that claims them is refused.
MAX_FRAMES = 10**6
#: Where a range and its number of frames disagree.
MORE = "frame_nums and frame_range disagree, more frames are counted than the range holds, and those are not read"
FEWER = "frame_nums and frame_range disagree, fewer frames are counted than the range holds, and the range is scored"
#: What follows the name of a split in that of its videos of one object, and the list of these.
SINGLE, SINGLE_VIDEOS = "-single", "unsupervised_videos.txt"


class _Range(msgspec.Struct, frozen=True):
    start: str | int
    end: str | int
    frame_nums: str | int | None = None


class _Object(msgspec.Struct, frozen=True):
    frame_range: _Range


class _Video(msgspec.Struct, frozen=True):
    objects: dict[str, _Object]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


@dataclass(frozen=True)
class Lvos(SplitFolders):
    """An LVOS root, the folder that holds ``valid/``."""

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold annotations, and of their videos of one object."""
        folders = super().splits()
        return (*folders, *(f"{name}{SINGLE}" for name in folders if self._listed(name, SINGLE_VIDEOS)))

    def resolve(self, split: str) -> tuple[str, tuple[str, ...]]:
        """The folder of a split and, for a list of videos, their names."""
        folder = split.removesuffix(SINGLE)
        if folder == split or folder not in super().splits():
            return super().resolve(split)
        listed = self._listed(folder, SINGLE_VIDEOS)
        if listed is None:
            raise not_found(
                self.root, [SINGLE_VIDEOS], "the list of videos of one object (it comes with lvos-evaluation)"
            )
        known = self.read_meta(folder, _Meta).videos  # one list serves both versions and all splits
        names = tuple(name for name in listed if name in known)
        if not names:
            raise not_found(self.root, [f"{folder}/meta.json"], f"a video that {SINGLE_VIDEOS} names")
        return folder, names

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The videos of a split in the order of ``meta.json``, or of a list of videos taken from any split."""
        folder, names = self.resolve(split)
        videos, unseen = self.read_meta(folder, _Meta).videos, self._unseen(folder)
        found = (
            self._sequence(folder, name, videos[name], "unseen" if name in unseen else "seen")
            for name in names or videos
        )
        return tuple(_merged(s) if split.endswith(SINGLE) else s for s in found)

    def _sequence(self, folder: str, name: str, video: _Video, group: str) -> Sequence:
        objects = tuple(
            _object(label_of(key, self.root), group, o.frame_range, self.root)
            for key, o in sorted(video.objects.items(), key=lambda item: label_of(item[0], self.root))
        )
        frames = in_time_order({frame for o in objects for frame in o.frames or ()})
        return Sequence(
            name=name,
            frames=frames,
            objects=objects,
            images=self.images(folder, name),
            notes=_notes(video, objects),
        )

    def _unseen(self, folder: str) -> frozenset[str]:
        names = self._listed(folder, "unseen_videos.txt")
        if names is None:
            raise not_found(
                self.root, ["unseen_videos.txt"], "the list of unseen videos (it comes with lvos-evaluation)"
            )
        return frozenset(names)

    def _listed(self, folder: str, name: str) -> tuple[str, ...] | None:
        """A list in the split or in the root, if there is one."""
        path = next((p for p in (self.root / folder / name, self.root / name) if p.is_file()), None)
        return None if path is None else tuple(read_list(path))


def _merged(sequence: Sequence) -> Sequence:
    """The same video with its foreground as the only object."""
    infos = sequence.objects or ()
    group = next((info.group for info in infos), None)
    beyond = sorted({frame for info in infos for frame in info.unreached} - set(sequence.frames))
    return replace(sequence, objects=(ObjectInfo(id=1, group=group, frames=sequence.frames, unreached=tuple(beyond)),))


def _object(label: int, group: str, span: _Range, where: Path) -> ObjectInfo:
    frames, beyond = _frames(span, where)
    return ObjectInfo(id=label, group=group, frames=frames, unreached=beyond)


def _notes(video: _Video, objects: tuple[ObjectInfo, ...]) -> tuple[str, ...]:
    """What is odd about the ranges of a video's objects."""
    spans = [o.frame_range for _, o in sorted(video.objects.items(), key=lambda item: int(item[0]))]
    pairs = [(int(s.frame_nums), len(o.frames or ())) for s, o in zip(spans, objects, strict=True) if s.frame_nums]
    return tuple(
        note for note, odd in ((MORE, any(a > b for a, b in pairs)), (FEWER, any(a < b for a, b in pairs))) if odd
    )


def _frames(span: _Range, where: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The frames of a range, and those behind it that ``frame_nums`` counts as well."""
    try:
        first, behind = int(span.start), int(span.end)
        numbers = range(first, behind, STEP)
        counted = len(numbers) if span.frame_nums is None else int(span.frame_nums)
        if not 0 <= first <= behind <= first + MAX_FRAMES:
            raise ValueError(f"no range of frames: {first} to {behind}")
        if not 0 <= counted <= MAX_FRAMES:
            raise ValueError(f"no number of frames: {counted}")
    except ValueError as error:
        problem = Problem(code="layout", message=str(error), where=str(where), fix="fetch the list of objects again")
        raise InputError([problem]) from error
    beyond = range(first + STEP * len(numbers), first + STEP * counted, STEP)
    return tuple(map("{:08d}".format, numbers)), tuple(map("{:08d}".format, beyond))
