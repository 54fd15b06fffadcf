"""Write several grids at once: one after the other, or as one CSV or JSON document."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from vosbench.views.grid import RENDERERS, Grid

FORMATS: Final = (*RENDERERS, "json")


def render(grids: Sequence[Grid], form: str) -> str:
    """The grids in one of :data:`FORMATS`, with a final newline.

    CSV joins several grids, which must have one header, under a first column ``ranking`` that holds the caption;
    JSON is a list of {caption, header, rows}. Cells are strings everywhere, as printed.
    """
    if form == "json":
        data = [{"caption": grid.caption, "header": grid.header, "rows": grid.rows} for grid in grids]
        return json.dumps(data, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    if form == "csv" and len(grids) > 1:
        rows = [(grid.caption, *row) for grid in grids for row in grid.rows]
        grids = [replace(grids[0], header=("ranking", *grids[0].header), rows=rows)]
    return "\n\n".join(RENDERERS[form](grid) for grid in grids) + "\n"
