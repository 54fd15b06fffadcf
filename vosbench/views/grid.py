"""A table of text cells, and the ways to print one: aligned text, Markdown, LaTeX, CSV, HTML.

Cells may hold file names from untrusted sources. Each format escapes what it would take for markup, and replaces
characters that no line of a table may hold (line breaks, terminal codes).
"""

import csv
import html
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows of text under a header. The first ``labels`` columns are names, the others numbers.

    ``bold`` holds the (row, column) of cells to stress, in formats that can.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1
    caption: str = ""
    bold: frozenset[tuple[int, int]] = frozenset()


def printable(cell: str) -> str:
    """Replace what would break a line or steer a terminal.

    >>> printable("a\\nb")
    'a�b'
    """
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in cell)


def text(grid: Grid) -> str:
    """Columns aligned with spaces: names to the left, numbers to the right."""
    table = [[printable(cell) for cell in row] for row in (grid.header, *grid.rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(grid.header))]
    lines = []
    for row in table:
        cells = [
            c.ljust(w) if i < grid.labels else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join([*([printable(grid.caption)] if grid.caption else []), *lines])


def markdown(grid: Grid) -> str:
    """A GitHub-flavoured table."""
    rule = [":--" if i < grid.labels else "--:" for i in range(len(grid.header))]
    body = _stressed(grid, markdown_escape, lambda cell: f"**{cell}**")
    lines = ["| " + " | ".join(row) + " |" for row in (list(map(markdown_escape, grid.header)), rule, *body)]
    return "\n".join([*([markdown_escape(grid.caption), ""] if grid.caption else []), *lines])


def markdown_escape(cell: str) -> str:
    """Escape what Markdown, or the HTML in it, would read as markup."""
    special = {c: f"\\{c}" for c in "\\`*|"} | {"<": "&lt;", ">": "&gt;"}
    entity = re.sub(r"&(?=#?\w+;)", "&amp;", printable(cell))
    return "".join(special.get(c, c) for c in entity).replace("](", "]\\(")


def latex(grid: Grid) -> str:
    """A ``tabular`` in booktabs style."""
    body = _stressed(grid, latex_escape, lambda cell: rf"\textbf{{{cell}}}")
    # A row that began with "[" would be read as an argument of the line break above it.
    lines = [
        ("{}" * row[0].startswith("[")) + " & ".join(row) + r" \\"
        for row in (list(map(latex_escape, grid.header)), *body)
    ]
    columns = "l" * grid.labels + "r" * (len(grid.header) - grid.labels)
    caption = [f"% {printable(grid.caption)}"] if grid.caption else []
    body_lines = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([*caption, rf"\begin{{tabular}}{{{columns}}}", *body_lines, r"\end{tabular}"])


def _stressed(grid: Grid, escape: Callable[[str], str], stress: Callable[[str], str]) -> list[list[str]]:
    """The rows escaped, the bold cells wrapped."""
    return [
        [stress(escape(cell)) if (i, j) in grid.bold else escape(cell) for j, cell in enumerate(row)]
        for i, row in enumerate(grid.rows)
    ]


def latex_escape(cell: str) -> str:
    """Escape what LaTeX would read as a command, and spell what its fonts lack."""
    special = {c: f"\\{c}" for c in "&%$#_{}"}
    special |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
    special |= {"<": "$<$", ">": "$>$", "±": r"$\pm$", "Δ": r"$\Delta$", "\N{REPLACEMENT CHARACTER}": "?"}
    special |= {"✓": r"\checkmark{}", "✗": r"$\times$", "↑": r"$\uparrow$", "↓": r"$\downarrow$"}
    return "".join(special.get(c, c) for c in printable(cell))


def comma_separated(grid: Grid) -> str:
    """CSV with a header line. Cells are kept as they are, but for carriage returns, which csv would not quote."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows([cell.replace("\r", " ") for cell in row] for row in (grid.header, *grid.rows))
    return out.getvalue().rstrip("\n")


def hypertext(grid: Grid) -> str:
    """An HTML table, to be pasted into a page."""

    def row(cells: Sequence[str], tag: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return "<tr>" + "".join(f"<{tag}{scope}>{cell}</{tag}>" for cell in cells) + "</tr>"

    body = _stressed(grid, hypertext_escape, lambda cell: f"<strong>{cell}</strong>")
    lines = ["<table>", f"<caption>{hypertext_escape(grid.caption)}</caption>" if grid.caption else ""]
    lines += ["<thead>" + row(list(map(hypertext_escape, grid.header)), "th") + "</thead>", "<tbody>"]
    lines += [*(row(cells, "td") for cells in body), "</tbody>", "</table>"]
    return "\n".join(line for line in lines if line)


def hypertext_escape(cell: str) -> str:
    """Escape what HTML would read as markup, in text and in attributes."""
    return html.escape(printable(cell))


def as_comment(lines: Sequence[str], form: str) -> str:
    """Lines to go with a table of that format: what must be said beside the numbers."""
    if form == "latex":
        return "\n".join(f"% {printable(line)}" for line in lines)
    if form == "html":
        return "\n".join(f"<p>{hypertext_escape(line)}</p>" for line in lines)
    if form == "md":
        return "\n".join(f"- {markdown_escape(line)}" for line in lines)
    return "\n".join(map(printable, lines))


#: Renderers by the name ``--format`` takes.
RENDERERS: Mapping[str, Callable[[Grid], str]] = {
    "table": text,
    "md": markdown,
    "latex": latex,
    "csv": comma_separated,
    "html": hypertext,
}
