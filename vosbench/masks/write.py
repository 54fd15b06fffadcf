"""Label maps to files."""

from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vosbench.errors import UsageError
from vosbench.files import write
from vosbench.masks.palette import davis_palette


def write_label_map(path: Path, labels: NDArray[np.integer]) -> None:
    """Write a label map, integers of shape (height, width), as an 8-bit PNG with the DAVIS palette.

    Object ids are the palette indices, 0 to 255, and survive exactly. The folder is made where it is missing; the file
    appears under its name only when it is complete. Equal arrays give equal bytes.

    Raises UsageError if the array is not two-dimensional or holds an id that a palette PNG cannot; InputError if the
    file cannot be written.
    """
    write(path, encode_label_map(labels, name=str(path)))


def encode_label_map(labels: NDArray[np.integer], *, name: str = "label map") -> bytes:
    """The bytes of that file. ``name`` is what to call it in errors, the UsageError of :func:`write_label_map`."""
    if labels.ndim != 2:
        raise UsageError(
            f"{name}: a label map has two dimensions, not shape {labels.shape}", fix="pass ids, not colours"
        )
    if labels.dtype != np.uint8 and labels.size and not 0 <= int(labels.min()) <= int(labels.max()) <= 255:
        raise UsageError(
            f"{name}: object ids {int(labels.min())} to {int(labels.max())} do not fit a palette PNG",
            fix="number the objects of a sequence from 1 to 255",
        )
    image = Image.fromarray(labels.astype(np.uint8, copy=False), mode="L")
    image.putpalette(davis_palette().tobytes())  # turns the greyscale values into indices
    file = BytesIO()
    image.save(file, format="PNG", compress_level=3)
    return file.getvalue()
