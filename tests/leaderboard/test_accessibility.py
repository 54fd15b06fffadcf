"""What can be computed of accessibility (WCAG 2.2): contrast, names, headers, keyboard."""

import re
from itertools import pairwise

import pytest

from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.site import render


@pytest.fixture(scope="module")
def files(board: Board) -> dict[str, str]:
    return render(board)


def colours(css: str, scheme: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for block in re.findall(r"^:root \{(.*?)\}", css, re.DOTALL | re.MULTILINE):
        found |= re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)
    for block in re.findall(r"^  :root \{(.*?)\}", css, re.DOTALL | re.MULTILINE) if scheme == "dark" else ():
        found |= re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)
    return found


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_on_white_is_21() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_a_contrast_of_4_5_and_drawings_of_3(files: dict[str, str], scheme: str) -> None:
    c = colours(files["style.css"], scheme)
    text = [(ink, on) for ink in ("ink", "quiet", "link") for on in ("paper", "raised", "hit")]
    text += [("on-measured", "measured")]
    text += [(f"r{i}", "paper") for i in range(6)]
    text += [("low" if i < 7 else "high", f"h{i}") for i in range(10)]
    assert {pair: contrast(c[pair[0]], c[pair[1]]) for pair in text if contrast(c[pair[0]], c[pair[1]]) < 4.5} == {}
    drawn = [("mark", "paper"), ("front", "paper"), ("curve", "paper"), ("measured", "paper")]
    assert {pair: contrast(c[pair[0]], c[pair[1]]) for pair in drawn if contrast(c[pair[0]], c[pair[1]]) < 3} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_heat_map_is_ordered_by_lightness_so_that_it_needs_no_hue(files: dict[str, str], scheme: str) -> None:
    c = colours(files["style.css"], scheme)
    steps = [luminance(c[f"h{i}"]) for i in range(10)]
    assert steps == sorted(steps, reverse=scheme == "light")
    assert all(abs(a - b) > 0.002 for a, b in pairwise(steps))


def test_curves_differ_by_dashes_too(files: dict[str, str]) -> None:
    rules = [
        re.search(rf"\.curve\.r{i} polyline \{{ stroke: var\(--r{i}\);(.*?)\}}", files["style.css"]) for i in range(6)
    ]
    assert len({rule[1].strip() for rule in rules if rule}) == 6


def pages(files: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if name.endswith(".html")}


def test_every_page_has_a_language_a_title_of_its_own_and_one_heading(files: dict[str, str]) -> None:
    titles = {}
    for name, text in pages(files).items():
        assert '<html lang="en">' in text
        assert text.count("<h1>") == 1, name
        assert '<a class="skip" href="#content">' in text
        titles[name] = re.findall(r"<title>(.*?)</title>", text)[0]
    assert len(set(titles.values())) == len(titles)


def test_every_table_has_a_caption_and_every_header_a_scope(files: dict[str, str]) -> None:
    for name, text in pages(files).items():
        tables = re.findall(r"<table.*?</table>", text, re.DOTALL)
        assert all("<caption" in table for table in tables), name
        assert all("scope=" in header for header in re.findall(r"<th\b[^>]*>", text)), name


def test_headers_that_sort_are_buttons_and_say_how_they_sort(files: dict[str, str]) -> None:
    for name, text in pages(files).items():
        for table in re.findall(r'<table class="ranking sortable">.*?</table>', text, re.DOTALL):
            headers = re.findall(r"<th\b[^>]*scope=\"col\"[^>]*>.*?</th>", table, re.DOTALL)
            assert all(
                re.search(r'aria-sort="(none|ascending|descending)"><button type="button"', h) for h in headers
            ), name
            assert sum('aria-sort="none"' not in h for h in headers) == 1


def test_every_field_has_a_label_and_every_region_a_name(files: dict[str, str]) -> None:
    for name, text in pages(files).items():
        for field in re.findall(r"<(?:input|select)\b", text):
            assert len(re.findall(r"<label>[^<]+<(?:input|select)\b", text)) == len(
                re.findall(r"<(?:input|select)\b", text)
            ), (name, field)
        for region in re.findall(r'<div class="scroll"[^>]*>', text):
            assert re.search(r'tabindex="0" aria-label="[^"]+"', region), name
        for drawing in re.findall(r'<svg[^>]*role="group"[^>]*>', text):
            assert "aria-labelledby=" in drawing


def test_marks_are_links_with_a_title_and_a_flag_is_never_only_a_sign(files: dict[str, str]) -> None:
    for name, text in pages(files).items():
        for mark in re.findall(r'<a href="[^"]*" class="(?:mark|curve).*?</a>', text, re.DOTALL):
            assert re.search(r"<title>[^<]+</title>", mark), name
        for cell in re.findall(r'<td class="flag.*?</td>', text, re.DOTALL):
            assert re.search(r'<span class="vh">(yes|no|unknown)</span>', cell), name


def test_focus_is_visible_and_motion_is_not_used(files: dict[str, str]) -> None:
    css = files["style.css"]
    assert re.search(r":focus-visible \{ outline: 2px solid", css)
    assert "outline: none" not in css.replace("main { min-height: 60vh; outline: none; }", "")
    assert not re.search(r"transition|animation", css)


def test_pages_make_sense_without_the_script(files: dict[str, str]) -> None:
    for name, text in pages(files).items():
        for form in re.findall(r'<(?:form|p) class="filters"[^>]*>', text):
            assert " hidden" in form, name
        assert "<tr hidden" not in text
        buttons = re.findall(r"<th[^>]*><button[^>]*>", text)
        assert all(" disabled" in button for button in buttons), name
