"""Figures of runs: over time, normalised, by sequence, method against method, by size. The data is in ``curves``."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vosbench.analysis import curves
from vosbench.analysis.curves import Curve
from vosbench.errors import UsageError
from vosbench.measures.catalog import higher_is_better as _higher
from vosbench.measures.cells import parse
from vosbench.results.comparable import require_comparable
from vosbench.results.run import RunResult, unique_names
from vosbench.views.figure_style import COLOURS, COLUMN, MARKERS, QUIET, line_style, shortened, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Bars of more methods than this cannot be told apart.
MOST_BARS = len(COLOURS)

#: A band under each of many curves hides them all.
MOST_BANDS = 4

#: Kinds that draw curves: how they are computed, and what the x axis says.
_CURVES: Mapping[str, tuple[Callable[[RunResult, str], list[Curve]], str]] = {
    "over-time": (curves.over_time, "annotated frame"),
    "normalised": (curves.normalised, "position in the sequence (%)"),
    "size": (curves.by_size, "area of the true object (pixels)"),
}

KINDS = ("over-time", "normalised", "bars", "scatter", "size")


def draw(runs: Sequence[RunResult], kind: str, measure: str = "J") -> "Figure":
    """Draw runs.

    Args:
        runs: at least one, scored on the same frames; for "scatter" exactly two.
        kind: one of :data:`KINDS`.
        measure: a number as tables name it: "J&F", "J mean seen"; for bars and scatter also "J decay".

    Raises:
        UsageError: an unknown kind, too few or too many runs, or a run without the measure.
        IncomparableError: the measure was scored by different rules; the knob is named.
    """
    if kind not in KINDS:
        raise UsageError(f"unknown kind {kind!r}", fix=f"choose from {', '.join(KINDS)}")
    require_comparable(runs, parse(measure).measure)
    with style():
        if kind in _CURVES:
            return _curves(runs, kind, measure)
        return _bars(runs, measure) if kind == "bars" else _scatter(runs, measure)


def _curves(runs: Sequence[RunResult], kind: str, measure: str) -> "Figure":
    compute, x_title = _CURVES[kind]
    groups = curves.groups(runs[0], measure)
    columns = min(len(runs), 2)
    legend = 0.13 * -(-len(runs) // columns) + 0.08 if len(runs) > 1 else 0
    figure, panels = _panels(len(groups), height=1.9 + legend)
    found = [compute(run, measure) for run in runs]
    for k, (panel, group) in enumerate(zip(panels, groups, strict=True)):
        for number, (name, lines) in enumerate(zip(unique_names(runs), found, strict=True)):
            _line(panel, lines[k], shortened(name), number, band=len(runs) <= MOST_BANDS, kind=kind)
        if kind == "size":
            panel.set_xscale("log")
            panel.xaxis.set_major_formatter("{x:,.0f}")
            panel.xaxis.set_minor_formatter("")
        else:
            panel.margins(x=0.01)
        if groups != ("all",):
            panel.set_title(group)
    _percent_axis(panels[0], measure)
    panels[0].set_ylabel(_title(measure))
    figure.supxlabel(x_title, fontsize=7)
    if len(runs) > 1:
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper left", ncols=columns)
    return figure


def _line(panel: "Axes", curve: Curve, name: str, number: int, *, band: bool, kind: str) -> None:
    marker: dict[str, Any] = {"marker": MARKERS[number % len(MARKERS)], "markersize": 2.5} if kind == "size" else {}
    look = line_style(number)
    panel.plot(curve.x, 100 * curve.mean, label=_literal(name), **look, **marker)
    if band:
        panel.fill_between(curve.x, 100 * curve.low, 100 * curve.high, color=look["color"], alpha=0.15, linewidth=0)


def _literal(label: str) -> str:
    """Legends skip labels that begin with an underscore."""
    return f"\N{ZERO WIDTH SPACE}{label}" if label.startswith("_") else label


def _bars(runs: Sequence[RunResult], measure: str) -> "Figure":
    if len(runs) > MOST_BARS:
        raise UsageError(f"bars of {len(runs)} methods cannot be told apart", fix=f"plot at most {MOST_BARS}")
    found = [curves.by_sequence(run, measure) for run in runs]
    names = sorted(set().union(*found), key=lambda s: (found[0].get(s, np.inf), s))
    thick = 0.8 / len(runs)
    figure, (panel,) = _panels(1, height=0.5 + 0.12 * len(runs) + len(names) * max(0.13, 0.07 * len(runs)))
    at = np.arange(len(names))
    for number, (label, means) in enumerate(zip(unique_names(runs), found, strict=True)):
        widths = [100 * means.get(s, np.nan) for s in names]
        middle = at + (number - (len(runs) - 1) / 2) * thick
        panel.barh(middle, widths, thick * 0.92, color=COLOURS[number], label=_literal(shortened(label)))
    panel.set_yticks(at, [shortened(s) for s in names])
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.tick_params(axis="y", length=0)
    panel.grid(axis="y", visible=False)
    if higher_is_better(measure):
        panel.set_xlim(0, 100)
    panel.set_xlabel(_title(measure))
    if len(runs) > 1:
        figure.legend(loc="outside upper left", ncols=2, handlelength=1)
    return figure


def _scatter(runs: Sequence[RunResult], measure: str) -> "Figure":
    if len(runs) != 2:
        raise UsageError(f"a scatter plot needs two runs, not {len(runs)}", fix="name two")
    first, second = (curves.by_sequence(run, measure) for run in runs)
    names = sorted(first.keys() & second.keys())
    x, y = (100 * np.array([means[s] for s in names]) for means in (first, second))
    figure, (panel,) = _panels(1, height=COLUMN)
    top = 100 if higher_is_better(measure) else 1.05 * float(max(x.max(initial=1), y.max(initial=1)))
    panel.plot([0, top], [0, top], color=QUIET, linewidth=0.6, linestyle=(0, (4, 3)))
    better = y > x if higher_is_better(measure) else y < x
    for which, colour, marker in ((better, COLOURS[0], "o"), (~better, COLOURS[1], "s")):
        panel.scatter(x[which], y[which], s=14, color=colour, marker=marker, linewidth=0, alpha=0.9)
    for i in _apart(x / top, y / top, np.argsort(-np.abs(y - x), kind="stable").tolist())[:5]:
        left = x[i] > 0.6 * top
        panel.annotate(
            shortened(names[i]),
            (x[i], y[i]),
            xytext=(-4 if left else 4, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=6,
        )
    panel.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    a, b = map(shortened, unique_names(runs))
    panel.set_xlabel(f"{_title(measure)}: {a}")
    panel.set_ylabel(f"{_title(measure)}: {b}")
    wins = int((x != y)[better].sum())
    panel.set_title(f"{b} is better on {wins} of {len(names)} sequences", fontsize=6.5)
    return figure


def _apart(x: "curves.Floats", y: "curves.Floats", order: list[int]) -> list[int]:
    """The points of ``order`` whose labels do not run into that of an earlier one."""
    kept: list[int] = []
    for i in order:
        if all(abs(y[i] - y[j]) > 0.04 or abs(x[i] - x[j]) > 0.35 for j in kept):
            kept.append(i)
    return kept


def higher_is_better(measure: str) -> bool:
    """Does a larger number of that name mean a better method?"""
    cell = parse(measure)
    return _higher(cell.measure, cell.statistic)


def _title(measure: str) -> str:
    return f"{measure} (%)" if higher_is_better(measure) else f"{measure} (%, lower is better)"


def _percent_axis(panel: "Axes", measure: str) -> None:
    """From 0 where lower is better; otherwise as much of 0 to 100 % as the curves take. Panels share it."""
    low, high = panel.get_ylim()
    if not higher_is_better(measure):
        panel.set_ylim(0, high)
    else:
        panel.set_ylim(max(0, low), min(100, high) if high < 97 else 100.5)


def _panels(n: int, *, height: float) -> "tuple[Figure, list[Axes]]":
    """A figure of ``n`` panels side by side, each half a column wide or more."""
    from matplotlib.figure import Figure

    width = COLUMN * max(1, n / 2)
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, n, sharey=True, squeeze=False)[0]
    return figure, list(axes)
