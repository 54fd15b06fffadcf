"""Draw docs/images/measure-{j,f,t}.png, one small picture for each measure, in the style of the plots."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vosbench.measures import contour_f, jaccard, temporal_instability
from vosbench.measures.contour import tolerance_pixels
from vosbench.views.figure_style import COLOURS, COLUMN, QUIET, style, write
from vosbench.views.report.overlay import judge

IMAGES = Path(__file__).parent / "images"
BLUE, VERMILION, GREEN = COLOURS[:3]
SHAPE = (120, 160)


def blob(x: float, y: float, dent: float = 0.0) -> np.ndarray:
    """A rounded shape with a dent on its right, boolean (H, W)."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    angle = np.arctan2(rows - y, columns - x)
    radius = 36 * (1 + 0.16 * np.cos(3 * angle) - dent * np.exp(-8 * angle**2))
    return np.hypot(columns - x, rows - y) < radius


def panel(axes: Axes, title: str) -> None:
    """An empty frame of the size of the masks."""
    axes.set(xlim=(14, 146), ylim=(112, 8), aspect="equal", xticks=[], yticks=[])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set(visible=True, linewidth=0.4)
    axes.set_title(title, fontsize=7)


def filled(axes: Axes, mask: np.ndarray, colour: str, alpha: float) -> None:
    """Fill a mask."""
    axes.contourf(mask, levels=[0.5, 1.5], colors=[colour], alpha=alpha)


def outline(axes: Axes, mask: np.ndarray, colour: str, dashes: str = "solid") -> None:
    """Draw the outline of a mask."""
    axes.contour(mask, levels=[0.5], colors=[colour], linewidths=1.3, linestyles=dashes)


def draw_j(gt: np.ndarray, pred: np.ndarray) -> Figure:
    """Intersection over union."""
    figure = Figure(figsize=(COLUMN, 1.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, part, title in ((left, gt & pred, "intersection"), (right, gt | pred, "union")):
        panel(axes, f"{title}: {part.sum()} pixels")
        filled(axes, part, GREEN, 0.35)
        outline(axes, gt, BLUE)
        outline(axes, pred, VERMILION, "dashed")
    return titled(figure, f"J = {(gt & pred).sum()} / {(gt | pred).sum()} = {jaccard(gt=gt, pred=pred):.3f}")


def draw_f(gt: np.ndarray, pred: np.ndarray) -> Figure:
    """Contour pixels within the tolerance."""
    figure = Figure(figsize=(COLUMN, 1.5), layout="constrained")
    found = judge(gt=gt, pred=pred)
    near = tolerance_pixels(SHAPE)
    sides = (
        ("precision", gt, found.confirmed, found.wrong, VERMILION),
        ("recall", pred, found.found, found.missed, BLUE),
    )
    for axes, (title, other, hit, miss, colour) in zip(figure.subplots(1, 2), sides, strict=True):
        panel(axes, f"{title}: {hit.sum()} of {(hit | miss).sum()}")
        outline(axes, other, QUIET)
        for pixels, marker, shade in ((hit, "o", GREEN), (miss, "x", colour)):
            rows, columns = np.nonzero(pixels)
            axes.scatter(columns, rows, s=2.5, color=shade, marker=marker, linewidths=0.5)
    return titled(figure, f"F = {contour_f(gt=gt, pred=pred):.3f}, with a tolerance of {near:g} pixels")


def draw_t(frames: list[np.ndarray]) -> Figure:
    """How much the contour is deformed from one frame to the next."""
    figure = Figure(figsize=(COLUMN, 1.5), layout="constrained")
    for k, axes in enumerate(figure.subplots(1, 2)):
        before, after = frames[k : k + 2]
        panel(axes, f"T = {temporal_instability(before, after):.3f}")
        outline(axes, before, QUIET, "dashed")
        outline(axes, after, BLUE)
    return titled(figure, "A contour that moves, and one that is deformed")


def titled(figure: Figure, text: str) -> Figure:
    """With the number below the panels."""
    figure.supxlabel(text, fontsize=7)
    return figure


if __name__ == "__main__":
    truth, guess = blob(76, 60), blob(84, 63, 0.45)
    with style():
        drawn = {
            "j": draw_j(truth, guess),
            "f": draw_f(truth, guess),
            "t": draw_t([blob(72, 60), blob(80, 60), blob(80, 60, 0.45)]),
        }
    for name, figure in drawn.items():
        write(figure, IMAGES / f"measure-{name}.png")
