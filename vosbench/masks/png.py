"""PNG files to label maps: indices, never colours.

======================  ==========================================================================
palette, 1 to 8 bit     the palette indices
grey, 1 to 8 bit        the sample values as stored (1 bit: 0 and 1; not stretched to 255)
grey, 16 bit            the sample values; uint8 if they all fit
RGB, RGBA, with alpha   see :mod:`vosbench.masks.colours`: read where it is certain, else refused
anything else           refused
======================  ==========================================================================

Whether a file is refused is decided once, by :mod:`vosbench.masks.chunks` and from the inflated rows. To undo the row
filters is left to the compiled kernel or, where that was not built, to Pillow, which gets a file of sound rows alone.
So both paths give the same labels and refuse the same files, with the same words.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.masks.annotated import annotated
from vosbench.masks.chunks import (
    GREY,
    MAX_CHUNKS,
    MAX_PIXELS,
    PALETTE,
    Header,
    MaskError,
    corrupt,
    read_chunks,
    read_header,
    require_known_filters,
    rewritten,
    stored_rows,
)
from vosbench.types import LabelMap

__all__ = ["MAX_CHUNKS", "MAX_PIXELS", "Header", "MaskError", "decode", "read_header"]

unfilter: Callable[[bytes, int, int, int, int], NDArray[Any]] | None
try:
    from vosbench.kernel import compiled

    unfilter = compiled.unfilter
except ImportError:
    unfilter = None


def decode(data: bytes, *, palette: str | None = None) -> LabelMap:
    """Decode the bytes of a PNG file to object indices.

    Args:
        data: the whole file.
        palette: name of the palette whose exact colours an RGB file uses, one of ``PALETTES``.

    Returns:
        (H, W) uint8, or uint16 where a 16-bit file holds indices above 255. The palette of a palette PNG comes along
        (:func:`vosbench.masks.annotated.palette_of`).

    Raises:
        MaskError: truncated, corrupt or empty data, no PNG, or colours that are not certain to be indices.
    """
    file = read_chunks(data)
    header, rows = file.header, stored_rows(file)
    samples = _unfiltered(header, rows, unfilter) if unfilter else _unfiltered_by_pillow(header, rows)
    if header.kind == PALETTE:
        labels: LabelMap = annotated(samples, palette=file.palette)
        return labels
    if header.kind != GREY:
        from vosbench.masks.colours import labels_from_samples

        samples = labels_from_samples(samples, header, palette)
    if samples.dtype == np.uint16 and samples.max() < 256:
        return samples.astype(np.uint8)
    return samples


def _unfiltered(
    header: Header, rows: bytes, unfilter: Callable[[bytes, int, int, int, int], NDArray[Any]]
) -> NDArray[Any]:
    """The samples of an image, (height, width) or (height, width, channels), uint8 or uint16. Raises MaskError."""
    depth, channels = header.depth, header.channels
    try:
        if not header.interlaced:
            return unfilter(rows, header.height, header.width, depth, channels)
        shape = (header.height, header.width, channels)[: 2 + (channels > 1)]
        samples = np.empty(shape, np.uint16 if depth == 16 else np.uint8)
        for place, height, width in header.passes():
            samples[place] = unfilter(rows, height, width, depth, channels)
            rows = rows[height * header.row_bytes(width) :]
    except ValueError as error:
        raise corrupt(str(error)) from error
    return samples


def _unfiltered_by_pillow(header: Header, rows: bytes) -> NDArray[Any]:
    """The same, without the kernel. Of colours with 16 bits a channel Pillow keeps the upper 8."""
    from PIL import Image

    require_known_filters(header, rows)
    image = Image.open(BytesIO(rewritten(header, rows)), formats=["PNG"])
    samples = np.asarray(image)
    if header.depth == 16 and header.kind == GREY:
        return samples.astype(np.uint16)
    if samples.dtype == bool:
        return samples.astype(np.uint8)
    if header.kind == GREY and header.depth < 8:  # Pillow stretches 2- and 4-bit samples to 0..255
        samples = samples // (255 // ((1 << header.depth) - 1))
    return samples.astype(np.uint8)
