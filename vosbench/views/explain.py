"""A protocol in plain English."""

import textwrap

from vosbench.measures.catalog import MEASURES
from vosbench.measures.stability import STABLE_DAVIS_2016_VAL, UNSTABLE_DAVIS_2016
from vosbench.protocols import rules as verbs
from vosbench.protocols.spec import ProtocolSpec


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
        hidden = spec.data.ground_truth == "hidden"
        where = "hidden: only splits whose annotations you hold can be scored" if hidden else "public"
        data = f"Data: {spec.data.home} ({spec.data.licence}). Ground truth of {spec.data.split!r}: {where}."
        blocks += ["", *textwrap.wrap(data, width)]
    return "\n".join(blocks)


def sentences(spec: ProtocolSpec) -> list[str]:
    """One sentence or two for each rule."""
    r = spec.rules
    optional = [_stability(r.stability)] if r.stability == "stable" or "T" in r.measures else []
    measures = " and ".join(f"{name} ({MEASURES[name].title})" for name in r.measures)
    tolerance = f"{r.tolerance:g} of the image diagonal, rounded up" if r.tolerance < 1 else f"{r.tolerance:g} pixels"
    merged = r.objects == "merged"
    by_id = r.pairing == "id" and not merged
    lines = [
        verbs.FRAMES[r.frames].says,
        verbs.OBJECTS[r.objects],
        "There is no void label." if merged else verbs.VOID[r.void],
        verbs.PAIRING["id"] if by_id else "",
        f"{verbs.PAIRING['hungarian']} At most {r.max_proposals} proposals." if r.pairing == "hungarian" else "",
        verbs.EXTRA_IDS[r.extra_ids] if by_id else "",
        "A missing mask is an error; with --missing empty it is scored as empty, flagged, and part of the signature.",
        f"Measures: {measures}. A frame on which an object is rightly absent counts 1, as in every DAVIS toolkit.",
        f"Contour tolerance: {tolerance}, Euclidean." if "F" in r.measures else "",
        f"Statistics of each object over its scored frames: {', '.join(r.statistics)}.",
        _averaging(r.groups),
        f"Headline: {' and '.join(r.headline)}.",
        *optional,
    ]
    return [line for line in lines if line]


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
    if not groups:
        return "The result is the mean over all objects of all sequences; every object weighs the same."
    named = " and ".join(groups)
    return f"Objects are averaged within {named}; the overall score is the mean of J and F over {named}."


def _bullets(lines: list[str] | tuple[str, ...], width: int) -> list[str]:
    return [
        textwrap.fill(line, width, initial_indent="  · ", subsequent_indent="    ", break_on_hyphens=False)
        for line in lines
    ]
