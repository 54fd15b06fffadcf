"""Before any mask is decoded: what will be scored, and whether everything for it is there."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vosbench.errors import InputError, Problem
from vosbench.protocols.rules import FRAMES
from vosbench.protocols.spec import Rules
from vosbench.scoring import problems as problems_of
from vosbench.scoring.identity import identity_problems
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
    if not problems and not any(expected.values()):
        problems = [problems_of.nothing_to_score(gt, s.name, len(s.frames), rules.frames) for s in sequences]
    if missing == "error":
        problems += [p for source in predictions for s in sequences for p in _missing(source, s.name, expected[s.name])]
    problems += [p for source in predictions for p in identity_problems(source, gt, sequences, rules)]
    if problems:
        raise InputError(problems)
    options = {"rules": rules, "gt": gt, "predictions": predictions, "missing": missing, "resize": resize}
    tasks = [Task(sequence=s, **options) for s in sequences]  # type: ignore[arg-type]
    tasks.sort(key=lambda task: -len(expected[task.sequence.name]))
    return Plan(
        tasks=tuple(tasks),
        notes=tuple(n for p in predictions for n in _extras(p, sequences)),
        remarks=tuple(() for _ in predictions),
    )


def expected_stems(sequence: Sequence, rules: Rules) -> tuple[str, ...]:
    """The frames of a sequence that some object is scored on."""
    verb = FRAMES[rules.frames]
    infos = sequence.objects or (None,)
    flags = np.any([verb.expected(sequence, info) for info in infos], axis=0)
    return tuple(f for f, flag in zip(sequence.frames, flags, strict=True) if flag)


def _truth_problems(sequence: Sequence, rules: Rules, gt: MaskSource, expected: tuple[str, ...]) -> list[Problem]:
    if not expected:
        # Objects that are listed on too few frames are reported as not scored; without any list it is the sequence.
        rule, n = rules.frames, len(sequence.frames)
        return [] if sequence.objects else [problems_of.nothing_to_score(gt, sequence.name, n, rule)]
    have = set(gt.frames(sequence.name))
    if absent := [f for f in expected if f not in have]:
        return [problems_of.hidden_truth(gt, sequence.name, absent[0], len(absent))]
    if rules.groups and any(info.group not in rules.groups for info in sequence.objects or ()):
        return [problems_of.no_group(gt, sequence.name, rules.groups)]
    return []


def _missing(source: MaskSource, sequence: str, expected: tuple[str, ...]) -> list[Problem]:
    have = set(source.frames(sequence))
    if expected and not have:
        return [problems_of.missing_sequence(source, sequence, len(expected))]
    return [problems_of.missing_frame(source, sequence, f) for f in expected if f not in have]


def _extras(source: MaskSource, sequences: tuple[Sequence, ...]) -> list[str]:
    """One line for sequences, one for frames that no rule asks for."""
    wanted = {s.name: set(s.frames) for s in sequences}
    others = [name for name in source.sequences() if name not in wanted]
    frames = sum(len(set(source.frames(name)) - stems) for name, stems in wanted.items())
    notes = []
    if others:
        few = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        notes.append(f"{source.name}: ignored {len(others)} sequence(s) that are not in the split ({few})")
    if frames:
        notes.append(f"{source.name}: ignored {frames} frame(s) without ground truth")
    return notes
