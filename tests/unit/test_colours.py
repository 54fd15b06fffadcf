"""Masks stored as colours: read where it is certain, else refused with a step that works when it is followed."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.test_png import GREY_ALPHA, RGB, RGBA, filtered, png_bytes, saved
from vosbench.masks import png
from vosbench.masks.palette import PALETTES, davis_palette
from vosbench.masks.png import MaskError, decode

IDS = np.array([[0, 1, 2, 3], [3, 0, 4, 128]], np.uint8)
COLOURS = davis_palette()[IDS]


@pytest.fixture(autouse=True, params=["direct", "pillow"])
def path(request, monkeypatch):
    """Both ways to read a PNG; the second serves where the kernel is not compiled."""
    if request.param == "pillow":
        monkeypatch.setattr(png, "unfilter", None)
    return request.param


def with_alpha(channels, alpha=255):
    return np.dstack([channels, np.full(channels.shape[:2], alpha, np.uint8)])


def refused(data, **options):
    with pytest.raises(MaskError) as error:
        decode(data, **options)
    return error.value


# ------------------------------------------------------------------ read where it is certain


@pytest.mark.parametrize("palette", [None, *PALETTES])
@pytest.mark.parametrize("values", [[0, 1, 2, 3], [0, 254], [7, 9]])
def test_grey_in_every_dress_gives_its_values(palette, values):
    """One channel, three equal ones, with an opaque alpha channel: other tools write one mask in all these ways."""
    grey = np.resize(np.array(values, np.uint8), (6, 8))
    for channels in (grey, np.dstack([grey] * 3), with_alpha(grey), with_alpha(np.dstack([grey] * 3))):
        assert decode(saved(Image.fromarray(channels)), palette=palette).tolist() == grey.tolist()


def test_white_on_black_in_three_channels_is_a_binary_mask_whatever_palette_lacks_white():
    white = np.dstack([(IDS > 0) * np.uint8(255)] * 3)
    for palette in (None, "davis", "lvos"):
        assert decode(saved(Image.fromarray(white)), palette=palette).tolist() == ((IDS > 0) * 255).tolist()


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("alpha", [False, True])
def test_colours_are_looked_up_in_an_exact_palette(name, alpha):
    colours = PALETTES[name]()
    labels = np.arange(len(colours), dtype=np.uint8).reshape(2, -1)
    rgb = colours[labels]
    assert decode(saved(Image.fromarray(with_alpha(rgb) if alpha else rgb)), palette=name).tolist() == labels.tolist()


def test_colours_of_16_bits_are_looked_up_by_their_upper_8():
    wide = (COLOURS.astype(">u2") * 257).view(np.uint8).reshape(2, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in wide)
    assert decode(png_bytes(4, 2, 16, RGB, rows), palette="davis").tolist() == IDS.tolist()


# ------------------------------------------------------------------ refused with advice


def test_advice_on_colours_works_when_followed():
    """The palette named is the one that the colours are of, in the order of channels that they have."""
    for name, palette in PALETTES.items():
        labels = np.arange(len(palette()), dtype=np.uint8)[None]
        data = saved(Image.fromarray(palette()[labels]))
        error = refused(data)
        assert (error.code, "colours are not object indices" in str(error)) == ("not-an-index-mask", True)
        advised = re.search(r"--palette ([\w-]+)", error.fix).group(1)
        assert decode(data, palette=advised).tolist() == labels.tolist()
        assert advised == name
        assert ("BGR" in error.fix) == name.endswith("-bgr")


def test_a_palette_that_lacks_the_colours_leads_to_the_one_that_has_them():
    data = saved(Image.fromarray(PALETTES["youtube-vos"]()[IDS % 4]))
    error = refused(data, palette="davis")
    assert (error.code, str(error)) == ("unknown-colour", "the davis palette has no #ec5f67, #f99157, #fac863")
    assert "--palette youtube-vos" in error.fix


def test_colours_of_no_palette_are_named_and_no_palette_is_advised():
    data = saved(Image.fromarray(np.array([[0, 0, 0], [48, 112, 32], [176, 112, 32]], np.uint8)[IDS % 3]))
    error = refused(data)
    assert "#307020, #b07020" in str(error)
    assert "--palette" not in error.fix
    assert "#307020, #b07020" in str(refused(data, palette="davis"))


def test_one_wrong_colour_is_found():
    rgb = COLOURS.copy()
    rgb[0, 1] += 1
    assert str(refused(saved(Image.fromarray(rgb)), palette="davis")) == "the davis palette has no #810101"


@pytest.mark.parametrize("palette", [None, "davis"])
@pytest.mark.parametrize("channels", [IDS, COLOURS])
def test_transparency_is_refused(channels, palette):
    data = with_alpha(channels)
    data[0, 0, -1] = 254
    error = refused(saved(Image.fromarray(data)), palette=palette)
    assert "transparent pixels" in str(error)
    assert "without an alpha channel" in error.fix


@pytest.mark.parametrize(("kind", "n"), [(RGB, 3), (RGBA, 4), (GREY_ALPHA, 2)])
def test_colours_of_16_bits_are_refused_where_they_would_lose_bits(kind, n):
    error = refused(png_bytes(4, 2, 16, kind, bytes(2 * (8 * n + 1))))
    assert str(error).startswith("this is a 16-bit")


# ------------------------------------------------------------------ samples


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 40), st.integers(1, 7), st.sampled_from([RGB, RGBA, GREY_ALPHA]), st.integers(0, 2**32), st.data()
)
def test_every_filter_of_every_kind_gives_the_same_samples_on_both_paths(width, height, kind, seed, data):
    channels = {RGB: 3, RGBA: 4, GREY_ALPHA: 2}[kind]
    grey = np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)
    samples = np.repeat(grey[..., None], channels, 2)
    if kind != RGB:
        samples[..., -1] = 255
    filters = data.draw(st.lists(st.integers(0, 4), min_size=height, max_size=height))
    rows = filtered(samples.reshape(height, -1), filters, step=channels)
    assert decode(png_bytes(width, height, 8, kind, rows)).tolist() == grey.tolist()
