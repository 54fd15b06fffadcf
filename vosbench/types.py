"""Sequences, their objects, and the two interfaces that give data: mask sources and datasets.

A *label map* is a two-dimensional array of object indices, 0 for background. A frame's masks are one label map or,
where objects may overlap (one file per object, run-length encodings), several; an object is in exactly one of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

LabelMap: TypeAlias = NDArray[np.uint8] | NDArray[np.uint16]
Masks: TypeAlias = tuple[LabelMap, ...]

#: Called with (frames done, frames in all, name of a sequence).
Progress: TypeAlias = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a dataset says about one object.

    ``frames`` lists the frames (stems, in order) on which the object is annotated, where the dataset lists them;
    ``unreached`` the frames behind them that the dataset counts for the object although its list ends before;
    ``group`` is the name the benchmark averages under, such as "seen" or "unseen".
    """

    id: int
    category: str | None = None
    group: str | None = None
    frames: tuple[str, ...] | None = None
    unreached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """One video: its annotated frames in order and, where the dataset lists them, its objects.

    ``frames`` are the stems with ground truth, in order; ``images`` the folder of the video's pictures, if there is
    one. ``stable`` says whether temporal stability is meaningful here (None: the dataset does not say).
    ``length`` is the number of its frames where the dataset gives it. ``notes`` say what is odd about the dataset's
    description of the sequence; each is a note beside the score.
    """

    name: str
    frames: tuple[str, ...]
    objects: tuple[ObjectInfo, ...] | None = None
    attributes: tuple[str, ...] = ()
    stable: bool | None = None
    images: Path | None = None
    length: int | None = None
    notes: tuple[str, ...] = ()


class MaskSource(Protocol):
    """Masks by (sequence, frame): knows a file format, not a scoring rule.

    It is pickled for workers elsewhere, which need only some of its sequences: see :class:`DivisibleSource`.
    """

    @property
    def name(self) -> str:
        """What to call it in messages: a path."""

    def sequences(self) -> tuple[str, ...]:
        """Names of the sequences it holds, sorted."""

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Stems of the frames it holds of a sequence, in the order of time; empty if it holds none."""

    def read(self, sequence: str, frame: str) -> Masks:
        """The masks of one frame. Raises InputError naming the file."""

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The path to name in a message about this frame or sequence, whether or not it exists."""


@runtime_checkable
class DivisibleSource(MaskSource, Protocol):
    """A mask source that knows how to send a part of itself, and when its files changed.

    Another one is sent whole, and taken for unchanged.
    """

    def subset(self, *sequences: str) -> MaskSource:
        """These sequences alone, in a form that another process or machine can read, under the same names."""

    def modified(self, *sequences: str) -> int:
        """When a file of these sequences was last written, renamed or removed (ns since 1970); 0 if unknown.

        Raises OSError for a file that is gone.
        """


class Dataset(Protocol):
    """A dataset on disk: knows a layout, not a scoring rule."""

    @property
    def root(self) -> Path:
        """The folder it lies in."""

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""

    def found(self) -> bool:
        """Does the root have this layout? Quick; reads no mask."""

    def splits(self) -> tuple[str, ...]:
        """Names of the splits found."""

    def sequences(self, split: str) -> tuple[Sequence, ...]:
        """The sequences of a split. Raises InputError naming what was looked for."""

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""

    def predictions(self, path: Path, *, palette: str | None = None) -> MaskSource:
        """Predictions for this dataset at ``path``: a folder, an archive or a file. Raises InputError."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that could not be finished: its name and the error that ended it."""

    task: str
    error: BaseException
