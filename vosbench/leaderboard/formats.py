"""Write tables as text: Markdown, LaTeX (booktabs), CSV, JSON."""

import csv
import io
import json
from collections.abc import Sequence

from vosbench.leaderboard.tables import Table

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "✓": r"\checkmark{}",
    "✗": r"$\times$",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
}


def to_markdown(tables: Sequence[Table]) -> str:
    """GitHub's tables, numbers to the right, the caption in bold above."""
    return "\n".join(_markdown(table) for table in tables)


def _markdown(table: Table) -> str:
    rows = [[_markdown_cell(cell) for cell in row] for row in (table.headings, *table.rows)]
    rule = [":--" if left else "--:" for left in _left(table)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])]
    return f"**{_markdown_cell(table.caption)}**\n\n" + "\n".join(lines) + "\n"


def _markdown_cell(cell: str) -> str:
    escaped = "".join(f"\\{c}" if c in "\\`*_[]<>|" else c for c in cell)
    return " ".join(escaped.split())


def to_latex(tables: Sequence[Table]) -> str:
    r"""A ``table`` each, for ``\usepackage{booktabs}`` and, where there are check marks, ``amssymb``."""
    return "\n".join(_latex(table) for table in tables)


def _latex(table: Table) -> str:
    def line(cells: Sequence[str]) -> str:
        return " & ".join(_latex_cell(cell) for cell in cells) + r" \\"

    return "\n".join(
        [
            r"\begin{table}",
            rf"\caption{{{_latex_cell(table.caption)}}}",
            rf"\begin{{tabular}}{{{''.join('l' if left else 'r' for left in _left(table))}}}",
            r"\toprule",
            line(table.headings),
            r"\midrule",
            *(line(row) for row in table.rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _latex_cell(cell: str) -> str:
    return " ".join("".join(_LATEX.get(c, c) for c in cell).split())


def to_csv(tables: Sequence[Table]) -> str:
    """Comma-separated; several tables become one, with the caption as the first column ``ranking``."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    several = len(tables) > 1
    for number, table in enumerate(tables):
        if number == 0:
            writer.writerow([*(["ranking"] if several else []), *table.headings])
        writer.writerows([*([table.caption] if several else []), *row] for row in table.rows)
    return out.getvalue()


def to_json(tables: Sequence[Table]) -> str:
    """A list of {caption, headings, rows}; every cell is a string, as printed."""
    data = [{"caption": t.caption, "headings": t.headings, "rows": t.rows} for t in tables]
    return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _left(table: Table) -> list[bool]:
    """Which columns hold words, and so stand to the left."""
    columns = list(zip(*table.rows, strict=True)) if table.rows else [()] * len(table.headings)
    return [any(c.isalpha() for cell in column for c in cell) for column in columns]
