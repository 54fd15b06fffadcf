"""What the array-level measures accept: one mask, a stack of masks, or a label map, made ready for the kernel."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Stacks:
    """Pairs of kernel-ready label maps with their number of objects, and whether the caller gave a single mask."""

    planes: tuple[tuple[NDArray[np.uint8], NDArray[np.uint8], int], ...]
    single: bool

    def shape_result(self, values: Sequence[NDArray[np.float64]]) -> float | NDArray[np.float64]:
        """One float for a single mask, one array otherwise."""
        flat = np.concatenate(values) if values else np.empty(0)
        return float(flat[0]) if self.single else flat


def as_stacks(*, gt: ArrayLike, pred: ArrayLike, void: ArrayLike | None) -> Stacks:
    """Check the kinds and shapes of the arguments of a measure and convert them to uint8 label maps.

    Raises:
        ValueError: what does not fit, with both shapes or the offending label.
    """
    g, p = np.asarray(gt), np.asarray(pred)
    if g.shape != p.shape:
        raise ValueError(f"gt has shape {g.shape}, pred has shape {p.shape}")
    if (g.dtype == bool) != (p.dtype == bool):
        raise ValueError(f"gt is {g.dtype}, pred is {p.dtype}: give two boolean masks or two label maps")
    if g.dtype != bool and (g.dtype.kind not in "iu" or p.dtype.kind not in "iu"):
        raise ValueError(f"masks are boolean or integer, not {g.dtype} and {p.dtype}")
    if g.ndim not in ((2, 3) if g.dtype == bool else (2,)) or g.size == 0:
        raise ValueError(f"expected a mask (H, W), a boolean stack (N, H, W) or a label map (H, W), got {g.shape}")
    keep = None if void is None else ~np.asarray(void, bool)
    if keep is not None and keep.shape != g.shape[-2:]:
        raise ValueError(f"void has shape {keep.shape}, the masks are {g.shape[-2:]}")
    if g.dtype != bool:
        largest = int(max(g.max(), p.max()))
        if largest > 255 or min(g.min(), p.min()) < 0:
            raise ValueError("labels must lie in 0 to 255")
        return Stacks(((_plane(g, keep), _plane(p, keep), largest),), single=False)
    pairs = zip(g.reshape(-1, *g.shape[-2:]), p.reshape(-1, *p.shape[-2:]), strict=True)
    return Stacks(tuple((_plane(a, keep), _plane(b, keep), 1) for a, b in pairs), single=g.ndim == 2)


def _plane(mask: NDArray[np.generic], keep: NDArray[np.bool_] | None) -> NDArray[np.uint8]:
    plane = np.ascontiguousarray(mask, np.uint8)
    return plane if keep is None else plane * keep
