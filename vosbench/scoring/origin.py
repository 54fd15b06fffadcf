"""Where a run came from, and how to find its data and predictions again from any folder."""

from pathlib import Path

from vosbench.datasets.discover import Target
from vosbench.datasets.query import Query
from vosbench.protocols import load as protocols
from vosbench.results.document import Origin, ResultDocument
from vosbench.scoring.reading import Reading


def origin_of(query: Query, target: Target, predictions: Path, reading: Reading) -> Origin:
    """The query that made a run, as found: with absolute paths, and the benchmark and split that were chosen.

    A path that is no text, which some systems allow, is left out: JSON cannot hold it.
    """
    own = target.dataset.root / "benchmark.toml"
    benchmark = query.benchmark or (str(own) if own.is_file() else target.benchmark)
    chosen = {"missing": reading.missing, "resize": reading.resize, "palette": reading.palette}
    return Origin(
        benchmark=None if query.gt else _file_or_name(benchmark),
        protocol=_file_or_name(query.protocol),
        data=None if query.gt else _absolute(target.dataset.root),
        gt=_absolute(query.gt),
        split=_file_or_name(target.split),
        predictions=_absolute(predictions),
        options={name: value for name, value in chosen.items() if value is not None and value != "error"},
    )


def query_of(document: ResultDocument, query: Query) -> Query:
    """The query for the data of a run: what ``query`` leaves open is taken from the run.

    Where the run does not know its data, or the data has moved, the roots of ``query`` are searched for its benchmark.
    """
    origin = document.origin or Origin()
    split, known = query.split or origin.split or document.split, _benchmark(document, origin)
    if query.gt or query.data or query.benchmark:
        benchmark = query.benchmark or (None if query.gt else known)
        return Query(benchmark=benchmark, data=query.data, gt=query.gt, split=split, roots=query.roots)
    if origin.gt:
        return Query(gt=Path(origin.gt), split=split, protocol=origin.protocol)
    data = None if origin.data is None else Path(origin.data)
    if data is not None and query.roots and not data.exists():
        data = None  # it may lie in one of the roots now; without roots, the error names the place where it was
    return Query(benchmark=known, data=data, split=split, protocol=origin.protocol, roots=query.roots)


def predictions_of(document: ResultDocument) -> Path:
    """Where the predictions of a run are: at the absolute path it knows, or at the name given, from this folder."""
    known = (document.origin or Origin()).predictions
    places = [Path(place) for place in (known, document.predictions.name) if place]
    return next((place for place in places if place.exists()), places[0])


def reading_of(document: ResultDocument) -> Reading:
    """How the predictions of a run were read."""
    options = (document.origin or Origin()).options
    return Reading(
        missing=options.get("missing", "error"), resize=options.get("resize"), palette=options.get("palette")
    )


def _benchmark(document: ResultDocument, origin: Origin) -> str | None:
    """The benchmark of a run, if it can be loaded here; otherwise its data says what it is."""
    names = (origin.benchmark, document.benchmark)
    there = (name for name in names if name and (name in protocols.names() or Path(name).is_file()))
    return next((name for name in there if name != "folder"), None)


def _file_or_name(name: str | None) -> str | None:
    """A name as it is, the path of a file as an absolute one."""
    return _absolute(Path(name)) if name is not None and name.endswith((".toml", ".txt")) else name


def _absolute(path: Path | None) -> str | None:
    text = None if path is None else str(path.absolute())
    try:
        return None if text is None else text.encode().decode()
    except UnicodeEncodeError:
        return None
