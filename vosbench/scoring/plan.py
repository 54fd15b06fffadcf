"""Before any mask is decoded: what will be scored, and whether everything for it is there."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vosbench.errors import InputError, Problem, few
from vosbench.masks.order import order_doubt
from vosbench.protocols.frame_rules import FRAMES
from vosbench.protocols.spec import Rules
from vosbench.scoring import problems as problems_of
from vosbench.scoring.identity import identity_problems
from vosbench.scoring.numbering import other_numbering
from vosbench.scoring.task import Task
from vosbench.types import MaskSource, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The tasks, longest first, ``notes`` for information, and ``remarks`` on what is improbable in each prediction."""

    tasks: tuple[Task, ...]
    notes: tuple[str, ...]
    remarks: tuple[tuple[str, ...], ...]


def make_plan(
    sequences: Iterable[Sequence],
    rules: Rules,
    gt: MaskSource,
    predictions: tuple[MaskSource, ...],
    *,
    missing: str = "error",
    resize: bool = False,
) -> Plan:
    """Plan the scoring of some sequences.

    Args:
        sequences: what to score.
        rules: of the protocol.
        gt: the ground truth.
        predictions: one source or several.
        missing: "error", or "empty" to score missing frames and sequences as empty masks.
        resize: accept predictions of another size.

    Raises:
        InputError: with every frame and sequence that is missing on either side.
    """
    sequences = tuple(sequences)
    expected = {s.name: expected_stems(s, rules) for s in sequences}
    problems = [p for s in sequences for p in _truth_problems(s, rules, gt, expected[s.name])]
    if not problems and not _short(sequences, rules):
        refused = _too_short(sequences, rules, expected)
        problems = [problems_of.nothing_to_score(gt, s.name, len(s.frames), rules.frames) for s in refused]
    numbering = [other_numbering(source, sequences) for source in (() if problems else predictions)]
    problems += [p for shifted, _ in numbering for p in shifted]
    renumbered = {id(source) for source, (shifted, _) in zip(predictions, numbering, strict=False) if shifted}
    named = [p for p in predictions if id(p) not in renumbered]  # of the others every frame would be called missing
    problems += [p for source in named for p in _absent(source, expected, every=missing == "error")]
    problems += [p for source in predictions for p in identity_problems(source, gt, sequences, rules)]
    if problems:
        raise InputError(problems)
    options = {"rules": rules, "gt": gt, "predictions": predictions, "missing": missing, "resize": resize}
    tasks = [Task(sequence=s, **options) for s in sequences]  # type: ignore[arg-type]
    tasks.sort(key=lambda task: -len(expected[task.sequence.name]))
    notes = [*_oddities(sequences), *(note for p in predictions for note in _extras(p, sequences))]
    return Plan(tasks=tuple(tasks), notes=tuple(notes), remarks=tuple(tuple(remarks) for _, remarks in numbering))


def _too_short(sequences: tuple[Sequence, ...], rules: Rules, expected: dict[str, tuple[str, ...]]) -> list[Sequence]:
    """The sequences without a frame to score, where that is an error: where the rules say so, or where all are."""
    short = [s for s in sequences if not expected[s.name]]
    if len(short) == len(sequences):
        return short
    # Of a sequence whose objects are listed it is the objects that have too few frames: they are counted in a note.
    return [s for s in short if not s.objects] if rules.unscored == "error" else []


def _short(sequences: tuple[Sequence, ...], rules: Rules) -> bool:
    """Is it a result that no frame is scored: do the videos count 0, and are they known to be so short?"""
    return rules.unscored == "zero" and all(s.length is not None for s in sequences)


def expected_stems(sequence: Sequence, rules: Rules) -> tuple[str, ...]:
    """The frames of a sequence that some object is scored on."""
    verb = FRAMES[rules.frames]
    infos = sequence.objects or (None,)
    flags = np.any([verb.expected(sequence, info) for info in infos], axis=0)
    return tuple(f for f, flag in zip(sequence.frames, flags, strict=True) if flag)


def _truth_problems(sequence: Sequence, rules: Rules, gt: MaskSource, expected: tuple[str, ...]) -> list[Problem]:
    if not expected:
        return []
    if doubt := order_doubt(sequence.frames):
        return [problems_of.unknown_order(gt, sequence.name, doubt)]
    have = set(gt.frames(sequence.name))
    if absent := [f for f in expected if f not in have]:
        return [problems_of.hidden_truth(gt, sequence.name, absent[0], len(absent))]
    if rules.groups and any(info.group not in rules.groups for info in sequence.objects or ()):
        return [problems_of.no_group(gt, sequence.name, rules.groups)]
    return []


def _absent(source: MaskSource, expected: dict[str, tuple[str, ...]], *, every: bool) -> list[Problem]:
    """What a prediction lacks: every sequence and frame, or only whether there is nothing at all that is asked for."""
    wanted = [name for name, frames in expected.items() if frames]
    have = source.sequences()
    others = [name for name in have if name not in expected]
    if wanted and others and len(others) == len(have):
        return [problems_of.nothing_wanted(source, wanted, others)]
    return [p for name in wanted for p in _missing(source, name, expected[name], others)] if every else []


def _missing(source: MaskSource, sequence: str, expected: tuple[str, ...], others: list[str]) -> list[Problem]:
    have = set(source.frames(sequence))
    if not have:
        return [problems_of.missing_sequence(source, sequence, len(expected), others)]
    return [problems_of.missing_frame(source, sequence, f) for f in expected if f not in have]


def _oddities(sequences: tuple[Sequence, ...]) -> list[str]:
    """One line for each thing that is odd about how the dataset describes some sequences."""
    found = dict.fromkeys(note for s in sequences for note in s.notes)
    return [f"{note}: {few([s.name for s in sequences if note in s.notes])}" for note in found]


def _extras(source: MaskSource, sequences: tuple[Sequence, ...]) -> list[str]:
    """What the source says of itself, one line for sequences, one for frames that no rule asks for."""
    wanted = {s.name: set(s.frames) for s in sequences}
    others = [name for name in source.sequences() if name not in wanted]
    frames = sum(len(set(source.frames(name)) - stems) for name, stems in wanted.items())
    notes = list(getattr(source, "notes", ()))
    if others:
        notes.append(f"{source.name}: ignored {len(others)} sequence(s) that are not in the split ({few(others)})")
    if frames:
        notes.append(f"{source.name}: ignored {frames} frame(s) without ground truth")
    return notes
