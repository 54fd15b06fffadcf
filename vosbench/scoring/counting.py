"""Count one prediction of one sequence, frame by frame: integers in preallocated arrays, no image is kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from vosbench import kernel
from vosbench.kernel.contours import Contours
from vosbench.masks.cache import contours_of
from vosbench.measures import contour
from vosbench.measures.catalog import COUNTS, EXTRA_HITS

Ints = NDArray[np.int64]

#: Predictions are tried under other labels (best-permutation J) up to this many objects.
MAX_PERMUTED = 32


@dataclass(frozen=True, slots=True)
class Frame:
    """The masks of one frame as object numbers: planes that each hold some of the objects, and their contours."""

    planes: tuple[NDArray[np.uint8], ...]
    contours: tuple[Contours, ...]

    @classmethod
    def of(cls, planes: tuple[NDArray[np.uint8], ...]) -> "Frame":
        """Find the contours of the planes."""
        planes = tuple(p if p.strides[1] == 1 else np.ascontiguousarray(p) for p in planes)
        return cls(planes, tuple(map(contours_of, planes)))

    def crc32(self) -> int:
        """A checksum of the objects. Contours fix a mask up to which side of them is inside; every 16th row tells."""
        value = 0
        for plane, c in zip(self.planes, self.contours, strict=True):
            for part in (c.offsets, c.positions, np.ascontiguousarray(plane[::16])):
                value = zlib_ng.crc32(part, value)
        return value

    @property
    def top(self) -> int:
        """The largest label."""
        return max(c.top for c in self.contours)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one prediction.

    A row is a pair (object, predicted object). ``counts`` is int64 (counts, rows, frames), its first axis in the order
    of ``names``: :data:`vosbench.measures.catalog.COUNTS`, then two columns for each tolerance rule in
    ``extra_hits``, then ``extra_areas``, which are the same for all rows.
    ``overlaps`` keeps the intersection of every object with every predicted label, int64 (frames, n, n), for as long as
    there are few objects. Where it ``grows``, it starts without rows and takes one for each label that it sees.
    """

    gt: Ints
    pred: Ints
    n_gt: int
    n_pred: int
    tolerance: float
    n_frames: int
    extra_hits: tuple[str, ...] = ()
    extra_areas: tuple[str, ...] = ()
    grows: bool = False
    counts: Ints = field(init=False)
    overlaps: Ints | None = field(init=False)
    _pairs: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self._pairs = np.stack([self.gt, self.pred], 1).astype(np.uint8)
        frames_first = np.zeros((self.n_frames, len(self.names), len(self.gt)), np.int64)  # a frame is written at once
        self.counts = frames_first.transpose(1, 2, 0)
        n = 0 if self.grows else min(self.n_gt, MAX_PERMUTED)
        comparable = self.n_gt == self.n_pred > 1
        self.overlaps = np.zeros((self.n_frames, n, n), np.int64) if comparable else None

    @property
    def names(self) -> tuple[str, ...]:
        """What is counted."""
        hits = tuple(column for rule in self.extra_hits for column in EXTRA_HITS[rule])
        return COUNTS + hits + self.extra_areas

    def add(self, t: int, truth: Frame, guess: Frame) -> None:
        """Count frame number ``t`` of those expected."""
        if self.grows:
            self._admit({label for c in (*truth.contours, *guess.contours) for label in c.labels.tolist()})
        reach = contour.reach(truth.planes[0].shape, self.tolerance)
        row = self.counts[:, :, t]
        overlaps = None if self.overlaps is None else self.overlaps[t]
        for p, ours in zip(truth.planes, truth.contours, strict=True):
            for q, theirs in zip(guess.planes, guess.contours, strict=True):
                kernel.count_pair(p, q, ours, theirs, self._pairs, reach, row, overlaps)
        if len(truth.planes) * len(guess.planes) > 1:  # every plane met every plane: sizes were counted several times
            row[[1, 3]] //= len(guess.planes)
            row[[2, 4]] //= len(truth.planes)
        for k, rule in enumerate(self.extra_hits):
            self._add_hits_by_radius(row[7 + 2 * k : 9 + 2 * k], rule, truth, guess, row[1])

    def _admit(self, labels: set[int]) -> None:
        """Make room for labels not seen before."""
        new = np.array(sorted(labels.difference(self.gt.tolist())), np.int64)
        if not len(new):
            return
        at = np.searchsorted(self.gt, new)
        self.gt = self.pred = np.insert(self.gt, at, new)
        self._pairs = np.stack([self.gt, self.pred], 1).astype(np.uint8)
        self.counts = np.insert(self.counts.transpose(2, 0, 1), at, 0, axis=2).transpose(1, 2, 0)
        if self.overlaps is not None:
            n = int(self.gt[self.gt <= MAX_PERMUTED].max(initial=0)) - self.overlaps.shape[1]
            self.overlaps = np.pad(self.overlaps, ((0, 0), (0, n), (0, n)))

    def _add_hits_by_radius(self, out: Ints, rule: str, truth: Frame, guess: Frame, gt_area: Ints) -> None:
        """Count hits where objects differ in tolerance: all objects of one radius at a time."""
        radii = contour.radii(rule, truth.planes[0].shape, gt_area, self.tolerance)
        for radius in np.unique(radii):
            disk = contour.disk(float(radius))
            for ours in truth.contours:
                for theirs in guess.contours:
                    wanted = (radii == radius) & (ours.lengths[self.gt] > 0) & (theirs.lengths[self.pred] > 0)
                    rows = wanted.nonzero()[0]
                    out[:, rows] += kernel.contour_hits(ours, theirs, self._pairs[rows], disk).T
