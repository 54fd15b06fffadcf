"""Records in a growing file, each with its length and checksum.

A damaged last record is skipped; the records before it are kept.
"""

import os
import struct
import zlib
from collections.abc import Iterator

_HEAD = struct.Struct("<QI")


def append(file: int, payload: bytes) -> None:
    """Write a record at the end of an open file. Raises OSError; the file is then as it was."""
    end = os.lseek(file, 0, os.SEEK_END)
    try:
        write(file, _HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
    except OSError:
        os.ftruncate(file, end)
        raise


def write(file: int, data: bytes) -> None:
    """Write all of it where the file stands. Raises OSError."""
    left = memoryview(data)
    while left:
        left = left[os.write(file, left) :]


def read(file: int, start: int = 0) -> Iterator[tuple[bytes, int]]:
    """The records of an open file from a position on, each with the position behind it, up to the first that is torn
    or damaged."""
    size = os.fstat(file).st_size
    while start + _HEAD.size <= size:
        if len(head := _read(file, start, _HEAD.size)) < _HEAD.size:
            return
        length, checksum = _HEAD.unpack(head)
        begin, start = start + _HEAD.size, start + _HEAD.size + length
        if start > size or zlib.crc32(payload := _read(file, begin, length)) != checksum:
            return
        yield payload, start


def _read(file: int, start: int, length: int) -> bytes:
    os.lseek(file, start, os.SEEK_SET)
    data = b""
    while len(data) < length and (more := os.read(file, length - len(data))):
        data += more
    return data
