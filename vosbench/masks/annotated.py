"""Label maps that know something beside their labels, so that nobody has to find it again."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.kernel.contours import Contours


class AnnotatedMap(np.ndarray[Any, Any]):
    """A label map with its contours, where they are known, and the palette of its file (3 bytes an index), if any.

    What is made of it, a part or a copy, knows neither.
    """

    contours: Contours | None = None
    palette: bytes = b""


def annotated(plane: NDArray[Any], *, contours: Contours | None = None, palette: bytes = b"") -> NDArray[Any]:
    """The label map, with what is known about it."""
    if contours is None and not palette:
        return plane
    known = plane.view(AnnotatedMap)
    known.contours, known.palette = contours, palette
    return known


def palette_of(plane: NDArray[Any]) -> bytes:
    """The colours in the file of a label map, red, green and blue of index 0 first; empty if there are none."""
    palette: bytes = getattr(plane, "palette", b"")
    return palette
