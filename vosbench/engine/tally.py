"""Count one prediction of one sequence, frame by frame: integers in preallocated arrays, no image is kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from vosbench import kernel
from vosbench.kernel.contours import Contours
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
        return cls(planes, tuple(kernel.contours(p) for p in planes))

    def crc32(self) -> int:
        """A checksum of the objects. Contours fix a mask up to which side of them is inside; every 16th row tells."""
        value = 0
        for plane, c in zip(self.planes, self.contours, strict=True):
            for part in (c.offsets, c.positions, np.ascontiguousarray(plane[::16])):
                value = zlib_ng.crc32(part, value)
        return value

    @property
    def top(self) -> int:
        """The largest label. One that does not fill the frame has a contour, so the pixels need not be looked at."""
        return max(max(c.top, int(plane[0, 0])) for c, plane in zip(self.contours, self.planes, strict=True))


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one prediction.

    A row is a pair (object, predicted object). ``counts`` is int64 (counts, rows, frames), its first axis in the order
    of ``names``: :data:`vosbench.measures.catalog.COUNTS`, then two columns for each tolerance rule in ``extra_hits``.
    ``overlaps`` keeps the intersection of every object with every predicted label, int64 (frames, n, n), for as long as
    there are few objects.
    """

    gt: Ints
    pred: Ints
    n_gt: int
    n_pred: int
    tolerance: float
    n_frames: int
    extra_hits: tuple[str, ...] = ()
    counts: Ints = field(init=False)
    overlaps: Ints | None = field(init=False)
    _pairs: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        self._pairs = np.stack([self.gt, self.pred], 1).astype(np.uint8)
        frames_first = np.zeros((self.n_frames, len(self.names), len(self.gt)), np.int64)  # a frame is written at once
        self.counts = frames_first.transpose(1, 2, 0)
        n = min(self.n_gt, MAX_PERMUTED)
        comparable = self.n_gt == self.n_pred > 1
        self.overlaps = np.zeros((self.n_frames, n, n), np.int64) if comparable else None

    @property
    def names(self) -> tuple[str, ...]:
        """What is counted."""
        return COUNTS + tuple(column for rule in self.extra_hits for column in EXTRA_HITS[rule])

    def add(self, t: int, truth: Frame, guess: Frame) -> None:
        """Count frame number ``t`` of those expected."""
        inter = self._joint_histogram(truth, guess)
        gt_area, pred_area = inter.sum(1), inter.sum(0)
        if len(truth.planes) * len(guess.planes) > 1:  # every plane met every plane: areas were counted several times
            gt_area, pred_area = gt_area // len(guess.planes), pred_area // len(truth.planes)
        if self.overlaps is not None:
            n = self.overlaps.shape[1]
            self.overlaps[t] = inter[1 : n + 1, 1 : n + 1]
        reach = contour.reach(truth.planes[0].shape, self.tolerance)
        row = self.counts[:, :, t]
        row[0] = inter[self.gt, self.pred]
        row[1], row[2] = gt_area[self.gt], pred_area[self.pred]
        for ours in truth.contours:
            row[3] += ours.length_of(self.gt)
            for theirs in guess.contours:
                self._add_hits(row[5:7], ours, theirs, reach)
        for theirs in guess.contours:
            row[4] += theirs.length_of(self.pred)
        for k, rule in enumerate(self.extra_hits):
            self._add_hits_by_radius(row[7 + 2 * k : 9 + 2 * k], rule, truth, guess, row[1])

    def _joint_histogram(self, truth: Frame, guess: Frame) -> Ints:
        pairs = [(p, q) for p in truth.planes for q in guess.planes]
        inter = kernel.joint_histogram(*pairs[0], self.n_gt, self.n_pred)
        for p, q in pairs[1:]:
            inter += kernel.joint_histogram(p, q, self.n_gt, self.n_pred)
        return inter

    def _add_hits_by_radius(self, out: Ints, rule: str, truth: Frame, guess: Frame, gt_area: Ints) -> None:
        """Count hits where objects differ in tolerance: all objects of one radius at a time."""
        radii = contour.radii(rule, truth.planes[0].shape, gt_area, self.tolerance)
        for radius in np.unique(radii):
            disk = contour.disk(float(radius))
            for ours in truth.contours:
                for theirs in guess.contours:
                    self._add_hits(out, ours, theirs, disk, radii == radius)

    def _add_hits(
        self,
        out: Ints,
        ours: Contours,
        theirs: Contours,
        reach: NDArray[np.int32],
        only: NDArray[np.bool_] | None = None,
    ) -> None:
        if only is None and len(self.gt) < 32:  # few rows: the kernel skips an absent contour faster than we find it
            out += kernel.contour_hits(ours, theirs, self._pairs, reach).T
            return
        wanted = (ours.lengths[self.gt] > 0) & (theirs.lengths[self.pred] > 0)
        rows = (wanted if only is None else wanted & only).nonzero()[0]
        if len(rows):
            out[:, rows] += kernel.contour_hits(ours, theirs, self._pairs[rows], reach).T

    def permuted(self, keep: Ints, watched: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean J of each object in ``keep`` (row) under each of their labels (column).

        Objects are averaged over their ``watched`` frames, (objects, frames). Empty, (0, 0), where there is one
        object, or a label too large to be tried.
        """
        if self.overlaps is None or len(keep) < 2 or keep.max() > self.overlaps.shape[1]:
            return np.zeros((0, 0))
        overlap = self.overlaps[:, keep - 1][:, :, keep - 1]
        union = self.counts[1, keep - 1].T[:, :, None] + self.counts[2, keep - 1].T[:, None, :] - overlap
        j = np.where(union > 0, overlap / np.maximum(union, 1), 1.0)
        total: NDArray[np.float64] = np.einsum("tij,it->ij", j, watched)
        total /= np.maximum(watched.sum(1), 1)[:, None]
        return total
