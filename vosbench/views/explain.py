"""A protocol in plain English."""

import textwrap
from collections.abc import Sequence

from vosbench.measures.catalog import MEASURES, is_selected
from vosbench.measures.stability import STABLE_DAVIS_2016_VAL, UNSTABLE_DAVIS_2016
from vosbench.protocols import rules as verbs
from vosbench.protocols.frame_rules import FRAMES
from vosbench.protocols.spec import Data, ProtocolSpec


def explain(spec: ProtocolSpec, width: int = 100) -> str:
    """The rules of a protocol as a person would tell them, with its deviations from the reference and open points."""
    blocks = [f"{spec.title} ({spec.name}, version {spec.version})"]
    blocks += textwrap.wrap(f"Reference: {spec.reference}.", width)
    blocks += ["", *_bullets(sentences(spec), width)]
    if spec.deviations:
        blocks += ["", "Where it deviates from its reference, and why:", *_bullets(spec.deviations, width)]
    if spec.open_points:
        blocks += ["", "Not known of the reference:", *_bullets(spec.open_points, width)]
    if spec.data and spec.data.home:
        blocks += ["", textwrap.fill(data_sentence(spec.data), width, break_on_hyphens=False, break_long_words=False)]
    return "\n".join(blocks)


def data_sentence(data: Data) -> str:
    """Where the data is, its licence, and whether its ground truth can be had."""
    licence = f"licence {data.licence}" if data.licence else "licence: see there"
    where = (
        "hidden: only splits whose annotations you hold can be scored" if data.ground_truth == "hidden" else "public"
    )
    others = f"; that of {_listed(data.hidden)} is hidden" if data.hidden else ""
    server = f" Server: {data.server}." if data.server else ""
    return f"Data: {data.home}, {licence}. Ground truth of {data.split}: {where}{others}.{server}"


def sentences(spec: ProtocolSpec) -> list[str]:
    """One sentence or two for each rule."""
    r = spec.rules
    optional = [_stability(r.stability)] if r.stability == "stable" or is_selected(r.measures) else []
    measures = _listed([f"{name} ({MEASURES[name].title})" for name in r.measures])
    tolerance = f"{r.tolerance:g} of the image diagonal, rounded up" if r.tolerance < 1 else f"{r.tolerance:g} pixels"
    merged = r.objects == "merged"
    by_id = r.pairing == "id" and not merged
    lines = [
        FRAMES[r.frames].says,
        _OBJECTS_OF_PROPOSALS if merged and r.pairing != "id" else verbs.OBJECTS[r.objects],
        verbs.FOREGROUND[r.foreground] if merged else "",
        "There is no void label." if merged and r.void == "object" else verbs.VOID[r.void],
        verbs.PAIRING["id"] if by_id else "",
        f"{verbs.PAIRING[r.pairing]} At most {r.max_proposals} proposals." if r.pairing != "id" else "",
        verbs.EXTRA_IDS[r.extra_ids] if by_id else "",
        "A missing mask is an error; with --missing empty it is scored as empty, flagged, and part of the signature. "
        + verbs.ABSENT[r.absent],
        f"Measures: {measures}.",
        "" if r.frames == "present" else verbs.BOTH_EMPTY[r.both_empty],
        verbs.UNREACHED[r.unreached],
        verbs.UNSCORED[r.unscored],
        f"Contour tolerance: {tolerance}, Euclidean." if {"F", "Fv", "Fp"} & set(r.measures) else "",
        _OBJECT_TOLERANCE if "Fa" in r.measures else "",
        "Of each object, over its scored frames: " + "; ".join(verbs.STATISTICS[s].says for s in r.statistics) + ".",
        _averaging(r.groups) if r.groups else verbs.AVERAGING[r.averaging],
        f"Headline: {_listed(r.headline)}.",
        *optional,
    ]
    return [line.strip() for line in lines if line]


_OBJECTS_OF_PROPOSALS = "All labels but 0 of the ground truth are one object, the foreground."

_OBJECT_TOLERANCE = (
    "Contour tolerance of Fa: a tenth of the root of the object's true area, rounded up, but at most 0.008 of the "
    "image diagonal, which is not rounded."
)


def _stability(which: str) -> str:
    """How T is averaged."""
    text = (
        "Temporal stability T (with --measures J,F,T): 5 times the mean over the scored frames, each compared with the "
        "frame before it; the first one with the ground truth. "
    )
    if which == "all":
        return text + "It is averaged over all objects."
    stable, unstable = ", ".join(sorted(STABLE_DAVIS_2016_VAL)), ", ".join(sorted(UNSTABLE_DAVIS_2016))
    return text + (
        "It is averaged over the stable sequences (group stable), and over all of them as a second value. Stable are "
        "those with eval_t in the dataset's db_info.yml; without that file, those of the validation set: "
        f"{stable}. Known to be unstable: {unstable}."
    )


def _averaging(groups: tuple[str, ...]) -> str:
    named = _listed(groups)
    return f"Objects are averaged within {named}; the overall score is the mean of {named}."


def _listed(names: Sequence[str]) -> str:
    """Words joined as in a sentence."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])


def _bullets(lines: list[str] | tuple[str, ...], width: int) -> list[str]:
    return [
        textwrap.fill(line, width, initial_indent="  · ", subsequent_indent="    ", break_on_hyphens=False)
        for line in lines
    ]
