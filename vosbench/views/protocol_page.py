"""The page about all protocols, docs/protocols.md: the keys of a protocol file, every protocol, every deviation."""

from collections.abc import Iterable, Mapping

from vosbench.measures.catalog import MEASURES
from vosbench.protocols import rules as verbs
from vosbench.protocols.frame_rules import FRAMES
from vosbench.protocols.spec import ProtocolSpec
from vosbench.views.explain import data_sentence, sentences

#: Begins the sentence of a deviation that says what it does to a score.
EFFECT = " Effect: "

_INTRO = """\
# Protocols

A protocol is a file of named rules. It decides which frames and objects are scored, what void pixels and missing masks
mean, how objects are paired, measured and averaged. Two numbers are comparable only if all of that agrees, which is
what the signature beside every number says. `vosbench explain NAME` prints one protocol.

This page is printed by `vosbench explain --all`, and a test compares the two.
"""

_KEYS = """\
## The keys of a protocol file

A protocol file is TOML: `name`, `version` (raised when any number can move), `title`, `task`, `reference`, optionally
`deviations` and `open_points` in words, then `[rules]` and, for a benchmark, `[data]`. Unknown keys are errors.
`tolerance` is the contour tolerance as a fraction of the image diagonal, or in pixels from 1 on; `max_proposals` limits
the labels of unpaired predictions; `groups` names the groups objects are averaged in; `headline` names the numbers to
quote. All other rules are names:
"""


_MEASURED = """\
Every figure is printed by `python benchmarks/deviations.py --data FOLDER`, which scores the same masks by our rule and
by the reference's; a test compares the two.
"""


def page(specs: Iterable[ProtocolSpec]) -> str:
    """The whole page in Markdown."""
    specs = sorted(specs, key=lambda spec: spec.name)
    blocks = [_INTRO, _KEYS, _keys(), "## The protocols\n"]
    blocks += [_section(spec) for spec in specs]
    blocks += ["## Every deviation from a reference\n", _MEASURED, _deviations(specs)]
    return "\n".join(blocks)


def _keys() -> str:
    words: Mapping[str, Mapping[str, str]] = {
        "frames": {name: verb.says for name, verb in FRAMES.items()},
        "objects": verbs.OBJECTS,
        "void": verbs.VOID,
        "foreground": {**verbs.FOREGROUND, "labels": "Every predicted label but 0 is foreground."},
        "pairing": verbs.PAIRING,
        "extra_ids": verbs.EXTRA_IDS,
        "absent": {**verbs.ABSENT, "empty": "A missing sequence that is accepted is scored as empty masks."},
        "both_empty": verbs.BOTH_EMPTY,
        "unscored": verbs.UNSCORED,
        "unreached": {
            **verbs.UNREACHED,
            "leave-out": "A frame that a dataset counts but does not reach is not scored.",
        },
        "averaging": verbs.AVERAGING,
        "statistics": {name: f"{verb.says[0].upper()}{verb.says[1:]}." for name, verb in verbs.STATISTICS.items()},
        "measures": {m.name: f"{m.title[0].upper()}{m.title[1:]}." for m in MEASURES.values()},
    }
    rows = [f"| `{key}` | `{name}` | {says} |" for key, names in words.items() for name, says in names.items()]
    return "\n".join(["| Rule | Name | What it says |", "| --- | --- | --- |", *rows, ""])


def _section(spec: ProtocolSpec) -> str:
    lines = [f"### `{spec.name}`\n", f"{spec.title}, version {spec.version}. Reference: {spec.reference}.\n"]
    lines += [f"- {line}" for line in sentences(spec)]
    if spec.open_points:
        lines += ["\nNot known of the reference:\n", *(f"- {point}" for point in spec.open_points)]
    if spec.data and spec.data.home:
        lines += ["", data_sentence(spec.data)]
    return "\n".join([*lines, ""])


def _deviations(specs: Iterable[ProtocolSpec]) -> str:
    rows = ["| Protocol | Deviation | Effect on scores |", "| --- | --- | --- |"]
    for spec in specs:
        for text in spec.deviations:
            what, _, effect = text.partition(EFFECT)
            rows.append(f"| `{spec.name}` | {what} | {effect} |")
    return "\n".join([*rows, ""])
