"""The way from a frame of the video to the picture a model sees, and back: scale, flip, pad."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vosbench.models.interface import Image, ModelSpec, Normalisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """One view of a video: its ``native`` size, the ``scaled`` one, and that ``padded``, the picture at ``offset``."""

    native: tuple[int, int]
    scaled: tuple[int, int]
    padded: tuple[int, int]
    offset: tuple[int, int]
    flip: bool
    fill: tuple[int, int, int]

    def image(self, image: Image) -> Image:
        """(H, W, 3) uint8 as the model sees it."""
        picture = _resize(image, self.scaled)
        if self.flip:
            picture = np.ascontiguousarray(picture[:, ::-1])
        if self.padded == self.scaled:
            return picture
        import cv2

        (top, left), (height, width) = self.offset, self.padded
        below, right = height - self.scaled[0] - top, width - self.scaled[1] - left
        out = cv2.copyMakeBorder(picture, top, below, left, right, cv2.BORDER_CONSTANT, value=self.fill)
        return out.astype(np.uint8, copy=False)

    def given(self, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
        """An annotated mask (H, W) at the scaled size, unpadded and unflipped: nearest neighbour, so still 0 or 1."""
        import cv2

        size = self.scaled[::-1]
        return cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_NEAREST).astype(np.float32, copy=False)

    def place(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps (K, h, w) of the scaled size, flipped and padded with zeros."""
        out = np.zeros((len(maps), *self.padded), np.float32)
        out[(slice(None), *self._window)] = maps[:, :, ::-1] if self.flip else maps
        return out

    def take(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """The inverse of :meth:`place`."""
        window = maps[(slice(None), *self._window)]
        return window[:, :, ::-1] if self.flip else window

    def to_native(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps (K, h, w) of the scaled size at the video's size, bilinear."""
        return _resize_maps(maps, self.native)

    def to_scaled(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Maps (K, H, W) of the video's size at the scaled size, bilinear."""
        return _resize_maps(maps, self.scaled)

    @property
    def _window(self) -> tuple[slice, slice]:
        (top, left), (height, width) = self.offset, self.scaled
        return slice(top, top + height), slice(left, left + width)


def canvas(spec: ModelSpec, height: int, width: int, *, scale: float = 1.0, flip: bool = False) -> Canvas:
    """The canvas of a model for a video of the given size.

    >>> from vosbench.models.interface import Padding
    >>> canvas(ModelSpec(name="m", padding=Padding(multiple=16)), 480, 854).padded
    (480, 864)
    """
    model_height, model_width = spec.resolution.of(height, width)
    scaled = max(1, round(model_height * scale)), max(1, round(model_width * scale))
    multiple = spec.padding.multiple
    padded = -(-scaled[0] // multiple) * multiple, -(-scaled[1] // multiple) * multiple
    spare = padded[0] - scaled[0], padded[1] - scaled[1]
    offset = (spare[0] // 2, spare[1] // 2) if spec.padding.centred else (0, 0)
    fill = _mean_colour(spec.normalisation) if spec.padding.fill == "mean" else (0, 0, 0)
    return Canvas(native=(height, width), scaled=scaled, padded=padded, offset=offset, flip=flip, fill=fill)


def _mean_colour(normalisation: Normalisation | None) -> tuple[int, int, int]:
    red, green, blue = (normalisation or Normalisation()).mean
    return round(255 * red), round(255 * green), round(255 * blue)


def _resize(image: Image, size: tuple[int, int]) -> Image:
    if image.shape[:2] == size:
        return image
    import cv2

    return cv2.resize(image, size[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8, copy=False)


def _resize_maps(maps: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    if maps.shape[1:] == size:
        return maps
    import cv2

    out = np.empty((len(maps), *size), np.float32)
    for target, source in zip(out, maps, strict=True):
        target[:] = cv2.resize(np.ascontiguousarray(source), size[::-1], interpolation=cv2.INTER_LINEAR)
    return out
