"""The signature: one line that says which rules made a number. Equal signatures, comparable numbers."""

from collections.abc import Mapping

from vosbench._version import ENGINE
from vosbench.errors import IncomparableError
from vosbench.protocols.spec import ProtocolSpec


def signature(spec: ProtocolSpec, *, split: str, data: str, overrides: Mapping[str, str]) -> str:
    """Build the signature of a run.

    Args:
        spec: the protocol.
        split: name of the split that was scored.
        data: fingerprint of the ground truth (hexadecimal; the first 12 digits are kept).
        overrides: departures from the protocol that took effect, such as ``{"missing": "empty"}``.

    Returns:
        ``key:value`` pairs joined by ``|``, starting with the protocol's name and version.
    """
    r = spec.rules
    knobs = {
        "protocol": f"{spec.name}@{spec.version}",
        "split": split,
        "frames": r.frames,
        "objects": r.objects,
        "void": r.void,
        **({"foreground": r.foreground} if r.foreground != "labels" else {}),
        "pairing": r.pairing if r.pairing == "id" else f"{r.pairing}{r.max_proposals}",
        "extra": r.extra_ids,
        "measures": "+".join(r.measures),
        "F": f"{r.tolerance:g}",
        **({"T": r.stability} if "T" in r.measures else {}),
        **({"groups": "+".join(r.groups)} if r.groups else {}),
        **({"averaging": r.averaging} if r.averaging != "object" else {}),
        **({"absent": r.absent} if r.absent != "empty" else {}),
        **({"both-empty": r.both_empty} if r.both_empty != "one" else {}),
        **({"unscored": r.unscored} if r.unscored != "leave-out" else {}),
        **({"unreached": r.unreached} if r.unreached != "leave-out" else {}),
        **overrides,
        "data": data[:12],
        "engine": str(ENGINE),
    }
    return "|".join(f"{key}:{value}" for key, value in knobs.items())


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
