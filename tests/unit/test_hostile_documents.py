"""Lists of objects, run-length encodings and finished runs of people who mean harm."""

import json
import sys
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pyarrow import parquet

import vosbench
from tests.fuzz import targets
from tests.fuzz.mutate import damaged_run
from tests.fuzz.seeds import SEEDS
from vosbench.datasets.davis import Davis
from vosbench.datasets.lvos import Lvos
from vosbench.datasets.mose import Mose
from vosbench.datasets.sav import SaV
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.errors import InputError
from vosbench.masks.objects import ObjectTree
from vosbench.masks.sources import MaskFolder, open_masks

MASK = np.zeros((20, 30), np.uint8)
MASK[5:15, 5:15] = 1
DEEP = "[" * 100_000


def refused(call):
    """The one problem, told soon and without memory."""
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(InputError) as error:
        call()
    seconds, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (seconds < 10, peak < 400e6) == (True, True)
    (problem,) = error.value.problems
    assert problem.fix
    assert str(problem).isprintable()
    return problem


# ------------------------------------------------------------------ lists of objects and sequences


def dataset(root, meta):
    (root / "valid" / "Annotations" / "v").mkdir(parents=True)
    (root / "valid" / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
    return root


def youtube(video="v", key="1", frames=("00000",)):
    return {"videos": {video: {"objects": {key: {"category": "cat", "frames": list(frames)}}}}}


def lvos(start="00000001", end="00000026", key="1"):
    return {"videos": {"v": {"objects": {key: {"frame_range": {"start": start, "end": end}}}}}}


@pytest.mark.parametrize("layout", [YouTubeVOS, Mose, Lvos])
@pytest.mark.parametrize("meta", ["", "{", "null", "[]", DEEP, '{"videos": ' + DEEP, '{"videos": {"v": 1}}', "\udcff"])
def test_what_is_no_list_of_objects_is_refused(tmp_path, layout, meta):
    root = dataset(tmp_path, "{}")
    (root / "valid" / "meta.json").write_bytes(meta.encode(errors="surrogateescape"))
    (root / "unseen_videos.txt").write_text("v\n")
    assert refused(lambda: layout(root).sequences("valid")).where == str(root / "valid" / "meta.json")


@pytest.mark.parametrize("name", ["../../outside", "/etc", "a/../../b", "..", "", "a\nb", "a\\b", "x" * 300, "\x1b[2J"])
def test_a_list_that_names_what_is_outside_the_dataset_is_refused(tmp_path, name):
    """Predictions are written to folders called like the sequences."""
    where = str(tmp_path / "valid" / "meta.json")
    dataset(tmp_path, youtube(video=name))
    problem = refused(lambda: YouTubeVOS(tmp_path).sequences("valid"))
    assert (problem.code, problem.where) == ("unsafe-name", where)
    (tmp_path / "valid" / "meta.json").write_text(json.dumps({"videos": {name: {"objects": ["1"]}}}))
    assert refused(lambda: Mose(tmp_path).sequences("valid")).code == "unsafe-name"
    (tmp_path / "valid" / "meta.json").write_text(json.dumps(youtube(frames=[name])))
    assert refused(lambda: YouTubeVOS(tmp_path).sequences("valid")).code == "unsafe-name"


@pytest.mark.parametrize("line", ["../outside", "a/../../b", ".."])
def test_a_split_that_names_what_is_outside_the_dataset_is_refused(world, line):
    root = world.davis({"a": [MASK]})
    (root / "ImageSets" / "2017" / "val.txt").write_text(f"a\n{line}\n")
    assert refused(lambda: Davis(root).sequences("val")).code == "unsafe-name"


@pytest.mark.parametrize("key", ["0", "256", "-1", "01", "9" * 5000, "one", "", "１"])
def test_an_object_that_no_label_can_be_is_refused(tmp_path, key):
    dataset(tmp_path, youtube(key=key))
    assert refused(lambda: YouTubeVOS(tmp_path).sequences("valid")).code == "layout"


@pytest.mark.parametrize(("start", "end"), [("0", 10**15), ("x", "5"), (-1, 5), (9, 5), ("9" * 5000, "1")])
def test_a_range_of_frames_without_end_is_refused(tmp_path, start, end):
    dataset(tmp_path, lvos(start, end))
    (tmp_path / "unseen_videos.txt").write_text("v\n")
    assert refused(lambda: Lvos(tmp_path).sequences("valid")).code == "layout"


def test_a_folder_of_an_object_beyond_all_labels_is_refused(world):
    source = MaskFolder(world.masks("p", {"v/000": [MASK], "v/99999": [MASK]}), depth=2)
    problem = refused(lambda: ObjectTree(source).folders)
    assert (problem.code, problem.where) == ("layout", f"{world.root}/p/v/99999")


def test_more_overlapping_objects_than_fit_are_refused_not_held(world, monkeypatch):
    from vosbench.masks import planes

    monkeypatch.setattr(planes, "MAX_PLANE_BYTES", 3 * MASK.size)
    found = SaV(world.masks("sav_val/Annotations_6fps", {f"v/{k:03d}": [MASK] for k in range(4)}).parent.parent)
    problem = refused(lambda: found.masks("val").read("v", "00000"))
    assert "4 objects of 30 x 20 pixels overlap" in problem.message


# ------------------------------------------------------------------ run-length encodings


def instances(path, n=1, size=(10, 10), counts=(0, 100), **more):
    videos = [{"id": 1, "file_names": ["v/0.jpg"], "height": size[0], "width": size[1]}]
    one = {"video_id": 1, "segmentations": [{"size": list(size), "counts": list(counts)}]} | more
    path.write_text(json.dumps({"videos": videos, "annotations": [one | {"id": k} for k in range(n)]}))
    return path


@pytest.mark.parametrize("text", ["", "{", DEEP, '{"videos": [], "annotations": [], "x": ' + DEEP + "}", "[]", "[[]]"])
def test_what_holds_no_instances_is_refused(tmp_path, text):
    (tmp_path / "m.json").write_text(text)
    assert refused(lambda: open_masks(tmp_path / "m.json")).where == str(tmp_path / "m.json")


def test_hundreds_of_full_masks_in_a_few_bytes_each_are_not_held_together(tmp_path):
    """900 masks of 2 megapixels would be 1.9 GB; the document has 100 kB."""
    path = instances(tmp_path / "m.json", n=900, size=(1080, 1920), counts=(0, 1080 * 1920))
    assert path.stat().st_size < 150_000
    problem = refused(lambda: open_masks(path).read("v", "0"))
    assert (problem.where, "overlap" in problem.message) == (f"{path}#v/0", True)


def test_more_objects_than_any_result_has_are_refused(tmp_path):
    assert "more than 1000 objects" in refused(lambda: open_masks(instances(tmp_path / "m.json", n=1001))).message


@pytest.mark.parametrize("size", [(1 << 20, 1 << 20), (-5, 5), (0, 0), (1 << 40, 1)])
def test_a_video_of_absurd_size_is_refused(tmp_path, size):
    path = instances(tmp_path / "m.json", size=size)
    refused(lambda: open_masks(path).read("v", "0"))


# ------------------------------------------------------------------ finished runs


@pytest.fixture
def saved(world):
    gt = world.masks("gt", {"a": [MASK] * 4})
    vosbench.score(world.masks("preds", {"a": [MASK] * 4}), gt=gt).save(world.root / "run")
    return world.root / "run"


def change(saved, **values):
    path = saved / "result.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    "values",
    [
        {"summary": []}, {"summary": [{"group": "all"}]}, {"summary": None}, {"protocol": {}}, {"predictions": {}},
        {"notes": "text"}, {"filled": {"a": "many"}}, {"signature": None}, {"dataset": []}, {"environment": [1]},
        {"summary": [{"group": "zzz", "measure": "J", "statistic": "mean", "value": 1, "n": 1}]}, {"schema": 7},
        {"benchmark": 1}, {"attributes": {"a": 5}}, {"best_permutation_J": "high"},
    ],
)  # fmt: skip
def test_a_result_that_is_not_whole_is_refused_by_every_verb_that_reads_one(vosbench, saved, values):
    change(saved, **values)
    assert refused(lambda: load(saved)).where == str(saved / "result.json")
    for verb in (["compare"], ["report"], ["plot", "--out", saved.parent / "p.png"], ["score"]):
        done = vosbench(verb[0], saved, *verb[1:])
        assert (done.code, "Traceback" in done.err) == (3, False), verb


def load(folder):
    return vosbench.load(folder)


@pytest.mark.parametrize("content", ["", "null", "[]", DEEP, '{"a": ' + DEEP, '{"schema": "vosbench.result/2"}', "{}"])
def test_what_is_no_result_is_refused(saved, content):
    (saved / "result.json").write_text(content)
    refused(lambda: load(saved))


@pytest.mark.parametrize("what", ["absent", "not a table", "no counts", "words", "no words", "nested", "rows"])
def test_a_frames_table_that_is_none_is_refused(saved, what, monkeypatch):
    path = saved / "frames.parquet"
    table = parquet.read_table(path)
    wrong = {
        "no counts": lambda: table.drop_columns(["intersection"]),
        "words": lambda: table.set_column(1, "object", pa.array(["one"] * len(table))),
        "no words": lambda: table.set_column(0, "sequence", pa.array([1] * len(table))),
        "nested": lambda: table.set_column(1, "object", pa.array([[1]] * len(table))),
    }
    if what == "absent":
        path.unlink()
    elif what == "not a table":
        path.write_bytes(b"PAR1" + bytes(50) + b"PAR1")
    elif what == "rows":
        monkeypatch.setattr("vosbench.results.reader.MAX_ROWS", 1)
    else:
        parquet.write_table(wrong[what](), path)
    assert refused(lambda: load(saved)).where == str(path)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\0", '"' + "x" * 200_000])
def test_an_objects_table_that_is_none_is_refused(saved, text):
    (saved / "objects.csv").write_text(text)
    assert refused(lambda: load(saved)).where == str(saved / "objects.csv")


def rename(saved, name, note):
    """Other words in a result that is otherwise in order."""
    document = load(saved).document
    named = replace(document, predictions=replace(document.predictions, name=name), notes=(note,))
    (saved / "result.json").write_text(named.to_json())


@pytest.mark.parametrize("name", ["a\0b", "<img src=x onerror=alert(1)>", "../..", "", "\x1b[2J", "\u202e"])
def test_a_run_that_names_no_path_can_be_reported(vosbench, saved, name):
    rename(saved, name, "<script>alert(1)</script>")
    done = vosbench("report", saved, "--gt", saved.parent / "gt", "--out", saved.parent / "r.html")
    assert (done.code, all(line.isprintable() for line in done.err.splitlines())) == (0, True)
    page = (saved.parent / "r.html").read_text()
    assert "<img src=x" not in page
    assert "<script>alert" not in page


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_damaged_run_is_loaded_or_refused(rng):
    seeds = SEEDS["run"]()
    targets.TARGETS["run"](damaged_run(seeds[0], rng, seeds))


@pytest.mark.skipif(sys.platform != "linux", reason="a file system that takes any bytes")
def test_a_path_that_is_no_text_is_named_with_escapes(vosbench, world):
    gt = world.masks("gt", {"a": [MASK] * 4})
    odd = Path(world.masks("preds", {"a": [MASK] * 4, "c": [MASK]})).rename(world.root / "p\udcff\n")
    done = vosbench("score", odd, "--gt", gt, "--out", world.root / "run")
    assert (done.code, "ignored 1 sequence" in done.err) == (0, True)
    run = load(world.root / "run")
    assert run.document.predictions.name == f"{world.root}/p\\udcff\\n"
    assert all(line.isprintable() for line in (done.out + done.err).splitlines())
    assert vosbench("report", world.root / "run", "--gt", gt, "--out", world.root / "r.html").code == 0
