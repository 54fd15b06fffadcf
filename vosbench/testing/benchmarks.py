"""Protocols and datasets: tiny worlds to test against, and one call that checks what must always hold.

In a test of your own package::

    from vosbench.testing import check_benchmark

    def test_my_benchmark(tmp_path):
        write_label_maps(tmp_path / "Annotations", {"cat": {1: "xxxx.x", 2: "..xxxx"}})
        check_benchmark("my-benchmark.toml", data=tmp_path)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.datasets.registry import open_dataset
from vosbench.masks.write import write_label_map
from vosbench.measures.catalog import higher_is_better
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results import aggregate, tables
from vosbench.results.counts import SequenceCounts
from vosbench.results.document import Cell
from vosbench.scoring.objects import space_of
from vosbench.scoring.plan import make_plan
from vosbench.scoring.run import run
from vosbench.scoring.task import Task
from vosbench.types import Dataset, Masks, MaskSource, Sequence

#: Height and width of the frames that are drawn. The contour tolerance of DAVIS is 1 pixel here.
SHAPE = (48, 64)
SIDE = 10

#: Sequences → objects → what an object looks like on each frame, one letter a frame (:func:`draw`).
World = Mapping[str, Mapping[int, str]]


def draw(look: str, place: int) -> NDArray[np.bool_]:
    """One mask: "x" a square of 10 x 10 pixels, "h" its left half, "w" the square in a wrong place, "." nothing.

    ``place`` 0 to 3 is the column of squares it lies in; squares of different places do not touch.

    >>> [int(draw(look, 0).sum()) for look in "xhw."]
    [100, 50, 100, 0]
    """
    mask = np.zeros(SHAPE, bool)
    if look not in "xhw.":
        raise ValueError(f"{look!r} is none of x, h, w and .")
    top, left = (30 if look == "w" else 6), 3 + 15 * place
    if look != ".":
        mask[top : top + SIDE, left : left + (SIDE // 2 if look == "h" else SIDE)] = True
    return mask


def write_label_maps(folder: str | Path, world: World, *, stems: str = "{:05d}") -> None:
    """Write ``<sequence>/<frame>.png``, objects drawn in the order of their ids."""
    for sequence, objects in world.items():
        for t in range(max(map(len, objects.values()))):
            labels = np.zeros(SHAPE, np.uint8)
            for place, (label, looks) in enumerate(sorted(objects.items())):
                if t < len(looks):
                    labels[draw(looks[t], place)] = label
            write_label_map(Path(folder) / sequence / f"{stems.format(t)}.png", labels)


def write_object_tree(folder: Path, world: World) -> None:
    """Write ``<sequence>/<object>/<frame>.png``, objects as folders 000, 001, …; "-" leaves a frame out."""
    for sequence, objects in world.items():
        for place, (number, looks) in enumerate(sorted(objects.items())):
            for t, look in enumerate(looks):
                if look != "-":
                    mask = draw(look, place).astype(np.uint8)
                    write_label_map(folder / sequence / f"{number:03d}" / f"{t:05d}.png", mask)


def check_benchmark(protocol: str | Path, *, data: Path, split: str | None = None) -> None:
    """Check a protocol and a dataset of its layout.

    The protocol reads well; the dataset lists sequences, frames and objects in order and every mask can be read; the
    ground truth scored as prediction is perfect; predicting nothing is a score too.

    Raises:
        AssertionError: what does not hold.
        VosbenchError: a protocol that is none, data that is not laid out as it says.
    """
    spec = protocols.load(str(protocol))
    assert spec.data is not None, f"{spec.name} has no [data]: there is nothing to check it on"
    check_protocol(spec)
    dataset = open_dataset(spec.data, data)
    wanted = split or spec.data.split
    check_dataset(dataset, wanted)
    check_scores(spec, dataset, wanted)


def check_protocol(spec: ProtocolSpec) -> None:
    """Names and sentences."""
    assert spec.version >= 1, "versions start at 1"
    assert spec.title, "a protocol has a title"
    assert spec.reference, "a protocol has a reference"
    for text in (*spec.deviations, *spec.open_points):
        assert "[" not in text, f"say it in words, without tags: {text}"


def check_dataset(dataset: Dataset, split: str) -> None:
    """Check the interface :class:`vosbench.types.Dataset`."""
    assert dataset.found(), f"{dataset.root} is not recognised"
    sequences, masks = dataset.sequences(split), dataset.masks(split)
    assert sequences, f"split {split!r} is empty"
    names = [s.name for s in sequences]
    assert len(set(names)) == len(names), "a sequence is listed twice"
    for s in sequences:
        assert list(s.frames) == sorted(set(s.frames)), f"{s.name}: frames are not in order"
        ids = [info.id for info in s.objects or ()]
        assert len(set(ids)) == len(ids), f"{s.name}: an object is listed twice"
        assert min(ids, default=1) >= 1, f"{s.name}: ids start at 1"
        for frame in set(s.frames) & set(masks.frames(s.name)):
            planes = masks.read(s.name, frame)
            assert len({p.shape for p in planes}) == 1, f"{s.name}/{frame}: planes of different sizes"


def check_scores(spec: ProtocolSpec, dataset: Dataset, split: str) -> None:
    """The ground truth is its own perfect prediction.

    Rules that give 0 to some frames of any prediction (``both_empty``, ``unscored``, ``unreached``) are set aside.
    """
    lenient = {"both_empty": "one", "unscored": "leave-out", "unreached": "leave-out"}
    spec = msgspec.structs.replace(spec, rules=msgspec.structs.replace(spec.rules, **lenient))
    for cell in truth_as_prediction(spec, dataset, split):
        value, name = cell.value, (cell.group, cell.measure, cell.statistic)
        best = _best(cell.measure, cell.statistic)
        assert value is None or abs(value - best) < 1e-12, f"the ground truth scores {value} as {name}, not {best}"


def truth_as_prediction(spec: ProtocolSpec, dataset: Dataset, split: str) -> tuple[Cell, ...]:
    """The summary of the ground truth scored as prediction."""
    sequences, truth = dataset.sequences(split), dataset.masks(split)
    echo = _Echo(truth, {s.name: _known(spec, s, truth) for s in sequences})
    counts: tuple[SequenceCounts, ...] = run(make_plan(sequences, spec.rules, truth, (echo,)), jobs=1)[0]
    frames, keys = tables.frames_table(counts, spec.rules), tables.object_keys(counts)
    return aggregate.summary(aggregate.objects(frames, keys, spec.rules), spec.rules)


def _best(measure: str, statistic: str) -> float:
    return 1.0 if higher_is_better(measure, statistic) else 0.0


def _known(spec: ProtocolSpec, sequence: Sequence, truth: MaskSource) -> tuple[int, ...] | None:
    """The labels a perfect prediction may hold; none where it is a mask of the foreground; None if any."""
    space = space_of(Task(sequence=sequence, rules=spec.rules, gt=truth, predictions=()))
    return () if space.binary else space.ids


@dataclass(frozen=True, slots=True)
class _Echo:
    """A prediction that repeats the ground truth of the objects that are scored."""

    truth: MaskSource
    known: Mapping[str, tuple[int, ...] | None]

    @property
    def name(self) -> str:
        return f"ground truth of {self.truth.name}"

    def sequences(self) -> tuple[str, ...]:
        return self.truth.sequences()

    def frames(self, sequence: str) -> tuple[str, ...]:
        return self.truth.frames(sequence)

    def read(self, sequence: str, frame: str) -> Masks:
        planes, known = self.truth.read(sequence, frame), self.known[sequence]
        if known is None:
            return planes
        if not known:
            return (np.any([plane > 0 for plane in planes], axis=0).astype(np.uint8),)
        return tuple(plane * np.isin(plane, known) for plane in planes)

    def where(self, sequence: str, frame: str | None = None) -> str:
        return self.truth.where(sequence, frame)
