"""Count one prediction of one sequence, frame by frame: integers in preallocated arrays, no image is kept."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench import kernel
from vosbench.kernel.contours import Contours
from vosbench.measures.catalog import COUNTS

Ints = NDArray[np.int64]

#: Predictions are tried under other labels (best-permutation J) up to this many objects.
MAX_PERMUTED = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """The masks of one frame as object numbers: planes that each hold some of the objects, and their contours."""

    planes: tuple[NDArray[np.uint8], ...]
    contours: tuple[Contours, ...]

    @classmethod
    def of(cls, planes: tuple[NDArray[np.uint8], ...]) -> "Frame":
        """Find the contours of the planes."""
        planes = tuple(np.ascontiguousarray(p) for p in planes)
        return cls(planes, tuple(kernel.contours(p) for p in planes))

    def lengths(self, n: int) -> Ints:
        """Contour pixels of labels 0 to ``n``."""
        return np.sum([c.lengths(n) for c in self.contours], axis=0)


@dataclass(slots=True, kw_only=True)
class Tally:
    """Counts of one prediction.

    A row is a pair (object, predicted object). ``counts`` is int64 (7, rows, frames), its first axis in the order of
    :data:`vosbench.measures.catalog.COUNTS`. ``permuted`` sums J over the frames in ``watched`` (flags, (n, frames)) for
    every object under every predicted label.
    """

    gt: Ints
    pred: Ints
    n_gt: int
    n_pred: int
    reach: NDArray[np.int32]
    watched: NDArray[np.bool_]
    counts: Ints = field(init=False)
    permuted: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.counts = np.zeros((len(COUNTS), len(self.gt), self.watched.shape[1]), np.int64)
        n = min(self.n_gt, MAX_PERMUTED)
        self.permuted = np.zeros((n, n))

    def add(self, t: int, truth: Frame, guess: Frame) -> None:
        """Count frame number ``t`` of those expected."""
        inter = np.zeros((self.n_gt + 1, self.n_pred + 1), np.int64)
        for plane in truth.planes:
            for other in guess.planes:
                inter += kernel.joint_histogram(plane, other, self.n_gt, self.n_pred)
        # Every plane of one side met every plane of the other, so areas were counted once for each of those.
        gt_area, pred_area = inter.sum(1) // len(guess.planes), inter.sum(0) // len(truth.planes)
        gt_length, pred_length = truth.lengths(self.n_gt), guess.lengths(self.n_pred)
        row = self.counts[:, :, t]
        row[0] = inter[self.gt, self.pred]
        row[1], row[2] = gt_area[self.gt], pred_area[self.pred]
        row[3], row[4] = gt_length[self.gt], pred_length[self.pred]
        self._add_hits(row[5:], truth, guess)
        if self.n_gt == self.n_pred and self.n_gt > 1:
            self._add_permuted(t, inter, gt_area, pred_area)

    def _add_hits(self, out: Ints, truth: Frame, guess: Frame) -> None:
        for ours in truth.contours:
            for theirs in guess.contours:
                present = (np.diff(ours.offsets)[self.gt] > 0) & (np.diff(theirs.offsets)[self.pred] > 0)
                rows = np.flatnonzero(present)
                if len(rows):
                    pairs = np.stack([self.gt[rows], self.pred[rows]], 1).astype(np.uint8)
                    out[:, rows] += kernel.contour_hits(ours, theirs, pairs, self.reach).T

    def _add_permuted(self, t: int, inter: Ints, gt_area: Ints, pred_area: Ints) -> None:
        n = len(self.permuted)
        both = inter[1 : n + 1, 1 : n + 1]
        union = gt_area[1 : n + 1, None] + pred_area[None, 1 : n + 1] - both
        watched = self.watched[:n, t, None] if len(self.watched) > 1 else self.watched[:, t, None]
        self.permuted += np.where(union > 0, both / np.maximum(union, 1), 1.0) * watched
