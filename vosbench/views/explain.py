"""A protocol in plain English."""

import textwrap
from collections.abc import Sequence

from vosbench.measures.catalog import MEASURES
from vosbench.protocols import rules as verbs
from vosbench.protocols.spec import ProtocolSpec


def explain(spec: ProtocolSpec, width: int = 100) -> str:
    """The rules of a protocol as a person would tell them, with its deviations from the reference and open points."""
    blocks = [f"{spec.title} ({spec.name}, version {spec.version})", f"Reference: {spec.reference}."]
    blocks += ["", *_bullets(sentences(spec), width)]
    if spec.deviations:
        blocks += ["", "Where it deviates from its reference, and why:", *_bullets(spec.deviations, width)]
    if spec.open_points:
        blocks += ["", "Not known of the reference:", *_bullets(spec.open_points, width)]
    if spec.data and spec.data.home:
        hidden = spec.data.ground_truth == "hidden"
        where = "hidden: only splits whose annotations you hold can be scored" if hidden else "public"
        blocks += ["", f"Data: {spec.data.home} ({spec.data.licence}). Ground truth of {spec.data.split!r}: {where}."]
    return "\n".join(blocks)


def sentences(spec: ProtocolSpec) -> list[str]:
    """One sentence or two for each rule."""
    r = spec.rules
    measures = _listed([f"{name} ({MEASURES[name].title})" for name in r.measures])
    tolerance = f"{r.tolerance:g} of the image diagonal, rounded up" if r.tolerance < 1 else f"{r.tolerance:g} pixels"
    lines = [
        verbs.FRAMES[r.frames].says,
        verbs.OBJECTS[r.objects],
        verbs.VOID[r.void] if r.objects != "merged" else "There is no void label.",
        verbs.PAIRING[r.pairing] + (f" At most {r.max_proposals} proposals." if r.pairing == "hungarian" else ""),
        verbs.EXTRA_IDS[r.extra_ids] if r.pairing == "id" and r.objects != "merged" else "",
        "A missing mask is an error; with --missing empty it is scored as empty, flagged, and part of the signature. "
        + verbs.ABSENT[r.absent],
        f"Measures: {measures}.",
        "" if r.frames == "present" else "A frame on which an object is rightly absent counts 1.",
        f"Contour tolerance: {tolerance}, Euclidean." if {"F", "Fv", "Fp"} & set(r.measures) else "",
        _OBJECT_TOLERANCE if "Fa" in r.measures else "",
        "Of each object, over its scored frames: " + "; ".join(verbs.STATISTICS[s].says for s in r.statistics) + ".",
        _averaging(r.groups) if r.groups else verbs.AVERAGING[r.averaging],
        f"Headline: {_listed(r.headline)}.",
    ]
    return [line for line in lines if line]


_OBJECT_TOLERANCE = (
    "Contour tolerance of Fa: a tenth of the root of the object's true area, rounded up, but at most 0.008 of the image "
    "diagonal, which is not rounded."
)


def _averaging(groups: tuple[str, ...]) -> str:
    named = _listed(groups)
    return f"Objects are averaged within {named}; the overall score is the mean of {named}."


def _listed(names: Sequence[str]) -> str:
    """Words joined as in a sentence."""
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])


def _bullets(lines: list[str] | tuple[str, ...], width: int) -> list[str]:
    return [textwrap.fill(line, width, initial_indent="  · ", subsequent_indent="    ") for line in lines]
