"""A table of text cells, and the ways to print one: aligned text, Markdown, LaTeX, CSV."""

import csv
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Rows of text under a header. The first ``labels`` columns are names, the others numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    labels: int = 1
    caption: str = ""


def text(grid: Grid) -> str:
    """Columns aligned with spaces: names to the left, numbers to the right."""
    table = [list(grid.header), *map(list, grid.rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(grid.header))]
    lines = []
    for row in table:
        cells = [
            c.ljust(w) if i < grid.labels else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    lines.insert(1, "─" * max(map(len, lines)))
    return "\n".join([*([grid.caption] if grid.caption else []), *lines])


def markdown(grid: Grid) -> str:
    """A GitHub-flavoured table."""
    rule = [":--" if i < grid.labels else "--:" for i in range(len(grid.header))]
    rows = [[c.replace("|", "\\|").replace("\n", " ") for c in row] for row in (grid.header, *grid.rows)]
    lines = ["| " + " | ".join(row) + " |" for row in (rows[0], rule, *rows[1:])]
    return "\n".join([*([grid.caption, ""] if grid.caption else []), *lines])


def latex(grid: Grid) -> str:
    """A ``tabular`` in booktabs style."""
    lines = [" & ".join(map(latex_escape, row)) + r" \\" for row in (grid.header, *grid.rows)]
    columns = "l" * grid.labels + "r" * (len(grid.header) - grid.labels)
    caption = [f"% {grid.caption}"] if grid.caption else []
    body = [r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
    return "\n".join([*caption, rf"\begin{{tabular}}{{{columns}}}", *body, r"\end{tabular}"])


def latex_escape(cell: str) -> str:
    """Escape what LaTeX would read as a command."""
    special = {c: f"\\{c}" for c in "&%$#_{}"}
    special |= {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "–": "--"}
    special |= {"✓": r"\checkmark{}", "✗": r"$\times$", "↑": r"$\uparrow$", "↓": r"$\downarrow$"}
    return "".join(special.get(c, c) for c in cell)


def comma_separated(grid: Grid) -> str:
    """CSV with a header line."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(grid.header)
    writer.writerows(grid.rows)
    return out.getvalue().rstrip("\n")


#: Renderers by the name ``--format`` takes.
RENDERERS: Mapping[str, Callable[[Grid], str]] = {
    "table": text,
    "md": markdown,
    "latex": latex,
    "csv": comma_separated,
}
