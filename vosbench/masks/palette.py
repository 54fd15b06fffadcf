"""The colours a label map is shown in: the PASCAL VOC colour map, which DAVIS and YouTube-VOS took over."""

from collections.abc import Callable, Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray


@cache
def davis_palette() -> NDArray[np.uint8]:
    """The 256 RGB colours of the DAVIS palette, uint8 of shape (256, 3), read-only.

    An index is read as eight bits. Bits 0, 1, 2 are the top bits of red, green and blue, bits 3, 4, 5 their second
    highest, bits 6 and 7 the third highest of red and green; so small indices get colours far apart.

    Source: the ``VOCcolormap`` of the PASCAL VOC development kit (Everingham et al., IJCV 2010).

    >>> davis_palette()[:4].tolist()
    [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0]]
    """
    index = np.arange(256)
    palette = np.zeros((256, 3), dtype=np.uint8)
    for bit in range(8):
        palette[:, bit % 3] |= ((index >> bit & 1) << 7 - bit // 3).astype(np.uint8)
    palette.flags.writeable = False
    return palette


def youtube_vos_palette() -> NDArray[np.uint8]:
    """The first 16 RGB colours of the palette in YouTube-VOS annotation files, uint8 of shape (16, 3)."""
    first = "000000 ec5f67 f99157 fac863 99c794 62b3b2 6699cc c594c5 ab7967 ffffff 65737e"
    named = [list(bytes.fromhex(colour)) for colour in first.split()]
    return np.array(named + [[grey] * 3 for grey in range(11, 16)], np.uint8)


def lvos_palette() -> NDArray[np.uint8]:
    """The RGB colours in LVOS annotation files, uint8 (22, 3): those of DAVIS with 191 instead of 192."""
    colours = davis_palette()[:22].copy()
    colours[colours == 192] = 191
    return colours


def _exchanged(palette: Callable[[], NDArray[np.uint8]]) -> Callable[[], NDArray[np.uint8]]:
    """The palette with red and blue exchanged, as files have it whose writer takes colours for BGR (OpenCV)."""
    return lambda: palette()[:, ::-1]


_AS_RGB: Mapping[str, Callable[[], NDArray[np.uint8]]] = {
    "davis": davis_palette,
    "youtube-vos": youtube_vos_palette,
    "lvos": lvos_palette,
}

#: Palettes by the name a user gives; each also with red and blue exchanged.
PALETTES: Mapping[str, Callable[[], NDArray[np.uint8]]] = {
    **_AS_RGB,
    **{f"{name}-bgr": _exchanged(palette) for name, palette in _AS_RGB.items()},
}
