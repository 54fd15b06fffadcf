"""One vocabulary: every verb reads the same names of numbers, and runs of one name stay apart."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.runs_from_counts import changed, run_of
from vosbench.analysis import curves
from vosbench.analysis.compare import compare
from vosbench.errors import UsageError
from vosbench.measures.catalog import COMPOSITES, MEASURES
from vosbench.measures.cells import STATISTICS, cell_name, parse
from vosbench.protocols import rules
from vosbench.views import summary
from vosbench.views.figures import draw


@given(
    st.sampled_from([*MEASURES, *COMPOSITES]), st.sampled_from(STATISTICS), st.sampled_from(["", "seen", "all", "a b"])
)
def test_a_name_is_read_as_it_was_written(measure, statistic, group):
    assert parse(cell_name(measure, statistic, group)) == (measure, statistic, group)
    assert str(parse(cell_name(measure, statistic, group))) == cell_name(measure, statistic, group)


def test_the_statistics_are_those_that_a_protocol_can_name():
    assert set(STATISTICS) == set(rules.STATISTICS)


@pytest.mark.parametrize("name", ["", "K", "J median seen", "j", "J&K", "mean J"])
def test_what_names_no_number_is_refused_with_what_there_is(name):
    with pytest.raises(UsageError) as caught:
        parse(name)
    assert "choose from" in str(caught.value)


def test_value_takes_the_names_of_tables_and_the_group_of_the_headline():
    run = run_of()
    cells = {(c.measure, c.statistic, c.group): c.value for c in run.document.summary}
    assert run.value("J&F") == cells["J&F", "mean", "overall"] == run.headline["J&F"]
    assert run.value("J decay") == run.value("J", "decay") == cells["J", "decay", "overall"]
    assert run.value("J mean seen") == run.value("J seen") == run.value("J", group="seen") == cells["J", "mean", "seen"]
    assert run.value("F recall unseen") == cells["F", "recall", "unseen"]
    assert run_of(protocol="davis2017").value(["J&F", "overall"][0]) > 0
    for c in run.document.summary:
        assert math.isclose(run.value(cell_name(c.measure, c.statistic, c.group)), c.value)


@pytest.mark.parametrize("name", ["T", "J mean nobody", "J V", "Jv&Fv"])
def test_a_number_that_the_run_does_not_have_is_refused_with_what_it_has(name):
    with pytest.raises(UsageError, match="there are J, J recall"):
        run_of().value(name)


def test_every_number_can_be_compared_by_its_name():
    one, two = run_of(), run_of(seed=1)
    for c in one.document.summary:
        name = cell_name(c.measure, c.statistic, c.group)
        found = compare([one, two], measure=name)
        assert found.estimates[found.measure][0].value == pytest.approx(c.value, abs=1e-12), name
    with pytest.raises(UsageError, match="followed by one of the groups"):
        compare([one, two], measure="J mean nobody")


@pytest.mark.parametrize("name", ["J", "J&F", "J decay", "J recall seen", "F mean unseen"])
def test_bars_and_scatter_draw_any_number(name):
    runs = [run_of(called="one"), run_of(called="two", seed=1)]
    assert draw(runs, "bars", name).axes
    assert draw(runs, "scatter", name).axes


def test_bars_of_a_group_are_means_over_its_objects():
    run = run_of(objects=3)
    table = run.objects
    seen = table[(table.group == "seen") & (table.measure == "J") & (table.statistic == "decay")]
    found = curves.by_sequence(run, "J decay seen")
    assert found == pytest.approx(seen.groupby("sequence")["value"].mean().to_dict(), abs=1e-12)


def test_curves_draw_one_group_where_the_name_says_one_and_no_statistic_but_the_mean():
    run = run_of()
    assert [c.group for c in curves.normalised(run, "J mean seen")] == ["seen"]
    assert [c.group for c in curves.normalised(run, "J")] == ["seen", "unseen"]
    with pytest.raises(UsageError, match="one value an object"):
        draw([run], "normalised", "J decay")
    with pytest.raises(UsageError, match="no group 'nobody'"):
        draw([run], "normalised", "J mean nobody")


# ------------------------------------------------------------------ names of methods


def legend(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("called", [("a/preds", "b/preds"), ("preds", "preds")])
def test_runs_of_one_name_have_labels_of_their_own_everywhere(called):
    runs = [run_of(called=name, seed=k) for k, name in enumerate(called)]
    labels = {tuple(legend(draw(runs, "bars"))), tuple(compare(runs).names), tuple(summary_names(runs))}
    assert len(labels) == 1
    assert len(set(next(iter(labels)))) == 2


def summary_names(runs):
    return dict.fromkeys(row[0] for row in summary.headline(runs).rows if "predicting" not in row[0])


# ------------------------------------------------------------------ what a notebook shows


def test_a_run_shows_itself_in_a_few_lines():
    run = run_of(called="<b>mine")
    assert len(repr(run).splitlines()) <= 4
    assert len(repr(run)) < 600
    assert run.signature in repr(run)
    assert f"J&F {100 * run.value('J&F'):.1f}" in repr(run)
    page = run._repr_html_()
    assert "&lt;b&gt;mine" in page
    assert "<b>" not in page
    assert page.count("<tr>") == 1 + 4
    assert run.signature in page


def test_runs_are_equal_by_content_not_by_where_they_came_from():
    run = run_of()
    assert run == run_of()
    assert hash(run) == hash(run_of())
    assert run == changed(run, environment={}, predictions=run_of(called="elsewhere").document.predictions)
    assert run != run_of(seed=1)
    assert run != run_of(protocol="davis2017")
    assert run != "preds"
    assert len({run, run_of(), run_of(seed=1)}) == 2
