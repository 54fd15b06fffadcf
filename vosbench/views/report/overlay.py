"""One frame as a picture: the image, both contours, and which of their pixels contour accuracy F counts as hits.

========================  =========  =============================================
true contour, found       blue       a predicted contour pixel lies within r
true contour, missed      yellow     none does: costs recall
predicted, confirmed      green      a true contour pixel lies within r
predicted, wrong          vermilion  none does: costs precision
========================  =========  =============================================

Missed and wrong regions are tinted in the colour of their contours.
"""

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from vosbench import kernel
from vosbench.measures.contour import TOLERANCE, tolerance_pixels

Pixels = NDArray[np.bool_]
Colours = NDArray[np.uint8]

FOUND, MISSED, CONFIRMED, WRONG = (86, 180, 233), (240, 228, 66), (0, 158, 115), (213, 94, 0)

#: Width of a picture in pixels, and its least height as a share of that.
WIDTH = 360
FLATTEST = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The contour pixels of a pair of masks, (H, W) each, by whether the other contour is within the tolerance."""

    found: Pixels
    missed: Pixels
    confirmed: Pixels
    wrong: Pixels


def judge(*, gt: Pixels, pred: Pixels, tolerance: float = TOLERANCE) -> Judged:
    """Split both contours into hits and misses, as F counts them (boolean masks (H, W); tolerance as for F)."""
    from scipy.ndimage import distance_transform_edt

    reach = tolerance_pixels((gt.shape[0], gt.shape[1]), tolerance)
    ours, theirs = contour_map(gt), contour_map(pred)

    def near(contour: Pixels) -> Pixels:
        if not contour.any():
            return np.zeros_like(contour)
        return np.asarray(distance_transform_edt(~contour) <= reach, bool)

    by_them, by_us = near(theirs), near(ours)
    return Judged(found=ours & by_them, missed=ours & ~by_them, confirmed=theirs & by_us, wrong=theirs & ~by_us)


def contour_map(mask: Pixels) -> Pixels:
    """The contour pixels of a boolean mask (H, W)."""
    contour = np.zeros(mask.size, bool)
    contour[kernel.contours(np.ascontiguousarray(mask, np.uint8)).of(1)] = True
    return contour.reshape(mask.shape)


def overlay(*, gt: Pixels, pred: Pixels, image: Colours | None, tolerance: float = TOLERANCE) -> Colours:
    """Draw both contours on the part of the image around them: uint8, (height, WIDTH, 3).

    Args:
        gt, pred: boolean masks (H, W).
        image: RGB (H, W, 3); a plain background if None.
        tolerance: as for F.
    """
    from PIL import Image

    window = _window(gt | pred)
    judged = judge(gt=gt, pred=pred, tolerance=tolerance)
    backdrop = np.full((*gt.shape, 3), 40, np.uint8) if image is None else _muted(image)
    crop = Image.fromarray(backdrop[window])
    scale = WIDTH / crop.width
    size = (WIDTH, max(1, round(crop.height * scale)))
    canvas = np.asarray(crop.resize(size, Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.BOX)).astype(
        float
    )

    def enlarged(pixels: Pixels) -> Pixels:
        picture = Image.fromarray(pixels[window].astype(np.uint8) * 255)
        if scale >= 1:
            return np.asarray(picture.resize(size, Image.Resampling.NEAREST)) > 0
        return np.asarray(picture.resize(size, Image.Resampling.BOX)) > 60 * scale

    for region, colour in ((gt & ~pred, MISSED), (pred & ~gt, WRONG)):
        at = enlarged(region)
        canvas[at] = 0.72 * canvas[at] + 0.28 * np.array(colour)
    marked = ((judged.found, FOUND), (judged.confirmed, CONFIRMED), (judged.missed, MISSED), (judged.wrong, WRONG))
    for contour, colour in marked:
        canvas[enlarged(contour)] = colour
    return canvas.round().astype(np.uint8)


def _window(region: Pixels) -> tuple[slice, slice]:
    """The rows and columns around a region with some margin, not too flat, tall or small."""
    height, width = region.shape
    ys, xs = np.nonzero(region) if region.any() else (np.array([0, height - 1]), np.array([0, width - 1]))
    w = min(width, max(1.3 * (xs.max() - xs.min() + 1), 0.25 * width))
    h = min(height, max(1.3 * (ys.max() - ys.min() + 1), FLATTEST * w))
    w = min(width, max(w, h))
    h = min(height, max(h, FLATTEST * w))
    return _span(ys, int(h), height), _span(xs, int(w), width)


def _span(at: NDArray[np.integer], length: int, limit: int) -> slice:
    start = (int(at.min()) + int(at.max())) // 2 - length // 2
    start = max(0, min(start, limit - length))
    return slice(start, start + length)


def _muted(image: Colours) -> Colours:
    """Less colour and light, so that contours stand out."""
    grey = image.mean(axis=2, keepdims=True)
    return np.asarray((0.35 * image + 0.65 * grey) * 0.78, np.uint8)


def jpeg(picture: Colours) -> bytes:
    """A small file; equal pictures give equal bytes."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(picture).save(file, format="JPEG", quality=72, subsampling=0, optimize=True)
    return file.getvalue()
