"""What a file is that is called .png and is not one: named by its first bytes, with what to do about it."""

from collections.abc import Iterable
from pathlib import PurePosixPath

_AS_PNG = "save masks as palette PNG"
_LOSSY = "write the masks again as palette PNG; renaming is not enough, and JPEG has changed their values"
_CONVERT = "convert it to palette PNG; renaming is not enough"
_FETCH = "fetch the file again: this is what a server answered in its place"

#: First bytes, what they mean, and the next step.
_FORMATS = (
    (b"\xff\xd8\xff", "a JPEG", _LOSSY),
    (b"II*\0", "a TIFF", _CONVERT),
    (b"MM\0*", "a TIFF", _CONVERT),
    (b"II+\0", "a TIFF", _CONVERT),
    (b"MM\0+", "a TIFF", _CONVERT),
    (b"GIF8", "a GIF", _CONVERT),
    (b"BM", "a BMP", _CONVERT),
    (b"P4", "a PBM", _CONVERT),
    (b"P5", "a PGM", _CONVERT),
    (b"P6", "a PPM", _CONVERT),
    (b"\0\0\x01\0", "an icon", _CONVERT),
    (b"8BPS", "a Photoshop file", _CONVERT),
    (b"\0\0\0\x0cjP", "a JPEG 2000", _LOSSY),
    (b"\xff\x0a", "a JPEG XL", _LOSSY),
    (b"qoif", "a QOI image", _CONVERT),
    (b"\x93NUMPY", "a NumPy array (.npy)", _CONVERT),
    (b"\x89HDF", "an HDF5 file", _CONVERT),
    (b"MATLAB", "a MATLAB file", _CONVERT),
    (b"\x80\x04", "a pickled Python object", _CONVERT),
    (b"%PDF", "a PDF", _CONVERT),
    (b"PK\x03\x04", "a zip archive", "unpack it, and give its masks"),
    (b"PK\x05\x06", "an empty zip archive", "unpack it, and give its masks"),
    (b"\x1f\x8b", "a gzip archive", "unpack it, and give its masks"),
    (b"7z\xbc\xaf", "a 7z archive", "unpack it, and give its masks"),
    (b"Rar!", "a RAR archive", "unpack it, and give its masks"),
    (b"\0\x05\x16\x07", "an AppleDouble file (what macOS keeps beside a file)", "leave ._ files out"),
    (b"version https://git-lfs", "a pointer of Git LFS: the masks were not fetched", "run `git lfs pull` there"),
    (b"\x89PNG", "a PNG damaged in transfer", "copy it again as a binary file, not as text"),
    (b"\r\nPNG", "a PNG damaged in transfer", "copy it again as a binary file, not as text"),
    (b"\xef\xbf\xbdPNG", "a PNG damaged in transfer", "copy it again as a binary file, not as text"),
)

_RIFF = {b"WEBP": ("a WebP image", _CONVERT), b"AVI ": ("a video", "write one palette PNG a frame")}
_FTYP = {
    b"avif": ("an AVIF image", _LOSSY),
    b"heic": ("a HEIC image", _LOSSY),
    b"mif1": ("a HEIC image", _LOSSY),
}
_LOOKED_AT = 1024

#: Endings of files that people hand over in place of masks, and the next step.
_ENDINGS = {
    **dict.fromkeys(("jpg", "jpeg"), "write masks as palette PNG: JPEG has changed their values"),
    **dict.fromkeys(("tif", "tiff", "gif", "bmp", "webp", "pgm", "ppm"), "convert the masks to palette PNG"),
    **dict.fromkeys(("mp4", "avi", "mov", "mkv", "webm"), "write one palette PNG a frame: a video changes labels"),
    **dict.fromkeys(("npy", "npz", "mat", "h5", "pkl", "pt"), "write one palette PNG a frame from the arrays"),
    "json": "give the JSON document itself, if it holds instances",
}


def instead_of_masks(paths: Iterable[str]) -> tuple[str, str]:
    """What files there are where masks were looked for, "" if none, and the next step, "" if there is no special one.

    >>> instead_of_masks(["a/0.jpg", "a/1.JPG", "notes.txt"])[0]
    '2 .jpg files (a/0.jpg, …)'
    """
    by_ending: dict[str, list[str]] = {}
    for path in paths:
        by_ending.setdefault(PurePosixPath(path).suffix.lower().removeprefix("."), []).append(path)
    by_ending.pop("", None)
    if not by_ending:
        return "", ""
    ending, found = max(by_ending.items(), key=lambda item: (item[0] in _ENDINGS, len(item[1])))
    few = f"{found[0]}{', …' * (len(found) > 1)}"
    return f"{len(found)} .{ending} file{'s' * (len(found) > 1)} ({few})", _ENDINGS.get(ending, "")


def format_of(data: bytes) -> tuple[str, str]:
    """What a file is that is no PNG, "" if that is unknown, and the next step.

    >>> format_of(b"GIF89a")[0]
    'a GIF'
    >>> format_of(b"")[0]
    ''
    """
    head = data[:_LOOKED_AT]
    if head[:4] == b"RIFF" and head[8:12] in _RIFF:
        return _RIFF[head[8:12]]
    if head[4:8] == b"ftyp":
        return _FTYP.get(head[8:12], ("a video", "write one palette PNG a frame"))
    for first, what, fix in _FORMATS:
        if head.startswith(first):
            return what, fix
    if data and not any(data):
        return f"{len(data)} zero bytes, as an interrupted copy leaves", "copy the file again"
    return _text(head)


def _text(head: bytes) -> tuple[str, str]:
    """The kind of text a file is, if it is one."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page", _FETCH
    if start.startswith((b"<?xml", b"<svg", b"<error")):
        return "an XML document", _FETCH
    if start.startswith((b"{", b"[")):
        return "a JSON document", _FETCH
    if start and start.isascii() and not set(start) & {*range(9), *range(14, 32), 127}:
        return "a text", _FETCH
    return "", _AS_PNG
