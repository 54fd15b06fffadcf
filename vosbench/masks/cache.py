"""Masks decoded once for many predictions: kept trimmed to their objects, together with their contours."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench import kernel
from vosbench.kernel.contours import Contours
from vosbench.masks.annotated import annotated, palette_of
from vosbench.masks.listing import modified, subset
from vosbench.types import LabelMap, Masks, MaskSource

#: What is kept at most, whatever memory there is.
MOST = 4 << 30


def allowance() -> int:
    """Bytes to keep: a quarter of the machine's memory, at most ``MOST``."""
    try:
        return min(MOST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
    except (AttributeError, ValueError, OSError):  # no POSIX system
        return MOST // 4


def contours_of(plane: NDArray[np.uint8]) -> Contours:
    """The contours of a label map: as they are known, or found now."""
    known: Contours | None = getattr(plane, "contours", None)
    return kernel.contours(plane) if known is None else known


@dataclass(frozen=True, slots=True)
class _Trimmed:
    """A label map without its margins of background, which are most of it."""

    shape: tuple[int, ...]
    place: tuple[slice, slice]
    inside: LabelMap
    contours: Contours | None
    palette: bytes

    @classmethod
    def of(cls, plane: LabelMap, *, outlined: bool = True) -> "_Trimmed":
        place = tuple(_extent(np.atleast_1d(plane.any(axis))) for axis in (1, 0))
        contours = kernel.contours(plane.astype(np.uint8, copy=False)) if outlined and plane.dtype == np.uint8 else None
        return cls(plane.shape, (place[0], place[1]), plane[place].copy(), contours, palette_of(plane))

    @property
    def nbytes(self) -> int:
        return self.inside.nbytes + (0 if self.contours is None else self.contours.positions.nbytes + 4096)

    def whole(self) -> LabelMap:
        plane = np.zeros(self.shape, self.inside.dtype)
        plane[self.place] = self.inside
        return annotated(plane, contours=self.contours, palette=self.palette)


def _extent(flags: NDArray[np.bool_]) -> slice:
    at = np.flatnonzero(flags)
    return slice(int(at[0]), int(at[-1]) + 1) if len(at) else slice(0, 0)


#: Trimmed planes by (sequence, frame).
Held = dict[tuple[str, str], tuple[_Trimmed, ...]]


@dataclass(frozen=True)
class HeldMasks:
    """The masks of ``source``, of which those that were asked to be held are decoded already.

    Frames are held in the order they are asked for, until ``limit`` bytes are full; all others are read from the source
    each time. Forked processes share what is held.
    """

    source: MaskSource
    limit: int = field(default_factory=allowance)
    held: Held = field(repr=False, default_factory=dict)

    @property
    def nbytes(self) -> int:
        """The memory taken."""
        return sum(plane.nbytes for planes in self.held.values() for plane in planes)

    def hold(self, sequence: str, frames: Iterable[str]) -> None:
        """Decode frames of a sequence and keep them, as far as there is room. Raises InputError naming the file."""
        left = self.limit - self.nbytes
        for frame in frames:
            if left <= 0:
                return
            planes = tuple(map(_Trimmed.of, self.source.read(sequence, frame)))
            left -= sum(plane.nbytes for plane in planes)
            if left >= 0:
                self.held[sequence, frame] = planes

    def keep(self, sequence: str, frame: str, planes: Masks) -> None:
        """Keep a frame that somebody has decoded, without its contours and whatever the limit."""
        if (sequence, frame) not in self.held:
            self.held[sequence, frame] = tuple(_Trimmed.of(plane, outlined=False) for plane in planes)

    def of_frames(self, sequence: str, frames: Iterable[str]) -> "HeldMasks":
        """The same source, of which these frames alone are held."""
        held = {(sequence, f): self.held[sequence, f] for f in frames if (sequence, f) in self.held}
        return HeldMasks(self.source, self.limit, held)

    @property
    def name(self) -> str:
        """That of the source."""
        return self.source.name

    def sequences(self) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.sequences()

    def frames(self, sequence: str) -> tuple[str, ...]:
        """Those of the source."""
        return self.source.frames(sequence)

    def read(self, sequence: str, frame: str) -> Masks:
        """The masks of a frame: as they are held, or read now."""
        held = self.held.get((sequence, frame))
        return self.source.read(sequence, frame) if held is None else tuple(plane.whole() for plane in held)

    @property
    def foreground_area(self) -> Any:
        """That of the source, if it has one."""
        return getattr(self.source, "foreground_area", None)

    def subset(self, *sequences: str) -> "HeldMasks":
        """These sequences alone, with what is held of them."""
        held = {key: planes for key, planes in self.held.items() if key[0] in sequences}
        return HeldMasks(subset(self.source, *sequences), self.limit, held)

    def modified(self, *sequences: str) -> int:
        """When the source was."""
        return modified(self.source, *sequences)

    def where(self, sequence: str, frame: str | None = None) -> str:
        """Where the source has it."""
        return self.source.where(sequence, frame)
