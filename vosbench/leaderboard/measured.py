"""Make a measured card from a run folder, and put it on a leaderboard together with its ``result.json``."""

import csv
import hashlib
import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from vosbench.errors import IncomparableError, InputError, Problem, UsageError
from vosbench.files import write
from vosbench.leaderboard.card import About, Card, Measurement, Number, Value, encode
from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.over_time import mean_over_time
from vosbench.results.document import SCHEMA
from vosbench.text import as_utf8

COMPLETE: Final = "complete"


class _Cell(msgspec.Struct, frozen=True):
    group: str
    measure: str
    statistic: str
    value: float | None = None


class _Predictions(msgspec.Struct, frozen=True):
    fingerprint: str


class _Dataset(msgspec.Struct, frozen=True):
    fingerprint: str
    sequences: int
    objects: int
    frames: int


class Result(msgspec.Struct, frozen=True):
    """What a card needs of a ``result.json``; other keys are none of the leaderboard's business."""

    schema: str
    status: str
    signature: str
    dataset: _Dataset
    predictions: _Predictions
    summary: tuple[_Cell, ...]
    benchmark: str | None = None
    split: str | None = None


def read_result(raw: bytes, where: Path) -> Result:
    """Parse a ``result.json``. Raises InputError if it is not one, IncomparableError if it is of another version."""
    try:
        result = msgspec.json.decode(raw, type=Result)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fix = "name a run folder written by `vosbench score`"
        raise InputError([Problem(code="bad-result", message=str(error), where=str(where), fix=fix)]) from error
    if result.schema != SCHEMA:
        message = f"{where} has the schema {result.schema!r}, this vosbench reads {SCHEMA!r}"
        raise IncomparableError(message, fix="upgrade vosbench, or score the predictions again")
    return result


def values_of(result: Result) -> tuple[Value, ...]:
    """The summary as card values: fractions with every digit of the float64, undefined cells left out."""
    return tuple(
        Value(measure=c.measure, statistic=c.statistic, group=c.group, value=decimal(c.value), unit="fraction")  # type: ignore[arg-type]
        for c in result.summary
        if c.value is not None
    )


def card_of(run: Path, about: About) -> Card:
    """The card of a run folder: numbers, signature and fingerprints from its files, the rest from ``about``.

    Per-sequence values come from ``objects.csv`` and J over time from ``frames.parquet``; a run without them makes a
    card without them. Raises InputError, IncomparableError, or UsageError if the run names no benchmark.
    """
    path = run / "result.json"
    if not path.is_file():
        raise UsageError(f"{run} holds no result.json", fix="name a run folder written by `vosbench score`")
    raw = path.read_bytes()
    result = read_result(raw, path)
    if result.benchmark is None or result.split is None:
        raise UsageError(
            f"{path} belongs to no benchmark", fix="score with --benchmark, so that results can be compared"
        )
    objects = read_objects(run / "objects.csv")
    series = {(row["sequence"], int(row["object"]), int(row["proposal"])) for row in objects}
    document = {
        **msgspec.to_builtins(about),
        "kind": "measured",
        "benchmark": result.benchmark,
        "split": result.split,
        "protocol": result.signature,
        "values": msgspec.to_builtins(values_of(result)),
        "sequences": sequence_values(objects),
        "over_time": mean_over_time(run / "frames.parquet", series),
        "result": msgspec.to_builtins(measurement(raw, result)),
    }
    try:
        return msgspec.convert(document, type=Card)
    except msgspec.ValidationError as error:
        problem = Problem(code="bad-card", message=str(error), where=str(path), fix="see docs/leaderboard.md")
        raise InputError([problem]) from error


def measurement(raw: bytes, result: Result) -> Measurement:
    """What the card says about where its numbers are from."""
    return Measurement(
        fingerprint=fingerprint(raw),
        dataset=result.dataset.fingerprint,
        predictions=result.predictions.fingerprint,
        sequences=result.dataset.sequences,
        objects=result.dataset.objects,
        frames=result.dataset.frames,
        complete=result.status == COMPLETE,
    )


def read_objects(path: Path) -> list[dict[str, str]]:
    """The rows of an ``objects.csv``; none without the file."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def sequence_values(objects: list[dict[str, str]]) -> dict[str, dict[str, Number]]:
    """The cells of each sequence, each the mean over its objects; undefined values are left out."""
    found: dict[str, dict[str, list[float]]] = {}
    for row in objects:
        if row["value"]:
            cells = found.setdefault(row["sequence"], {})
            cells.setdefault(f"{row['measure']} {row['statistic']}", []).append(float(row["value"]))
    return {s: {c: decimal(sum(v) / len(v), 6) for c, v in cells.items()} for s, cells in found.items()}


def read_about(path: Path) -> About:
    """Read a ``card.toml``. Raises InputError naming the key that is wrong."""
    try:
        return msgspec.toml.decode(as_utf8(path.read_bytes()), type=About)
    except (msgspec.DecodeError, ValueError) as error:
        fix = "see `vosbench leaderboard add --help` for an example"
        raise InputError([Problem(code="bad-toml", message=str(error), where=str(path), fix=fix)]) from error


def add(board: Board, run: Path, about: About) -> Path:
    """Put the card of a run on the board, with the ``result.json`` it came from. Returns the card's path.

    Raises UsageError for an unknown benchmark or split, or if this very result is on the board already.
    """
    card = card_of(run, about)
    board.of_benchmark(card.benchmark, card.split)
    raw = (run / "result.json").read_bytes()
    digest = fingerprint(raw).removeprefix("sha256:")
    path = board.root / "entries" / card.benchmark / f"measured-{slug(card.name)}-{digest[:12]}.json"
    if path.exists():
        raise UsageError(f"{path} is there already", fix="remove it first if its card.toml has changed")
    write(board.root / "results" / f"{digest}.json", raw)
    write(path, encode(card))
    return path


def fingerprint(raw: bytes) -> str:
    """SHA-256 of a file's bytes, as ``sha256:<hex>``."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def decimal(value: float, digits: int | None = None) -> str:
    """A float as a plain decimal that reads back as the same float, or with so many digits.

    >>> decimal(1e-05), decimal(0.25, 3)
    ('0.00001', '0.250')
    """
    text = f"{Decimal(repr(value)):f}" if digits is None else f"{value:.{digits}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def slug(name: str) -> str:
    """A name as part of a file name and of a permalink: lower-case ASCII letters, digits and single dashes.

    >>> slug("Müller's S2S (w/o OL)"), slug("方法")
    ('muller-s-s2s-w-o-ol', 'x22b9f0b6')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("+", " plus ")
    known = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60].rstrip("-")
    return known or f"x{hashlib.sha256(name.encode()).hexdigest()[:8]}"
