"""Score prediction folders: the one call behind ``vosbench score``."""

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from vosbench._version import ENGINE
from vosbench.datasets.discover import Target, locate
from vosbench.datasets.query import Query
from vosbench.errors import visible
from vosbench.execution.checkpoint import Journal
from vosbench.masks.colours import with_palette
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results import tables
from vosbench.results.assemble import assemble, this_environment
from vosbench.results.counts import SequenceCounts
from vosbench.results.document import Origin
from vosbench.results.paths import require_runs_or_predictions, run_folder
from vosbench.results.permutation import best_permutation
from vosbench.results.reader import load
from vosbench.results.run import RunResult
from vosbench.scoring.origin import origin_of, query_of
from vosbench.scoring.plan import make_plan
from vosbench.scoring.reading import AS_IS, Reading, paths_of
from vosbench.scoring.remarks import notes_of, remarks_on
from vosbench.scoring.run import run
from vosbench.scoring.unscored import notes_of_unscored
from vosbench.types import MaskSource, Progress, Sequence


def score_query(
    predictions: str | Path | Collection[str | Path],
    query: Query,
    *,
    reading: Reading = AS_IS,
    measures: Collection[str] | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
    executor: str | None = None,
    task_timeout: float | None = None,
    journal: Journal | None = None,
    truth: MaskSource | None = None,
) -> tuple[RunResult, ...]:
    """Score predictions against the ground truth that ``query`` asks for, which is read once.

    See :func:`vosbench.score_all`; ``truth`` are the masks of the ground truth, where they are in memory already.
    """
    paths = paths_of(predictions)
    target = locate(query)
    spec = protocols.with_measures(target.spec, measures) if measures is not None else target.spec
    sources = tuple(target.dataset.predictions(path, palette=reading.palette) for path in paths)
    sequences = target.dataset.sequences(target.split)
    truth = truth or with_palette(target.dataset.masks(target.split), reading.palette)
    plan = make_plan(sequences, spec.rules, truth, sources, missing=reading.missing, resize=reading.resize is not None)
    if journal:
        chosen = (
            target.benchmark,
            target.split,
            [str(path.absolute()) for path in paths],
            reading.missing,
            reading.resize,
            reading.palette,
        )
        journal.begin(_identity(spec, sequences, truth.name, chosen))
    counts = run(plan, jobs=jobs, progress=progress, executor=executor, task_timeout=task_timeout, journal=journal)
    return tuple(
        _result(target, spec, str(path), found, (*plan.notes, *remarks), origin_of(query, target, path, reading))
        for path, found, remarks in zip(paths, counts, plan.remarks, strict=True)
    )


def load_or_score(
    runs: Collection[RunResult | str | Path],
    query: Query,
    *,
    reading: Reading = AS_IS,
    measures: Collection[str] | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[RunResult, ...]:
    """Load the finished runs named in ``runs``, score the predictions together, and return all in the order given.

    What is a run already stays as it is; :mod:`vosbench.results.paths` says what a path is. Where ``query`` asks for
    nothing, predictions beside a run are scored as that was: against its data, by its protocol, for its measures.
    """
    paths = [run for run in runs if not isinstance(run, RunResult)]
    require_runs_or_predictions(paths)
    found = {path: load(folder) for path in paths if (folder := run_folder(path))}
    known = [run if isinstance(run, RunResult) else found.get(run) for run in runs]
    first = next(filter(None, known), None)
    if first is not None and not query.asked:
        query = query_of(first.document, query)
        measures = measures or first.spec.rules.measures
    if others := [path for path in dict.fromkeys(paths) if path not in found]:
        scored = score_query(others, query, reading=reading, measures=measures, jobs=jobs, progress=progress)
        found |= dict(zip(others, scored, strict=True))
    return tuple(run if isinstance(run, RunResult) else found[run] for run in runs)


def _result(
    target: Target,
    spec: ProtocolSpec,
    name: str,
    counts: tuple[SequenceCounts, ...],
    notes: tuple[str, ...],
    origin: Origin,
) -> RunResult:
    frames = tables.frames_table(counts, spec.rules)
    found = (*notes_of(counts), *remarks_on(counts, spec.rules))
    return assemble(
        spec,
        frames=frames,
        keys=tables.object_keys(counts),
        benchmark=target.benchmark,
        split=Path(target.split).stem if target.split.endswith(".txt") else target.split,
        truth=_truth_fingerprint(counts, grouped=bool(spec.rules.groups)),
        name=visible(name),
        unlabelled={c.sequence.name: len(c.frames) for c in counts if not c.objects},
        best_permutation=_best_permutation(spec, counts),
        attributes={c.sequence.name: c.sequence.attributes for c in counts if c.sequence.attributes},
        notes=tuple(map(visible, (*notes, *found, *notes_of_unscored(counts, frames, spec.rules)))),
        origin=origin,
    )


def _identity(spec: ProtocolSpec, sequences: tuple[Sequence, ...], truth: str, chosen: tuple[Any, ...]) -> bytes:
    """SHA-256 over all that can move a number or a byte of the result, except the content of masks."""
    parts = (spec.as_dict(), sequences, str(Path(truth).absolute()), chosen, ENGINE, this_environment())
    return hashlib.sha256(repr(parts).encode(errors="surrogatepass")).digest()  # names of files may be no text


def _truth_fingerprint(counts: tuple[SequenceCounts, ...], *, grouped: bool) -> str:
    """SHA-256 over the names of the frames read and the checksums of their objects, however a PNG was written.

    ``grouped`` takes in which group each object belongs to, where the numbers depend on it. Frames that the dataset
    counts but does not reach are taken in as well.
    """
    digest = hashlib.sha256()
    for c in counts:
        for frame, value in zip(c.frames, c.gt_crc, strict=True):
            digest.update(f"{c.sequence.name}/{c.sequence.frames[frame]} {value:08x}\n".encode())
        if grouped:
            digest.update("".join(f"{c.sequence.name}/{o.id} {o.group}\n" for o in c.objects).encode())
        for o in c.objects:
            digest.update("".join(f"{c.sequence.name}/{o.id} unreached {frame}\n" for frame in o.unreached).encode())
    return digest.hexdigest()


def _best_permutation(spec: ProtocolSpec, counts: tuple[SequenceCounts, ...]) -> float | None:
    if spec.rules.pairing != "id" or spec.rules.objects == "merged":
        return None
    return best_permutation({c.sequence.name: c.permuted for c in counts if len(c.permuted)})
