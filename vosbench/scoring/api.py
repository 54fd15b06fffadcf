"""Score prediction folders: the one call behind ``vosbench score``."""

import hashlib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from vosbench._version import ENGINE
from vosbench.datasets.davis import Davis
from vosbench.datasets.discover import Root, Target, locate
from vosbench.errors import InputError, Problem, UsageError, visible
from vosbench.execution.checkpoint import Journal
from vosbench.masks.colours import with_palette
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results import aggregate, tables
from vosbench.results.assemble import assemble, this_environment
from vosbench.results.counts import SequenceCounts
from vosbench.results.reader import load
from vosbench.results.run import RunResult
from vosbench.scoring.plan import make_plan
from vosbench.scoring.remarks import notes_of, remarks_on
from vosbench.scoring.run import run
from vosbench.types import MaskSource, Progress, Sequence


def score(predictions: str | Path, **options: Any) -> RunResult:
    """Score one prediction folder or zip archive. See :func:`score_all` for the options and errors.

    >>> run = score("preds", gt="annotations")  # doctest: +SKIP
    >>> run.value("J&F")  # doctest: +SKIP
    0.7123
    """
    return score_all([predictions], **options)[0]


def score_all(
    predictions: Collection[str | Path],
    *,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | None = None,
    measures: Collection[str] | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    roots: Collection[Root] = (),
    executor: str | None = None,
    task_timeout: float | None = None,
    journal: Journal | None = None,
    truth: MaskSource | None = None,
) -> tuple[RunResult, ...]:
    """Score several prediction folders against the same ground truth, which is read once.

    Args:
        predictions: folders or zip archives of ``<sequence>/<frame>.png``.
        benchmark, protocol, data, gt, split, roots: see :func:`vosbench.datasets.discover.locate`.
        measures: measures to report instead of the protocol's.
        missing: "error", or "empty" to score missing masks as empty.
        resize: "nearest" to accept masks of another size.
        palette: the palette whose exact colours RGB masks use, in the predictions or in the ground truth.
        jobs: workers; all cores by default.
        progress: called with (frames done, frames in all, sequence).
        executor: who the workers are, "threads", "processes", "dask://HOST:PORT" or "slurm"; by default processes of
            this machine where it is safe to fork them, else threads. The result does not depend on it.
        task_timeout: seconds after which the scoring of a sequence is stopped and tried again.
        journal: notes what is finished, so that an interrupted run can go on (:mod:`vosbench.execution.checkpoint`).
        truth: the masks of the ground truth, where they are held in memory already.

    Returns:
        One result for each prediction, in the order given.

    Raises:
        UsageError: contradictory or unknown choices.
        InputError: every problem with the data or the predictions; nothing was scored.
        IncompleteError: sequences whose workers died or took too long, each time they were tried.
    """
    if missing not in ("error", "empty") or resize not in (None, "nearest"):
        raise UsageError("missing is 'error' or 'empty', resize is None or 'nearest'")
    target = locate(
        benchmark=benchmark,
        protocol=protocol,
        data=None if data is None else Path(data),
        gt=None if gt is None else Path(gt),
        split=split,
        roots=tuple(roots),
    )
    spec = protocols.with_measures(target.spec, measures) if measures is not None else target.spec
    sources = tuple(target.dataset.predictions(Path(p), palette=palette) for p in predictions)
    sequences = target.dataset.sequences(target.split)
    truth = truth or with_palette(target.dataset.masks(target.split), palette)
    if spec.rules.stability == "stable" and "T" in spec.rules.measures:
        sequences = _with_stability(sequences, target)
    plan = make_plan(sequences, spec.rules, truth, sources, missing=missing, resize=resize is not None)
    if journal:
        chosen = (
            target.benchmark,
            target.split,
            [str(Path(p).absolute()) for p in predictions],
            missing,
            resize,
            palette,
        )
        journal.begin(_identity(spec, sequences, truth.name, chosen))
    counts = run(plan, jobs=jobs, progress=progress, executor=executor, task_timeout=task_timeout, journal=journal)
    return tuple(
        _result(target, spec, str(path), found, (*plan.notes, *remarks))
        for path, found, remarks in zip(predictions, counts, plan.remarks, strict=True)
    )


def load_or_score(paths: Collection[str | Path], **options: Any) -> tuple[RunResult, ...]:
    """Load the finished runs among ``paths``, score the others together, and return all in the order given.

    A folder with a ``result.json`` is a run; anything else is taken for predictions, and ``options`` are those of
    :func:`score_all`, which also says what is raised.
    """
    if absent := [str(path) for path in paths if not Path(path).exists()]:
        fix = "give the folder of a run, or of predictions"
        raise InputError([Problem(code="no-masks", message="it does not exist", where=p, fix=fix) for p in absent])
    finished = {path: load(path) for path in paths if (Path(path) / "result.json").is_file()}
    others = [path for path in dict.fromkeys(paths) if path not in finished]
    scored = dict(zip(others, score_all(others, **options) if others else (), strict=True))
    return tuple((finished | scored)[path] for path in paths)


def _with_stability(sequences: tuple[Sequence, ...], target: Target) -> tuple[Sequence, ...]:
    """The sequences with the dataset's word on whether T is meaningful."""
    known = target.dataset.stable() if isinstance(target.dataset, Davis) else {}
    return tuple(replace(s, stable=known.get(s.name)) for s in sequences)


def _result(
    target: Target, spec: ProtocolSpec, name: str, counts: tuple[SequenceCounts, ...], notes: tuple[str, ...]
) -> RunResult:
    return assemble(
        spec,
        frames=tables.frames_table(counts, spec.rules),
        keys=tables.object_keys(counts),
        benchmark=target.benchmark,
        split=Path(target.split).stem if target.split.endswith(".txt") else target.split,
        truth=_truth_fingerprint(counts, grouped=bool(spec.rules.groups)),
        name=visible(name),
        unlabelled={c.sequence.name: len(c.frames) for c in counts if not c.objects},
        best_permutation=_best_permutation(spec, counts),
        attributes={c.sequence.name: c.sequence.attributes for c in counts if c.sequence.attributes},
        notes=tuple(map(visible, (*notes, *notes_of(counts), *remarks_on(counts, spec.rules)))),
    )


def _identity(spec: ProtocolSpec, sequences: tuple[Sequence, ...], truth: str, chosen: tuple[Any, ...]) -> bytes:
    """SHA-256 over all that can move a number or a byte of the result, except the content of masks."""
    parts = (spec.as_dict(), sequences, str(Path(truth).absolute()), chosen, ENGINE, this_environment())
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).digest()  # names of files may be no text


def _truth_fingerprint(counts: tuple[SequenceCounts, ...], *, grouped: bool) -> str:
    """SHA-256 over the names of the frames read and the checksums of their objects, however a PNG was written.

    ``grouped`` takes in which group each object belongs to, where the numbers depend on it.
    """
    digest = hashlib.sha256()
    for c in counts:
        for frame, value in zip(c.frames, c.gt_crc, strict=True):
            digest.update(f"{c.sequence.name}/{c.sequence.frames[frame]} {value:08x}\n".encode())
        if grouped:
            digest.update("".join(f"{c.sequence.name}/{o.id} {o.group}\n" for o in c.objects).encode())
    return digest.hexdigest()


def _best_permutation(spec: ProtocolSpec, counts: tuple[SequenceCounts, ...]) -> float | None:
    if spec.rules.pairing != "id" or spec.rules.objects == "merged":
        return None
    return aggregate.best_permutation({c.sequence.name: c.permuted for c in counts if len(c.permuted)})
