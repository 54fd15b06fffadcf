"""How every figure looks, and how it is written: readable at column width, safe for colour-blind readers, repeatable.

Colours are those of Okabe and Ito (2008), in an order whose neighbours differ in lightness too; lines differ in their
dashes and points in their shapes as well, so that a figure survives a black-and-white printer.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vosbench.errors import UsageError
from vosbench.files import new_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Okabe and Ito's colours but black and yellow, which are too strong and too weak for a line.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.2, 1, 1.2)))
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, QUIET, RULE = "#1d1d1b", "#62615a", "#dcdad2"

#: Inches: one column of a two-column paper.
COLUMN = 3.3

#: Names longer than this are cut in a figure.
LONGEST_NAME = 28

_STYLE: dict[str, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 7,
    "text.parse_math": False,  # a name with two dollar signs is no formula
    "text.color": INK,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.titlesize": 7,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.5,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "legend.frameon": False,
    "legend.fontsize": 6.5,
    "legend.handlelength": 2.4,
    "savefig.dpi": 300,
    "svg.hashsalt": "vosbench",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}

#: Metadata that would differ from one run to the next, by the ending of the file.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": "vosbench"},
    ".pdf": {"CreationDate": None, "Creator": "vosbench", "Producer": "vosbench"},
}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the shared style; what the caller had set is ignored, and restored afterwards."""
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in another script: drawn as boxes
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(_STYLE)
        yield


def line_style(number: int) -> dict[str, Any]:
    """Colour and dashes of the line of a method: the pair repeats only after 24 methods."""
    turn = number // len(COLOURS)
    return {"color": COLOURS[number % len(COLOURS)], "linestyle": DASHES[(number + turn) % len(DASHES)]}


def shortened(name: str) -> str:
    """A name that fits into a legend: unprintable characters replaced, the middle of a long one left out."""
    name = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    if len(name) <= LONGEST_NAME:
        return name
    half = (LONGEST_NAME - 1) // 2
    return f"{name[:half]}…{name[-half:]}"


def write(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, SVG or PDF, by the ending; equal figures give equal bytes.

    Raises:
        UsageError: another ending.
        InputError: the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in _METADATA:
        raise UsageError(f"{path} ends in none of {', '.join(_METADATA)}", fix="choose one of them")
    with style(), new_file(path) as part:
        figure.savefig(part, format=ending[1:], metadata=_METADATA[ending])
