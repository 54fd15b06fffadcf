"""Annotated images on disk: ``<images>/<sequence>/<frame>.jpg`` with ``<masks>/<sequence>/<frame>.png``."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vosbench.datasets.lists import read_list
from vosbench.datasets.pictures import is_picture, pictures
from vosbench.errors import InputError, Problem
from vosbench.types import Masks, MaskSource, Sequence
from vosbench_baselines.data.config import Source

T = TypeVar("T")


@dataclass(frozen=True)
class VideoFolder:
    """Sequences of a source, as a dataset of the single split "all"."""

    root: Path
    images: Path
    annotations: Path
    binary: bool = False
    names: frozenset[str] | None = None
    fraction: float = 1.0
    videos: tuple[Sequence, ...] = field(init=False)

    def __post_init__(self) -> None:
        folders = sorted(path for path in self.images.glob("*") if path.is_dir()) if self.images.is_dir() else []
        found = []
        for folder in folders:
            masks = pictures(self.annotations / folder.name)
            stems = tuple(stem for stem, path in masks.items() if path.suffix == ".png")
            if stems and (self.names is None or folder.name in self.names):
                found.append(Sequence(name=folder.name, frames=stems, images=folder))
        if not found:
            raise _nothing(self.images, "it holds no sequences with masks")
        found = fraction_of(found, self.fraction)
        object.__setattr__(self, "videos", tuple(found))

    def splits(self) -> tuple[str, ...]:
        """One."""
        return ("all",)

    def sequences(self, split: str = "all") -> tuple[Sequence, ...]:
        """All."""
        return self.videos

    def looked_for(self) -> tuple[str, ...]:
        """The folders of images and of masks."""
        return (str(self.images), str(self.annotations))

    def found(self) -> bool:
        """Always: a folder without sequences is refused when it is opened."""
        return True

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """A folder laid out as the masks are."""
        return FolderMasks(path, self.binary, self.videos)

    def masks(self, split: str) -> MaskSource:
        """The true ones."""
        return FolderMasks(self.annotations, self.binary, self.videos)

    def labels(self, sequence: str, frame: str) -> NDArray[np.uint8]:
        """The true label map (H, W) of a frame."""
        return read_labels(self.annotations / sequence / f"{frame}.png", binary=self.binary)


@dataclass(frozen=True)
class FolderMasks:
    """Label maps ``<root>/<sequence>/<frame>.png`` of some videos."""

    root: Path
    binary: bool
    videos: tuple[Sequence, ...]

    @property
    def name(self) -> str:
        """The folder."""
        return str(self.root)

    def sequences(self) -> tuple[str, ...]:
        """Names of the videos."""
        return tuple(video.name for video in self.videos)

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the annotated frames; none of a sequence that is not there."""
        return next((video.frames for video in self.videos if video.name == sequence), ())

    def read(self, sequence: str, frame: str) -> Masks:
        """One label map (H, W) uint8."""
        return (read_labels(self.root / sequence / f"{frame}.png", binary=self.binary),)

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The path for a message."""
        return str(self.root / sequence / (f"{frame}.png" if frame else ""))


def video_folder(source: Source, base: Path) -> VideoFolder:
    """The sequences a source names, paths relative to ``base``."""
    names = None
    if source.sequences:
        names = frozenset(read_list(base / source.sequences))
    images, masks = base / source.images, base / source.masks
    return VideoFolder(base, images, masks, source.binary, names, source.fraction)


def fraction_of(items: list[T], fraction: float) -> list[T]:
    """At least one of them, in their order; smaller fractions are parts of larger ones."""
    kept = max(1, round(fraction * len(items)))
    return [items[i] for i in sorted(np.random.default_rng(0).permutation(len(items))[:kept])]


def still_pairs(source: Source, base: Path) -> list[tuple[Path, Path]]:
    """(image, mask) files of a source, at any depth, paired by their path without suffix."""
    images, masks = base / source.images, base / source.masks
    names = frozenset(read_list(base / source.sequences)) if source.sequences else None
    pairs = []
    for image in sorted(path for path in images.rglob("*") if is_picture(path)):
        inside = image.relative_to(images)
        mask = masks / inside.with_suffix(".png")
        if mask.is_file() and (names is None or inside.parts[0] in names):
            pairs.append((image, mask))
    if not pairs:
        raise _nothing(images, f"it holds no image with a mask in {masks}")
    folders = fraction_of(sorted({image.parent for image, _ in pairs}), source.fraction)
    return [(image, mask) for image, mask in pairs if image.parent in folders]


def picture_folders(source: Source, base: Path) -> list[list[Path]]:
    """The pictures of each video of a source, in order: folders that hold any, at any depth."""
    root = base / source.images
    names = frozenset(read_list(base / source.sequences)) if source.sequences else None
    folders = sorted({path.parent for path in root.rglob("*") if is_picture(path)})
    found = [list(pictures(folder).values()) for folder in folders if names is None or folder.name in names]
    if not found:
        raise _nothing(root, "it holds no pictures")
    return found


def read_labels(path: Path, *, binary: bool) -> NDArray[np.uint8]:
    """A mask file as (H, W) uint8 indices; 255 is void and becomes background."""
    try:
        with Image.open(path) as file:
            labels = np.array(file if file.mode in ("P", "L") else file.convert("L"), np.uint8)
    except OSError as error:
        problem = Problem(code="unreadable-mask", message=str(error), where=str(path), fix="restore the file")
        raise InputError([problem]) from error
    if binary:
        return (labels > 0).astype(np.uint8)
    return np.where(labels == 255, 0, labels).astype(np.uint8)


def _nothing(where: Path, message: str) -> InputError:
    fix = "give folders of images and of masks with equal names"
    return InputError([Problem(code="no-training-data", message=message, where=str(where), fix=fix)])
