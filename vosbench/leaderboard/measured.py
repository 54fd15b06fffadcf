"""Make a measured card from a run, and put it on a leaderboard together with the run.

The run is read by the reader that every verb uses (:mod:`vosbench.results.reader`), so a doctored one is refused.
"""

import hashlib
import math
import re
import unicodedata
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from vosbench.analysis.curves import normalised
from vosbench.errors import InputError, Problem, UsageError
from vosbench.files import write
from vosbench.leaderboard.card import About, Card, Measurement, Number, Value, encode
from vosbench.leaderboard.entries import Board
from vosbench.protocols import load as protocols
from vosbench.results.reader import load as load_run
from vosbench.results.run import RunResult
from vosbench.text import as_utf8

#: Points of the curve of J over time.
POINTS: Final = 21


def values_of(run: RunResult) -> tuple[Value, ...]:
    """The summary as card values: fractions with every digit of the float64, undefined cells left out."""
    return tuple(
        Value(measure=c.measure, statistic=c.statistic, group=c.group, value=decimal(c.value), unit="fraction")
        for c in run.document.summary
        if c.value is not None
    )


def card_of(run: RunResult, about: About) -> Card:
    """The card of a run: numbers, signature and fingerprints from it, the rest from ``about``.

    Raises:
        InputError: the run is none of a benchmark under the benchmark's own rules, or cannot stand on a card.
    """
    require_benchmark(run)
    d = run.document
    card = {
        **msgspec.to_builtins(about),
        "kind": "measured",
        "benchmark": d.benchmark,
        "split": d.split,
        "protocol": d.signature,
        "values": msgspec.to_builtins(values_of(run)),
        "sequences": sequence_values(run),
        "over_time": over_time(run),
        "result": msgspec.to_builtins(measurement(run)),
    }
    try:
        return msgspec.convert(card, type=Card)
    except msgspec.ValidationError as error:
        raise InputError([_problem("bad-card", str(error), run, "see docs/leaderboard.md")]) from error


def require_benchmark(run: RunResult) -> None:
    """Raise InputError unless the masks of a benchmark were scored, by the rules of that benchmark's protocol."""
    d = run.document
    try:
        own = protocols.load(d.benchmark)
    except UsageError:
        own = None
    if own is None or own.data is None or d.overrides.get("source"):
        message = "it holds no masks of a benchmark that vosbench scored"
        raise InputError([_problem("no-benchmark", message, run, "score predictions with --benchmark NAME")])
    rules, theirs = (msgspec.structs.replace(s.rules, measures=(), headline=()) for s in (own, d.protocol))
    if (own.name, own.version, rules) != (d.protocol.name, d.protocol.version, theirs):
        there, right = (f"{s.name}@{s.version}" for s in (d.protocol, own))
        message = f"it was scored by {there}, whose rules are not those of the benchmark's {right}"
        raise InputError([_problem("other-rules", message, run, "score it with --benchmark alone")])


def size_deviation(run: RunResult) -> str:
    """How the data of a run differs from the published size of its split, in words; "" where it does not."""
    d = run.document
    data = protocols.load(d.benchmark).data
    size = data.sizes.get(d.split) if data else None
    if size is None:
        return f"the size of {d.benchmark} {d.split} is not known"
    pairs = [(name, getattr(d.dataset, name), getattr(size, name)) for name in ("sequences", "objects", "frames")]
    wrong = [f"{have} of {want} {name}" for name, have, want in pairs if want is not None and have != want]
    return ", ".join(wrong)


def measurement(run: RunResult) -> Measurement:
    """What the card says about where its numbers are from."""
    d, size = run.document, size_deviation(run)
    return Measurement(
        fingerprint=fingerprint(run.to_json().encode()),
        dataset=d.dataset.fingerprint,
        predictions=d.predictions.fingerprint,
        sequences=d.dataset.sequences,
        objects=d.dataset.objects,
        frames=d.dataset.frames,
        complete=not size,
        size=size,
        signatures=dict(d.signatures),
    )


def sequence_values(run: RunResult) -> dict[str, dict[str, Number]]:
    """The cells of each sequence, each the mean over its objects; undefined values are left out."""
    table = run.objects_columns
    rows = zip(*(table[k].tolist() for k in ("sequence", "measure", "statistic", "value")), strict=True)
    found: dict[str, dict[str, list[float]]] = {}
    for sequence, measure, statistic, value in rows:
        if not math.isnan(value):
            found.setdefault(sequence, {}).setdefault(f"{measure} {statistic}", []).append(value)
    return {s: {c: decimal(sum(v) / len(v), 6) for c, v in cells.items()} for s, cells in found.items()}


def over_time(run: RunResult) -> list[str]:
    """Mean J at 21 equally spaced points from the first to the last scored frame; empty where J was not measured.

    Objects are pooled, whatever their group (Xu et al., ECCV 2018, Figure 3).
    """
    if "J" not in run.spec.rules.measures:
        return []
    curves = normalised(run, "J mean all", points=POINTS)
    return [f"{v:.4f}" for curve in curves for v in curve.mean.tolist()]


def read_about(path: Path) -> About:
    """Read a ``card.toml``. Raises InputError naming the key that is wrong."""
    try:
        return msgspec.toml.decode(as_utf8(path.read_bytes()), type=About)
    except (msgspec.DecodeError, ValueError) as error:
        fix = "see `vosbench leaderboard add --help` for an example"
        raise InputError([Problem(code="bad-toml", message=str(error), where=str(path), fix=fix)]) from error


def add(board: Board, folder: Path, about: About) -> Path:
    """Put the card of a run on the board, with a copy of the run. Returns the card's path.

    Raises:
        InputError: the files of the run disagree, it is no run of a benchmark, or another method has its predictions.
        UsageError: an unknown benchmark or split, or this very result is on the board already.
    """
    run = load_run(folder)
    card = card_of(run, about)
    board.of_benchmark(card.benchmark, card.split)
    assert card.result is not None
    path = board.root / "entries" / card.benchmark / f"measured-{slug(card.name)}-{digest_of(card)[:12]}.json"
    if path.exists():
        raise UsageError(f"{path} is there already", fix="remove it first if its card.toml has changed")
    if others := [entry.card.name for entry in board.entries if same_predictions(entry.card, card)]:
        message = f"its predictions are those of {others[0]}, which is on the board"
        raise InputError([_problem("same-predictions", message, run, "score the predictions of this method")])
    run.save(board.root / "results" / digest_of(card))
    write(path, encode(card))
    return path


def digest_of(card: Card) -> str:
    """The name of the folder in ``results/`` with the run behind a measured card."""
    assert card.result is not None
    return card.result.fingerprint.removeprefix("sha256:")


def same_predictions(a: Card, b: Card) -> bool:
    """Do the cards of two methods stand for the same predictions?"""
    if a.result is None or b.result is None or a.method == b.method:
        return False
    return (a.result.dataset, a.result.predictions) == (b.result.dataset, b.result.predictions)


def _problem(code: str, message: str, run: RunResult, fix: str) -> Problem:
    return Problem(code=code, message=message, where=f"the run {run.name}", fix=fix)


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
