"""Which numbers of several runs may stand side by side: those whose measure has the same signature in all of them.

There is one refusal for every verb, and it names the knob. A measure that was left out is said with its reason.
"""

from collections.abc import Mapping, Sequence

import msgspec

from vosbench.errors import IncomparableError
from vosbench.measures.catalog import MEASURES, own_columns
from vosbench.protocols.signature import differences
from vosbench.results.assemble import assembled_again
from vosbench.results.run import RunResult, unique_names

_FIX = "score both with the same protocol, split and ground truth"


def refusals(signatures: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The measures whose numbers may not be compared, each with the reason.

    Args:
        signatures: name of a run → measure → signature (:attr:`vosbench.results.document.ResultDocument.signatures`).
    """
    (first, known), *others = signatures.items()
    found: dict[str, str] = {}
    for measure in dict.fromkeys(m for of_run in signatures.values() for m in of_run):
        if without := [name for name, of_run in signatures.items() if measure not in of_run]:
            found[measure] = f"it was not measured in {', '.join(without)}"
            continue
        for name, of_run in others:
            if different := differences(known[measure], of_run[measure]):
                found[measure] = f"{first} and {name} were scored by different rules ({_knobs(different)})"
                break
    return found


def refuse(reasons: Mapping[str, str]) -> IncomparableError:
    """The error where no number may be compared; the message has every reason once."""
    by_reason: dict[str, list[str]] = {}
    for measure, reason in reasons.items():
        by_reason.setdefault(reason, []).append(measure)
    if len(by_reason) == 1:
        return IncomparableError(next(iter(by_reason)), fix=_FIX)
    lines = [f"  {', '.join(measures)}: {reason}" for reason, measures in by_reason.items()]
    return IncomparableError("\n".join(["no number of these runs may be compared", *lines]), fix=_FIX)


def require_comparable(runs: Sequence[RunResult], measure: str) -> None:
    """Raise IncomparableError, which names the knob, unless all runs have ``measure`` with one signature."""
    names = unique_names(runs)
    known = {name: run.document.signatures for name, run in zip(names, runs, strict=True)}
    if reason := refusals(known).get(measure):
        raise IncomparableError(f"{measure}: {reason}", fix=_FIX)


def comparable(
    runs: Sequence[RunResult], names: Sequence[str] | None = None
) -> tuple[tuple[RunResult, ...], dict[str, str]]:
    """The runs with only the measures that may be compared, and the other measures with the reason.

    Args:
        runs: one or more.
        names: what to call them in a refusal; :func:`vosbench.results.run.unique_names` if None.

    Raises:
        IncomparableError: there is no such measure; every knob in which the runs differ is named.
    """
    if len({run.signature for run in runs}) == 1:
        return tuple(runs), {}
    names = unique_names(runs) if names is None else names
    reasons = refusals({name: run.document.signatures for name, run in zip(names, runs, strict=True)})
    shared = [m for m in runs[0].spec.rules.measures if m in MEASURES and m not in reasons]
    if not shared:
        raise refuse(reasons)
    return tuple(_narrowed(run, tuple(shared)) for run in runs), reasons


def _narrowed(run: RunResult, measures: tuple[str, ...]) -> RunResult:
    """The run as if only these measures had been asked for."""
    rules = msgspec.structs.replace(run.spec.rules, measures=measures)
    dropped = {*own_columns(run.spec.rules.measures)} - {*own_columns(measures)}
    kept = {name: column for name, column in run.frames_columns.items() if name not in dropped}
    return assembled_again(run, spec=msgspec.structs.replace(run.spec, rules=rules), frames=kept)


def _knobs(different: Mapping[str, tuple[str, str]]) -> str:
    return "; ".join(f"{knob}: {a} against {b}" for knob, (a, b) in different.items())
