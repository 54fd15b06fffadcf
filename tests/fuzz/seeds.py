"""Sound inputs of every target, from which the fuzzers start."""

import io
import json
import struct
import tempfile
import zipfile
import zlib
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from vosbench import score
from vosbench.masks.palette import davis_palette
from vosbench.masks.write import encode_label_map


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(width: int, height: int, depth: int, kind: int, packed: bytes, interlace: int = 0) -> bytes:
    """A PNG file around compressed rows; nothing is checked."""
    palette = chunk(b"PLTE", davis_palette().tobytes()[: 3 << min(depth, 8)]) if kind == 3 else b""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, interlace))
    return b"\x89PNG\r\n\x1a\n" + header + palette + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


@cache
def pngs() -> list[bytes]:
    """Every kind of PNG: palette and grey of each depth, interlaced, colours."""
    rng = np.random.default_rng(0)
    found = [
        encode_label_map(rng.integers(0, 5, (13, 17)).astype(np.uint8)),
        encode_label_map(np.zeros((1, 1), np.uint8)),
    ]
    for depth in (1, 2, 4, 8, 16):
        row = (19 * depth + 7) // 8
        rows = b"".join(bytes([y % 5]) + rng.bytes(row) for y in range(7))
        found += [raw_png(19, 7, depth, kind, zlib.compress(rows)) for kind in (0, 3) if depth < 16 or not kind]
    found.append(raw_png(8, 8, 8, 0, zlib.compress(bytes(8 * 8 + 15)), interlace=1))
    file = io.BytesIO()
    Image.fromarray(davis_palette()[rng.integers(0, 9, (9, 11))]).save(file, "PNG")
    return [*found, file.getvalue()]


@cache
def archives() -> list[bytes]:
    """Archives of masks: flat, nested, stored, deflated."""
    masks, found = pngs()[:3], []
    for top, method in (("", zipfile.ZIP_DEFLATED), ("Annotations/480p/", zipfile.ZIP_STORED)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as members:
            for k, mask in enumerate(masks):
                members.writestr(f"{top}seq{k % 2}/{k:05d}.png", mask)
        found.append(file.getvalue())
    return found


@cache
def documents() -> list[bytes]:
    """Run-length encodings, as lists and as compressed text."""
    videos = [{"id": 1, "file_names": ["v/0.jpg", "v/1.jpg"], "height": 3, "width": 4}]
    masks = [{"size": [3, 4], "counts": [2, 4, 6]}, {"size": [3, 4], "counts": "246"}, None]
    objects = [{"id": k, "video_id": 1, "segmentations": [mask, mask], "score": 0.5} for k, mask in enumerate(masks)]
    return [json.dumps({"videos": videos, "annotations": objects}).encode()]


@cache
def metas() -> list[bytes]:
    """Lists of objects in the forms of YouTube-VOS, MOSE and LVOS."""
    youtube = {"videos": {"v": {"objects": {"1": {"category": "cat", "frames": ["00000", "00005"]}}}}}
    mose = {"videos": {"v": {"objects": ["1", 2]}, "w": {"objects": {"1": {}}}}}
    lvos = {"videos": {"v": {"objects": {"1": {"frame_range": {"start": "00000001", "end": 26, "frame_nums": 5}}}}}}
    return [json.dumps(document).encode() for document in (youtube, mose, lvos)]


@cache
def runs() -> list[bytes]:
    """The files of a run, as :func:`targets.run` takes them."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("gt", "preds"):
            for t in range(4):
                path = Path(folder, name, "s", f"{t:05d}.png")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(encode_label_map(rng.integers(0, 3, (12, 12)).astype(np.uint8)))
        score(Path(folder, "preds"), gt=Path(folder, "gt"), measures=["J", "F"], jobs=1).save(Path(folder, "run"))
        files = [Path(folder, "run", n).read_bytes() for n in ("result.json", "frames.parquet", "objects.csv")]
    return [b"".join(len(f).to_bytes(4, "little") + f for f in files)]


@cache
def label_maps() -> list[bytes]:
    """Flat, striped and noisy pixels."""
    rng = np.random.default_rng(0)
    shapes = [bytes([40, 70, 0, 3]), bytes([0, 130, 1, 254]), bytes([96, 0, 0, 0])]
    return [head + body for head in shapes for body in (bytes(50) + b"\1" * 50, b"\0\1\2", rng.bytes(4000))]


SEEDS = {
    "png": pngs, "archive": archives, "instances": documents, "meta": metas, "run": runs, "labels": label_maps,
}  # fmt: skip
