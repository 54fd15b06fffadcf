"""The colours a label map is shown in: the PASCAL VOC colour map, which DAVIS and YouTube-VOS took over."""

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
