"""A run of which one cell was changed by hand: the reader notices it, or the cell is on the list of harmless ones."""

import copy
import json
import re
import shutil

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import vosbench
from tests.conftest import World
from vosbench.errors import IncomparableError, InputError, VosbenchError
from vosbench.measures.catalog import COUNTS
from vosbench.results.document import ResultDocument
from vosbench.results.importer import import_table
from vosbench.testing import write_label_maps

#: Fields that no number depends on. A change is noticed by the seal; where the seal is made anew, by nothing.
ONLY_SEALED = (
    "benchmark",
    r"notes(\..*)?",
    r"environment(\..*)?",
    r"attributes(\..*)?",
    r"predictions\.name",
    r"best_permutation_J",
    r"dataset\.fingerprint",  # after the digits that the signature has
    r"protocol\.(title|task|reference|deviations|open_points|data)(\..*)?",  # words and addresses
    # which numbers are shown first, a statistic named twice, knobs of what the run does not use
    r"protocol(\.rules(\.(headline|statistics|max_proposals|tolerance)(\..*)?)?)?",
)

TRUTH = {"a": {1: "xxxxxxxx", 2: "...xxx.x"}, "b": {1: "xx..xx"}, "c": {1: "xxxxx", 2: "xxxxx"}}
GUESS = {"a": {1: "xxhhxxwx", 2: "..xxw..."}, "b": {1: "xx.xw."}, "c": {1: "xhhwx", 2: "xxxxh"}}


def scored(folder, **options):
    write_label_maps(folder / "gt", TRUTH)
    write_label_maps(folder / "preds", GUESS)
    (folder / "preds" / "b" / "00002.png").unlink()
    return vosbench.score(folder / "preds", gt=folder / "gt", missing="empty", **options)


def with_groups(folder):
    """Seen and unseen objects, an object that is never scored, and a sequence without an object."""
    rng = np.random.default_rng(3)
    masks = [rng.integers(0, 3, (20, 30)).astype(np.uint8) for _ in range(5)]
    frames = [f"{t:05d}" for t in range(5)]
    ones = [(m == 1).astype(np.uint8) for m in masks]
    data = World(folder).youtube_vos(
        {"v": masks, "w": ones}, {"v": {1: ("cat", frames), 2: ("dog", frames[:2])}, "w": {1: ("cat", frames)}}
    )
    preds = World(folder).masks("preds", {"v": [np.roll(m, 1) for m in masks], "w": ones})
    return vosbench.score(preds, benchmark="youtube-vos-2019", data=data)


def imported(folder):
    lines = ["sequence,index,J,T"]
    lines += [f"{s},{t},{0.5 + t / 100},{'' if t == 1 else 0.1}" for s in ("a", "b") for t in range(1, 5)]
    (folder / "table.csv").write_text("\n".join(lines))
    return import_table(folder / "table.csv")[0]


KINDS = {
    "folder": lambda folder: scored(folder, measures=("J", "F", "T", "Fa")),
    "hungarian": lambda folder: scored(folder, protocol="davis2017-unsupervised"),
    "groups": with_groups,
    "imported": imported,
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Saved runs by kind; tests copy what they change."""
    found = {}
    for kind, make in KINDS.items():
        found[kind] = tmp_path_factory.mktemp(kind) / "run"
        make(found[kind].parent).save(found[kind])
        assert vosbench.load(found[kind]).document.summary
    return found


@pytest.fixture
def run(runs, tmp_path):
    """A copy of the run with missing masks."""
    return shutil.copytree(runs["folder"], tmp_path / "run")


def leaves(node, path=()):
    """The path of every value in a document, and of every container."""
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from leaves(value, (*path, key))


def others(value):
    """Other values of the same type, and one of another type."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, str):
        return [value + "x", ""]
    if isinstance(value, int):
        return [value + 1]
    if isinstance(value, float):
        return [value + 1e-6, None]
    if value is None:
        return [0.5, "x"]
    if isinstance(value, list):
        return [value[:-1], [*value, *value[-1:]], value[::-1], "x"]
    return [{**value, "unheard-of": 1}]


def changed(document, path, value):
    document = copy.deepcopy(document)
    node = document
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return document


def sealed(document):
    """The document as JSON with a new seal, if it is one."""
    try:
        return msgspec.convert(document, ResultDocument).to_json()
    except msgspec.ValidationError:
        return json.dumps(document)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("again", [False, True], ids=["", "sealed again"])
def test_every_field_of_the_document_is_noticed(runs, tmp_path, kind, again):
    """Without a new seal every change is noticed; with one, every change that any number depends on."""
    run = shutil.copytree(runs[kind], tmp_path / "run")
    path, before = run / "result.json", vosbench.load(run)
    document = json.loads(path.read_text())
    unnoticed, tried = set(), 0
    for leaf in leaves(document):
        name = ".".join(map(str, leaf))
        if name.startswith("protocol.data.") or any(isinstance(key, int) and key > 3 for key in leaf):
            continue  # like the others
        node = document
        for key in leaf:
            node = node[key]
        for other in [o for o in others(node) if o != node]:
            doctored = changed(document, leaf, other)
            path.write_text(sealed(doctored) if again else json.dumps(doctored))
            tried += 1
            try:
                after = vosbench.load(run)
            except (InputError, IncomparableError) as error:
                assert str(run) in str(error)
            else:
                unnoticed.add(name)
                assert after.document.summary == before.document.summary
                assert after.signature == before.signature
    known = ONLY_SEALED if again else ()
    where = {name for name in unnoticed if name.startswith("origin")} | {"predictions.name"}  # names of folders
    unnoticed -= {"seal"} | where if again else where
    wrong = [name for name in unnoticed if not any(re.fullmatch(pattern, name) for pattern in known)]
    assert not wrong, sorted(wrong)
    assert tried > 100


def test_a_key_left_out_is_noticed(run):
    document = json.loads((run / "result.json").read_text())
    optional = {"status", "attributes", "origin"}  # their defaults say the same, or nothing
    for key in document.keys() - optional:
        (run / "result.json").write_text(json.dumps({k: v for k, v in document.items() if k != key}))
        with pytest.raises(VosbenchError):
            vosbench.load(run)


def refused(run, *words):
    with pytest.raises(InputError) as caught:
        vosbench.load(run)
    text = str(caught.value)
    assert caught.value.exit_code == 3
    assert all(p.where.startswith(str(run)) and p.fix for p in caught.value.problems)
    assert all(word in text for word in words), text


def test_an_edited_mean_is_named(run):
    text = (run / "result.json").read_text()
    document = json.loads(text)
    value = document["summary"][0]["value"]
    document["summary"][0]["value"] = 0.999
    (run / "result.json").write_text(sealed(document))
    refused(run, "result.json", "J of group all is 0.999", str(value))


def test_an_edited_split_is_named(run):
    document = json.loads((run / "result.json").read_text())
    (run / "result.json").write_text(sealed(document | {"split": "test-dev"}))
    refused(run, "result.json", "`signature` has split: all, the rest of the run gives test-dev")


# ------------------------------------------------------------------ frames.parquet


def rewrite(run, change):
    table = parquet.read_table(run / "frames.parquet")
    columns = {name: table[name].to_pylist() for name in table.column_names}
    new = change(columns)
    parquet.write_table(pa.table(columns if new is None else new), run / "frames.parquet")


def without_dictionaries(columns):
    """The same content in another encoding: nothing to notice."""


def test_the_encoding_of_a_table_does_not_matter(run):
    before = vosbench.load(run).to_json()
    rewrite(run, without_dictionaries)
    assert vosbench.load(run).to_json() == before


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_of_the_frames_is_noticed(runs, tmp_path, kind):
    names = parquet.read_table(runs[kind] / "frames.parquet").column_names
    for i, name in enumerate(names):
        for what in ("cell", "missing", "null"):
            run = shutil.copytree(runs[kind], tmp_path / f"{i}-{what}")

            def spoil(columns, name=name, what=what):
                if what == "missing":
                    del columns[name]
                    return
                at = next(k for k, v in enumerate(columns[name]) if v is not None)
                v = columns[name][at]
                other = not v if isinstance(v, bool) else v + "x" if isinstance(v, str) else v + 1
                columns[name][at] = None if what == "null" else other

            rewrite(run, spoil)
            refused(run, "frames.parquet" if what != "missing" else "")


def every(columns, rows):
    return {name: [values[i] for i in rows] for name, values in columns.items()}


def rows_of(columns):
    return range(len(columns["object"]))


SPOILT = {
    "a row twice": lambda c: every(c, [0, *rows_of(c)]),
    "all rows twice": lambda c: every(c, [*rows_of(c), *rows_of(c)]),
    "the first row missing": lambda c: every(c, rows_of(c)[1:]),
    "the last row missing": lambda c: every(c, rows_of(c)[:-1]),
    "no rows": lambda c: every(c, []),
    "rows in another order": lambda c: every(c, rows_of(c)[::-1]),
    "a column renamed": lambda c: {("hits" if k == "gt_hits" else k): v for k, v in c.items()},
    "counts as floats": lambda c: c | {"gt_area": [float(v) for v in c["gt_area"]]},
    "a count below zero": lambda c: c | {"pred_area": [-1, *c["pred_area"][1:]]},
    "more pixels shared than there are": lambda c: c | {"intersection": [10**6, *c["intersection"][1:]]},
    "every prediction perfect": lambda c: c | {"intersection": c["gt_area"], "pred_area": c["gt_area"]},
}


@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_frames_table_is_refused(run, what):
    rewrite(run, SPOILT[what])
    refused(run, "frames.parquet")


def test_an_impossible_count_is_named_by_its_frame(run):
    rewrite(run, SPOILT["more pixels shared than there are"])
    refused(run, "a/00001 object 1: intersection is 1000000")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(200) + b"PAR1", bytes(range(256)) * 8])
def test_garbage_is_no_table(run, content):
    (run / "frames.parquet").write_bytes(content)
    refused(run, "frames.parquet", "cannot be read")


# ------------------------------------------------------------------ objects.csv


def lines_of(run):
    return (run / "objects.csv").read_text().splitlines()


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_of_the_objects_is_noticed(runs, tmp_path, kind):
    header, first, *rest = lines_of(runs[kind])
    for i, name in enumerate(header.split(",")):
        for other in ("x", "7", "0.123", ""):
            cells = first.split(",")
            if cells[i] == other:
                continue
            cells[i] = other
            run = shutil.copytree(runs[kind], tmp_path / f"{i}-{other}")
            (run / "objects.csv").write_text("\n".join([header, ",".join(cells), *rest]) + "\n")
            refused(run, "objects.csv" if name not in ("sequence", "object") else "")
        renamed = ",".join("other" if n == name else n for n in header.split(","))
        run = shutil.copytree(runs[kind], tmp_path / f"{i}-renamed")
        (run / "objects.csv").write_text("\n".join([renamed, first, *rest]) + "\n")
        refused(run, "objects.csv", "its columns are not")


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: [*lines, lines[-1]],
        lambda lines: [*lines, *lines[1:]],
        lambda lines: lines[:-1],
        lambda lines: lines[:1],
        lambda lines: [],
        lambda lines: [lines[0], *lines[:0:-1]],
        lambda lines: [line for line in lines if not line.startswith("c,")],
        lambda lines: [line + "," for line in lines],
    ],
)
def test_a_spoilt_objects_table_is_refused(run, change):
    (run / "objects.csv").write_text("".join(f"{line}\n" for line in change(lines_of(run))))
    refused(run)


def test_an_edited_value_is_named_by_object_and_cell(run):
    text = (run / "objects.csv").read_text()
    row = next(line for line in text.splitlines() if line.startswith("a,2") and ",J,mean," in line)
    value = row.split(",")[-2]
    (run / "objects.csv").write_text(text.replace(row, row.replace(value, "0.999")))
    refused(run, "objects.csv", f"a object 2, J: value is 0.999, frames.parquet gives {value}")


# ------------------------------------------------------------------ files of two runs


@pytest.mark.parametrize("name", ["result.json", "frames.parquet", "objects.csv"])
def test_files_of_two_methods_do_not_mix(run, tmp_path, name):
    write_label_maps(tmp_path / "gt", TRUTH)
    vosbench.score(tmp_path / "gt", gt=tmp_path / "gt", measures=("J", "F", "T", "Fa")).save(tmp_path / "perfect")
    shutil.copy(tmp_path / "perfect" / name, run / name)
    refused(run)


def test_perfect_tables_under_another_result_are_noticed(run, tmp_path):
    write_label_maps(tmp_path / "gt", TRUTH)
    vosbench.score(tmp_path / "gt", gt=tmp_path / "gt", measures=("J", "F", "T", "Fa")).save(tmp_path / "perfect")
    for name in ("frames.parquet", "objects.csv"):
        shutil.copy(tmp_path / "perfect" / name, run / name)
    refused(run, "predictions.fingerprint", "`summary`: J of group all")


def test_the_fixture_has_what_the_tests_need(runs):
    documents = {kind: vosbench.load(path).document for kind, path in runs.items()}
    assert documents["folder"].filled == {"b": 1}
    assert documents["groups"].protocol.rules.groups == ("seen", "unseen")
    assert any(cell.value is None for cell in documents["groups"].summary)
    assert documents["hungarian"].protocol.rules.pairing == "hungarian"
    assert not set(COUNTS) & set(vosbench.load(runs["imported"]).frames_columns)
