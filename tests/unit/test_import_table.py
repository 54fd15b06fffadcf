"""Tables of published values become runs; a row that cannot be right is named by its line."""

import numpy as np
import pytest

from vosbench.errors import IncomparableError, InputError
from vosbench.protocols.signature import parse, require_same
from vosbench.results.importer import import_table
from vosbench.results.reader import load
from vosbench.results.tables import values

GOOD = """method,sequence,frame_index,J,F
one,bear,2,0.5,0.25
one,bear,1,0.7,0.75
one,camel,1,0.1,0.3
two,bear,1,0.6,0.6
two,bear,2,0.6,0.6
two,camel,1,0.6,0.6
"""


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_each_method_is_a_run_with_the_tables_values(table):
    one, two = import_table(table(GOOD))
    assert [one.name, two.name] == ["one", "two"]
    assert one.frames[["sequence", "frame", "J", "F"]].to_numpy().tolist() == [
        ["bear", "00001", 0.7, 0.75],
        ["bear", "00002", 0.5, 0.25],
        ["camel", "00001", 0.1, 0.3],
    ]
    assert one.value("J") == pytest.approx((0.6 + 0.1) / 2)
    assert one.value("F", "recall") == pytest.approx((0.5 + 0) / 2)
    assert two.value("J&F") == pytest.approx(0.6)


def test_it_survives_being_saved(table, tmp_path):
    (run, _) = import_table(table(GOOD))
    run.save(tmp_path / "run")
    again = load(tmp_path / "run")
    assert again.to_json() == run.to_json()
    np.testing.assert_array_equal(values(again.frames_columns, "J"), values(run.frames_columns, "J"))


def test_imported_runs_compare_with_each_other_and_with_nothing_else(table):
    one, two = import_table(table(GOOD))
    assert parse(one.signature)["source"] == "imported"
    require_same({"one": one.signature, "two": two.signature})
    (other,) = import_table(table("sequence,index,J\nbear,1,0.5\n"))
    assert other.name == "table"
    with pytest.raises(IncomparableError, match=r"measures: J\+F against J"):
        require_same({"one": one.signature, "other": other.signature})


def test_methods_with_other_frames_do_not_compare(table):
    one, two = import_table(table(GOOD.replace("two,bear,2,0.6,0.6\n", "")))
    with pytest.raises(IncomparableError, match="data"):
        require_same({"one": one.signature, "two": two.signature})


def test_groups_are_taken_over(table):
    text = "sequence,object,index,group,J,F\na,1,1,seen,0.2,0.2\na,2,1,unseen,0.8,0.8\nb,1,1,seen,0.4,0.4\n"
    (run,) = import_table(table(text), protocol="youtube-vos-2019")
    assert run.value("J&F", group="overall") == pytest.approx((0.3 + 0.8) / 2)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("0.25", "", "table.csv:2: F must lie between 0 and 1"),
        ("0.25", "25.0", "table.csv:2: F must lie between 0 and 1"),
        ("0.7,", "?,", "table.csv:3: J must lie between 0 and 1"),
        ("bear,1,0.7", "bear,2,0.7", "table.csv:3: the same frame occurs twice"),
        ("camel,1,0.1", "camel,-1,0.1", "table.csv:4: index and object must be whole numbers"),
        ("camel,1,0.1", "camel,1.5,0.1", "table.csv:4: index and object must be whole numbers"),
        ("camel,1,0.1", ",1,0.1", "table.csv:4: method and sequence must be names"),
        ("J,F", "X,Y", "no column is called J or F"),
        ("sequence", "video", "no column sequence"),
    ],
)
def test_what_cannot_be_right_is_named(table, old, new, message):
    with pytest.raises(InputError, match=message):
        import_table(table(GOOD.replace(old, new, 1)))


@pytest.mark.parametrize("text", ["", "sequence,index,J\n", '"unclosed\n'])
def test_a_table_without_rows_is_refused(table, text):
    with pytest.raises(InputError, match=r"table\.csv"):
        import_table(table(text))


def test_a_table_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.csv"):
        import_table(tmp_path / "nowhere.csv")
