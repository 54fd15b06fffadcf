"""A comparison as tables: the methods with their intervals, the differences with their tests, and slices."""

import math
from collections.abc import Sequence

from vosbench.analysis.compare import Comparison
from vosbench.analysis.intervals import FEW, Estimate
from vosbench.measures.catalog import higher_is_better
from vosbench.measures.cells import parse
from vosbench.views.grid import Grid
from vosbench.views.summary import percent


def grids(found: Comparison) -> list[Grid]:
    """All tables of a comparison."""
    several = [deviations(found)] if max(found.runs) > 1 else []
    return [methods(found), *several, differences(found), *(_slices(found, by) for by in found.slices)]


def methods(found: Comparison) -> Grid:
    """One row for each method: every measure with half the width of its 95 % interval; the best is bold."""
    columns = [[_with_spread(e) for e in found.estimates[m]] for m in found.estimates]
    bold = {(i, k + 1) for k, m in enumerate(found.estimates) for i in best(found, m)}
    rows = [[name, *cells] for name, *cells in zip(found.names, *columns, strict=True)]
    return Grid(
        header=["", *map(_titled, found.estimates)],
        rows=rows,
        caption=f"{found.sequences} sequences, ± half of the 95 % interval",
        bold=frozenset(bold),
    )


def deviations(found: Comparison) -> Grid:
    """One row for each method that has several runs: the mean of every measure ± its standard deviation over them."""
    several = [i for i, n in enumerate(found.runs) if n > 1]
    rows = [
        [
            found.names[i],
            str(found.runs[i]),
            *[f"{percent(e[i].value)} ± {percent(found.deviations[m][i])}" for m, e in found.estimates.items()],
        ]
        for i in several
    ]
    header = ["", "runs", *map(_titled, found.estimates)]
    return Grid(header=header, rows=rows, caption="mean ± standard deviation over the runs of a method")


def best(found: Comparison, measure: str) -> list[int]:
    """The rows whose shown value is the best of a measure; several where they look the same."""
    shown = [round(100 * e.value, 1) for e in found.estimates[measure]]
    defined = [v for v in shown if not math.isnan(v)]
    top = (max if higher_is_better(*parse(measure)[:2]) else min)(defined, default=math.nan)
    return [i for i, v in enumerate(shown) if v == top]


def differences(found: Comparison) -> Grid:
    """One row for each method but the baseline."""
    rows = [
        [
            d.name,
            signed(d.delta.value),
            f"[{signed(d.delta.low)}, {signed(d.delta.high)}]",
            probability(d.p),
            probability(d.p_holm),
            f"{d.better}/{d.even}/{d.worse}",
        ]
        for d in found.differences
    ]
    return Grid(
        header=["", f"Δ {_titled(found.measure)}", "95 % interval", "p", "p (Holm)", "better/even/worse"],
        rows=rows,
        caption=f"{found.measure} against {found.names[found.baseline]}",
        bold=frozenset((i, 1) for i, d in enumerate(found.differences) if d.p_holm < 0.05),
    )


def _slices(found: Comparison, by: str) -> Grid:
    header = [by, "objects", *found.names]
    rows = [[s.label, str(s.objects), *map(percent, s.values)] for s in found.slices[by]]
    return Grid(header=header, rows=rows, caption=f"{found.measure} by {by}")


def footnotes(found: Comparison) -> list[str]:
    """How the numbers were made."""
    return [
        "intervals: Student's t over whole sequences; that of a difference is paired",
        *few(found.sequences),
        "p: two-sided permutation test over the same sequences, "
        f"{found.resamples} at most, seed {found.seed}; Holm over {len(found.differences)} comparison(s)",
        "better/even/worse: sequences; even within 0.1 points",
        *(f"{measure} is left out: {reason}" for measure, reason in found.refused.items()),
        f"signature  {found.signature}",
    ]


def few(sequences: int) -> list[str]:
    """A line, where an interval over so few sequences means little."""
    if sequences >= FEW:
        return []
    return [f"with fewer than {FEW} sequences an interval means little: it is wide, and holds the truth too rarely"]


def flat(found: Comparison) -> list[Grid]:
    """The same numbers in full as one long table, for CSV."""
    header = ["method", "measure", "value", "low", "high", "delta", "delta_low", "delta_high", "p", "p_holm"]
    header += ["better", "even", "worse", "slice", "label", "objects", "runs", "deviation"]
    by_name = {d.name: d for d in found.differences}
    rows = []
    for measure, estimates in found.estimates.items():
        for k, (name, e) in enumerate(zip(found.names, estimates, strict=True)):
            d = by_name.get(name) if measure == found.measure else None
            tests = [d.delta.value, d.delta.low, d.delta.high, d.p, d.p_holm, d.better, d.even, d.worse] if d else []
            rows.append([name, measure, *_plain([e.value, e.low, e.high, *tests]), *[""] * (11 - len(tests))])
            rows[-1] += _plain([found.runs[k], found.deviations[measure][k]])
    for by, slices in found.slices.items():
        for s in slices:
            for name, value in zip(found.names, s.values, strict=True):
                rows.append([name, found.measure, *_plain([value]), *[""] * 10, by, s.label, str(s.objects), "", ""])
    return [Grid(header=header, rows=rows, labels=2)]


def signed(value: float) -> str:
    """A difference of fractions in points, with its sign.

    >>> signed(0.0123), signed(-0.0001)
    ('+1.2', '0.0')
    """
    if math.isnan(value):
        return "–"
    text = f"{100 * value:+z.1f}"
    return "0.0" if text == "+0.0" else text


def probability(p: float) -> str:
    """A p value with three decimals.

    >>> probability(0.04321), probability(0.0001)
    ('0.043', '<0.001')
    """
    return "–" if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"


def _titled(measure: str) -> str:
    return measure if higher_is_better(*parse(measure)[:2]) else f"{measure} ↓"


def _with_spread(e: Estimate) -> str:
    return f"{percent(e.value)} ± {percent(e.half)}"


def _plain(values: Sequence[float]) -> list[str]:
    return ["" if math.isnan(v) else repr(v) for v in values]
