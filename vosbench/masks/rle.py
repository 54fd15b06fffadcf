"""Run-length encoded masks in JSON, as COCO, YouTube-VIS, OVIS and MeViS write them.

The encodings themselves are those of :mod:`vosbench.masks.run_lengths`. A document of instances is
``{"videos": […], "annotations": […]}``; a list of results ``[{"video_id": …, …}]`` takes its videos from the ground
truth. A sequence is called like the folder of its frames. The label of an annotation is its
``object``, where it has one; else truth is numbered in the order of annotation ids, and results by falling score. Such
numbers of results are no identity: :mod:`vosbench.scoring.identity` refuses to pair objects by them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import msgspec

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import last_change
from vosbench.masks.order import in_time_order
from vosbench.masks.planes import TooManyPlanes, pack
from vosbench.masks.png import MAX_PIXELS
from vosbench.masks.run_lengths import EncodingError, RunLengths, of_size
from vosbench.text import as_utf8
from vosbench.types import Masks

#: A larger document is refused, and so is a video of more objects: results hold some tens.
MAX_BYTES, MAX_OBJECTS = 1 << 30, 1000


class Video(msgspec.Struct, frozen=True):
    """One video of a document; its frames are the stems of ``file_names``."""

    id: int
    file_names: tuple[str, ...]
    height: int
    width: int

    @property
    def name(self) -> str:
        """The folder of the frames, without a shared first part."""
        return PurePosixPath(self.file_names[0]).parent.as_posix() if self.file_names else str(self.id)

    @property
    def frames(self) -> tuple[str, ...]:
        """Stems of the frames, in order."""
        return tuple(PurePosixPath(name).stem for name in self.file_names)


class Instance(msgspec.Struct, frozen=True):
    """One object of one video: a mask, or None, for each frame."""

    video_id: int
    segmentations: tuple[RunLengths | None, ...]
    id: int = 0
    score: float = 0.0
    object: int | None = None


class _Document(msgspec.Struct, frozen=True):
    videos: tuple[Video, ...]
    annotations: tuple[Instance, ...]


@dataclass(frozen=True)
class InstanceFile:
    """The masks of a JSON document of instances, or of a list of results for ``videos``.

    ``shown`` is what messages call the document, where that is not ``path``: it may lie in an archive.
    """

    path: Path
    videos: Mapping[int, Video]
    instances: tuple[Instance, ...]
    shown: str = ""
    _labels: dict[str, dict[int, Instance]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        labels: dict[str, dict[int, Instance]] = {video.name: {} for video in self.videos.values()}
        for instance in sorted(self.instances, key=lambda i: (-i.score, i.id)):
            known = labels[self.videos[instance.video_id].name]
            label = instance.object if instance.object is not None else len(known) + 1
            if len(known) == MAX_OBJECTS:
                raise _broken(self.name, f"video {instance.video_id} has more than {MAX_OBJECTS} objects")
            if label in known or not 0 < label < 1 << 16:
                raise _broken(self.name, f"video {instance.video_id}: object {label} is there twice or no label")
            known[label] = instance
        object.__setattr__(self, "_labels", labels)

    @property
    def name(self) -> str:
        """The file."""
        return self.shown or str(self.path)

    @cached_property
    def _by_name(self) -> dict[str, Video]:
        return {video.name: video for video in self.videos.values()}

    @cached_property
    def _positions(self) -> dict[str, dict[str, int]]:
        """By video, where each frame stands."""
        return {name: {frame: t for t, frame in enumerate(video.frames)} for name, video in self._by_name.items()}

    def modified(self, *_: str) -> int:
        """When the file was last written or renamed (ns since 1970). Raises OSError."""
        return last_change(self.path)

    def subset(self, *sequences: str) -> "InstanceFile":
        """These videos alone."""
        videos = {self._by_name[name].id: self._by_name[name] for name in sequences if name in self._by_name}
        instances = (instance for name in sequences for instance in self._labels.get(name, {}).values())
        return InstanceFile(self.path, videos, tuple(instances), self.shown)

    def stated(self, sequence: str) -> frozenset[int]:
        """The labels of a video's objects that the file itself states."""
        labels = self._labels.get(sequence, {})
        return frozenset(label for label, instance in labels.items() if instance.object is not None)

    def numbered(self, sequence: str) -> dict[int, tuple[int, float]]:
        """The labels that were given to a video's objects here, with the annotation's id and score of each."""
        labels = self._labels.get(sequence, {})
        return {label: (i.id, i.score) for label, i in labels.items() if i.object is None}

    def sequences(self) -> tuple[str, ...]:
        """Names of the videos, sorted."""
        return tuple(sorted(self._by_name))

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of a video's frames, in the order of time."""
        return in_time_order(self._positions.get(sequence, ()))

    def read(self, sequence: str, frame: str) -> Masks:
        """All objects of a frame. Raises InputError for an encoding that is no mask of the video's size."""
        video = self._by_name[sequence]
        shape = (video.height, video.width)
        if min(shape) < 1 or shape[0] * shape[1] > MAX_PIXELS:
            raise self._unusable(sequence, frame, "the video has no usable size")
        at = self._positions[sequence][frame]
        encoded = {
            label: instance.segmentations[at]
            for label, instance in sorted(self._labels[sequence].items())
            if at < len(instance.segmentations)
        }
        try:
            return pack(((label, of_size(e, shape, label)) for label, e in encoded.items() if e), shape)
        except (EncodingError, TooManyPlanes) as error:
            raise self._unusable(sequence, frame, str(error)) from error

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The file and the part of it that is meant."""
        return f"{self.name}#{sequence}" + (f"/{frame}" if frame else "")

    def _unusable(self, sequence: str, frame: str, message: str) -> InputError:
        where, fix = self.where(sequence, frame), "encode the mask again"
        problem = Problem(code="unreadable-mask", message=message, where=where, fix=fix, sequence=sequence, frame=frame)
        return InputError([problem])


def open_instances(path: Path, videos: Mapping[int, Video] | None = None) -> InstanceFile:
    """Read a document of instances, or a list of results if ``videos`` are known.

    Raises:
        InputError: the file is neither, or speaks of a video that is not there.
    """
    return read_instances(lambda: _bytes(path), str(path), path, videos)


def read_instances(
    load: Callable[[], bytes], name: str, path: Path, videos: Mapping[int, Video] | None = None
) -> InstanceFile:
    """Read what ``load`` gives: a document called ``name`` that is the file ``path``, or lies in it.

    Raises:
        InputError: as for :func:`open_instances`.
    """
    try:
        data = as_utf8(load())
        if data.lstrip()[:1] == b"[":
            if videos is None:
                raise _broken(name, "a list of results names no frames: score it against ground truth in JSON")
            instances = msgspec.json.decode(data, type=tuple[Instance, ...])
        else:
            document = msgspec.json.decode(data, type=_Document)
            videos, instances = {video.id: video for video in document.videos}, document.annotations
    except (OSError, ValueError, RecursionError) as error:
        raise _broken(name, f"not readable as instances ({error})") from error
    if strays := sorted({i.video_id for i in instances} - set(videos)):
        raise _broken(name, f"it has objects of video {strays[0]}, which is not there")
    return InstanceFile(path, videos, instances, name)


def _bytes(path: Path) -> bytes:
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"it is larger than {MAX_BYTES} bytes")
    return path.read_bytes()


def _broken(where: str, message: str) -> InputError:
    fix = "see docs/adding-a-benchmark.md for the forms that are read"
    return InputError([Problem(code="no-masks", message=message, where=where, fix=fix)])
