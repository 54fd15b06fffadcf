"""Finding an object again after it was gone: where its colours are, and whether what is there looks like it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Image
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.roi import Square

PLACES = 3  # looked at in a frame, best first
GRID = 120  # pixels of the picture's shorter side when places are compared
MARGIN = 1.8  # the square's side, in sides of the object's box
SIMILAR = 0.7  # of the given mask's mean posterior that a find needs
SURE = 0.8  # the mean probability that a find needs inside
SIZES = (0.25, 3.0)  # a find's area relative to that last seen


class Looks:
    """What is known of an object from the frame on which it is given."""

    def __init__(self, colours: Colours, image: Image, mask: NDArray[np.float32]) -> None:
        self.colours = colours
        inside = mask > 0.5
        self.likeness = float(colours.posterior(image)[inside].mean()) if inside.any() else 1.0
        rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
        extent = max(len(rows) and np.ptp(rows) + 1, len(columns) and np.ptp(columns) + 1, 1)
        self.spread = float(extent) / max(1.0, float(inside.sum())) ** 0.5  # the box's side in roots of the area

    def recognise(self, image: Image, found: NDArray[np.float32], area: float) -> bool:
        """Whether a soft mask (H, W) is of about the right size, sure of itself, and of the object's colours."""
        inside = found > 0.5
        count = float(inside.sum())
        if not SIZES[0] * area <= count <= SIZES[1] * area or count == 0:
            return False
        likeness = float(self.colours.posterior(image)[inside].mean())
        return likeness >= SIMILAR * self.likeness and float(found[inside].mean()) >= SURE


def candidates(looks: Looks, image: Image, area: float) -> list[Square]:
    """Squares for an object of ``area`` pixels, best first: much of its colours inside, little in the frame around."""
    height, width = image.shape[:2]
    factor = min(1.0, GRID / min(height, width))
    size = max(1, round(width * factor)), max(1, round(height * factor))
    evidence = looks.colours.posterior(np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))) - 0.5
    box = looks.spread * area**0.5
    inner = max(1, round(box * factor))
    score = np.asarray(cv2.boxFilter(evidence, -1, (inner, inner), borderType=cv2.BORDER_CONSTANT))
    score = score - np.asarray(cv2.boxFilter(evidence, -1, (2 * inner, 2 * inner), borderType=cv2.BORDER_REPLICATE)) / 2
    found = []
    for _ in range(PLACES):
        row, column = np.unravel_index(int(np.argmax(score)), score.shape)
        found.append(Square((float(column) + 0.5) / factor, (float(row) + 0.5) / factor, max(16.0, MARGIN * box)))
        score[max(0, row - inner) : row + inner + 1, max(0, column - inner) : column + inner + 1] = -np.inf
    return found
