"""The layout of YouTube-VOS 2018 and 2019.

::

    <split>/meta.json                              objects, their categories and annotated frames
    <split>/Annotations/<video>/<frame>.png
    <split>/JPEGImages/<video>/<frame>.jpg         optional

The annotated frames of a video are those that ``meta.json`` lists for an object, and all that have a mask.

Categories that occur in ``train/meta.json`` are seen, all others unseen. ``unseen.txt`` in the root, or beside the list
of videos that is asked for, overrides this: it names the unseen categories, one a line.
"""

from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path

import msgspec

from vosbench.datasets.lists import folder_of, list_file, not_found, read_lines, read_list, require_inside
from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.order import in_time_order
from vosbench.masks.sources import MaskFolder, open_masks
from vosbench.text import as_utf8
from vosbench.types import MaskSource, ObjectInfo, Sequence


class _Object(msgspec.Struct, frozen=True):
    category: str
    frames: tuple[str, ...]


class _Video(msgspec.Struct, frozen=True):
    objects: dict[str, _Object]


class _Meta(msgspec.Struct, frozen=True):
    videos: dict[str, _Video]


#: "01" is none: it would be the object 1 once more.
_IDS = frozenset(map(str, range(1, 256)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Groups:
    """Which categories are unseen, or which are seen; None where nothing says."""

    unseen: frozenset[str] | None
    seen: frozenset[str] | None

    def of(self, category: str) -> str | None:
        if self.unseen is not None:
            return "unseen" if category in self.unseen else "seen"
        if self.seen is not None:
            return "seen" if category in self.seen else "unseen"
        return None


@dataclass(frozen=True)
class YouTubeVOS:
    """A YouTube-VOS root, the folder that holds ``valid/`` and, for the seen categories, ``train/``."""

    root: Path

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return ("<split>/meta.json", "<split>/Annotations/")

    def found(self) -> bool:
        """Does the root have this layout?"""
        return bool(self.splits())

    def splits(self) -> tuple[str, ...]:
        """Names of the folders that hold a ``meta.json`` and annotations."""
        metas = sorted(self.root.glob("*/meta.json"))
        return tuple(p.parent.name for p in metas if (p.parent / "Annotations").is_dir())

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The videos of a split in the order of ``meta.json``, or of a list of videos taken from any split."""
        folder, names = self._resolve(split)
        videos = self._meta(folder).videos
        groups = _Groups(unseen=self._unseen(split), seen=self._seen)
        return tuple(self._sequence(folder, name, videos[name], groups) for name in names or videos)

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        return MaskFolder(self.root / self._resolve(split)[0] / "Annotations")

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions, ``<sequence>/<frame>.png``."""
        known = {name for split in self.splits() for name in self._meta(split).videos}
        return open_masks(path, palette=palette, known=known)

    def _resolve(self, split: str) -> tuple[str, tuple[str, ...]]:
        """The folder of a split and, for a list of videos, their names."""
        if split in self.splits():
            return split, ()
        if not split.endswith(".txt"):
            have = ", ".join(self.splits()) or "none"
            raise UsageError(f"{self.root} has no split called {split!r}: it has {have}", fix="name one of them")
        names = read_list(list_file(split, self.root))
        for folder in self.splits():
            if set(names) <= set(self._meta(folder).videos):
                return folder, names
        raise UsageError(
            f"no split of {self.root} holds all videos listed in {split}", fix="check the names in the list"
        )

    def _sequence(self, folder: str, name: str, video: _Video, groups: "_Groups") -> Sequence:
        objects = tuple(
            ObjectInfo(id=int(key), category=o.category, group=groups.of(o.category), frames=in_time_order(o.frames))
            for key, o in sorted(video.objects.items(), key=lambda item: int(item[0]))
        )
        listed = {frame for o in objects for frame in o.frames or ()}
        frames = in_time_order(listed.union(MaskFolder(self.root / folder / "Annotations").frames(name)))
        images = folder_of(self.root / folder / "JPEGImages", name)
        return Sequence(name=name, frames=frames, objects=objects, images=images)

    def _unseen(self, split: str) -> frozenset[str] | None:
        """The categories in ``unseen.txt``, beside the list of videos if there is one there.

        Raises InputError for a category that no object has: misspelled, it would count as seen.
        """
        folders = [Path(split).parent, self.root] if split.endswith(".txt") else [self.root]
        path = next((f / "unseen.txt" for f in folders if (f / "unseen.txt").is_file()), None)
        if path is None:
            return None
        unseen = read_lines(path, "a list of categories")
        known = {o.category for s in self.splits() for v in self._meta(s).videos.values() for o in v.objects.values()}
        known |= self._seen or frozenset()
        if problems := [_no_object(path, name, known) for name in unseen if name not in known]:
            raise InputError(problems)
        return frozenset(unseen)

    @cached_property
    def _seen(self) -> frozenset[str] | None:
        if not (self.root / "train" / "meta.json").is_file():
            return None
        return frozenset(o.category for v in self._meta("train").videos.values() for o in v.objects.values())

    def _meta(self, folder: str) -> _Meta:
        cache: dict[str, _Meta] = self.__dict__.setdefault("_metas", {})
        if folder not in cache:
            cache[folder] = _read_meta(self.root / folder / "meta.json")
        return cache[folder]


def _no_object(path: Path, category: str, known: Collection[str]) -> Problem:
    near = get_close_matches(category, known, n=1) or sorted(known)[:3]
    message = f"it lists the category {category!r}, but no object has it"
    fix = f"correct it or remove the line; there are {', '.join(map(repr, near))}, …"
    return Problem(code="layout", message=message, where=str(path), fix=fix)


def _read_meta(path: Path) -> _Meta:
    try:
        meta = msgspec.json.decode(as_utf8(path.read_bytes()), type=_Meta)
    except FileNotFoundError as error:
        raise not_found(path.parent, [path.name], "the list of objects") from error
    except (OSError, ValueError, RecursionError) as error:
        problem = Problem(
            code="layout", message=f"not readable as meta.json ({error})", where=str(path), fix="fetch it again"
        )
        raise InputError([problem]) from error
    bad = [f"{video}/{key}" for video, v in meta.videos.items() for key in v.objects if not _is_id(key)]
    if bad:
        problem = Problem(
            code="layout", message=f"object ids must be 1 to 255: {bad[:3]}", where=str(path), fix="correct them"
        )
        raise InputError([problem])
    require_inside(path, meta.videos)
    require_inside(path, {frame for v in meta.videos.values() for o in v.objects.values() for frame in o.frames})
    return meta


def _is_id(key: str) -> bool:
    return key in _IDS
