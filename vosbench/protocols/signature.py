"""The signature: one line that says which rules made a number. Equal signatures, comparable numbers.

A run has one signature of all its rules. Each measure has one of its own with only the knobs that it uses: J has no
contour tolerance, so J of a run that measured J alone compares with J of one that measured J and F.

=======================  ==============================================================================================
every measure            protocol, split, frames, objects, void, foreground, pairing, extra, groups, averaging, absent,
                         both-empty, unscored, unreached, overrides, data, engine
measures of contours     F, the contour tolerance (F, Fv, Fp and their composites; Fa has a tolerance without a knob)
T                        T, the sequences it is averaged over
pairing by hungarian     F for every measure, because proposals are assigned by (J + F) / 2
=======================  ==============================================================================================
"""

from collections.abc import Iterable, Mapping

from vosbench._version import ENGINE
from vosbench.errors import IncomparableError
from vosbench.measures.catalog import MEASURES, composites, is_selected
from vosbench.protocols.spec import ProtocolSpec, Rules

#: Counts that depend on the contour tolerance of the protocol.
_WITHIN_TOLERANCE = frozenset(("gt_hits", "pred_hits"))


def signature(
    spec: ProtocolSpec, *, split: str, data: str, overrides: Mapping[str, str], engine: str = str(ENGINE)
) -> str:
    """Build the signature of a run.

    Args:
        spec: the protocol.
        split: name of the split that was scored.
        data: fingerprint of the ground truth (hexadecimal; the first 12 digits are kept).
        overrides: departures from the protocol that took effect, such as ``{"missing": "empty"}``.
        engine: version of the engine that counted.

    Returns:
        ``key:value`` pairs joined by ``|``, starting with the protocol's name and version.
    """
    measures = spec.rules.measures
    return _line(spec, measures, {"measures": "+".join(measures)}, (split, data, overrides, engine))


def signatures(
    spec: ProtocolSpec, *, split: str, data: str, overrides: Mapping[str, str], engine: str = str(ENGINE)
) -> dict[str, str]:
    """Build the signature of each measure and composite of a run, with only the knobs that it uses.

    Args: as for :func:`signature`.

    >>> from vosbench.protocols.load import load
    >>> found = signatures(load("folder"), split="all", data="0123456789abcdef", overrides={})
    >>> list(found), "F" in parse(found["J"]), parse(found["J&F"])["F"]
    (['J', 'F', 'J&F'], False, '0.008')
    """
    parts = {name: (name,) for name in spec.rules.measures} | composites(spec.rules.measures)
    run = (split, data, overrides, engine)
    return {name: _line(spec, of, {"measure": name}, run) for name, of in parts.items()}


def _line(
    spec: ProtocolSpec, measures: Iterable[str], named: Mapping[str, str], run: tuple[str, str, Mapping[str, str], str]
) -> str:
    """The knobs that some measures use; ``run`` is split, data, overrides and engine."""
    r, (split, data, overrides, engine) = spec.rules, run
    knobs = {
        "protocol": f"{spec.name}@{spec.version}",
        "split": split,
        "frames": r.frames,
        "objects": r.objects,
        "void": r.void,
        **({"foreground": r.foreground} if r.foreground != "labels" else {}),
        "pairing": r.pairing if r.pairing == "id" else f"{r.pairing}{r.max_proposals}",
        "extra": r.extra_ids,
        **named,
        **({"F": f"{r.tolerance:g}"} if _uses_tolerance(r, measures) else {}),
        **({"T": r.stability} if is_selected(measures) else {}),
        **({"groups": "+".join(r.groups)} if r.groups else {}),
        **({"averaging": r.averaging} if r.averaging != "object" else {}),
        **({"absent": r.absent} if r.absent != "empty" else {}),
        **({"both-empty": r.both_empty} if r.both_empty != "one" else {}),
        **({"unscored": r.unscored} if r.unscored != "error" else {}),
        **({"unreached": r.unreached} if r.unreached != "leave-out" else {}),
        **overrides,
        "data": data[:12],
        "engine": engine,
    }
    return "|".join(f"{key}:{value}" for key, value in knobs.items())


def _uses_tolerance(rules: Rules, measures: Iterable[str]) -> bool:
    return rules.pairing.startswith("hungarian") or any(_WITHIN_TOLERANCE & set(MEASURES[m].counts) for m in measures)


def parse(text: str) -> dict[str, str]:
    """The knobs of a signature."""
    return dict(part.split(":", 1) for part in text.split("|"))


def differences(a: str, b: str) -> dict[str, tuple[str, str]]:
    """The knobs in which two signatures differ, each with both values ("-" where one has none)."""
    left, right = parse(a), parse(b)
    keys = dict.fromkeys([*left, *right])
    return {k: (left.get(k, "-"), right.get(k, "-")) for k in keys if left.get(k) != right.get(k)}


def require_same(signatures: Mapping[str, str]) -> None:
    """Refuse to put numbers of different signatures side by side.

    Args:
        signatures: name of a run → its signature.

    Raises:
        IncomparableError: naming the first pair of runs that differ, and every knob they differ in.
    """
    items = list(signatures.items())
    for name, other in items[1:]:
        if different := differences(items[0][1], other):
            knobs = "; ".join(f"{k}: {a} against {b}" for k, (a, b) in different.items())
            raise IncomparableError(
                f"{items[0][0]} and {name} were scored by different rules ({knobs})",
                fix="score both with the same protocol, split and ground truth",
            )
