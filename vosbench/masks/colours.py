"""Masks stored as colours: to indices where that is certain, else an error with the step that helps.

===============================  ============================================================================
16 bits a channel                the upper 8 bits, if a palette is named; else refused
grey with alpha, RGBA            the grey or the colours, if every pixel is opaque; else refused
RGB, a palette named             the indices of its exact colours
RGB, three equal channels        the grey values, as of a grey PNG; with a palette named if it lacks the colours
RGB, anything else               refused, naming a palette that has these colours, if one does
===============================  ============================================================================
"""

from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.masks.chunks import RGB, RGBA, Header, MaskError
from vosbench.masks.palette import PALETTES
from vosbench.types import MaskSource

_BLOCK = 1 << 20  # pixels whose colours are looked up at once

_WRITE_INDICES = "save masks as palette PNG, without interpolation, and without JPEG in between"


def with_palette(source: MaskSource, palette: str | None) -> MaskSource:
    """The source, reading masks in RGB by the exact colours of a palette where one is named and it reads files."""
    if palette is None or not is_dataclass(source):
        return source
    names = {f.name for f in fields(source)}
    if "palette" in names:
        return replace(source, palette=palette)
    return replace(source, files=with_palette(source.files, palette)) if "files" in names else source


def labels_from_samples(samples: NDArray[Any], header: Header, palette: str | None) -> NDArray[Any]:
    """The label map of an image with colours or transparency.

    Args:
        samples: (height, width, channels), channels as ``header`` says; of 16 bits all, or the upper 8.
        header: of the file.
        palette: the name of the palette that the colours belong to, if one was named.

    Raises:
        MaskError: pixels that are not opaque, colours that are no indices, or that the palette does not have.
    """
    colours = header.kind in (RGB, RGBA)
    if header.depth == 16:
        if not (palette and colours):
            raise MaskError("not-an-index-mask", f"this is a {header}", _WRITE_INDICES)
        if samples.dtype == np.uint16:
            samples = (samples >> 8).astype(np.uint8)
    samples = _opaque(samples, header)
    if not colours:
        return samples[..., 0]
    grey = bool((samples[..., :1] == samples[..., 1:]).all())
    if palette:
        found = _looked_up(samples, palette, grey=grey)
        return samples[..., 0] if found is None else found
    if grey:
        return samples[..., 0]
    raise _no_indices(header, colours_in(samples))


def colours_in(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """The colours of an image (height, width, 3), sorted, as numbers ``red << 16 | green << 8 | blue``."""
    found: set[int] = set()
    for rows in _blocks(rgb):
        codes = _codes(rgb[rows]).ravel()
        starts = np.append(True, codes[1:] != codes[:-1])  # each colour begins a run somewhere
        found.update(np.unique(codes[starts]).tolist())
    return np.array(sorted(found), np.int32)


def _opaque(samples: NDArray[Any], header: Header) -> NDArray[Any]:
    """The channels but alpha."""
    if samples.shape[2] % 2:
        return samples
    if (samples[..., -1] != 255).any():
        message = f"this is a {header} with transparent pixels: colours and transparency are not object indices"
        raise MaskError("not-an-index-mask", message, "save masks as palette PNG, without an alpha channel")
    return samples[..., :-1]


def _looked_up(rgb: NDArray[np.uint8], palette: str, *, grey: bool) -> NDArray[np.uint8] | None:
    """Indices of exact colours, some rows at a time: their codes take four times the memory of the indices.

    None for a ``grey`` image whose values are not all colours of the palette.
    """
    entries = PALETTES[palette]().tolist()
    index = {r << 16 | g << 8 | b: i for i, (r, g, b) in reversed(list(enumerate(entries)))}
    known = np.array(sorted(index), np.int32)
    labels = np.array([index[code] for code in known.tolist()], np.uint8)
    out = np.empty(rgb.shape[:2], np.uint8)
    for rows in _blocks(rgb):
        codes = _codes(rgb[rows])
        at = np.searchsorted(known, codes).clip(max=len(known) - 1)
        if (known[at] != codes).any():
            if grey:
                return None
            raise _unknown(palette, colours_in(rgb), known)
        out[rows] = labels[at]
    return out


def _blocks(rgb: NDArray[Any]) -> list[slice]:
    step = max(1, _BLOCK // rgb.shape[1])
    return [slice(top, top + step) for top in range(0, len(rgb), step)]


def _codes(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    wide = rgb.astype(np.int32)
    codes: NDArray[np.int32] = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    return codes


def _no_indices(header: Header, colours: NDArray[np.int32]) -> MaskError:
    fits = next((name for name in PALETTES if set(colours.tolist()) <= _colours_of(name)), None)
    message = f"this is a {header}: colours are not object indices ({_few(colours)})"
    if fits is None:
        return MaskError("not-an-index-mask", message, f"{_WRITE_INDICES}; no palette that is known has these colours")
    fix = f"name the palette of the colours: --palette {fits}{_order(fits)}; or save masks as palette PNG"
    return MaskError("not-an-index-mask", message, fix)


def _unknown(palette: str, colours: NDArray[np.int32], known: NDArray[np.int32]) -> MaskError:
    strange = np.setdiff1d(colours, known)
    others = [name for name in PALETTES if set(colours.tolist()) <= _colours_of(name)]
    fix = f"name the palette that has its colours: --palette {others[0]}{_order(others[0])}" if others else ""
    return MaskError("unknown-colour", f"the {palette} palette has no {_few(strange)}", fix or _WRITE_INDICES)


def _order(name: str) -> str:
    """What to add about a palette whose channels are exchanged."""
    return " (red and blue are exchanged: OpenCV writes BGR)" if name.endswith("-bgr") else ""


def _colours_of(name: str) -> set[int]:
    return {r << 16 | g << 8 | b for r, g, b in PALETTES[name]().tolist()}


def _few(colours: NDArray[np.int32]) -> str:
    shown = ", ".join(f"#{code:06x}" for code in colours.tolist()[:3])
    return f"{shown}{' …' * (len(colours) > 3)}"
