"""Text files as people write them: UTF-8 with or without a mark, UTF-16 or UTF-32 by its mark, any line ending.

==========================================  ======================================================
the bytes                                   what is read
==========================================  ======================================================
UTF-8                                       the text
a byte order mark, then UTF-8, -16 or -32   the text without the mark
NUL bytes, as UTF-16 has without its mark   :class:`NotText`, which names UTF-16
any other encoding                          :class:`NotText`, which names the first byte and an encoding that fits
==========================================  ======================================================

JSON, TOML, YAML, CSV and plain lists are all read through this module, so that a mark is never part of a name.
"""

import codecs
import re
from pathlib import Path

#: UTF-32 first: its mark in little endian begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LINE_END = re.compile(r"\r\n|\r|\n")
_ADVICE = "save it as UTF-8"


class NotText(ValueError):
    """Bytes that are no text in an encoding that is read. The message names the encoding and says what to do."""


def as_utf8(data: bytes) -> bytes:
    """The same text as UTF-8 without a mark.

    Raises:
        NotText: another encoding.

    >>> as_utf8("ä".encode("utf-16")) == as_utf8("ä".encode("utf-8-sig")) == "ä".encode()
    True
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding).encode()
            except UnicodeError as error:
                raise NotText(f"it begins as {encoding.upper()} but is not ({error}): {_ADVICE}") from error
    if b"\0" in data[:64]:
        raise NotText(f"it holds NUL bytes, as UTF-16 does, but no byte order mark: {_ADVICE}")
    if not data.isascii():
        try:
            data.decode()
        except UnicodeDecodeError as error:
            what = f"byte 0x{data[error.start]:02x} at position {error.start} looks like {_fitting(data)}"
            raise NotText(f"it is not UTF-8: {what}; {_ADVICE}") from error
    return data


def decode(data: bytes) -> str:
    """The text of some bytes. Raises NotText.

    >>> decode(b"\\xef\\xbb\\xbfa\\n")
    'a\\n'
    """
    return as_utf8(data).decode()


def read_text(path: Path) -> str:
    """The text of a file. Raises OSError, or NotText for an encoding that is not read."""
    return decode(path.read_bytes())


def lines(text: str) -> list[str]:
    """The lines of a list: without blank lines, and without comments, which begin with "#".

    A line is one name: spaces in it are part of the name, spaces around it are not.

    >>> lines("# mine\\r\\nmy video\\r\\n\\r\\nother  ")
    ['my video', 'other']
    """
    stripped = (line.strip() for line in _LINE_END.split(text))
    return [line for line in stripped if line and not line.startswith("#")]


def _fitting(data: bytes) -> str:
    """The name of an encoding that these bytes, which are not UTF-8, are likely to be in."""
    if re.search(rb"[\x82\x83]", data) and _decodes(data, "shift_jis"):
        return "Shift JIS"
    beside_letters = re.search(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]", data)
    pairs = all(len(run) % 2 == 0 for run in re.findall(rb"[\x80-\xff]+", data[: 1 << 16]))
    if pairs and not beside_letters:  # two bytes a character
        for encoding, name in (("gb18030", "GBK (GB 18030)"), ("euc_jp", "EUC-JP"), ("euc_kr", "EUC-KR")):
            if _decodes(data, encoding):
                return name
    return "Windows-1252 (Latin-1)"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
