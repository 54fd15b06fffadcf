"""The structure of a PNG file: header, chunks and rows. It alone decides which files are refused, however pixels are
decoded afterwards.

What decides the indices is judged: the header, and the image data. What does not is not: ancillary chunks (names in
lower case, such as text, profiles, animation) are skipped whatever they hold, and a palette of any length is taken.

=====================================================  =======================================
empty file, other format, cut anywhere                 refused
a chunk that fails its checksum                        refused, also after the image data
an invalid header, a second one, method numbers but 0  refused
image data interrupted by another chunk                refused
an unknown critical chunk                              refused
image data short, not deflate, of unknown row filters  refused
bytes after the last row, or after the end of the file  ignored
=====================================================  =======================================

Source: PNG specification, third edition (W3C 2025).
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from zlib_ng import zlib_ng

from vosbench.masks.formats import format_of

#: Larger images are refused before anything is allocated (8k × 8k).
MAX_PIXELS = 1 << 26

#: A file of more chunks is refused: encoders write some kilobytes into each, and empty ones cost time for nothing.
MAX_CHUNKS = 1 << 16

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6

_CHANNELS = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}
_NAMES = {GREY: "grey", RGB: "RGB", PALETTE: "palette", GREY_ALPHA: "grey with alpha", RGBA: "RGBA"}
_DEPTHS = {GREY: (1, 2, 4, 8, 16), RGB: (8, 16), PALETTE: (1, 2, 4, 8), GREY_ALPHA: (8, 16), RGBA: (8, 16)}
_ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))

_MAX_INFLATION = 1032  # of deflate
_HARMLESS = 64 << 20  # bytes that may be inflated without looking
_LAST_FILTER = 4

_INFLATE_ERROR: type[Exception] = zlib_ng.error  # type: ignore[assignment]
_CHUNK = struct.Struct(">I4s")
_CHECKSUM = struct.Struct(">I")
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_FIRST = 33  # bytes of the signature and of the header's chunk


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
        return f"{self.depth}-bit {_NAMES.get(self.kind, 'unknown')} PNG"

    @property
    def channels(self) -> int:
        """Samples a pixel."""
        return _CHANNELS[self.kind]

    def passes(self) -> Iterator[tuple[tuple[slice, slice], int, int]]:
        """For each part that is stored on its own: the pixels it holds, its height and its width."""
        for top, left, down, right in _ADAM7 if self.interlaced else ((0, 0, 1, 1),):
            height, width = -(-(self.height - top) // down), -(-(self.width - left) // right)
            if height > 0 and width > 0:
                yield (slice(top, None, down), slice(left, None, right)), height, width

    def row_bytes(self, width: int) -> int:
        """Bytes of a stored row of ``width`` pixels, its filter number included."""
        return (width * self.depth * self.channels + 7) // 8 + 1

    @property
    def stored_bytes(self) -> int:
        """Bytes of all stored rows."""
        return sum(height * self.row_bytes(width) for _, height, width in self.passes())


class PngFile(NamedTuple):
    """A file taken apart: its header, the colours of its palette (3 bytes each), and the deflated rows."""

    header: Header
    palette: bytes
    packed: bytes


def read_header(data: bytes) -> Header:
    """Parse the signature and the IHDR chunk. Raises MaskError for anything that is no PNG or absurdly large."""
    if not data:
        raise MaskError("unreadable-mask", "the file is empty", "write the mask again")
    if data[:8] != _SIGNATURE:
        what, fix = format_of(data)
        raise MaskError("unreadable-mask", f"this is not a PNG file{what and f' but {what}'}", fix)
    if len(data) < _FIRST:
        raise truncated()
    if data[8:16] != b"\0\0\0\x0dIHDR":
        raise corrupt("it does not begin with a header")
    width, height, depth, kind, compression, method, interlace = struct.unpack(">IIBBBBB", data[16:29])
    if width * height == 0 or width * height > MAX_PIXELS:
        raise MaskError("unreadable-mask", f"the image claims {width} x {height} pixels", "check how it was written")
    if depth not in _DEPTHS.get(kind, ()) or compression or method or interlace > 1:
        raise corrupt("its header is not valid")
    return Header(width, height, depth, kind, bool(interlace))


def read_chunks(data: bytes) -> PngFile:
    """Take a file apart. Every checksum is verified. Raises MaskError."""
    header = read_header(data)
    view = memoryview(data)
    parts: list[bytes] = []
    palette, after, at = b"", False, 8
    for _ in range(MAX_CHUNKS):
        if at + 12 > len(data):
            raise truncated()
        size, kind = _CHUNK.unpack_from(data, at)
        end = at + 8 + size
        if end + 4 > len(data):
            raise truncated()
        if zlib_ng.crc32(view[at + 4 : end]) != _CHECKSUM.unpack_from(data, end)[0]:
            raise MaskError("unreadable-mask", "a chunk fails its checksum", "copy or write the mask again")
        if kind == b"IDAT":
            if after:
                raise corrupt("other chunks interrupt it")
            parts.append(data[at + 8 : end])
        elif kind == b"IEND":
            return PngFile(header, palette, parts[0] if len(parts) == 1 else b"".join(parts))
        else:
            after = bool(parts)
            if kind == b"PLTE":
                palette = palette or data[at + 8 : end]
            elif not kind.isalpha() or (kind[:1].isupper() and at > 8):
                raise corrupt(f"it has an unknown or misplaced chunk {ascii(kind)[1:]}")
        at = end + 4
    raise MaskError("unreadable-mask", f"it has more than {MAX_CHUNKS} chunks", "write the mask again")


def stored_rows(file: PngFile) -> bytes:
    """The inflated rows, each after its filter number; at least as many bytes as the header says. Raises MaskError."""
    packed, expected = file.packed, file.header.stored_bytes
    if len(packed) * _MAX_INFLATION < expected:
        raise truncated()  # before anything of the size it claims is allocated
    try:
        if len(packed) * _MAX_INFLATION <= max(4 * expected, _HARMLESS):
            rows = zlib_ng.decompress(packed, bufsize=expected)
        else:  # could inflate to far more than the image
            rows = zlib_ng.decompressobj().decompress(packed, expected)
    except _INFLATE_ERROR as error:
        raise corrupt(str(error)) from error
    if len(rows) < expected:
        raise truncated()
    return rows


def require_known_filters(header: Header, rows: bytes) -> None:
    """Raise MaskError for a row whose filter no decoder knows."""
    at = 0
    for _, height, width in header.passes():
        step = header.row_bytes(width)
        if np.frombuffer(rows, np.uint8, height * step, at)[::step].max() > _LAST_FILTER:
            raise corrupt("unknown row filter")
        at += height * step


def rewritten(header: Header, rows: bytes) -> bytes:
    """A PNG file of these rows and nothing else: what is left to another decoder is to undo the filters."""
    method = struct.pack(">IIBBBBB", *header[:4], 0, 0, header.interlaced)
    packed = zlib_ng.compress(memoryview(rows)[: header.stored_bytes], 0)
    chunks = ((b"IHDR", method), (b"IDAT", packed), (b"IEND", b""))
    return _SIGNATURE + b"".join(
        _CHUNK.pack(len(body), kind) + body + _CHECKSUM.pack(zlib_ng.crc32(body, zlib_ng.crc32(kind)))
        for kind, body in chunks
    )


def corrupt(why: str) -> MaskError:
    """The error for a file whose image data cannot be trusted."""
    return MaskError("unreadable-mask", f"the image data is corrupt ({why})", "write the mask again")


def truncated() -> MaskError:
    """The error for a file that ends too soon."""
    return MaskError("unreadable-mask", "the file is truncated", "copy or write the mask again")
