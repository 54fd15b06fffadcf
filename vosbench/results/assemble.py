"""Make a run from its frames table: everything that follows from counts and rules is computed here and nowhere else.

Scoring, scoring again by another protocol, importing and reading all call :func:`assemble`. The reader compares what
it finds in a file with what this function makes of the tables.
"""

import hashlib
import platform
from collections.abc import Mapping
from typing import Any

import numpy as np

from vosbench import kernel
from vosbench._version import ENGINE, __version__
from vosbench.protocols.signature import parse, signature, signatures
from vosbench.protocols.spec import ProtocolSpec
from vosbench.results import aggregate
from vosbench.results.document import Origin, Predictions, ResultDocument, Truth
from vosbench.results.run import RunResult, run_keys
from vosbench.results.tables import FRAMES, KEYS, UNREACHED, Columns


def assemble(
    spec: ProtocolSpec,
    *,
    frames: Columns,
    keys: Columns,
    benchmark: str,
    split: str,
    truth: str,
    name: str,
    unlabelled: Mapping[str, int] | None = None,
    best_permutation: float | None = None,
    attributes: Mapping[str, tuple[str, ...]] | None = None,
    notes: tuple[str, ...] = (),
    environment: Mapping[str, str] | None = None,
    origin: Origin | None = None,
    engine: str = str(ENGINE),
) -> RunResult:
    """Make a run.

    Args:
        spec: the protocol.
        frames: the frames table; a table of values instead of counts makes an imported run.
        keys: every object there is (:func:`vosbench.results.tables.object_keys`).
        benchmark, split, name: of the data, and of the predictions.
        truth: fingerprint of the ground truth (hexadecimal).
        unlabelled: sequences without an object → frames that were read.
        best_permutation, attributes, notes, environment, origin: as in
            :class:`vosbench.results.document.ResultDocument`; ``environment`` is that of this process if None.
        engine: version of the engine that counted.
    """
    counted = "intersection" in frames
    filled, resized = _flagged(frames, "filled", "absent"), _flagged(frames, "resized")
    overrides = {
        **({"missing": "empty"} if filled else {}),
        **({"resize": "nearest"} if resized else {}),
        **({} if counted else {"source": "imported"}),
    }
    about: Any = {"split": split, "data": truth, "overrides": overrides, "engine": engine}
    objects = aggregate.objects(frames, keys, spec.rules)
    document = ResultDocument(
        signature=signature(spec, **about),
        signatures=signatures(spec, **about),
        benchmark=benchmark,
        split=split,
        protocol=spec,
        overrides=overrides,
        dataset=_truth(truth, frames, keys, unlabelled or {}),
        predictions=Predictions(name=name, fingerprint=_fingerprint(frames, FRAMES, but=("scored",))),
        filled=filled,
        resized=resized,
        summary=aggregate.summary(objects, spec.rules),
        predicting_nothing=aggregate.predicting_nothing(frames, keys, spec.rules) if counted else (),
        best_permutation_J=best_permutation,
        notes=notes,
        environment=this_environment() if environment is None else environment,
        attributes=attributes or {},
        origin=origin,
    )
    return RunResult(document, frames, objects)


def assembled_again(run: RunResult, **changes: Any) -> RunResult:
    """The run made again from its tables, with some arguments of :func:`assemble` changed."""
    document = run.document
    known: dict[str, Any] = {
        "spec": document.protocol,
        "frames": run.frames_columns,
        "keys": run_keys(run),
        "benchmark": document.benchmark,
        "split": document.split,
        "truth": document.dataset.fingerprint,
        "name": document.predictions.name,
        "unlabelled": document.dataset.unlabelled,
        "best_permutation": document.best_permutation_J,
        "attributes": document.attributes,
        "notes": document.notes,
        "environment": document.environment,
        "origin": document.origin,
        "engine": parse(document.signature).get("engine", ""),
    }
    return assemble(**known | changes)


def this_environment() -> dict[str, str]:
    """What makes results in this process: versions, kernel and platform."""
    return {
        "vosbench": __version__,
        "kernel": kernel.BACKEND,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _truth(fingerprint: str, frames: Columns, keys: Columns, unlabelled: Mapping[str, int]) -> Truth:
    at = np.flatnonzero(frames["flags"] != UNREACHED)
    read = set(zip(frames["sequence"][at].tolist(), frames["index"][at].tolist(), strict=True))
    return Truth(
        fingerprint=fingerprint,
        sequences=len(set(keys["sequence"].tolist())) + len(unlabelled),
        objects=len(keys["object"]),
        frames=len(read) + sum(unlabelled.values()),
        unlabelled=unlabelled,
        described=_fingerprint(keys, KEYS),
    )


def _flagged(frames: Columns, *flags: str) -> dict[str, int]:
    """Sequence → frames with one of the flags, for sequences that have some."""
    at = np.flatnonzero(np.isin(frames["flags"].astype(str), flags))
    found = dict.fromkeys(zip(frames["sequence"][at].tolist(), frames["index"][at].tolist(), strict=True))
    names = [sequence for sequence, _ in found]
    return {name: names.count(name) for name in dict.fromkeys(names)}


def _fingerprint(columns: Mapping[str, np.ndarray[Any, Any]], order: tuple[str, ...], but: tuple[str, ...] = ()) -> str:
    """SHA-256 over the columns of a table, each with its name."""
    digest = hashlib.sha256()
    for name in order:
        if name in columns and name not in but:
            column = columns[name]
            digest.update(f"{name} {len(column)}\n".encode())
            if column.dtype == object:
                digest.update("\n".join(column.tolist()).encode(errors="surrogatepass"))
            else:
                digest.update(column.astype("<f8" if column.dtype.kind == "f" else "<i8").tobytes())
    return digest.hexdigest()
