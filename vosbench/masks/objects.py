"""One PNG for each object: ``<sequence>/<object>/<frame>.png``, any pixel but 0 being the object. Objects may overlap.

Folders are numbers counted from 0 (SA-V: ``000``, ``001``, …). Labels start at 1, so the object in folder ``000`` has
label 1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import InputError, Problem
from vosbench.masks.listing import modified, subset
from vosbench.masks.order import in_time_order
from vosbench.masks.planes import TooManyPlanes, pack
from vosbench.types import Masks, MaskSource

#: Of the number of an object: labels have 16 bits.
MOST_DIGITS = 4


@dataclass(frozen=True)
class ObjectTree:
    """The masks of ``files``, a source whose sequences are called ``<sequence>/<object>``.

    ``required`` lists, by sequence and label, the frames an object must have: a frame that an object's folder lacks is
    not a frame of the sequence, and so is reported as missing. An object without a folder was never predicted.
    ``first`` is the number of the folder of label 1: 0, or 1 where folders are called by the labels of label maps.
    """

    files: MaskSource
    required: Mapping[str, Mapping[int, frozenset[str]]] | None = None
    first: int = 0

    @property
    def name(self) -> str:
        """The folder or archive."""
        return self.files.name

    @cached_property
    def folders(self) -> Mapping[str, Mapping[int, str]]:
        """By sequence and label the name under which ``files`` holds an object. Raises InputError for other names."""
        found: dict[str, dict[int, str]] = {}
        bad = []
        for path in self.files.sequences():
            sequence, _, folder = path.rpartition("/")
            known = folder.isascii() and folder.isdigit() and len(folder) <= MOST_DIGITS
            label = int(folder) + 1 - self.first if known else 0
            if sequence and label > 0 and label not in found.get(sequence, {}):
                found.setdefault(sequence, {})[label] = path
            else:
                bad.append(path)
        if bad:
            fix = "name the folders of a sequence's objects 000, 001, …"
            if self.first:
                fix = "name them by the labels of the ground truth: 1, 2, …; or write one label map a frame"
            raise InputError(
                [
                    Problem(code="layout", message="no folder of an object", where=self.files.where(path), fix=fix)
                    for path in bad
                ]
            )
        return found

    @cached_property
    def _have(self) -> Mapping[str, frozenset[str]]:
        return {path: frozenset(self.files.frames(path)) for path in self.files.sequences()}

    def sequences(self) -> tuple[str, ...]:
        """Names of the sequences, sorted."""
        return tuple(sorted(self.folders))

    def frames_of(self, sequence: str) -> dict[int, tuple[str, ...]]:
        """The frames of each object by label."""
        return {label: self.files.frames(path) for label, path in sorted(self.folders.get(sequence, {}).items())}

    def frames(self, sequence: str) -> tuple[str, ...]:
        """The frames that any object has, without those that an object lacks which must have them."""
        by_object = self.frames_of(sequence)
        required = self.required.get(sequence, {}) if self.required else {}
        lacking = {f for label, have in by_object.items() for f in required.get(label, frozenset()) - set(have)}
        return in_time_order({f for have in by_object.values() for f in have} - lacking)

    def read(self, sequence: str, frame: str) -> Masks:
        """All objects of a frame. Raises InputError naming the file, also where objects differ in size."""
        found = self._each(sequence, frame)
        first = next(found, None)
        if first is None:
            raise self._nothing(sequence, frame)
        try:
            return pack(chain([first], found), first[1].shape)
        except TooManyPlanes as error:
            where, fix = self.where(sequence, frame), "predict fewer objects"
            raise self._problem("unreadable-mask", str(error), fix, where, sequence, frame) from error

    def _each(self, sequence: str, frame: str) -> Iterator[tuple[int, NDArray[np.bool_]]]:
        """The masks of a frame by label, one after the other: only their label maps are held together."""
        shape: tuple[int, ...] = ()
        for label, path in sorted(self.folders.get(sequence, {}).items()):
            if frame not in self._have[path]:
                continue
            plane = self.files.read(path, frame)[0]
            mask = plane > 0
            if self.first and (plane[mask] != plane.max()).any():
                raise self._several(path, frame)
            if shape and mask.shape != shape:
                raise self._unlike(path, frame)
            shape = mask.shape
            yield label, mask

    def subset(self, *sequences: str) -> "ObjectTree":
        """These sequences alone."""
        required = self.required and {name: self.required[name] for name in sequences if name in self.required}
        return ObjectTree(subset(self.files, *self._paths(sequences)), required, self.first)

    def modified(self, *sequences: str) -> int:
        """When a file of these sequences was last written, renamed or removed (ns since 1970). Raises OSError."""
        return modified(self.files, *self._paths(sequences))

    def _paths(self, sequences: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(path for name in sequences for path in self.folders.get(name, {}).values())

    def where(self, sequence: str, frame: str | None = None) -> str:
        """The folder of a sequence, or the pattern of the files of a frame."""
        folder = self.files.where(sequence)
        return folder if frame is None else f"{folder}/*/{frame}.png"

    @property
    def notes(self) -> tuple[str, ...]:
        """Those of the files, and how they were read where label maps were expected."""
        own = f"{self.name}: masks of one object a folder were read, each folder being the label of its object"
        return (*getattr(self.files, "notes", ()), *([own] if self.first else []))

    def _several(self, path: str, frame: str) -> InputError:
        message, fix = "it holds several labels, in a folder of one object", "write one label map a frame"
        return self._problem("layout", message, fix, self.files.where(path, frame), path.rpartition("/")[0], frame)

    def _unlike(self, path: str, frame: str) -> InputError:
        message, fix = "its size differs from that of the other objects", "write all objects at one size"
        return self._problem("wrong-size", message, fix, self.files.where(path, frame), path.rpartition("/")[0], frame)

    def _nothing(self, sequence: str, frame: str) -> InputError:
        where = self.where(sequence, frame)
        return self._problem("missing-frame", "there is no such mask", "write the mask", where, sequence, frame)

    def _problem(self, code: str, message: str, fix: str, where: str, sequence: str, frame: str) -> InputError:
        return InputError([Problem(code=code, message=message, where=where, fix=fix, sequence=sequence, frame=frame)])
