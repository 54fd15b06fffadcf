"""Every cell of every table of the papers is in the cards.

``tests/data/papers`` was transcribed from the papers by hand and on its own; here both are compared cell by cell, and
the transcription with the text of the papers.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from vosbench.leaderboard.entries import Board
from vosbench.leaderboard.tables import like

PRINTED = Path(__file__).parents[1] / "data" / "papers"
TABLES = sorted(path.stem for path in PRINTED.glob("*.csv"))

#: The text each table stands in: file, and the words before and after its cells.
TEXTS = {
    "youtube-vos-2018.table1": ("000", "the total duration (in minutes)", "Based on Youtube-VOS, we propose"),
    "youtube-vos-2018.table2": ("000", "Method\nSegFlow [8]", "Fig. 3:"),
    "youtube-vos-2018.table3": ("000", "Method\nBVS [43]", "Fig. 5:"),
    "youtube-vos-2018.table4": ("000", "Scale\n25%", "improvement by adding videos"),
    "youtube-vos-2018.section53": ("000", "5.3", "5.4\n"),
    "youtube-vos-2018.section54": ("000", "Initializer variants.", "Conclusion"),
    "rvos-2019.table1": ("002", "YouTube-VOS one-shot\t", "Table 1. Ablation"),
    "rvos-2019.table2": ("002", "\tYouTube-VOS one-shot", "Table 2. Comparison"),
    "rvos-2019.table3": ("002", "\tNumber of instances", "Table 3. Analysis"),
    "rvos-2019.table4": ("002", "\tDAVIS-2017 one-shot", "Table 4. Comparison"),
    "rvos-2019.table5": ("002", "RVOS-S\t", "Table 5. Ablation"),
    "rvos-2019.section42": ("002", "Our pretrained model RVOS-ST on Youtube-VOS", "Although the model has been"),
    "stcnn-2019.table1": ("003", "J Mean (↑) 0.838\nRecall", "Pretraining spatial segmentation branch"),
    "stcnn-2019.table2": ("003", "BVS[34]\n\nJFS[35]", "4.1.1 Evaluation"),
    "stcnn-2019.table3": ("003", "Temporal Coherence Branch?", "of STCNN drops 0.052"),
    "stcnn-2019.table4": ("003", "#Iter", "Table 5: Performance"),
    "stcnn-2019.table5": ("003", "phases of STCNN.", "Table 6: The results"),
    "stcnn-2019.table6": (
        "003",
        "bol ↑ means higher scores indicate better performance. Bold\nfont",
        "4.2. DAVIS 2017",
    ),
    "stm-refinements-2019.table1": ("004", "Training Method Overall", "Table 2. The results"),
    "stm-refinements-2019.table2": ("004", "Backbone Overall", "Table 3. The results"),
    "stm-refinements-2019.table3": ("004", "Flip Multi-Scale Overall", "3.4. Refinements"),
    "stm-refinements-2019.table4": ("004", "Team Name Overall", "Figure 2."),
}

UNLABELLED = ("stm-refinements-2019.table3",)

#: Numbers that belong to a table without being cells: its labels, and the ticks (3) and crosses (7) of one font.
LABELS = {
    "rvos-2019.table3": Counter("12345"),
    "stcnn-2019.table4": Counter(["100", "200", "300", "400", "500", "600"]),
    "youtube-vos-2018.table3": Counter({"3": 17, "7": 23}),
    "youtube-vos-2018.table4": Counter(["25", "50", "75", "100"]),
}


def printed(name: str) -> list[list[str]]:
    with (PRINTED / f"{name}.csv").open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_printed_from_the_cards_is_the_table_of_the_paper(board: Board, name: str) -> None:
    grid = like(board, name.replace(".", "/"))
    assert [list(grid.header), *map(list, grid.rows)] == printed(name)


def test_every_table_that_has_a_layout_is_transcribed(board: Board) -> None:
    tables = {f"{paper}.{table}" for paper, known in board.papers.items() for table in known.tables}
    assert tables - {"davis-2016.toolkit"} == set(TABLES) == set(TEXTS)


def test_every_published_card_is_a_row_of_a_table(board: Board) -> None:
    for name in TABLES:
        paper, table = name.split(".")
        rows = [e.card.source.row for e in board.of_table(paper, table) if e.card.source]
        assert rows == list(range(1, len(rows) + 1))


def test_runtimes_that_stand_only_in_the_text_of_rvos_are_on_its_cards(board: Board) -> None:
    found = {
        (e.card.method, time.value, time.gpu, time.quoted)
        for e in board.of_table("rvos-2019", "table2")
        for time in e.card.runtimes
    }
    assert found == {
        ("RVOS", "44", "P100", False),
        ("RVOS", "67", "K80", False),
        ("OSMN", "65", "P100", False),
        ("OSMN", "140", None, True),
        ("S2S", "160", None, True),
    }


def numbers(text: str) -> Counter[str]:
    """The numbers in a text, without those in brackets (references)."""
    text = re.sub(r"\[\d+\]", " ", text.replace("−", "-"))
    return Counter(re.findall(r"(?<![\w.,-])-?\d[\d,]*(?:\.\d+)?(?![\w])", text.replace("/", " ")))


def test_the_ticks_and_crosses_of_the_flags_are_as_many_as_in_the_paper() -> None:
    marks = Counter(cell for row in printed("youtube-vos-2018.table3") for cell in row if cell in "✓✗")
    assert LABELS["youtube-vos-2018.table3"] == Counter({"3": marks["✓"], "7": marks["✗"]})


@pytest.mark.realdata
@pytest.mark.parametrize("name", TABLES)
def test_the_transcription_is_in_the_text_of_the_paper(realdata: Path, name: str) -> None:
    file, start, end = TEXTS[name]
    found = list((realdata.parent / "papers").glob(f"{file}_*.txt"))
    if not found:
        pytest.skip(f"the text of paper {file} is not beside {realdata}")
    text = found[0].read_text(encoding="utf-8").replace("$", " ")
    assert text.count(start) >= 1
    region = text[text.index(start) :]
    region = region[: region.index(end)]
    cells = [cell for row in printed(name)[1:] for cell in (row if name in UNLABELLED else row[1:])]
    missing, unused = numbers(" ".join(cells)), numbers(region)
    assert not missing - unused, "cells that the paper does not print, or not as often"
    if "table" in name:  # the text of a section says more than its results
        unused.subtract(missing)
        assert +unused == LABELS.get(name, Counter()), "numbers of the paper's table that the transcription has not"
