"""Temporal stability as a run reports it: per frame, per sequence, over the stable sequences."""

import csv
from collections import defaultdict

import numpy as np
import pytest

import vosbench
from vosbench.masks.write import write_label_map
from vosbench.measures.stability import STABLE_DAVIS_2016_VAL, temporal_instability


@pytest.fixture(scope="module")
def published(realdata):
    with (realdata / "golden" / "davis2016_osvos_T_raw.csv").open() as file:
        return {
            (r["sequence"], int(r["frame_index_0based_of_current"])): float(r["T_raw"]) for r in csv.DictReader(file)
        }


@pytest.fixture(scope="module")
def run(realdata):
    return vosbench.score(
        realdata / "predictions" / "osvos_semisupervised",
        benchmark="davis2016",
        data=realdata / "davis2016",
        measures=["J", "F", "T"],
    )


@pytest.mark.realdata
def test_every_frame_of_osvos_equals_the_reference(run, published):
    frames = run.frames
    found = {(s, i): t for s, i, t in zip(frames["sequence"], frames["index"], frames["T"], strict=True)}
    assert found.keys() == published.keys()
    assert max(abs(found[key] - value) for key, value in published.items()) <= 1e-9


@pytest.mark.realdata
def test_a_sequence_is_five_times_its_mean_and_the_dataset_the_mean_of_its_stable_sequences(run, published):
    raw = defaultdict(list)
    for (sequence, _), value in published.items():
        raw[sequence].append(value)
    expected = {name: 5 * np.nanmean(values) for name, values in raw.items()}
    objects = run.objects
    rows = objects[objects["measure"] == "T"]
    assert dict(zip(rows["sequence"], rows["value"], strict=True)) == pytest.approx(expected, abs=1e-12)
    assert set(rows["statistic"]) == {"mean"}
    stable = [value for name, value in expected.items() if name in STABLE_DAVIS_2016_VAL]
    assert len(stable) == 5
    assert run.value("T", group="stable") == pytest.approx(np.mean(stable), abs=1e-12)
    assert run.value("T", group="all") == pytest.approx(np.mean(list(expected.values())), abs=1e-12)
    assert run.headline["T"] == run.value("T", group="stable")


@pytest.mark.realdata
def test_the_ground_truth_scored_as_prediction_has_its_published_stability(realdata):
    data = realdata / "davis2016"
    run = vosbench.score(data / "Annotations" / "480p", benchmark="davis2016", data=data, measures=["J", "F", "T"])
    rows = run.objects[run.objects["measure"] == "T"].set_index("sequence")["value"]
    table = {"blackswan": 0.01392369, "camel": 0.07516034, "libby": 0.86340903, "soapbox": 0.09249228}
    assert {name: round(rows[name], 8) for name in table} == table


# ---------------------------------------------------------------- drawn data, no download


def disk(y, x, r):
    rows, columns = np.ogrid[:120, :160]
    return (rows - y) ** 2 + (columns - x) ** 2 <= r * r


@pytest.fixture
def world(tmp_path):
    """Two objects on five frames; object 2 is never predicted on frame 2."""
    for t in range(5):
        truth = np.zeros((120, 160), np.uint8)
        truth[disk(40, 40 + t, 20)] = 1
        truth[disk(90, 120, 15 + t)] = 2
        predicted = truth.copy()
        predicted[disk(40, 40 + t, 10 + 2 * t)] = 1
        if t == 2:
            predicted[predicted == 2] = 0
        for name, labels in (("gt", truth), ("preds", predicted)):
            write_label_map(tmp_path / name / "clip" / f"{t:05d}.png", labels)
    return tmp_path


def masks(world, name, object_id):
    from PIL import Image

    return [np.array(Image.open(p)) == object_id for p in sorted((world / name / "clip").glob("*.png"))]


def test_one_value_an_object_and_the_first_previous_mask_is_the_ground_truth(world):
    run = vosbench.score(world / "preds", gt=world / "gt", measures=["J", "F", "T"])
    frames = run.frames.set_index(["object", "index"])["T"]
    gt, pred = masks(world, "gt", 1), masks(world, "preds", 1)
    assert frames[1, 1] == temporal_instability(gt[0], pred[1])
    assert frames[1, 2] == temporal_instability(pred[1], pred[2])
    assert frames[1, 3] == temporal_instability(pred[2], pred[3])


def test_an_absent_mask_leaves_two_frames_undefined_with_a_reason(world):
    run = vosbench.score(world / "preds", gt=world / "gt", measures=["J", "F", "T"])
    second = run.frames[run.frames["object"] == 2].set_index("index")
    assert np.isnan(second["T"][[2, 3]]).all()
    assert list(second["T_reason"]) == ["", "no polygon", "no polygon"]
    row = run.objects[(run.objects["measure"] == "T") & (run.objects["object"] == 2)]
    assert row["value"].item() == pytest.approx(5 * second["T"][1], abs=1e-15)


def test_elsewhere_than_davis_2016_stability_is_over_all_objects_and_the_signature_says_so(world):
    run = vosbench.score(world / "preds", gt=world / "gt", measures=["J", "F", "T"])
    assert "|measures:J+F+T|" in run.signature
    assert "|T:all|" in run.signature
    assert "T" not in vosbench.score(world / "preds", gt=world / "gt").frames
    assert run.value("T") == pytest.approx(run.objects.query("measure == 'T'")["value"].mean(), abs=1e-15)


def test_where_all_frames_are_scored_the_first_one_has_no_previous_frame(world):
    run = vosbench.score(world / "preds", gt=world / "gt", protocol="davis2017-unsupervised", measures=["J", "F", "T"])
    first = run.frames[run.frames["index"] == 0]
    assert set(first["T_reason"]) == {"no previous frame"}
    assert first["T"].isna().all()


def test_a_saved_run_keeps_stability(world, tmp_path):
    run = vosbench.score(world / "preds", gt=world / "gt", measures=["J", "F", "T"])
    run.save(tmp_path / "run")
    again = vosbench.load(tmp_path / "run")
    assert again.frames.equals(run.frames)


def test_db_info_decides_what_is_stable(world):
    root = world / "davis"
    for t, mask in enumerate(masks(world, "gt", 1)):
        for name in ("steady", "shaky"):
            write_label_map(root / "Annotations" / "480p" / name / f"{t:05d}.png", mask.astype(np.uint8))
    (root / "ImageSets" / "2016").mkdir(parents=True)
    (root / "ImageSets" / "2016" / "val.txt").write_text("steady\nshaky\n")
    entries = "sequences:\n- {name: steady, eval_t: true}\n- {name: shaky, eval_t: false, attributes: [OCC]}\n"
    (root / "db_info.yml").write_text(entries)
    run = vosbench.score(root / "Annotations" / "480p", benchmark="davis2016", data=root, measures=["J", "F", "T"])
    assert {(c.group, c.n) for c in run.document.summary if c.measure == "T"} == {("all", 2), ("stable", 1)}
