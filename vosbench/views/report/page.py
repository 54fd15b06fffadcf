"""Put the report together: what each section shows, and the template that shows it."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from vosbench.errors import IncomparableError
from vosbench.results.comparable import comparable
from vosbench.results.run import RunResult, unique_names
from vosbench.views import summary
from vosbench.views.grid import Grid
from vosbench.views.report import lines
from vosbench.views.report.evidence import Evidence, NoEvidence
from vosbench.views.report.overlay import jpeg
from vosbench.views.report.worst import SHOWN, WorstFrame, worst_frames

#: Runs side by side in one report; each has a colour and a dash of its own.
MOST_RUNS = 6

#: Flagged rows listed in full.
MOST_FLAGGED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One of the worst frames: where, how bad, and the overlay as a data URI, if there is one."""

    worst: WorstFrame
    uri: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """The worst frames of one run, or why they are not shown."""

    name: str
    pictures: tuple[Picture, ...]
    note: str = ""


def report(
    runs: Sequence[RunResult], evidence: Callable[[RunResult], Evidence], *, on_note: Callable[[str], None]
) -> str:
    """The report as HTML.

    Args:
        runs: one to six; a measure that was not scored by the same rules in all of them is left out.
        evidence: finds the masks of one of ``runs``; raises NoEvidence where they are not at hand.
        on_note: called with what could not be shown.

    Raises:
        IncomparableError: runs without a measure that was scored by the same rules in all of them, or too many runs.
    """
    given = runs
    runs, refused = comparable(given)
    for left_out, reason in refused.items():
        on_note(f"{left_out} is left out: {reason}")
    if len(runs) > MOST_RUNS:
        raise IncomparableError(f"{len(runs)} runs do not fit one report", fix=f"choose at most {MOST_RUNS}")
    names = unique_names(runs)
    measure = _measure(runs[0])
    galleries = [
        _gallery(run, name, partial(evidence, whole)) for run, name, whole in zip(runs, names, given, strict=True)
    ]
    for gallery in galleries:
        if gallery.note:
            for line in gallery.note.splitlines():
                on_note(f"{gallery.name}: {line}")
    return _render(
        names=names,
        runs=runs,
        measure=measure,
        headline=summary.headline(runs),
        remarks=[(n, [*summary.footnotes(r), *r.document.notes]) for n, r in zip(names, runs, strict=True)],
        overview=lines.overview(runs, names, measure),
        charts=lines.by_sequence(runs, names, measure),
        galleries=galleries,
        tables=_tables(runs, names),
        flagged=[(name, _flagged(run)) for name, run in zip(names, runs, strict=True)],
        matched=[(name, _matched(run)) for name, run in zip(names, runs, strict=True)],
        provenance=[(name, _provenance(run)) for name, run in zip(names, runs, strict=True)],
    )


def _measure(run: RunResult) -> str:
    return "J" if "J" in run.spec.rules.measures else run.spec.rules.measures[0]


def _render(**content: Any) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([jinja2.PackageLoader(f"vosbench.{room}") for room in ("views.report", "views")]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("report.html").render(content)


def _gallery(run: RunResult, name: str, evidence: Callable[[], Evidence]) -> Gallery:
    """The worst frames with the pictures there are; one note for all that could not be had."""
    worst = worst_frames(run, _measure(run))
    try:
        source = evidence()
    except NoEvidence as problem:
        note = f"overlays left out, the masks are not at hand:\n{problem}"
        return Gallery(name=name, pictures=tuple(Picture(worst=w, uri="") for w in worst), note=note)
    pictures: list[Picture] = []
    notes: list[str] = []
    for w in worst[:SHOWN]:
        try:
            drawn = source.picture(w)
        except NoEvidence as problem:
            pictures.append(Picture(worst=w, uri=""))
            notes.append(str(problem))
        else:
            uri = "data:image/jpeg;base64," + b64encode(jpeg(drawn)).decode("ascii")
            pictures.append(Picture(worst=w, uri=uri, width=drawn.shape[1], height=drawn.shape[0]))
    return Gallery(name=name, pictures=tuple(pictures), note="; ".join(dict.fromkeys(notes)))


def _tables(runs: Sequence[RunResult], names: Sequence[str]) -> list[tuple[str, Grid]]:
    """Sequences and objects, the runs under each other."""
    titles = {"sequence": "Sequences", "object": "Objects"}
    if any(run.objects_columns["category"].any() for run in runs):
        titles["category"] = "Categories"
    return [(title, _stacked([summary.sliced(run, by) for run in runs], names)) for by, title in titles.items()]


def _stacked(grids: Sequence[Grid], names: Sequence[str]) -> Grid:
    if len(grids) == 1:
        return grids[0]
    rows = [[row[0], name, *row[1:]] for name, grid in zip(names, grids, strict=True) for row in grid.rows]
    rows.sort(key=lambda row: row[0])
    header = [grids[0].header[0], "run", *grids[0].header[1:]]
    return Grid(header=header, rows=rows, labels=grids[0].labels + 1)


def _flagged(run: RunResult) -> Grid:
    """Rows whose mask was missing or of another size, one for each sequence and frame."""
    frames = run.frames_columns
    at = np.flatnonzero(frames["flags"] != "")
    found = dict.fromkeys(zip(*(frames[k][at].tolist() for k in ("sequence", "frame", "flags")), strict=True))
    rows = [list(map(str, row)) for row in list(found)[:MOST_FLAGGED]]
    caption = f"the first {MOST_FLAGGED} of {len(found)}" if len(found) > MOST_FLAGGED else ""
    return Grid(header=("sequence", "frame", "what"), rows=rows, labels=3, caption=caption)


def _matched(run: RunResult) -> Grid:
    """Which proposal was scored for which object."""
    table = run.objects_columns
    keys = ("sequence", "object", "proposal")
    pairs = dict.fromkeys(zip(*(table[k].tolist() for k in keys), strict=True))
    assigned = pairs if run.spec.rules.pairing != "id" else {}
    return Grid(header=keys, rows=[list(map(str, p)) for p in assigned], labels=1)


def _provenance(run: RunResult) -> list[tuple[str, str]]:
    d = run.document
    spec = run.spec
    return [
        ("predictions", d.predictions.name),
        ("fingerprint of the predictions", d.predictions.fingerprint),
        ("benchmark, split", f"{d.benchmark}, {d.split}"),
        ("fingerprint of the ground truth", d.dataset.fingerprint),
        ("protocol", f"{spec.title} ({spec.name}, version {spec.version}); {spec.reference}"),
        *((name, str(value)) for name, value in sorted(d.environment.items())),
    ]
