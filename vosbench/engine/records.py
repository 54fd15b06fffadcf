"""Records in a file that grows, each with its length and checksum: whatever tears the last one, the others stand."""

import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

_HEAD = struct.Struct("<QI")


def append(file: int, payload: bytes) -> None:
    """Write a record at the end of an open file. Raises OSError; the file is then as it was."""
    record = memoryview(_HEAD.pack(len(payload), zlib.crc32(payload)) + payload)
    end = os.lseek(file, 0, os.SEEK_END)
    try:
        while record:
            record = record[os.write(file, record) :]
    except OSError:
        os.ftruncate(file, end)
        raise


def read(path: Path, start: int = 0) -> Iterator[tuple[bytes, int]]:
    """The records from a position on, each with the position behind it, up to the first that is torn or damaged."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            length, checksum = _HEAD.unpack(head)
            start += _HEAD.size + length
            if start > size or zlib.crc32(payload := file.read(length)) != checksum:
                return
            yield payload, start
