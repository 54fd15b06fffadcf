"""Masks kept once they are decoded, so that one decoding serves many predictions."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field

from vosbench.types import Masks, MaskSource

#: What is kept at most, whatever memory there is.
MOST = 4 << 30


def allowance() -> int:
    """Bytes to keep: a quarter of the machine's memory, at most ``MOST``."""
    try:
        return min(MOST, os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 4)
    except (AttributeError, ValueError, OSError):  # no POSIX system
        return MOST // 4


@dataclass(frozen=True)
class HeldMasks:
    """The masks of ``source``, of which those that were asked to be held are decoded already.

    Held are whole frames in the order they are asked for, until ``limit`` bytes are full; all others are read from the
    source each time. Forked processes share what is held.
    """

    source: MaskSource
    limit: int = field(default_factory=allowance)
    _held: dict[tuple[str, str], Masks] = field(init=False, repr=False, default_factory=dict)

    def hold(self, sequence: str, frames: Iterable[str]) -> None:
        """Decode frames of a sequence and keep them, as far as there is room. Raises InputError naming the file."""
        used = sum(plane.nbytes for masks in self._held.values() for plane in masks)
        for frame in frames:
            if used >= self.limit:
                return
            masks = self.source.read(sequence, frame)
            used += sum(plane.nbytes for plane in masks)
            if used <= self.limit:
                self._held[sequence, frame] = masks

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
        held = self._held.get((sequence, frame))
        return self.source.read(sequence, frame) if held is None else held

    def where(self, sequence: str, frame: str | None = None) -> str:
        """Where the source has it."""
        return self.source.where(sequence, frame)
