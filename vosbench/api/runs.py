"""Questions asked of runs: compare them, check one against a baseline.

A finished run is a :class:`vosbench.RunResult`, or the path of its folder or of its ``result.json``. The path of
predictions works as well: these are scored first.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import msgspec

from vosbench.analysis import compare as comparing
from vosbench.analysis import regression
from vosbench.analysis.compare import Comparison, Method
from vosbench.analysis.motion import speeds
from vosbench.analysis.regression import Baseline, CheckReport
from vosbench.analysis.significance import RESAMPLES
from vosbench.datasets.db_info import read_db_info
from vosbench.datasets.discover import locate
from vosbench.datasets.query import Query, Root
from vosbench.errors import UsageError
from vosbench.results.paths import run_folder, runs_inside
from vosbench.results.run import RunResult
from vosbench.scoring.api import load_or_score
from vosbench.scoring.origin import query_of
from vosbench.scoring.reading import AS_IS, Reading
from vosbench.types import Progress

#: A finished run, the path of one, or the path of predictions.
Run: TypeAlias = RunResult | str | Path


def compare(
    runs: Sequence[Run | Method],
    *,
    baseline: int | str | Path = 0,
    measure: str | None = None,
    by: Sequence[str] = (),
    attributes: str | Path | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    roots: Collection[Root] = (),
    progress: Progress | None = None,
) -> Comparison:
    """Compare methods with one of them: intervals, paired tests, slices.

    Args:
        runs: two or more finished runs, paths of runs, or paths of predictions, which are scored first. A folder of
            finished runs and nothing else is one method with several runs.
        baseline: the run that the others are compared with: its position, or its path as given in ``runs``.
        measure, by, seed, resamples: see :func:`vosbench.analysis.compare.compare`.
        attributes: ``db_info.yml`` with the attributes of the sequences, to slice by "attribute".
        benchmark, protocol, data, gt, split, roots: for predictions, see :class:`vosbench.datasets.query.Query`; if
            none is given, they are scored as the first run was.
        progress: called with (frames done, frames in all, sequence).

    Raises:
        UsageError: fewer than two runs, or no such baseline, measure or property.
        InputError: no run and no predictions at a path, or predictions that cannot be scored.
        IncomparableError: runs made by different rules; every knob they differ in is named.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> for name, frames in (("annotations", "xxxx"), ("ours", "xxxx"), ("theirs", "xhxx")):
    ...     write_label_maps(name, {"bear": {1: frames}, "camel": {1: frames}})
    >>> run = vosbench.score("ours", gt="annotations")
    >>> found = vosbench.compare(["theirs", run], gt="annotations", measure="J")
    >>> found.names, found.differences[0].delta.value
    (('theirs', 'ours'), 0.25)
    """
    return compare_query(
        runs,
        Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots),
        baseline=baseline,
        measure=measure,
        by=by,
        attributes=attributes,
        seed=seed,
        resamples=resamples,
        progress=progress,
    )


def compare_query(
    runs: Sequence[Run | Method],
    query: Query,
    *,
    baseline: int | str | Path = 0,
    measure: str | None = None,
    by: Sequence[str] = (),
    attributes: str | Path | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
    progress: Progress | None = None,
) -> Comparison:
    """As :func:`compare`."""
    number = position(runs, baseline)
    methods = methods_of(runs, query, progress=progress)
    first = methods[0].runs[0] if isinstance(methods[0], Method) else methods[0]
    if attributes is not None:
        methods = _with_attributes(methods, Path(attributes))
    return comparing.compare(
        methods,
        baseline=number,
        measure=measure,
        by=by,
        motion=speeds(first, locate(query_of(first.document, query))) if "motion" in by else None,
        seed=seed,
        resamples=resamples,
    )


def _with_attributes(methods: Sequence[RunResult | Method], path: Path) -> list[RunResult | Method]:
    """The runs with the attributes of the sequences that a file names."""
    known = {name: tuple(info.attributes) for name, info in read_db_info(path).items()}

    def informed(run: RunResult) -> RunResult:
        return replace(run, document=msgspec.structs.replace(run.document, attributes=known))

    return [replace(m, runs=tuple(map(informed, m.runs))) if isinstance(m, Method) else informed(m) for m in methods]


def methods_of(
    runs: Sequence[Run | Method], query: Query, *, progress: Progress | None = None
) -> list[RunResult | Method]:
    """What :func:`vosbench.analysis.compare.compare` takes: predictions scored, runs of one folder together."""
    inside = {k: runs_inside(run) for k, run in enumerate(runs) if isinstance(run, str | Path)}
    paths: list[Run] = []
    for k, run in enumerate(runs):
        if not isinstance(run, Method):
            paths += inside.get(k) or (run,)
    loaded = iter(load_or_score(paths, query, progress=progress))
    methods: list[RunResult | Method] = []
    for k, run in enumerate(runs):
        if isinstance(run, Method):
            methods.append(run)
        elif several := inside.get(k):
            name = Path(str(run)).resolve().name
            methods.append(Method(name=name, runs=tuple(next(loaded) for _ in several)))
        else:
            methods.append(next(loaded))
    return methods


def position(runs: Sequence[Run | Method], baseline: int | str | Path) -> int:
    """The number of the run that ``baseline`` names. Raises UsageError if it is none of them."""
    if isinstance(baseline, int):
        if not 0 <= baseline < len(runs):
            raise UsageError(f"there is no run number {baseline}", fix=f"choose 0 to {len(runs) - 1}")
        return baseline
    for k, run in enumerate(runs):
        if isinstance(run, str | Path) and _place(run) == _place(baseline):
            return k
    raise UsageError(f"the baseline {baseline} is none of the runs", fix="repeat one of them")


def _place(path: str | Path) -> Path:
    return (run_folder(path) or Path(path)).resolve()


def check(
    run: Run,
    against: Run,
    *,
    tolerance: float = regression.TOLERANCE,
    exact: bool = False,
    benchmark: str | None = None,
    protocol: str | None = None,
    data: str | Path | None = None,
    gt: str | Path | None = None,
    split: str | Path | None = None,
    missing: str = "error",
    resize: str | None = None,
    palette: str | None = None,
    roots: Collection[Root] = (),
    jobs: int | None = None,
    progress: Progress | None = None,
) -> CheckReport:
    """Hold a run to a baseline. The report says whether it ``passed``; nothing is raised for a regression.

    Args:
        run: a finished run, the path of one, or the path of predictions, which are scored first.
        against: the same, or a baseline file of ``vosbench check --update``.
        tolerance: points that the mean of each group and of each sequence may lose.
        exact: every frame must have the same counts as well; better ones fail too.
        benchmark, protocol, data, gt, split, roots: for predictions, see :class:`vosbench.datasets.query.Query`.
        missing, resize, palette: for predictions, see :class:`vosbench.scoring.reading.Reading`.
        jobs: workers; all cores by default.
        progress: called with (frames done, frames in all, sequence).

    Raises:
        InputError: no run, no predictions and no baseline at a path, or predictions that cannot be scored.
        IncomparableError: made by other rules than the baseline.

    >>> import vosbench
    >>> from vosbench.testing import write_label_maps
    >>> for name, frames in (("annotations", "xxxx"), ("before", "xxxx"), ("now", "xhxx")):
    ...     write_label_maps(name, {"bear": {1: frames}})
    >>> report = vosbench.check("now", "before", gt="annotations")
    >>> report.passed, report.worst()[0].loss
    (False, 25.0)
    """
    query = Query.of(benchmark=benchmark, protocol=protocol, data=data, gt=gt, split=split, roots=roots)
    reading = Reading(missing=missing, resize=resize, palette=palette)
    found, baseline = run_and_baseline(run, against, query, reading=reading, jobs=jobs, progress=progress)
    return regression.check(found, baseline, tolerance=tolerance, exact=exact)


def run_and_baseline(
    run: Run,
    against: Run,
    query: Query,
    *,
    reading: Reading = AS_IS,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> tuple[RunResult, Baseline]:
    """A run, and the baseline in a file or that of a finished run or of predictions."""
    if isinstance(against, str | Path) and is_baseline(Path(against)):
        baseline = regression.read_baseline(Path(against))  # first: scoring may take long
        (found,) = load_or_score([run], query, reading=reading, jobs=jobs, progress=progress)
        return found, baseline
    earlier, found = load_or_score([against, run], query, reading=reading, jobs=jobs, progress=progress)
    return found, regression.baseline_of(earlier)


def is_baseline(path: Path) -> bool:
    """Is it a place for a baseline file, rather than a run or predictions?"""
    return run_folder(path) is None and not path.is_dir() and path.suffix.lower() != ".zip"
