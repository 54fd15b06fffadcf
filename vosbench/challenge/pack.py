"""Check predictions and write the archive that a benchmark's server takes.

A server says little when it refuses an archive, so everything is checked here first: every frame it asks for, the size
of each mask, and its labels. They are held to what comes even with a split whose ground truth is hidden: the list of
objects, or the masks and pictures of the first frames.
"""

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from vosbench.datasets.discover import Target, locate
from vosbench.datasets.pictures import pictures
from vosbench.datasets.query import Query, Root
from vosbench.errors import InputError, Problem, UsageError
from vosbench.files import new_file
from vosbench.masks.order import in_time_order
from vosbench.masks.write import encode_label_map
from vosbench.results.paths import run_folder
from vosbench.results.reader import load
from vosbench.scoring import problems as problems_of
from vosbench.scoring.numbering import other_numbering
from vosbench.scoring.origin import predictions_of, query_of, reading_of
from vosbench.types import LabelMap, MaskSource, Progress, Sequence

#: The time stamp of every member, so that equal masks make equal archives; zip knows none earlier.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_FIX = "predict it: the server asks for this frame"


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """What was written. ``hidden`` says that some frame asked for has no ground truth here."""

    path: Path
    benchmark: str
    split: str
    layout: str
    sequences: int
    frames: int
    hidden: bool
    home: str
    server: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wanted:
    """What the server wants of a sequence: frames, labels allowed, and (height, width) if any mask tells."""

    sequence: Sequence
    frames: tuple[str, ...]
    labels: frozenset[int] | None
    size: tuple[int, ...] | None


def pack(
    predictions: str | Path,
    out: str | Path,
    *,
    benchmark: str | None = None,
    data: str | Path | None = None,
    split: str | Path | None = None,
    palette: str | None = None,
    roots: Collection[Root] = (),
    progress: Progress | None = None,
) -> Packed:
    """Check a prediction folder and write it as a submission.

    Args:
        predictions: folder or zip archive of ``<sequence>/<frame>.png``, or a finished run, whose predictions are
            packed for the benchmark it was scored on.
        out: the zip archive to write.
        benchmark, data, split, roots: see :class:`vosbench.datasets.query.Query`.
        palette: the palette whose exact colours RGB predictions use.
        progress: called with (sequences done, sequences in all, sequence).

    Raises:
        UsageError: the benchmark has no server, or ``out`` lies inside the predictions.
        InputError: every missing frame and unusable mask; nothing was written.
    """
    query = Query.of(benchmark=benchmark, data=data, split=split, roots=roots)
    if folder := run_folder(predictions):
        document = load(folder).document
        predictions, query = predictions_of(document), query_of(document, query)
        palette = palette or reading_of(document).palette
    target = locate(query)
    data_of = target.spec.data
    if data_of is None or data_of.submission is None:
        raise UsageError(f"{target.benchmark} has no server to submit to", fix="score it here with `vosbench score`")
    path, source = Path(out), target.dataset.predictions(Path(predictions), palette=palette)
    if path.resolve().is_relative_to(Path(predictions).resolve()):
        raise UsageError(f"{path} lies inside the predictions", fix="choose another --out")
    sequences = target.dataset.sequences(target.split)
    if problems := [p for s in sequences if (p := _unknown_frames(s, target))]:
        raise InputError(problems)
    wanted = [_wanted(s, target) for s in sequences]
    renumbered, _ = other_numbering(source, [replace(w.sequence, frames=w.frames) for w in wanted])
    if renumbered:
        raise InputError(renumbered)
    frames = _write(path, source, sorted(wanted, key=lambda w: w.sequence.name), data_of.submission, progress)
    truth = target.dataset.masks(target.split)
    return Packed(
        path=path,
        benchmark=target.benchmark,
        split=target.split,
        layout=f"{data_of.submission}<sequence>/<frame>.png",
        sequences=len(wanted),
        frames=frames,
        hidden=any(set(w.frames) - set(truth.frames(w.sequence.name)) for w in wanted),
        home=data_of.home,
        server=str(data_of.server or ""),
    )


def _write(path: Path, source: MaskSource, wanted: list[_Wanted], prefix: str, progress: Progress | None) -> int:
    """Write the archive, or nothing if there is any problem; the number of frames in it."""
    problems = [p for w in wanted for p in _missing(source, w)]
    frames = 0
    with new_file(path) as part:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
            for done, w in enumerate(wanted, 1):
                for frame, labels in _read(source, w, problems):
                    archive.writestr(_member(f"{prefix}{w.sequence.name}/{frame}.png"), encode_label_map(labels))
                    frames += 1
                if progress:
                    progress(done, len(wanted), w.sequence.name)
        if problems:
            raise InputError(problems)
    return frames


def _unknown_frames(sequence: Sequence, target: Target) -> Problem | None:
    """The problem where nothing says which frames a server wants: their list, their pictures, or all their masks."""
    data, annotated = target.spec.data, target.dataset.masks(target.split).frames(sequence.name)
    hidden = data is not None and (
        target.split in data.hidden or (data.ground_truth == "hidden" and target.split == data.split)
    )
    if _lists_frames(sequence) or pictures(sequence.images) or (len(annotated) > 1 and not hidden):
        return None
    return Problem(
        code="missing-images",
        message=f"the pictures of {sequence.name} are not here, and nothing else says which frames the server wants",
        where=str(sequence.images or target.dataset.root),
        fix="unpack the pictures of the dataset (JPEGImages) beside its annotations",
        sequence=sequence.name,
    )


def _lists_frames(sequence: Sequence) -> bool:
    return any(info.frames is not None for info in sequence.objects or ())


def _wanted(sequence: Sequence, target: Target) -> _Wanted:
    """From the dataset's lists where it has them, otherwise from the pictures and masks there are."""
    truth = target.dataset.masks(target.split)
    annotated = truth.frames(sequence.name)
    first = truth.read(sequence.name, annotated[0])[0] if annotated else None
    if sequence.objects is not None:
        labels: frozenset[int] | None = frozenset(o.id for o in sequence.objects)
    else:
        labels = None
    frames = sequence.frames
    if not _lists_frames(sequence):
        frames = in_time_order({*pictures(sequence.images), *frames})
    if labels is None and target.spec.rules.pairing == "id" and first is not None:
        found = frozenset(np.unique(first).tolist()) - {0, 255}
        labels = frozenset(range(1, max(found, default=0) + 1)) if found else None
    if target.spec.rules.pairing != "id":
        labels = frozenset(range(1, target.spec.rules.max_proposals + 1))
    size = _picture_size(sequence) if first is None else first.shape
    return _Wanted(sequence=sequence, frames=frames, labels=labels, size=size)


def _picture_size(sequence: Sequence) -> tuple[int, ...] | None:
    picture = next(iter(pictures(sequence.images).values()), None)
    if picture is None:
        return None
    try:
        with Image.open(picture) as image:
            return image.size[::-1]
    except (OSError, ValueError) as error:
        message, fix = f"the picture cannot be read ({error})", "restore it from the dataset's archive"
        problem = Problem(code="unreadable-image", message=message, where=str(picture), fix=fix, sequence=sequence.name)
        raise InputError([problem]) from error


def _missing(source: MaskSource, wanted: _Wanted) -> Iterator[Problem]:
    name, have = wanted.sequence.name, set(source.frames(wanted.sequence.name))
    if not have:
        message = f"no masks of this sequence (the server asks for {len(wanted.frames)})"
        yield replace(problems_of.missing_sequence(source, name, len(wanted.frames)), message=message, fix=_FIX)
        return
    for frame in wanted.frames:
        if frame not in have:
            yield replace(problems_of.missing_frame(source, name, frame), fix=_FIX)


def _read(source: MaskSource, wanted: _Wanted, problems: list[Problem]) -> Iterator[tuple[str, LabelMap]]:
    """The masks that can be packed; what is wrong with the others goes to ``problems``."""
    name, have = wanted.sequence.name, set(source.frames(wanted.sequence.name))
    for frame in wanted.frames:
        if frame not in have:
            continue
        try:
            (labels,) = source.read(name, frame)
        except InputError as error:
            problems += error.problems
            continue
        if found := list(_unfit(source, wanted, frame, labels)):
            problems += found
        else:
            yield frame, labels


def _unfit(source: MaskSource, wanted: _Wanted, frame: str, labels: LabelMap) -> Iterator[Problem]:
    name = wanted.sequence.name
    if wanted.size is not None and labels.shape != wanted.size:
        yield problems_of.wrong_size(source, name, frame, labels.shape, wanted.size)
    if wanted.labels is not None and (strays := set(np.unique(labels).tolist()) - {0} - wanted.labels):
        yield problems_of.stray_label(source, name, frame, min(strays), len(wanted.labels))


def _member(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _EPOCH)
    info.external_attr = 0o644 << 16
    info.create_system = 3  # the same bytes on every platform
    return info
