"""What is fuzzed: each target takes bytes as a stranger may send them, and accepts a result or a typed error alone.

A target returns whether the input was taken. Any exception but vosbench's own, any file outside the folder it may write
to, any mask of another size than the file says, is a bug.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np

from vosbench import kernel
from vosbench.datasets.lvos import Lvos
from vosbench.datasets.mose import Mose
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.errors import VosbenchError
from vosbench.masks.png import MaskError, decode, read_header
from vosbench.masks.sources import open_masks
from vosbench.measures.contour import reach
from vosbench.measures.stability import TooRaggedError, describe, instability
from vosbench.results.reader import load
from vosbench.types import LabelMap
from vosbench.views import summary
from vosbench.views.grid import text

#: Masks larger than this are decoded, and not looked at any further.
LOOKED_AT = 1 << 16


def explained(error: VosbenchError) -> None:
    """An error must be one that helps: a place and a next step for each problem, on lines that can be printed."""
    for problem in getattr(error, "problems", ()):
        assert all((problem.where, problem.fix, problem.code, problem.message)), problem
        assert str(problem).isprintable(), problem
    str(error).encode(errors="backslashreplace")


def png(data: bytes) -> bool:
    """One mask file, read as indices and as colours, with the compiled kernel and without; counted against itself."""
    found = False
    for palette in (None, "davis"):
        verdict = _decoded(data, palette)
        with mock.patch("vosbench.masks.png.unfilter", None):
            other = _decoded(data, palette)
        if isinstance(verdict, MaskError):
            assert str(verdict), "an error without words"
            assert verdict.fix, "an error without a next step"
            assert isinstance(other, MaskError), "refused by the kernel alone"
            assert (str(verdict), verdict.code) == (str(other), other.code)
            continue
        assert not isinstance(other, MaskError), f"refused without the kernel: {other}"
        assert np.array_equal(verdict, other), "other labels without the kernel"
        labels = verdict
        header = read_header(data)
        assert labels.shape == (header.height, header.width)
        found = True
        if labels.dtype == np.uint8 and labels.size <= LOOKED_AT:
            counted(labels, labels[::-1])
    return found


def _decoded(data: bytes, palette: str | None) -> LabelMap | MaskError:
    try:
        return decode(data, palette=palette)
    except MaskError as error:
        return error


def archive(data: bytes) -> bool:
    """A zip archive of masks."""
    return _in_folder(_read_masks, "masks.zip", data)


def instances(data: bytes) -> bool:
    """Run-length encoded instances in JSON."""
    return _in_folder(_read_masks, "masks.json", data)


def meta(data: bytes) -> bool:
    """The list of objects of a dataset, in every layout that has one."""
    return _in_folder(_list_sequences, "valid/meta.json", data, "valid/Annotations/v/00000.png")


def run(data: bytes) -> bool:
    """The three files of a run, one after the other, each with the length of the next before it."""
    files, at = {}, 0
    for name in ("result.json", "frames.parquet", "objects.csv"):
        size = int.from_bytes(data[at : at + 4], "little")
        files[name] = data[at + 4 : at + 4 + size]
        at += 4 + size
    with tempfile.TemporaryDirectory(prefix="vosbench-fuzz-") as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        try:
            text(summary.headline([load(folder)]))
        except VosbenchError as error:
            explained(error)
            return False
    return True


def labels(data: bytes) -> bool:
    """Two label maps straight to the kernel, in frames that are no multiple of its words and blocks."""
    head = (data + bytes(4))[:4]
    height, width, top = 1 + head[0] % 97, 1 + head[1] | (head[2] & 1) << 8, 1 + head[3] % 254
    pixels = np.resize(np.frombuffer(data[4:] or b"\0", np.uint8), 2 * height * width) % (top + 1)
    gt, pred = pixels.astype(np.uint8).reshape(2, height, width)
    counted(gt, pred)
    try:
        ends = [describe(mask) for mask in (gt, pred)]
    except TooRaggedError:
        return False
    if all(e is not None and len(e.samples) <= 300 for e in ends):
        assert 0 <= instability(ends[0], ends[1]) <= 1
    return True


def counted(gt: np.ndarray, pred: np.ndarray) -> None:
    """All counts of a pair of label maps, and what they must add up to."""
    gt, pred = np.ascontiguousarray(gt), np.ascontiguousarray(pred)
    ours, theirs = kernel.contours(gt), kernel.contours(pred)
    pairs = np.stack([np.arange(1, 256)] * 2, 1).astype(np.uint8)
    counts = np.zeros((7, 255), np.int64)
    kernel.count_pair(gt, pred, ours, theirs, pairs, reach(gt.shape, 0.008), counts)
    assert counts[1].sum() == (gt > 0).sum()
    assert counts[2].sum() == (pred > 0).sum()
    assert (counts[5:] <= counts[3:5]).all()


def _in_folder(use: Callable[[Path], None], name: str, data: bytes, beside: str = "") -> bool:
    """Write the data as a file of a folder of its own, use it, and see that nothing else came to be."""
    with tempfile.TemporaryDirectory(prefix="vosbench-fuzz-") as folder:
        path = Path(folder, "in", name)
        for file in (path, Path(folder, "in", beside)) if beside else (path,):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        before = _files(folder)
        try:
            use(Path(folder, "in") if beside else path)
        except VosbenchError as error:
            explained(error)
            return False
        finally:
            assert _files(folder) == before, "reading wrote a file"
    return True


def _files(folder: str) -> list[str]:
    return sorted(str(path) for path in Path(folder).rglob("*"))


def _read_masks(path: Path) -> None:
    source = open_masks(path)
    for sequence in source.sequences():
        assert sequence.isprintable() or path.suffix == ".json"
        for frame in source.frames(sequence)[:50]:
            planes = source.read(sequence, frame)
            assert len({plane.shape for plane in planes}) == 1


def _list_sequences(root: Path) -> None:
    errors = []
    for layout in (YouTubeVOS(root), Mose(root), Lvos(root)):
        try:
            for sequence in layout.sequences("valid"):
                assert not {"..", ""} & set(sequence.name.split("/")), sequence.name
                json.dumps([sequence.name, sequence.frames[:9]])
        except VosbenchError as error:
            explained(error)
            errors.append(error)
    if len(errors) == 3:
        raise errors[0]


TARGETS: dict[str, Callable[[bytes], bool]] = {
    "png": png, "archive": archive, "instances": instances, "meta": meta, "run": run, "labels": labels,
}  # fmt: skip
