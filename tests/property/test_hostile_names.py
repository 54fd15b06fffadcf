"""A name is text in every format: nothing in it is ever read as markup, a command, or a second line."""

import csv
import io
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vosbench.analysis.regression import ChangedFrame, Checked, CheckReport
from vosbench.views import check as check_views
from vosbench.views.grid import RENDERERS, Grid, printable

HOSTILE = [
    "<script>alert(1)</script>",
    "\"quoted\" and 'quoted'",
    "a|b",
    "**bold** `code` [link](javascript:alert(1))",
    r"\input{/etc/passwd} 50% $x$ a_b #1 ~ ^ {}",
    "&lt;b&gt;",
    "two\nlines\r\ttab",
    "\x1b[31mred\x07",
    "名前 ünïcödé ‮",
    "=cmd()",
    "x" * 5000,
    "",
]
ANY = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))


def grid(name: str) -> Grid:
    return Grid(header=["", name], rows=[[name, "1.0"], ["plain", "2.0"]], caption=name, bold=frozenset({(0, 0)}))


class Reader(HTMLParser):
    """Collects the tags and the text of each cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.cells = [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag in ("td", "th", "caption"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and data.strip("\n"):
            self.cells[-1] += data


@given(ANY)
def test_html(name):
    page = Reader(RENDERERS["html"](grid(name)))
    assert set(page.tags) <= {"table", "caption", "thead", "tbody", "tr", "th", "td", "strong"}
    cells = page.cells[bool(name) :]
    assert cells[:4] == ["", printable(name), printable(name), "1.0"]


@given(ANY)
def test_markdown_keeps_its_rows_and_columns(name):
    lines = RENDERERS["md"](grid(name)).split("\n")[-4:]
    for line in lines:
        assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) == 3
        assert not re.search(r"<(?=\w|/)", line)
        assert "](" not in line


@given(ANY)
def test_latex_holds_no_command_but_ours(name):
    text = RENDERERS["latex"](grid(name))
    ours = {"toprule", "midrule", "bottomrule", "begin", "end", "textbf", "textbackslash", "textasciitilde"}
    ours |= {"textasciicircum", "pm", "Delta", "checkmark", "times", "uparrow", "downarrow"}
    body = "\n".join(line for line in text.split("\n") if not line.startswith("% "))
    assert set(re.findall(r"\\([a-zA-Z]+)", body.replace(r"\\", ""))) <= ours
    assert not re.search(r"(?<!\\)[%#]", body)
    assert body.count(" \\\\\n") == 3


@given(ANY)
def test_csv_reads_back(name):
    rows = list(csv.reader(io.StringIO(RENDERERS["csv"](grid(name)), newline="")))
    kept = name.replace("\r", " ")
    assert rows == [["", kept], [kept, "1.0"], ["plain", "2.0"]]


@given(ANY)
def test_a_terminal_sees_one_line_a_row_and_no_codes(name):
    text = RENDERERS["table"](grid(name))
    assert len(text.split("\n")) == 4 + bool(name)
    assert all(line.isprintable() for line in text.split("\n"))


def report(name: str) -> CheckReport:
    row = {"kind": "sequence", "measure": "J", "before": 0.5, "now": 0.1, "failed": True}
    return CheckReport(
        name=name,
        signature="protocol:folder@1",
        tolerance=0.2,
        numbers=(Checked(name=name, **row),),
        frames=(ChangedFrame(sequence=name, object=1, frame="00001"),),
        refused={},
    )


@given(ANY)
def test_junit_is_xml_whatever_the_name(name):
    suite = ElementTree.fromstring(check_views.junit(report(name)))[0]
    assert [suite.get("tests"), suite.get("failures")] == ["2", "2"]
    assert len(suite.findall("testcase/failure")) == 2
    if name.isprintable():
        assert suite[0].get("name") == f"{name} J"


@pytest.mark.parametrize("name", HOSTILE)
def test_the_summary_for_github_has_no_tag_but_ours(name):
    assert set(re.findall(r"<(\w+)", check_views.github(report(name)))) <= {"sub", "code"}
