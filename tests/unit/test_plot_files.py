"""Figures as files: repeatable, of the width of a column, and indifferent to strange names."""

import pytest

from tests.unit.runs_from_counts import run_of, under_other_rules
from vosbench.errors import IncomparableError, InputError, UsageError
from vosbench.views.figure_style import COLUMN, shortened, write
from vosbench.views.figures import KINDS, draw

HOSTILE = ("<script>alert(1)</script>", "a$b$\\frac{x}", "\"quoted\" & 'single'", "_hidden", "长" * 300)


@pytest.fixture(scope="module")
def runs():
    return run_of(HOSTILE, called="<script>$x$"), run_of(HOSTILE, seed=1, called="_" + "é" * 200)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_runs_give_equal_bytes(tmp_path, runs, kind):
    for ending in ("png", "svg", "pdf"):
        written = []
        for name in ("a", "b"):
            write(draw(runs, kind, "J&F"), tmp_path / f"{name}.{ending}")
            written.append((tmp_path / f"{name}.{ending}").read_bytes())
        assert written[0] == written[1]
        assert len(written[0]) > 1000
    assert b"<script>" not in (tmp_path / "a.svg").read_bytes()
    assert not [p for p in tmp_path.iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("kind", KINDS)
def test_figures_fit_a_column(runs, kind):
    figure = draw(runs, kind)
    assert figure.get_figwidth() == pytest.approx(COLUMN)
    assert all(label.get_fontsize() >= 6 for panel in figure.axes for label in panel.get_xticklabels())


def test_groups_have_panels_of_their_own(runs):
    assert [panel.get_title(loc="left") for panel in draw(runs, "normalised").axes] == ["seen", "unseen"]


def test_the_curve_drawn_is_the_curve_computed(runs):
    from vosbench.analysis.curves import normalised

    line = draw(runs[:1], "normalised").axes[1].lines[0]
    assert line.get_ydata() == pytest.approx(100 * normalised(runs[0], "J")[1].mean)


def test_what_cannot_be_drawn_is_refused(tmp_path, runs):
    with pytest.raises(UsageError, match="two runs"):
        draw(runs[:1], "scatter")
    with pytest.raises(UsageError, match="told apart"):
        draw([run_of(called=str(i)) for i in range(7)], "bars")
    other = under_other_rules(run_of())
    with pytest.raises(IncomparableError, match="different rules"):
        draw([runs[0], other], "bars")
    with pytest.raises(UsageError, match="ends in none of"):
        write(draw(runs, "bars"), tmp_path / "figure.bmp")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot write"):
        write(draw(runs, "bars"), tmp_path / "file" / "figure.png")


def test_long_names_lose_their_middle():
    assert shortened("a" * 20 + "b" * 20) == "a" * 13 + "…" + "b" * 13
    assert shortened("tab\there") == "tab\N{REPLACEMENT CHARACTER}here"
