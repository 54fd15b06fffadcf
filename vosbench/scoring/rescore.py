"""Score a finished run by another protocol over the same counts, without reading a mask again."""

from pathlib import Path

import msgspec
import numpy as np

from vosbench.errors import IncomparableError
from vosbench.measures.catalog import COUNTS, EXTRA_COUNTS, MEASURES, extra_columns, is_selected, own_columns
from vosbench.protocols import load as protocols
from vosbench.protocols.frame_rules import FRAMES
from vosbench.protocols.spec import ProtocolSpec, Rules
from vosbench.results.assemble import assembled_again
from vosbench.results.reader import load
from vosbench.results.run import RunResult
from vosbench.results.tables import UNREACHED, Columns, scored


def rescore(run: RunResult, spec: ProtocolSpec) -> RunResult:
    """The result of scoring the same predictions by ``spec``, equal to what scoring them afresh would give.

    Raises:
        IncomparableError: the protocol needs other counts; the message names every knob in which it differs.
    """
    if different := differing(run, spec.rules):
        knobs = "; ".join(f"{knob}: {have} in the run, {want} asked for" for knob, (have, want) in different.items())
        raise IncomparableError(
            f"{spec.name} needs other counts than {run.spec.name} left ({knobs})",
            fix="score the predictions again with --protocol",
        )
    origin = run.document.origin
    if origin is not None and spec.name != run.spec.name:
        origin = msgspec.structs.replace(origin, protocol=spec.name)
    return assembled_again(run, spec=spec, frames=_columns(run.frames_columns, spec.rules), origin=origin)


def rescore_saved(
    folder: str | Path, *, protocol: str | None = None, measures: tuple[str, ...] | None = None
) -> RunResult:
    """A run read from its folder and scored by another protocol, or its own, with other measures, or the protocol's.

    Raises:
        InputError: no run there.
        UsageError: an unknown protocol or measure.
        IncomparableError: see :func:`rescore`.
    """
    run = load(folder)
    if protocol is None and measures is None:
        return run
    spec = protocols.load(protocol) if protocol else run.spec
    return rescore(run, protocols.with_measures(spec, measures) if measures else spec)


def differing(run: RunResult, rules: Rules) -> dict[str, tuple[str, str]]:
    """The knobs in which ``rules`` need other counts than a run has: its value and the one asked for."""
    have, columns = run.spec.rules, run.frames_columns
    knobs = ["objects", "void", "foreground", "pairing"]
    if have.pairing != "id":
        knobs.append("max_proposals")
    if any({"gt_hits", "pred_hits"} & set(MEASURES[m].counts) for m in rules.measures):
        knobs.append("tolerance")
    if is_selected(rules.measures):
        knobs.append("stability")
    if UNREACHED in columns["flags"]:
        knobs.append("unreached")
    if rules.extra_ids == "error":
        knobs.append("extra_ids")
    different = {k: (str(getattr(have, k)), str(getattr(rules, k))) for k in knobs}
    if FRAMES[have.frames].expected is not FRAMES[rules.frames].expected:
        different["frames"] = (have.frames, rules.frames)
    groups = {*run.objects_columns["group"].tolist()} - {""}
    if rules.groups and groups != set(rules.groups):
        different["groups"] = ("+".join(sorted(groups)), "+".join(rules.groups))
    for name in rules.measures:
        if not {name, *COUNTS} & set(columns) or not set(MEASURES[name].counts or (name,)) <= set(columns):
            different[f"measure {name}"] = ("not counted", "needed")
    return {k: pair for k, pair in different.items() if pair[0] != pair[1]}


def _columns(frames: Columns, rules: Rules) -> Columns:
    """The frames table as the rules would have left it."""
    extra = set(extra_columns(rules.measures))
    drop = {name for name in frames if name in EXTRA_COUNTS and name not in extra}
    drop |= {*own_columns(MEASURES)} - {*own_columns(rules.measures)}
    kept = {name: column for name, column in frames.items() if name not in drop}
    return kept | {"scored": np.asarray(scored(kept, rules))}
