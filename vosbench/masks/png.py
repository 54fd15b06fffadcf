"""PNG files to label maps: indices, never colours.

======================  ==========================================================================
palette, 1 to 8 bit     the palette indices
grey, 1 to 8 bit        the sample values as stored (1 bit: 0 and 1; not stretched to 255)
grey, 16 bit            the sample values; uint8 if they all fit
RGB                     refused, unless a palette is named: then exact colours are looked up
anything else           refused
======================  ==========================================================================

Most masks are non-interlaced palette or grey images of at most 8 bits; where the compiled kernel is there, these are
inflated and unfiltered directly. Everything else goes through Pillow, which is also the judge of the direct path.
Both paths give the same labels and refuse the same files.
"""

import struct
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from vosbench.masks.palette import PALETTES
from vosbench.types import LabelMap

if TYPE_CHECKING:
    from PIL.Image import Image

unfilter: Callable[[bytes, int, int, int], NDArray[np.uint8]] | None
try:
    from vosbench.kernel import compiled

    unfilter = compiled.unfilter
except ImportError:
    unfilter = None

#: Larger images are refused before anything is allocated (8k × 8k).
MAX_PIXELS = 1 << 26

#: A file of more chunks is refused: encoders write some kilobytes into each, and empty ones cost time for nothing.
MAX_CHUNKS = 1 << 16

_MAX_INFLATION = 1032  # of deflate
_HARMLESS = 64 << 20  # bytes that may be inflated without looking
_BLOCK = 1 << 20  # pixels whose colours are looked up at once

_INFLATE_ERROR: type[Exception] = zlib_ng.error  # type: ignore[assignment]
_CHUNK = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _RGB, _PALETTE = 0, 2, 3
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}


class MaskError(ValueError):
    """A file that is no usable mask: ``code`` and ``fix`` as in :class:`vosbench.errors.Problem`."""

    def __init__(self, code: str, message: str, fix: str) -> None:
        super().__init__(message)
        self.code, self.fix = code, fix


class Header(NamedTuple):
    """What the first 33 bytes of a PNG say."""

    width: int
    height: int
    depth: int
    kind: int
    interlaced: bool

    def __str__(self) -> str:
        return f"{self.depth}-bit {_KINDS.get(self.kind, 'unknown')} PNG"


def read_header(data: bytes) -> Header:
    """Parse the signature and the IHDR chunk. Raises MaskError for anything that is no PNG or absurdly large."""
    if not data:
        raise MaskError("unreadable-mask", "the file is empty", "write the mask again")
    if data[:8] != _SIGNATURE:
        raise MaskError("unreadable-mask", "this is not a PNG file", "save masks as palette PNG")
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise _truncated()
    width, height, depth, kind, _, _, interlace = struct.unpack(">IIBBBBB", data[16:29])
    if width * height == 0 or width * height > MAX_PIXELS:
        raise MaskError("unreadable-mask", f"the image claims {width} x {height} pixels", "check how it was written")
    return Header(width, height, depth, kind, bool(interlace))


def decode(data: bytes, *, palette: str | None = None) -> LabelMap:
    """Decode the bytes of a PNG file to object indices.

    Args:
        data: the whole file.
        palette: name of the palette whose exact colours an RGB file uses, one of ``PALETTES``.

    Returns:
        (H, W) uint8, or uint16 where a 16-bit file holds indices above 255.

    Raises:
        MaskError: truncated, corrupt or empty data, no PNG, RGB without a palette, colours the palette does not have.
    """
    header = read_header(data)
    packed = _image_data(data)
    if len(packed) * _MAX_INFLATION < header.width * header.height * header.depth * _SAMPLES.get(header.kind, 1) // 8:
        raise _truncated()  # before anything of the size it claims is allocated
    if header.kind == _RGB and palette:
        return _from_colours(_open(data), palette)
    if header.kind not in (_GREY, _PALETTE):
        raise MaskError(
            "not-an-index-mask",
            f"this is a {header}: colours are not object indices",
            "save masks as palette PNG, or name the exact palette of the colours: --palette davis",
        )
    if unfilter and header.depth <= 8 and not header.interlaced:
        return _decode_directly(packed, header, unfilter)
    return _decode_with_pillow(data, header)


def _decode_directly(
    packed: bytes, header: Header, unfilter: Callable[[bytes, int, int, int], NDArray[np.uint8]]
) -> LabelMap:
    expected = header.height * ((header.width * header.depth + 7) // 8 + 1)
    try:
        if len(packed) * _MAX_INFLATION <= max(4 * expected, _HARMLESS):
            raw = zlib_ng.decompress(packed, bufsize=expected)
        else:  # could inflate to far more than the image
            raw = zlib_ng.decompressobj().decompress(packed, expected)
        if len(raw) < expected:
            raise _truncated()
        return unfilter(raw, header.height, header.width, header.depth)
    except MaskError:
        raise
    except (_INFLATE_ERROR, ValueError) as error:
        raise MaskError("unreadable-mask", f"the image data is corrupt ({error})", "write the mask again") from error


def _image_data(data: bytes) -> bytes:
    """The concatenated IDAT chunks; every chunk's checksum is verified, as Pillow does not do for image data."""
    parts = []
    view = memoryview(data)
    at = 8
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise _truncated()
        size, kind = _CHUNK.unpack_from(data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            raise _truncated()
        if zlib_ng.crc32(view[at + 4 : end]) != _CHECKSUM.unpack_from(data, end)[0]:
            raise MaskError("unreadable-mask", "a chunk fails its checksum", "copy or write the mask again")
        if kind == b"IDAT":
            parts.append(data[at + 8 : end])
        elif kind == b"IEND":
            return parts[0] if len(parts) == 1 else b"".join(parts)
        at = end + 4
    raise MaskError("unreadable-mask", f"it has more than {MAX_CHUNKS} chunks", "write the mask again")


def _decode_with_pillow(data: bytes, header: Header) -> LabelMap:
    image = _open(data)
    labels = np.array(image)
    if labels.dtype == bool:
        return labels.astype(np.uint8)
    if header.depth == 16:
        labels = labels.astype(np.uint16)
        return labels.astype(np.uint8) if labels.max() < 256 else labels
    if header.kind == _GREY and header.depth < 8:  # Pillow stretches 2- and 4-bit samples to 0..255
        labels = labels // (255 // ((1 << header.depth) - 1))
    return labels.astype(np.uint8)


def _open(data: bytes) -> "Image":
    from PIL import Image as pillow

    try:
        image = pillow.open(BytesIO(data), formats=["PNG"])
        image.load()
    except Exception as error:  # Pillow raises OSError, SyntaxError, ValueError, EOFError, zlib.error and more
        raise MaskError("unreadable-mask", f"the image data is corrupt ({error})", "write the mask again") from error
    return image


def _from_colours(image: "Image", palette: str) -> NDArray[np.uint8]:
    """Indices of exact colours, some rows at a time: their codes take sixteen times the memory of the indices."""
    entries = PALETTES[palette]().tolist()
    index = {r << 16 | g << 8 | b: i for i, (r, g, b) in reversed(list(enumerate(entries)))}
    known = np.array(sorted(index), np.int32)
    labels = np.array([index[code] for code in known.tolist()], np.uint8)
    width, height = image.size
    out = np.empty((height, width), np.uint8)
    unknown: set[int] = set()
    step = max(1, _BLOCK // width)
    for top in range(0, height, step):
        rgb = np.asarray(image.crop((0, top, width, min(top + step, height))).convert("RGB")).astype(np.int32)
        codes = rgb[..., 0] << 16 | rgb[..., 1] << 8 | rgb[..., 2]
        at = np.searchsorted(known, codes).clip(max=len(known) - 1)
        unknown |= set(np.unique(codes[known[at] != codes])[:4].tolist())
        out[top : top + step] = labels[at]
    if unknown:
        few = ", ".join(f"#{code:06x}" for code in sorted(unknown)[:3])
        raise MaskError(
            "unknown-colour",
            f"the {palette} palette has no {few}{' …' * (len(unknown) > 3)}",
            "save masks as palette PNG without interpolation or compression to JPEG in between",
        )
    return out


def _truncated() -> MaskError:
    return MaskError("unreadable-mask", "the file is truncated", "copy or write the mask again")
