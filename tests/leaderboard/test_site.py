import csv
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath

import msgspec
import pytest

from vosbench.errors import UsageError
from vosbench.leaderboard.card import About, decode, encode
from vosbench.leaderboard.entries import Board, load
from vosbench.leaderboard.measured import add
from vosbench.leaderboard.site import build, render

Run = Callable[..., Path]
HOSTILE = (
    '<script>alert("x")</script>',
    "\"'><img src=x onerror=alert(1)>",
    "{{ 7 * 7 }} {% raw %}",
    "方法 — naïve \u202eevil\u202c 𝒥 \N{PILE OF POO}",
    "very long " * 38,
    "&lt;b&gt; & ]]> <!-- -->",
)
VOID = {"meta", "link", "input", "img", "br", "hr"}


class Page(HTMLParser):
    """Tags with their attributes, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attributes for name, attributes in self.tags if name == tag)

    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.tags if "id" in attributes]


@pytest.fixture(scope="module")
def files(board: Board) -> dict[str, str]:
    return render(board)


@pytest.fixture(scope="module")
def pages(files: dict[str, str]) -> dict[str, Page]:
    return {name: Page(text) for name, text in files.items() if name.endswith(".html")}


def test_two_builds_are_byte_identical_and_quick(board: Board, tmp_path: Path) -> None:
    start = time.monotonic()
    for name in ("a", "b"):
        build(load(board.root), tmp_path / name)
    assert time.monotonic() - start < 20
    a, b = (
        {p.relative_to(r): p.read_bytes() for p in r.rglob("*") if p.is_file()}
        for r in (tmp_path / "a", tmp_path / "b")
    )
    assert a == b
    assert len(a) > 50


def test_there_is_a_page_for_every_benchmark_method_and_paper(board: Board, files: dict[str, str]) -> None:
    assert {f"benchmark/{name}.html" for name in board.benchmarks} < set(files)
    assert {f"paper/{name}.html" for name in board.papers} < set(files)
    assert sum(name.startswith("method/") for name in files) == len({e.card.method for e in board.entries})


def test_every_tag_is_closed_and_every_id_is_unique(pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        assert page.open == [], name
        assert len(page.ids()) == len(set(page.ids())), name


def test_every_link_within_the_site_leads_somewhere(files: dict[str, str], pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for attribute in [a["href"] for a in page.all("a")] + [a["href"] for a in page.all("link")]:
            if attribute.startswith(("https://", "data:")):
                continue
            target, _, anchor = attribute.partition("#")
            parts: list[str] = []
            for part in (PurePosixPath(name).parent / target).parts if target else PurePosixPath(name).parts:
                parts = parts[:-1] if part == ".." else [*parts, part]
            found = "/".join(parts)
            assert found in files, (name, attribute)
            assert not anchor or anchor in pages[found].ids(), (name, attribute)


def test_every_result_has_a_permalink(board: Board, pages: dict[str, Page]) -> None:
    for entry in board.entries:
        assert entry.name in pages[f"benchmark/{entry.card.benchmark}.html"].ids()


def test_nothing_is_loaded_from_the_network(files: dict[str, str], pages: dict[str, Page]) -> None:
    for name, page in pages.items():
        for tag, attributes in page.tags:
            loaded = [attributes.get(key, "") for key in ("src", "srcset", "poster", "data", "action", "background")]
            if tag != "a":
                loaded.append(attributes.get("href", ""))
            assert not any(re.match(r"\s*(\w+:)?//", value) for value in loaded), (name, tag)
            assert "style" not in attributes, (name, tag)
            assert not any(key.startswith("on") for key in attributes), (name, tag)
    for name in ("style.css", "board.js"):
        assert not re.search(
            r"https?:|//\w|@import|url\(|fetch\(|XMLHttpRequest|import\(|innerHTML|eval\(", files[name]
        )


def test_hostile_names_are_text_and_nothing_else(copy: Path, run: Run) -> None:
    for number, text in enumerate(HOSTILE):
        about = About(method=text, variant=text, paper=text, note=text, year=2020)
        add(load(copy), run(f"run{number}", j=0.5 + number / 100), about)
    hostile = render(load(copy))
    for name, text in hostile.items():
        if not name.endswith(".html"):
            continue
        page = Page(text)
        assert page.open == [], name
        assert list(page.all("script")) == [{"src": f"{'../' * name.count('/')}board.js", "defer": ""}]
        assert not list(page.all("img"))
        assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    assert "&lt;script&gt;alert" in hostile["benchmark/davis2016.html"]
    assert "{{ 7 * 7 }}" in hostile["benchmark/davis2016.html"]
    rows = list(csv.DictReader(hostile["data/davis2016.csv"].splitlines()))
    assert {f"{t} ({t})" for t in HOSTILE if "\n" not in t} <= {row["Method"] for row in rows}


def test_the_data_hold_every_card_and_every_row(board: Board, files: dict[str, str]) -> None:
    for name in board.benchmarks:
        entries = board.of_benchmark(name)
        assert len(json.loads(files[f"data/{name}.json"])) == len(entries)
        rows = list(csv.DictReader(files[f"data/{name}.csv"].splitlines()))
        assert {row["Entry"] for row in rows} == {e.name for e in entries}


def test_the_result_behind_a_measured_card_can_be_downloaded(copy: Path, run: Run) -> None:
    folder = run("a")
    add(load(copy), folder, About(method="A"))
    files = render(load(copy))
    link = next(a["href"] for a in Page(files["method/a.html"]).all("a") if "data/results" in a["href"])
    assert files[link.removeprefix("../")] == (folder / "result.json").read_text()


def test_a_board_without_sequences_and_curves_has_pages_without_them(copy: Path, run: Run) -> None:
    shutil.rmtree(copy / "entries")
    shutil.rmtree(copy / "papers")
    path = add(load(copy), run("a"), About(method="A"))
    path.write_bytes(encode(msgspec.structs.replace(decode(path.read_bytes()), sequences={}, over_time=())))
    page = render(load(copy))["benchmark/davis2016.html"]
    assert "<svg" not in page
    assert 'class="heat"' not in page
    assert "protocol:davis2016@1" in page


def test_an_empty_benchmark_has_a_page(copy: Path) -> None:
    shutil.rmtree(copy / "entries")
    shutil.rmtree(copy / "papers")
    assert "No results yet" in render(load(copy))["benchmark/davis2017.html"]


def test_a_new_build_replaces_the_old_one_and_nothing_else(board: Board, copy: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build(board, site)
    (site / "method" / "gone.html").write_text("")
    build(board, site)
    assert not (site / "method" / "gone.html").exists()
    other = tmp_path / "thesis"
    other.mkdir()
    (other / "thesis.tex").write_text("")
    for out in (other, copy / "site", copy.parent, copy):
        with pytest.raises(UsageError):
            build(load(copy), out)
    assert [p.name for p in other.iterdir()] == ["thesis.tex"]
