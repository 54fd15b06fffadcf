"""The outcome of a check as tables, as JUnit XML and as a summary for GitHub."""

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from vosbench.analysis.regression import Checked, CheckReport
from vosbench.views.comparison import signed
from vosbench.views.grid import Grid, hypertext_escape, markdown, markdown_escape
from vosbench.views.summary import percent

#: Rows shown to people; the JUnit file has all of them.
SHOWN = 20


def headline(report: CheckReport) -> str:
    """One line: did it pass, and what was checked."""
    failed = sum(n.failed for n in report.numbers)
    checked = f"{len(report.numbers)} numbers, {failed} worse by more than {report.tolerance:g} points"
    frames = "" if report.frames is None else f"; {len(report.frames)} frame(s) changed"
    refused = f"; not compared: {', '.join(report.refused)}" if report.refused else ""
    return f"{'passed' if report.passed else 'FAILED'}: {report.name}: {checked}{frames}{refused}"


def grids(report: CheckReport) -> list[Grid]:
    """The groups, then the worst rows, then changed frames; tables without rows are left out."""
    groups = [n for n in report.numbers if n.kind == "group"]
    worst = [n for n in report.worst() if n.kind == "sequence"]
    found = [_numbers("groups", groups), _numbers(_title("sequences that became worse", len(worst)), worst[:SHOWN])]
    if report.frames:
        rows = [[f.sequence, str(f.object), f.frame] for f in report.frames[:SHOWN]]
        title = _title("frames that changed", len(report.frames))
        found.append(Grid(header=["sequence", "object", "frame"], rows=rows, labels=3, caption=title))
    return [grid for grid in found if grid.rows]


def _title(what: str, n: int) -> str:
    return f"{what}: {n}" + (f", the first {SHOWN} shown" if n > SHOWN else "")


def _numbers(title: str, numbers: list[Checked]) -> Grid:
    rows = [[n.name, n.measure, percent(n.before), percent(n.now), _change(n), _verdict(n)] for n in numbers]
    bold = frozenset((i, 5) for i, n in enumerate(numbers) if n.failed)
    header = ["", "", "baseline", "now", "change", ""]
    return Grid(header=header, rows=rows, labels=2, caption=title, bold=bold)


def _change(n: Checked) -> str:
    return "–" if n.before is None or n.now is None else signed(n.now - n.before)


def _verdict(n: Checked) -> str:
    return "worse" if n.failed else "ok"


def github(report: CheckReport) -> str:
    """Markdown for the summary page of a workflow."""
    mark = "✅" if report.passed else "❌"
    blocks = [f"### {mark} vosbench check", markdown_escape(headline(report)), *map(markdown, grids(report))]
    return "\n\n".join([*blocks, f"<sub><code>{hypertext_escape(report.signature)}</code></sub>"]) + "\n"


def junit(report: CheckReport) -> str:
    """JUnit XML: one test case for each number and, in exact mode, one for each changed frame."""
    cases = list(_cases(report))
    failures = sum(message is not None for _, _, message in cases)
    suite = ElementTree.Element(
        "testsuite", name="vosbench check", tests=str(len(cases)), failures=str(failures), errors="0", skipped="0"
    )
    for kind, name, message in cases:
        case = ElementTree.SubElement(suite, "testcase", classname=f"vosbench.{kind}", name=_xml(name))
        if message is not None:
            ElementTree.SubElement(case, "failure", message=_xml(message), type="regression")
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _cases(report: CheckReport) -> Iterator[tuple[str, str, str | None]]:
    """(kind, name, message of the failure or None)."""
    for n in report.numbers:
        message = f"{percent(n.before)} became {percent(n.now)} ({_change(n)} points; {report.tolerance:g} allowed)"
        yield n.kind, f"{n.name} {n.measure}", message if n.failed else None
    for f in report.frames or ():
        yield "frame", f"{f.sequence}/{f.frame} object {f.object}", "its counts are not those of the baseline"
    for measure, reason in report.refused.items():
        yield "measure", measure, f"not compared with the baseline: {reason}"
    if report.frames == ():
        yield "frame", "all frames", None


def _xml(text: str) -> str:
    """Replace characters that XML 1.0 cannot hold."""
    return re.sub("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "�", text)
