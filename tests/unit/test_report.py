"""The report: self-contained, repeatable, small, escaped, readable."""

import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest

from tests.unit.runs_from_counts import run_of, under_other_rules
from vosbench import kernel
from vosbench.errors import IncomparableError
from vosbench.measures.contour import reach
from vosbench.views.report.evidence import NoEvidence
from vosbench.views.report.overlay import judge, overlay
from vosbench.views.report.page import report
from vosbench.views.report.worst import APART, PER_OBJECT, worst_frames

HOSTILE = ("<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "é" * 300, "a'b&amp;c")


def nothing_at_hand(run):
    raise NoEvidence("no masks <b>here</b>")


def page(*runs):
    return report(runs, nothing_at_hand, on_note=lambda note: None)


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def test_names_are_text_wherever_they_appear():
    text = page(run_of(HOSTILE, called='x"><script>alert(2)</script>', flags="filled"))
    tags = Tags(text).found
    assert [tag for tag, _ in tags].count("script") == 1
    assert not [tag for tag, attrs in tags if tag == "img" or any(name.startswith("on") for name in attrs)]
    assert "{{ 7 * 7 }}" in text
    assert "&lt;b&gt;cat" in text
    assert "no masks &lt;b&gt;here" in text


def test_nothing_is_loaded_from_elsewhere():
    text = page(run_of())
    for _, attrs in Tags(text).found:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert attrs.get(name, "#").startswith(("#", "data:image/jpeg;base64,"))
    assert not re.search(r"https?://|@import|url\(|fetch\(|XMLHttpRequest", text)
    assert "default-src 'none'" in text


def test_two_reports_of_a_run_are_equal():
    assert page(run_of(), run_of(seed=1, called="b")) == page(run_of(), run_of(seed=1, called="b"))


def test_sixty_objects_on_two_thousand_frames_are_small():
    runs = [run_of([f"sequence-{i}" for i in range(30)], frames=67, called=str(k), seed=k) for k in range(2)]
    assert runs[0].document.dataset.objects == 60
    assert len(page(*runs).encode()) < 1_000_000  # pictures take at most about 2 MB more


def test_structure_serves_keyboard_and_screen_reader():
    tags = Tags(page(run_of(), run_of(called="b", seed=1))).found
    names = [tag for tag, _ in tags]
    ids = {attrs["id"] for _, attrs in tags if "id" in attrs}
    assert {"header", "nav", "main", "footer"} <= set(names)
    assert names.count("h1") == 1
    assert names.count("caption") == names.count("table")
    links = [attrs["href"] for tag, attrs in tags if tag == "a"]
    assert all(link[1:] in ids for link in links)
    assert all("scope" in attrs for tag, attrs in tags if tag == "th")
    assert all("aria-sort" in attrs for tag, attrs in tags if tag == "th" and attrs["scope"] == "col")
    assert all(attrs.get("aria-hidden") or attrs.get("aria-label") for tag, attrs in tags if tag == "svg")
    assert all(
        attrs.get("tabindex") == "0" and attrs["aria-label"] for tag, attrs in tags if attrs.get("role") == "region"
    )
    assert ("html", {"lang": "en"}) in tags


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_contrast(scheme):
    """WCAG 2: 4.5 for text, 3 for lines of a chart."""
    colours = {}
    for room, name in (("views.report", "report.css"), ("views", "chart.css")):
        css = (files(f"vosbench.{room}") / "templates" / name).read_text()
        blocks = re.findall(r":root \{(.*?)\}", css, re.DOTALL)
        colours |= re.findall(r"--(\w+): (#[0-9a-f]{6})", blocks[scheme])

    def contrast(a, b):
        light, dark = sorted((luminance(colours[a]), luminance(colours[b])), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    for background in ("paper", "raised"):
        assert min(contrast(text, background) for text in ("ink", "quiet", "link", "alarm")) >= 4.5
    assert min(contrast(f"r{i}", "paper") for i in range(6)) >= 3


def test_different_rules_are_refused():
    other = under_other_rules(run_of())
    with pytest.raises(IncomparableError, match="different rules"):
        page(run_of(), other)


def test_worst_frames_are_the_lowest_with_few_of_each_object():
    run = run_of(("a", "b"), frames=40)
    worst = worst_frames(run, "J")
    values = [w.values["J"] for w in worst]
    assert values == sorted(values)
    table = run.frames
    j = table["intersection"] / (table["gt_area"] + table["pred_area"] - table["intersection"])
    assert values[0] == j.min()
    by_object = {}
    for w in worst:
        by_object.setdefault((w.sequence, w.object), []).append(int(w.frame))
    assert all(len(frames) == PER_OBJECT and abs(np.diff(frames)[0]) >= APART for frames in by_object.values())


def test_hits_shown_are_the_hits_counted():
    rng = np.random.default_rng(3)
    gt, pred = (np.kron(rng.random((12, 16)) < 0.4, np.ones((10, 10))).astype(bool) for _ in range(2))
    judged = judge(gt=gt, pred=pred)
    ours, theirs = (kernel.contours(mask.astype(np.uint8)) for mask in (gt, pred))
    counted = kernel.contour_hits(ours, theirs, np.array([[1, 1]], np.uint8), reach(gt.shape))[0]
    assert [int(judged.found.sum()), int(judged.confirmed.sum())] == counted.tolist()
    assert int((judged.found | judged.missed).sum()) == ours.lengths[1]
    assert int((judged.confirmed | judged.wrong).sum()) == theirs.lengths[1]


def test_an_overlay_of_an_empty_prediction_shows_the_object():
    gt = np.zeros((60, 80), bool)
    gt[20:30, 30:50] = True
    picture = overlay(gt=gt, pred=np.zeros_like(gt), image=None)
    assert picture.shape[1:] == (360, 3)
    assert (picture == (240, 228, 66)).all(2).any()
