"""Check a dataset root before scoring: its sequences, objects and frames, and what is wrong with them."""

from dataclasses import dataclass
from pathlib import Path

from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query
from vosbench.errors import InputError, Problem, UsageError, few
from vosbench.protocols.spec import ProtocolSpec, Size
from vosbench.scoring.objects import space_of
from vosbench.scoring.plan import expected_stems, make_plan
from vosbench.scoring.task import Task
from vosbench.types import MaskSource, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """One split of a dataset.

    ``objects`` is None where only all masks together could tell. ``expected`` is the published size, if known.
    ``notes`` say what is odd about its lists, and which sequences have nothing to score.
    ``problems`` come from lists, folders and the first mask of each sequence; other masks are not read.
    """

    benchmark: str
    split: str
    sequences: int
    objects: int | None
    frames: int
    expected: Size | None
    notes: tuple[str, ...]
    problems: tuple[Problem, ...]

    def deviations(self) -> tuple[str, ...]:
        """Where the sizes differ from the published ones, in words."""
        if self.expected is None:
            return ()
        pairs = ((name, getattr(self, name), getattr(self.expected, name)) for name in _SIZES)
        return tuple(
            f"{have} {name}, {want} according to {self.expected.source}"
            for name, have, want in pairs
            if None not in (have, want) and have != want
        )


_SIZES = ("sequences", "objects", "frames")


def survey(folder: Path, *, benchmark: str | None = None, split: str | None = None) -> Survey:
    """Survey the dataset at ``folder``.

    Args:
        folder: the dataset's root.
        benchmark: its name; found from the data if None.
        split: the split to look at; the benchmark's usual one if None.

    Raises:
        UsageError: an unknown benchmark or split, or data that fits several.
        InputError: data that is not laid out as the benchmark says.
    """
    target = locate(Query(benchmark=benchmark, data=folder, split=split))
    sequences, truth = target.dataset.sequences(target.split), target.dataset.masks(target.split)
    problems, notes = _plan(sequences, target.spec, truth)
    objects: int | None = 0
    unscored = []
    for sequence in sequences:
        try:
            found = _objects(sequence, target.spec, truth)
            objects = None if objects is None or found is None else objects + found
            if found == 0 or not expected_stems(sequence, target.spec.rules):
                unscored.append(sequence.name)
        except InputError as error:
            problems += error.problems
    if unscored:
        notes.append(f"{len(unscored)} sequence(s) have nothing to score ({few(unscored)})")
    name = Path(target.split).stem
    return Survey(
        benchmark=target.benchmark,
        split=target.split,
        sequences=len(sequences),
        objects=objects,
        frames=sum(len(s.frames) for s in sequences),
        expected=target.spec.data.sizes.get(name) if target.spec.data else None,
        notes=tuple(notes),
        problems=tuple(dict.fromkeys(problems)),
    )


def _plan(sequences: tuple[Sequence, ...], spec: ProtocolSpec, truth: MaskSource) -> tuple[list[Problem], list[str]]:
    """Frames without ground truth, nothing to score at all, objects without a group; and what is odd in the lists."""
    if not sequences:
        raise UsageError("the split is empty", fix="check its list")
    try:
        return [], list(make_plan(sequences, spec.rules, truth, ()).notes)
    except InputError as error:
        return list(error.problems), []


def _objects(sequence: Sequence, spec: ProtocolSpec, truth: MaskSource) -> int | None:
    """The number of objects, reading the first annotated frame."""
    first = next((f for f in sequence.frames if f in set(truth.frames(sequence.name))), None)
    if first is not None:
        truth.read(sequence.name, first)
    if spec.rules.objects == "listed":
        return len(sequence.objects or ())
    if first is None:
        return 0
    ids = space_of(Task(sequence=sequence, rules=spec.rules, gt=truth, predictions=())).ids
    return None if ids is None else len(ids)
