"""Have the numbers become worse than a baseline allows? By tolerance in points, or exactly, frame by frame.

A baseline is one JSON file: signature, means, and for each object a digest (CRC-32) of the counts of each frame.
"""

import json
import math
import zlib
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from vosbench.analysis.significance import SequenceSums
from vosbench.errors import InputError, Problem
from vosbench.files import write
from vosbench.measures.catalog import COUNTS, MEASURES, higher_is_better
from vosbench.measures.cells import parse
from vosbench.protocols.signature import require_same
from vosbench.results.comparable import refusals, refuse
from vosbench.results.run import RunResult
from vosbench.text import as_utf8

SCHEMA = "vosbench.baseline/1"

#: Points of a mean (hundredths) that may be lost.
TOLERANCE = 0.2

#: A loss this close to the tolerance, in points, is rounding.
_ROUNDING = 1e-9


class Baseline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The content of a baseline file.

    ``signatures`` maps a measure to the rules behind it, ``groups`` and ``sequences`` a name to measure → mean,
    ``frames`` and ``digests`` a sequence to object → the names of its frames, and their digests in the same order, one
    after another.
    """

    schema: str
    signature: str
    signatures: dict[str, str]
    groups: dict[str, dict[str, float | None]]
    sequences: dict[str, dict[str, float | None]]
    frames: dict[str, dict[str, list[str]]]
    digests: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One number that was checked. ``kind`` is "group" or "sequence"; values are fractions, None where undefined."""

    kind: str
    name: str
    measure: str
    before: float | None
    now: float | None
    failed: bool

    @property
    def loss(self) -> float:
        """Points lost: positive is worse, infinite if the number is gone."""
        if self.before is None:
            return 0.0
        if self.now is None:
            return math.inf
        change = 100 * (self.now - self.before)
        return -change if higher_is_better(*parse(self.measure)[:2]) else change


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedFrame:
    """A frame whose counts are not those of the baseline."""

    sequence: str
    object: int
    frame: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """Everything that was checked; ``frames`` is None unless frames were.

    ``refused`` are the measures of the baseline that may not be compared with the run, each with the reason.
    """

    name: str
    signature: str
    tolerance: float
    numbers: tuple[Checked, ...]
    frames: tuple[ChangedFrame, ...] | None
    refused: Mapping[str, str]

    @property
    def worse(self) -> bool:
        """Is a number worse than allowed, or a frame changed where that was asked?"""
        return bool(self.frames) or any(n.failed for n in self.numbers)

    @property
    def passed(self) -> bool:
        """Is nothing worse, and was every measure of the baseline compared?"""
        return not self.worse and not self.refused

    def worst(self) -> tuple[Checked, ...]:
        """The numbers that failed, the largest loss first."""
        return tuple(sorted((n for n in self.numbers if n.failed), key=lambda n: (-n.loss, n.kind, n.name)))


def baseline_of(run: RunResult) -> Baseline:
    """What to remember of a run."""
    frames, digests = _digests(run)
    return Baseline(
        schema=SCHEMA,
        signature=run.signature,
        signatures=dict(run.document.signatures),
        groups=_groups(run),
        sequences=_sequences(run),
        frames=frames,
        digests=digests,
    )


def check(run: RunResult, baseline: Baseline, *, tolerance: float = TOLERANCE, exact: bool = False) -> CheckReport:
    """Compare a run with a baseline.

    Args:
        run: the new run.
        baseline: what it is held to.
        tolerance: points that each mean, of a group or a sequence, may lose.
        exact: every frame must have the same counts as well; better ones fail too.

    Raises:
        IncomparableError: no measure of the baseline was scored by the same rules, or with ``exact`` not all of them.
    """
    if exact:
        require_same({"the baseline": baseline.signature, run.name: run.signature})
    reasons = refusals({"the baseline": baseline.signatures, run.name: run.document.signatures})
    refused = {measure: reason for measure, reason in reasons.items() if measure in baseline.signatures}
    if len(refused) == len(baseline.signatures):
        raise refuse(refused)
    kinds = {"group": (baseline.groups, _groups(run)), "sequence": (baseline.sequences, _sequences(run))}
    return CheckReport(
        name=run.name,
        signature=run.signature,
        tolerance=tolerance,
        numbers=tuple(n for kind, (a, b) in kinds.items() for n in _numbers(kind, a, b, tolerance, refused)),
        frames=tuple(_changed(run, baseline)) if exact else None,
        refused=refused,
    )


def read_baseline(path: Path) -> Baseline:
    """Read a baseline file. Raises InputError if there is none, or it is not of this vosbench."""
    try:
        found = msgspec.json.decode(as_utf8(path.read_bytes()), type=Baseline)
        if found.schema != SCHEMA:
            raise ValueError(f"schema {found.schema!r}, expected {SCHEMA!r}")
    except FileNotFoundError as error:
        raise _refused(path, "there is no such file") from error
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise _refused(path, f"it is no baseline ({error})") from error
    return found


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Write a baseline file; equal runs give equal bytes. Raises InputError if it cannot be written."""
    text = json.dumps(msgspec.to_builtins(baseline), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write(path, text)


def _groups(run: RunResult) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {}
    for cell in run.document.summary:
        if cell.statistic == "mean":
            found.setdefault(cell.group, {})[cell.measure] = cell.value
    return found


def _sequences(run: RunResult) -> dict[str, dict[str, float | None]]:
    found: dict[str, dict[str, float | None]] = {}
    for measure in dict.fromkeys(run.objects_columns["measure"].tolist()):
        sums = SequenceSums.of(run.objects_columns, measure, "mean")
        for name, value in zip(sums.names, sums.per_sequence().tolist(), strict=True):
            found.setdefault(name, {})[measure] = None if math.isnan(value) else value
    return found


def _numbers(
    kind: str, before: Mapping[str, Any], now: Mapping[str, Any], tolerance: float, refused: Container[str]
) -> Iterator[Checked]:
    for name, measures in before.items():
        for measure, value in measures.items():
            if measure in refused:
                continue
            row = {"kind": kind, "name": name, "measure": measure, "before": value}
            found = now.get(name, {}).get(measure)
            failed = Checked(**row, now=found, failed=False).loss > tolerance + _ROUNDING
            yield Checked(**row, now=found, failed=failed)


def _digests(run: RunResult) -> tuple[dict[str, dict[str, list[str]]], dict[str, dict[str, str]]]:
    """Frame names and digests by sequence and object; of the proposal that was matched, where there are several."""
    columns = run.frames_columns
    kept = [name for name in ("proposal", "scored", *COUNTS, *MEASURES) if name in columns]
    rows = np.ascontiguousarray(np.stack([np.asarray(columns[n], np.float64) for n in kept], 1), "<f8")
    matched = _matched(run)
    frames: dict[str, dict[str, list[str]]] = {}
    digests: dict[str, dict[str, str]] = {}
    keys = zip(*(columns[n].tolist() for n in ("sequence", "object", "proposal", "frame")), strict=True)
    for row, (sequence, number, proposal, frame) in zip(rows, keys, strict=True):
        if matched.get((sequence, number)) == proposal:
            frames.setdefault(sequence, {}).setdefault(str(number), []).append(frame)
            found = digests.setdefault(sequence, {})
            found[str(number)] = found.get(str(number), "") + f"{zlib.crc32(row.tobytes()):08x}"
    return frames, digests


def _matched(run: RunResult) -> dict[tuple[str, int], int]:
    columns = (run.objects_columns[name].tolist() for name in ("sequence", "object", "proposal"))
    return {(sequence, number): proposal for sequence, number, proposal in zip(*columns, strict=True)}


def _changed(run: RunResult, baseline: Baseline) -> Iterator[ChangedFrame]:
    """Frames that are in only one of the two, or have other counts."""
    now = _by_frame(*_digests(run))
    before = _by_frame(baseline.frames, baseline.digests)
    for key in sorted(before.keys() | now.keys()):
        if before.get(key) != now.get(key):
            sequence, number, frame = key
            yield ChangedFrame(sequence=sequence, object=number, frame=frame)


def _by_frame(
    frames: Mapping[str, Mapping[str, list[str]]], digests: Mapping[str, Mapping[str, str]]
) -> dict[tuple[str, int, str], str]:
    return {
        (sequence, int(number), frame): digests[sequence][number][8 * i : 8 * i + 8]
        for sequence, objects in frames.items()
        for number, stems in objects.items()
        for i, frame in enumerate(stems)
    }


def _refused(path: Path, message: str) -> InputError:
    fix = "write one with `vosbench check … --update`"
    return InputError([Problem(code="baseline", message=message, where=str(path), fix=fix)])
