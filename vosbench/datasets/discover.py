"""Which benchmark a query means, and where its data is: from the query, the registered roots and what lies on disk."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vosbench.datasets.folder import Folder
from vosbench.datasets.lists import is_there, root_advice
from vosbench.datasets.query import Query, Root
from vosbench.datasets.registry import layout_of, open_dataset, root_near
from vosbench.errors import InputError, Problem, UsageError
from vosbench.protocols import load as protocols
from vosbench.protocols.spec import Data, ProtocolSpec
from vosbench.types import Dataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to score against: rules, data and split. ``benchmark`` names the data, ``spec`` may be another protocol."""

    benchmark: str
    spec: ProtocolSpec
    dataset: Dataset
    split: str


def locate(query: Query) -> Target:
    """Find the benchmark and its data.

    Raises:
        UsageError: contradictory, unknown or ambiguous choices.
        InputError: data that is not laid out as expected, naming what was looked for.
    """
    if query.gt is not None:
        if query.benchmark or query.data:
            raise UsageError(
                "--gt cannot be combined with --benchmark or --data", fix="give --gt alone, or --benchmark with --data"
            )
        _must_exist(query.gt)
        spec = protocols.load(query.protocol or "folder")
        return Target(benchmark="folder", spec=spec, dataset=Folder(query.gt), split=query.split or "all")
    roots = query.roots
    if query.data is not None:
        _must_exist(query.data)
        roots = (Root(path=query.data, benchmark=query.benchmark),)
    named, dataset = _named(query.benchmark, roots) if query.benchmark else _detected(roots, query.split)
    assert named.data is not None
    rules = protocols.load(query.protocol) if query.protocol else named
    return Target(benchmark=named.name, spec=rules, dataset=dataset, split=query.split or named.data.split)


def benchmarks() -> tuple[ProtocolSpec, ...]:
    """The protocols that come with a dataset layout of their own."""
    specs = (protocols.load(name) for name in protocols.names())
    return tuple(s for s in specs if s.data is not None and s.data.layout != "folder")


def fits(root: Root) -> tuple[str, ...]:
    """Names of the benchmarks whose layout the data at a root has."""
    return tuple(dict.fromkeys(spec.name for spec, _ in _candidates(root, None)))


def _named(name: str, roots: Sequence[Root]) -> tuple[ProtocolSpec, Dataset]:
    spec = protocols.load(name)
    registered = [r for r in roots if r.benchmark == name]
    own_folder = name.endswith(".toml") and len(registered) == 1
    if spec.data is None or (spec.data.layout == "folder" and not own_folder):
        raise UsageError(f"{name} scores any two folders", fix="give the ground truth with --gt FOLDER")
    if len(registered) == 1:
        return spec, open_dataset(spec.data, registered[0].path)
    places = {path.resolve(): path for path in _places(registered or roots)}
    found = [path for path in places.values() if layout_of(spec.data, path).found()]
    if not found:
        raise _no_data(f"no data found for {name}", roots, spec.data)
    if len(found) > 1:
        raise UsageError(f"{name} could be any of {', '.join(map(str, found))}", fix="choose one with --data")
    return spec, layout_of(spec.data, found[0])


def _detected(roots: Sequence[Root], split: str | None) -> tuple[ProtocolSpec, Dataset]:
    candidates = _distinct(c for root in roots for c in _candidates(root, split))
    if not candidates:
        known = {
            f"{layout.root} has {', '.join(layout.splits())}" for root in roots for _, layout in _candidates(root, None)
        }
        if known:
            raise UsageError(
                f"no dataset has a split called {split!r}: {'; '.join(sorted(known))}",
                fix="name one of these, or give a .txt of sequences",
            )
        raise _no_data("no dataset found", roots, None)
    if len(candidates) > 1:
        names = list(dict.fromkeys(f"{spec.name} ({layout.root})" for spec, layout in candidates))
        raise UsageError(
            f"ambiguous benchmark: the data fits {', '.join(names)}",
            fix="choose one with --benchmark (and --data if it lies in two places)",
        )
    return candidates[0]


def _distinct(candidates: Iterable[tuple[ProtocolSpec, Dataset]]) -> list[tuple[ProtocolSpec, Dataset]]:
    """Each benchmark at each place once, whichever ways lead there (registered, and in VOSBENCH_DATA as well)."""
    return list({(spec.name, layout.root.resolve()): (spec, layout) for spec, layout in candidates}.values())


def _candidates(root: Root, split: str | None) -> Iterator[tuple[ProtocolSpec, Dataset]]:
    """The benchmarks that the data at a root fits: its own TOML file, the registered name, or any with that layout."""
    for path in _places([root]):
        own = path / "benchmark.toml"
        specs = (
            (protocols.load(str(own)),) if own.is_file() else tuple(s for s in benchmarks() if s.data and s.data.detect)
        )
        if root.benchmark:
            specs = (protocols.load(root.benchmark),)
        for spec in specs:
            layout = layout_of(spec.data or Data(layout="folder"), path)
            if layout.found() and (split is None or split.endswith(".txt") or split in layout.splits()):
                yield spec, layout


def _places(roots: Sequence[Root]) -> Iterator[Path]:
    """Each root and the folders directly in it, so that one folder can hold all datasets."""
    for root in roots:
        yield root.path
        if root.path.is_dir():
            yield from sorted(p for p in root.path.iterdir() if p.is_dir() and not p.name.startswith("."))


def _must_exist(path: Path) -> None:
    if not path.exists():
        raise InputError([Problem(code="no-data", message="it does not exist", where=str(path), fix="check the path")])


def _no_data(message: str, roots: Sequence[Root], data: Data | None) -> InputError | UsageError:
    fix = "give --data FOLDER, register one with `vosbench data add FOLDER`, or set VOSBENCH_DATA"
    if not roots:
        return UsageError(message, fix=fix)
    wanted = [data] if data else [spec.data for spec in benchmarks() if spec.data]
    looked = dict.fromkeys(pattern for d in wanted for pattern in layout_of(d, Path()).looked_for())
    places = []
    for path in (root.path for root in roots):
        have = [pattern for pattern in looked if is_there(path, pattern)]
        absent = ", ".join(pattern for pattern in looked if pattern not in have)
        said = f"it has {', '.join(have)}, but not {absent}" if have and data else f"holds none of: {', '.join(looked)}"
        other = next(filter(None, (root_near(d, path) for d in wanted)), None)
        advice = root_advice(path, other) if other else fix
        places.append(Problem(code="layout", message=said, where=str(path), fix=advice))
    return InputError(places, summary=message)
