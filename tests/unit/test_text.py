"""Text files in any encoding that says what it is; others are an error that names them."""

import codecs
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import vosbench
from vosbench.datasets.lists import read_list
from vosbench.errors import InputError
from vosbench.protocols import load as protocols
from vosbench.text import NotText, as_utf8, decode, lines

MARKED = ["utf-8-sig", "utf-16", "utf-32"]
NAME = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=8)
MASK = np.zeros((20, 30), np.uint8)
MASK[4:12, 3:12] = 1


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff\ufffe")), st.sampled_from(["utf-8", *MARKED]))
def test_text_is_the_same_in_every_encoding_that_says_what_it_is(text, encoding):
    assert decode(text.encode(encoding)) == text


@given(st.text(max_size=30).map(lambda t: t.replace("\0", "").replace("\ufeff", "")), st.sampled_from(["le", "be"]))
def test_both_orders_of_bytes_are_read_by_their_mark(text, order):
    text = text.encode(errors="ignore").decode()
    mark = codecs.BOM_UTF16_LE if order == "le" else codecs.BOM_UTF16_BE
    assert decode(mark + text.encode(f"utf-16-{order}")) == text


@given(st.binary(max_size=60))
def test_any_bytes_are_text_or_an_error_that_says_so(data):
    try:
        as_utf8(data).decode()
    except NotText as error:
        assert "UTF-" in str(error)


@pytest.mark.parametrize(
    ("encoding", "text", "named"),
    [
        ("latin-1", "größe\n", "Windows-1252"), ("gbk", "视频一\n", "GBK"), ("utf-16-le", "bear\n", "UTF-16"),
        ("utf-16-be", "bear\n", "UTF-16"), ("shift_jis", "ビデオ\n", "Shift JIS"), ("euc_kr", "비디오\n", "G"),
    ],
)  # fmt: skip
def test_another_encoding_is_named(tmp_path, encoding, text, named):
    (tmp_path / "val.txt").write_bytes(text.encode(encoding))
    with pytest.raises(InputError) as error:
        read_list(tmp_path / "val.txt")
    (problem,) = error.value.problems
    assert problem.where == str(tmp_path / "val.txt")
    assert named in problem.message
    assert "save it as UTF-8" in problem.message


@given(
    st.lists(NAME.filter(lambda n: n[0] not in "#/." and "/" not in n and "\\" not in n), min_size=1, unique=True),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", *MARKED]),
)
def test_a_list_holds_the_names_that_were_written(names, end, encoding):
    text = f"# mine{end}{end}" + end.join(f"my {name}/  " for name in names)
    assert lines(decode(text.encode(encoding))) == [f"my {name}/" for name in names]


def test_names_in_a_list(tmp_path):
    path = tmp_path / "val.txt"
    path.write_text("my video 1\r\n./b/\n\n#c\n/JPEGImages/480p/a b/0.jpg /Annotations/480p/a b/0.png 1\ne\u0301\n")
    assert read_list(path) == ("my video 1", "b", "a b", "\u00e9")
    path.write_text("# nothing\n")
    with pytest.raises(InputError, match="holds no name"):
        read_list(path)


# ------------------------------------------------------------------ every file that is text


@pytest.fixture
def youtube(world):
    objects = {v: {1: (c, ["00000", "00001", "00002"])} for v, c in (("v", "owl"), ("w", "cat"))}
    return world.youtube_vos({v: [MASK] * 3 for v in "vw"}, objects, seen=())


@pytest.mark.parametrize("encoding", ["utf-8", *MARKED])
def test_unseen_categories_and_meta_are_read_in_every_encoding(world, youtube, encoding):
    """A mark before the first category made it a seen one."""
    (youtube / "unseen.txt").write_bytes("owl\r\n".encode(encoding))
    meta = youtube / "valid" / "meta.json"
    meta.write_bytes(meta.read_text().encode(encoding))
    preds = world.masks("p", {"v": [MASK * 0] * 3, "w": [MASK] * 3})
    run = vosbench.score(preds, benchmark="youtube-vos-2019", data=youtube, split="valid")
    summary = json.loads(run.to_json())["summary"]
    cells = {(c["group"], c["measure"]): c["value"] for c in summary if c["statistic"] == "mean"}
    assert (cells["unseen", "J"], cells["seen", "J"]) == (0.0, 1.0)


def test_a_category_that_no_object_has_is_an_error(world, youtube):
    (youtube / "unseen.txt").write_text("owl\ncta\n")
    preds = world.masks("p", {v: [MASK] * 3 for v in "vw"})
    with pytest.raises(InputError) as error:
        vosbench.score(preds, benchmark="youtube-vos-2019", data=youtube, split="valid")
    (problem,) = error.value.problems
    assert "'cta'" in problem.message
    assert "'cat'" in problem.fix


@pytest.mark.parametrize("encoding", MARKED)
def test_a_protocol_is_read_in_every_encoding(tmp_path, encoding):
    text = (Path(protocols.__file__).parent / "davis2017.toml").read_text(encoding="utf-8")
    (tmp_path / "mine.toml").write_bytes(text.replace("davis2017", "größe", 1).encode(encoding))
    spec = protocols.load(str(tmp_path / "mine.toml"))
    assert (spec.name, spec.rules) == ("größe", protocols.load("davis2017").rules)


@pytest.mark.parametrize("encoding", MARKED)
def test_a_table_is_read_in_every_encoding(vosbench, tmp_path, encoding):
    table = "sequence,index,J\n" + "".join(f"a,{t},0.{t}\n" for t in range(5))
    (tmp_path / "t.csv").write_bytes(table.encode(encoding))
    assert vosbench("import", tmp_path / "t.csv", "--out", tmp_path / "o").code == 0
    (tmp_path / "t.csv").write_bytes(table.replace(",", ";").encode(encoding))
    assert "semicolons" in vosbench("import", tmp_path / "t.csv", "--out", tmp_path / "o2").err
