"""PNG bytes to label maps: every kind of PNG, the direct path against Pillow, and every way a file can be broken."""

import struct
import tracemalloc
import zlib
from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from vosbench.masks import png
from vosbench.masks.palette import PALETTES, davis_palette
from vosbench.masks.png import MaskError, decode

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
COLOURS = bytes(range(256)) * 3


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_bytes(width, height, depth, kind, rows, *, interlace=0, parts=1, data=None):
    """A PNG file around filtered rows."""
    packed = zlib.compress(rows) if data is None else data
    step = -(-len(packed) // parts)
    body = b"".join(chunk(b"IDAT", packed[i : i + step]) for i in range(0, len(packed), step))
    palette = chunk(b"PLTE", COLOURS[: 3 << depth]) if kind == PALETTE else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + header + palette + body + chunk(b"IEND", b"")


def filtered(packed, filters, step=1):
    """Apply one PNG row filter to each row of bytes, as the specification defines them for pixels of ``step`` bytes."""
    above, rows = np.zeros(packed.shape[1], int), []
    for row, kind in zip(packed.astype(int), filters, strict=True):
        none = np.zeros(step, int)
        left, corner = np.append(none, row[:-step]), np.append(none, above[:-step])
        estimate = left + above - corner
        distance = np.abs(np.stack([left, above, corner]) - estimate)
        paeth = np.choose(distance.argmin(0), [left, above, corner])
        guess = [np.zeros_like(row), left, above, (left + above) // 2, paeth][kind]
        rows.append(bytes([kind]) + ((row - guess) % 256).astype(np.uint8).tobytes())
        above = row
    return b"".join(rows)


def pack(labels, depth):
    """Rows of samples as PNG packs them, leftmost in the highest bits."""
    if depth == 8:
        return labels
    bits = (labels[..., None] >> np.arange(depth)[::-1] & 1).reshape(len(labels), -1)
    return np.packbits(bits.astype(np.uint8), axis=1)


def saved(image, **options):
    file = BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


@pytest.fixture(params=["direct", "pillow"])
def path(request, monkeypatch):
    """Both ways to read a PNG; the second serves where the kernel is not compiled."""
    if request.param == "pillow":
        monkeypatch.setattr(png, "unfilter", None)
    return request.param


IDS = np.array([[0, 1, 2, 3], [3, 0, 255, 128]], np.uint8)


# ------------------------------------------------------------------ kinds


@settings(max_examples=150, deadline=None)
@given(
    st.integers(1, 70), st.integers(1, 9), st.sampled_from([1, 2, 4, 8]), st.sampled_from([GREY, PALETTE]),
    st.integers(1, 3), st.data(),
)  # fmt: skip
def test_every_filter_and_depth_gives_the_samples_on_both_paths(width, height, depth, kind, parts, data):
    labels = np.random.default_rng(data.draw(st.integers(0, 2**32))).integers(0, 1 << depth, (height, width))
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    rows = filtered(pack(labels.astype(np.uint8), depth), filters)
    file = png_bytes(width, height, depth, kind, rows, parts=parts)
    for unfilter in (png.unfilter, None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(png, "unfilter", unfilter)
            found = decode(file)
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, labels)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png_gives_indices(path, bits):
    labels = (IDS % (1 << bits)).astype(np.uint8) if bits < 8 else IDS
    image = Image.fromarray(labels)
    image.putpalette(davis_palette()[: 1 << bits].tobytes())
    assert decode(saved(image, bits=bits)).tolist() == labels.tolist()


def test_grey_png_gives_sample_values(path):
    assert decode(saved(Image.fromarray(IDS))).tolist() == IDS.tolist()


def test_one_bit_png_gives_0_and_1(path):
    assert decode(saved(Image.fromarray(IDS > 0))).tolist() == (IDS > 0).astype(int).tolist()


@pytest.mark.parametrize(("factor", "kind"), [(1, np.uint8), (257, np.uint16)])
def test_16_bit_grey_keeps_its_values_and_is_narrow_where_they_fit(path, factor, kind):
    labels = IDS.astype(np.uint16) * factor
    found = decode(saved(Image.fromarray(labels)))
    assert (found.dtype, found.tolist()) == (kind, labels.tolist())


def test_interlaced_png(path):
    labels = np.arange(1, 9, dtype=np.uint8).reshape(1, 8).repeat(8, 0)
    grid = np.full((8, 8), -1)
    rows = b""
    for y, x, dy, dx in (
        (0, 0, 8, 8),
        (0, 4, 8, 8),
        (4, 0, 8, 4),
        (0, 2, 4, 4),
        (2, 0, 4, 2),
        (0, 1, 2, 2),
        (1, 0, 2, 1),
    ):
        grid[y::dy, x::dx] = labels[y::dy, x::dx]
        rows += filtered(labels[y::dy, x::dx], [0] * len(labels[y::dy, x::dx]))
    assert (grid == labels).all()
    assert decode(png_bytes(8, 8, 8, PALETTE, rows, interlace=1)).tolist() == labels.tolist()


@pytest.mark.parametrize("name", sorted(PALETTES))
def test_rgb_is_looked_up_in_an_exact_palette(name):
    colours = PALETTES[name]()
    labels = np.arange(len(colours), dtype=np.uint8).reshape(2, -1)
    file = saved(Image.fromarray(colours[labels]))
    assert decode(file, palette=name).tolist() == labels.tolist()


def test_rgb_with_a_colour_the_palette_lacks_is_refused():
    rgb = davis_palette()[IDS].copy()
    rgb[0, 1] += 1
    with pytest.raises(MaskError, match="the davis palette has no #810101") as error:
        decode(saved(Image.fromarray(rgb)), palette="davis")
    assert error.value.code == "unknown-colour"


# ------------------------------------------------------------------ broken files

WHOLE = png_bytes(40, 30, 8, PALETTE, filtered(np.random.default_rng(0).integers(0, 9, (30, 40)), [4] * 30), parts=2)
COLOURED = saved(Image.fromarray(davis_palette()[np.random.default_rng(0).integers(0, 9, (30, 40))]))


def test_cut_at_any_byte_is_refused(path):
    assert decode(WHOLE).shape == (30, 40)
    for n in range(len(WHOLE)):
        with pytest.raises(MaskError) as error:
            decode(WHOLE[:n])
        assert error.value.code == "unreadable-mask"


def test_rgb_cut_at_any_byte_is_refused():
    assert decode(COLOURED, palette="davis").shape == (30, 40)
    for n in range(len(COLOURED)):
        with pytest.raises(MaskError):
            decode(COLOURED[:n], palette="davis")


@pytest.mark.parametrize("broken", [WHOLE, COLOURED], ids=["palette", "rgb"])
def test_a_flipped_bit_is_refused_wherever_it_is(path, broken):
    """Every chunk has a checksum, so nothing passes unseen."""
    for n in range(0, 8 * len(broken), 7):
        data = bytearray(broken)
        data[n // 8] ^= 1 << n % 8
        with pytest.raises(MaskError):
            decode(bytes(data), palette="davis")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_labels_or_a_mask_error(data, with_signature):
    head = WHOLE[:33] if with_signature else b""
    with pytest.raises(MaskError):
        decode(head + data)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 40),
    st.integers(0, 40),
    st.integers(0, 17),
    st.integers(0, 7),
    st.integers(0, 2),
    st.binary(max_size=90),
)
def test_a_sound_file_around_nonsense_gives_labels_of_its_shape_or_a_mask_error(w, h, depth, kind, interlace, rows):
    """All checksums are right; what they protect is not."""
    try:
        found = decode(png_bytes(w, h, depth, kind, rows, interlace=interlace), palette="davis")
    except MaskError:
        return
    assert found.shape == (h, w)
    assert found.dtype in (np.uint8, np.uint16)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"what is this\xff", "this is not a PNG file$"),
        (png_bytes(4, 1, 16, PALETTE, bytes(9)), "its header is not valid"),
        (png_bytes(4, 1, 8, PALETTE, bytes(5), interlace=2), "its header is not valid"),
        (WHOLE[:20], "truncated"),
        (WHOLE[:60], "truncated"),
        (png_bytes(40, 30, 8, PALETTE, bytes(100)), "truncated"),
        (png_bytes(4, 1, 8, PALETTE, bytes([7, 0, 0, 0, 0])), "corrupt"),
        (png_bytes(4, 1, 8, PALETTE, b"", data=b"not deflate"), "corrupt"),
        (png_bytes(0, 1, 8, PALETTE, b""), "claims 0 x 1 pixels"),
    ],
)
def test_what_is_wrong_is_said(data, message):
    with pytest.raises(MaskError, match=message) as error:
        decode(data)
    assert error.value.fix


# ------------------------------------------------------------------ bombs


def refused_with(data):
    """Decode something that must be refused; the peak of memory in MB."""
    tracemalloc.start()
    with pytest.raises(MaskError):
        decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


@pytest.mark.parametrize("size", [(1 << 31, 1 << 31), (50_000, 50_000)])
def test_a_claim_of_absurd_size_is_refused_from_the_header(path, size):
    megabytes = refused_with(png_bytes(*size, 8, GREY, b"", data=zlib.compress(bytes(10_000_000))))
    assert megabytes < 1


@pytest.mark.parametrize("interlace", [0, 1])
def test_a_claim_the_data_cannot_fulfil_costs_nothing(path, interlace):
    megabytes = refused_with(png_bytes(11_000, 11_000, 8, GREY, bytes(100), interlace=interlace))
    assert megabytes < 10


def test_data_that_inflates_far_beyond_the_image_is_not_inflated():
    deflate = zlib.compressobj(1)
    bomb = b"".join([*(deflate.compress(bytes(1 << 24)) for _ in range(16)), deflate.flush()])  # a quarter of a GB
    tracemalloc.start()
    found = decode(png_bytes(20, 20, 8, GREY, b"", data=bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (found.shape, found.any()) == ((20, 20), False)
    assert peak < 10e6
