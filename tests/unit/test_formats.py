"""Files called .png that are something else are named as what they are, with a next step."""

import gzip
import json
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from vosbench.masks.formats import format_of
from vosbench.masks.png import MaskError, decode

GREY = Image.fromarray(np.zeros((9, 9), np.uint8))
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


def saved(form):
    file = BytesIO()
    GREY.save(file, form)
    return file.getvalue()


def array():
    file = BytesIO()
    np.save(file, np.zeros(3))
    return file.getvalue()


FILES = {
    "a JPEG": saved("JPEG"),
    "a TIFF": saved("TIFF"),
    "a GIF": saved("GIF"),
    "a BMP": saved("BMP"),
    "a PGM": saved("PPM"),
    "a WebP image": saved("WEBP"),
    "a NumPy array (.npy)": array(),
    "a gzip archive": gzip.compress(b"x"),
    "a pointer of Git LFS: the masks were not fetched": LFS,
    "an HTML page": b"\xef\xbb\xbf\n<!DOCTYPE html><html><body>404</body></html>",
    "an XML document": b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>',
    "a JSON document": json.dumps({"error": "not found"}).encode(),
    "a text": b"404: Not Found\n",
    "a PNG damaged in transfer": b"\x89PNG\n\x1a\n" + bytes(40),
    "100 zero bytes, as an interrupted copy leaves": bytes(100),
    "a video": b"\0\0\0\x18ftypmp42" + bytes(20),
}


@pytest.mark.parametrize("what", FILES)
def test_what_a_file_is_is_said(what):
    with pytest.raises(MaskError) as error:
        decode(FILES[what])
    assert error.value.code == "unreadable-mask"
    assert str(error.value) == f"this is not a PNG file but {what}"
    assert error.value.fix


def test_what_is_unknown_is_not_guessed():
    assert format_of(b"\x01\x02\xff\xfe") == ("", "save masks as palette PNG")


@given(st.binary(max_size=200))
def test_any_bytes_have_a_next_step(data):
    what, fix = format_of(data)
    assert fix
    assert what.isprintable()
