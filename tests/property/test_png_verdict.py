"""One verdict on a PNG: with the compiled kernel and without, a file gives the same labels or the same refusal."""

import random
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.mutate import damaged_png
from tests.fuzz.seeds import SEEDS
from tests.unit.test_png import COLOURS, GREY, GREY_ALPHA, PALETTE, RGB, RGBA, chunk, filtered
from vosbench.masks import png
from vosbench.masks.png import MaskError, decode

LABELS = np.arange(12, dtype=np.uint8).reshape(3, 4) % 3
PACKED = zlib.compress(filtered(LABELS, [0, 1, 2]))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def header(width=4, height=3, depth=8, kind=PALETTE, compression=0, method=0, interlace=0, tail=b""):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, compression, method, interlace) + tail)


def data(packed=PACKED):
    return chunk(b"IDAT", packed)


HEADER, COLOUR, DATA, END, TEXT = (
    header(),
    chunk(b"PLTE", COLOURS),
    data(),
    chunk(b"IEND", b""),
    chunk(b"tEXt", b"k\0v"),
)
BOMB = chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(10_000_000)))

#: Damaged parts that say nothing about the indices: the mask is read.
HARMLESS = {
    "sound": [COLOUR, DATA],
    "no palette": [DATA],
    "a long palette": [chunk(b"PLTE", COLOURS + bytes(3)), DATA],
    "a palette of no whole colours": [chunk(b"PLTE", b"abcd"), DATA],
    "a late palette": [DATA, COLOUR],
    "two palettes": [COLOUR, COLOUR, DATA],
    **{
        f"a bad {name}": [COLOUR, chunk(name.encode(), b"x"), DATA]
        for name in ("gAMA", "tRNS", "pHYs", "iCCP", "iTXt", "cHRM", "sRGB", "acTL", "fcTL", "fdAT", "eXIf", "zTXt")
    },
    "text that inflates to much": [BOMB, COLOUR, DATA],
    "late text": [COLOUR, DATA, TEXT],
    "two pieces of data": [COLOUR, data(PACKED[:7]), data(PACKED[7:])],
    "an empty piece of data": [COLOUR, data(b""), DATA],
    "rows to spare": [COLOUR, data(zlib.compress(filtered(LABELS, [0, 1, 2]) + bytes(9)))],
    "bytes after the stream": [COLOUR, data(PACKED + b"more")],
    "data after the end": [COLOUR, DATA, END, DATA],
    "a body in the end": [COLOUR, DATA, chunk(b"IEND", b"x")],
}

#: Damage to what decides the indices: the mask is refused.
HARMFUL = {
    "text between data": [HEADER, COLOUR, data(PACKED[:7]), TEXT, data(PACKED[7:])],
    "data, text, data": [HEADER, COLOUR, DATA, TEXT, data(b"x")],
    "a second header": [HEADER, HEADER, COLOUR, DATA],
    "a second header of another size": [HEADER, header(width=2), COLOUR, DATA],
    "a header too long": [header(tail=b"x"), COLOUR, DATA],
    "no header": [COLOUR, DATA],
    "compression 1": [header(compression=1), COLOUR, DATA],
    "filter method 1": [header(method=1), COLOUR, DATA],
    "interlace 2": [header(interlace=2), COLOUR, DATA],
    "3 bits": [header(depth=3), COLOUR, DATA],
    "16-bit palette": [header(depth=16), COLOUR, DATA],
    "kind 5": [header(kind=5), COLOUR, DATA],
    "an unknown critical chunk": [HEADER, COLOUR, chunk(b"CgBI", b"x"), DATA],
    "a chunk without a name": [HEADER, COLOUR, chunk(b"\0\1\2\3", b""), DATA],
    "row filter 5": [HEADER, COLOUR, data(zlib.compress(bytes(10) + b"\5" + bytes(4)))],
    "a wrong checksum of the stream": [HEADER, COLOUR, data(PACKED[:-4] + b"abcd")],
    "a stream cut in its checksum": [HEADER, COLOUR, data(PACKED[:-2])],
    "no data": [HEADER, COLOUR],
}


def verdicts(file, palette=None):
    """The labels, or the words of the refusal, on each path."""
    found = []
    for unfilter in (png.unfilter, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(png, "unfilter", unfilter)
            try:
                labels = decode(file, palette=palette)
            except MaskError as error:
                found.append((error.code, str(error), error.fix))
            else:
                found.append((labels.dtype, labels.tolist()))
    return found


@pytest.mark.parametrize("name", HARMLESS)
def test_what_says_nothing_about_the_indices_is_not_judged(name):
    first, second = verdicts(SIGNATURE + HEADER + b"".join(HARMLESS[name]) + END)
    assert first == second == (np.uint8, LABELS.tolist())


@pytest.mark.parametrize("name", HARMFUL)
def test_what_decides_the_indices_must_be_sound(name):
    first, second = verdicts(SIGNATURE + b"".join(HARMFUL[name]) + END)
    assert first == second
    assert first[0] == "unreadable-mask"


chunks = st.one_of(
    st.sampled_from([HEADER, COLOUR, DATA, END, TEXT, data(PACKED[:7]), data(PACKED[7:])]),
    st.builds(
        chunk,
        st.sampled_from([b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"gAMA", b"acTL", b"fdAT", b"iCCP", b"ABCD", b"abcd"]),
        st.binary(max_size=20),
    ),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(chunks, max_size=7), st.sampled_from([None, "davis"]))
def test_any_order_of_chunks_gets_one_verdict(parts, palette):
    first, second = verdicts(SIGNATURE + HEADER + b"".join(parts) + END, palette)
    assert first == second


@settings(max_examples=400, deadline=None)
@given(
    st.integers(1, 20),
    st.integers(1, 20),
    st.sampled_from([1, 2, 4, 8, 16]),
    st.sampled_from([GREY, RGB, PALETTE, GREY_ALPHA, RGBA]),
    st.integers(0, 1),
    st.integers(0, 2**32),
    st.integers(-3, 3),
    st.sampled_from([None, "davis"]),
)
def test_any_rows_get_one_verdict(width, height, depth, kind, interlace, seed, missing, palette):
    """Random rows of about the length that the header asks for, with all row filters and some unknown ones."""
    rng = np.random.default_rng(seed)
    channels = {GREY: 1, RGB: 3, PALETTE: 1, GREY_ALPHA: 2, RGBA: 4}[kind]
    sound = png.Header(width, height, depth, kind, bool(interlace))
    rows = bytearray()
    for _, h, w in sound.passes():
        step = (w * depth * channels + 7) // 8 + 1
        part = rng.integers(0, 256, (h, step), np.uint8)
        part[:, 0] = rng.integers(0, 6 if seed % 8 == 0 else 5, h)
        rows += part.tobytes()
    rows = bytes(rows[: len(rows) + missing] if missing < 0 else rows + bytes(missing))
    file = SIGNATURE + header(width, height, depth, kind, interlace=interlace) + data(zlib.compress(rows)) + END
    first, second = verdicts(file, palette)
    assert first == second


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_files_get_one_verdict(seed):
    rng, seeds = random.Random(seed), SEEDS["png"]()
    file = damaged_png(rng.choice(seeds), rng, seeds)
    for palette in (None, "davis"):
        first, second = verdicts(file, palette)
        assert first == second
