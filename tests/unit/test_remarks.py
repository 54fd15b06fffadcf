"""Remarks on masks that can be scored but look improbable: one for each fault, and none on sound predictions."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from vosbench import score, validate
from vosbench.datasets.davis import Davis
from vosbench.masks.palette import davis_palette
from vosbench.masks.write import write_label_map
from vosbench.models.predict import predict
from vosbench.models.propagators import optical_flow
from vosbench.scoring import signs, task
from vosbench.synthetic import make_dataset

SHAPE = (60, 80)


def boxes(*places):
    """A label map with a square (label, top, left, size) for each place."""
    labels = np.zeros(SHAPE, np.uint8)
    for label, top, left, size in places:
        labels[top : top + size, left : left + size] = label
    return labels


ONE = [boxes((1, 10, 10 + t, 20)) for t in range(6)]
TWO = [boxes((1, 10, 10 + t, 20), (2, 30, 45, 15)) for t in range(6)]
NEAR_ONE = [boxes((1, 12, 10 + t, 20)) for t in range(6)]
NEAR_TWO = [boxes((1, 12, 10 + t, 20), (2, 30, 47 + t % 2, 15)) for t in range(6)]
NOTHING = np.zeros(SHAPE, np.uint8)


def write(folder, images):
    folder.mkdir(parents=True, exist_ok=True)
    for t, image in enumerate(images):
        image.save(folder / f"{t:05d}.png")
    return folder.parent


def grey(labels):
    return Image.fromarray(labels)


def quantized(labels):
    """The colours of a mask counted anew: they are right, and the indices are those of another palette."""
    return Image.fromarray(davis_palette()[labels]).quantize(3)


def blurred(labels):
    return Image.fromarray((labels > 0) * np.uint8(255)).filter(ImageFilter.GaussianBlur(3))


def the_remark(vosbench, preds, gt, protocol, **options):
    """The one remark, the same on all outputs: result.json, both commands, and the report."""
    more = [part for key, value in options.items() for part in (f"--{key}", value)]
    where = ["--gt", gt, "--protocol", protocol, *more]
    run = score(preds, gt=gt, protocol=protocol, **options)
    remarks = [note for note in run.document.notes if "taken as a binary mask" not in note]
    assert len(remarks) == 1, remarks
    assert f"note: {remarks[0]}" in vosbench("score", preds, *where).err
    validated = vosbench("validate", preds, *where)
    assert (validated.code, f"remark: {remarks[0]}" in validated.err) == (0, True)
    assert "fit to score" not in validated.out
    assert "1 remark first" in validated.out
    run.save(gt.parent / "run", overwrite=True)
    assert vosbench("report", gt.parent / "run", "--out", gt.parent / "r.html").code == 0
    page = (gt.parent / "r.html").read_text(encoding="utf-8")
    assert remarks[0].split(":")[0].split("'")[0] in page
    return remarks[0]


# ------------------------------------------------------------------ a remark for each fault


@pytest.mark.parametrize("protocol", ["folder", "davis2016", "first-appearance"])
def test_a_reordered_palette(vosbench, world, protocol):
    labels = [boxes((1, 2, 2 + t, 50)) for t in range(6)]  # the object is larger than the background
    gt = world.masks("gt", {"a": labels})
    preds = write(world.root / "p" / "a", [quantized(np.roll(m, 1, 0)) for m in labels])
    assert score(preds, gt=gt, protocol=protocol).value("J") < 0.5
    found = [n for n in score(preds, gt=gt, protocol=protocol).document.notes if "palette was reordered" in n]
    assert len(found) == 1
    assert "index 0 has the colour of index 1 in the ground truth" in found[0]
    assert "fit to score" not in vosbench("validate", preds, "--gt", gt, "--protocol", protocol).out


def test_a_palette_of_other_colours_says_nothing(world):
    """Predictions in the colours of another benchmark, in grey, without colours, or all black."""
    gt = world.masks("gt", {"a": TWO})
    for k, palette in enumerate(([236, 95, 103, 249, 145, 87, 250, 200, 99], list(range(256)) * 3, [0] * 768)):
        images = [Image.fromarray(m) for m in NEAR_TWO]
        for image in images:
            image.putpalette(palette if len(palette) < 768 else sorted(palette))
        preds = write(world.root / f"p{k}" / "a", images)
        assert score(preds, gt=gt).document.notes == ()


def test_probabilities_and_smooth_edges_in_predictions(vosbench, world):
    gt = world.masks("gt", {"a": ONE})
    preds = write(world.root / "p" / "a", [blurred(m) for m in NEAR_ONE])
    remark = the_remark(vosbench, preds, gt, "davis2016")
    assert remark.startswith("predictions hold many grey levels")
    assert "threshold" in remark


def test_smooth_edges_in_the_truth(vosbench, world):
    gt = write(world.root / "gt" / "a", [blurred(m) for m in ONE])
    remark = the_remark(vosbench, world.masks("p", {"a": NEAR_ONE}), gt, "davis2016")
    assert remark.startswith("the ground truth holds many grey levels")


@pytest.mark.parametrize("scale", [2, 3])
def test_masks_enlarged_with_interpolation(world, scale):
    def large(labels):
        image = Image.fromarray((labels > 0) * np.uint8(255))
        return image.resize((scale * SHAPE[1], scale * SHAPE[0]), Image.Resampling.BICUBIC)

    gt = world.masks("gt", {"a": [m.repeat(scale, 0).repeat(scale, 1) for m in ONE]})
    preds = write(world.root / "p" / "a", [large(m) for m in NEAR_ONE])
    assert "many grey levels" in "".join(score(preds, gt=gt, protocol="davis2016").document.notes)


def test_no_background(vosbench, world):
    gt = world.masks("gt", {"a": TWO})
    preds = world.masks("p", {"a": [np.where(m == 0, 2, 1).astype(np.uint8) for m in NEAR_TWO]})
    assert the_remark(vosbench, preds, gt, "folder").startswith("predictions without a background label")


def test_inverted(vosbench, world):
    gt = world.masks("gt", {"a": ONE})
    preds = write(world.root / "p" / "a", [grey((m == 0) * np.uint8(255)) for m in NEAR_ONE])
    for protocol in ("davis2016", "davis2017"):
        assert the_remark(vosbench, preds, gt, protocol).startswith("predictions look inverted")


def test_transposed(vosbench, world):
    gt = world.masks("gt", {"a": ONE})
    preds = world.masks("p", {"a": [m.T for m in NEAR_ONE]})
    assert "transposed" in the_remark(vosbench, preds, gt, "folder", resize="nearest")
    half = world.masks("half", {"a": [m[::2, ::2] for m in NEAR_ONE]})
    assert "transposed" not in "".join(score(half, gt=gt, resize="nearest").document.notes)


@pytest.mark.parametrize("protocol", ["folder", "davis2016", "davis2017-unsupervised"])
def test_the_truth_itself(vosbench, world, protocol):
    gt = world.masks("gt", {"a": TWO, "b": ONE})
    assert "scored against itself" in the_remark(vosbench, gt, gt, protocol)
    other = world.masks("p", {"a": TWO, "b": [*ONE[:2], *NEAR_ONE[2:]]})
    assert score(other, gt=gt, protocol=protocol).document.notes == ()


def test_permuted_ids(vosbench, world):
    gt = world.masks("gt", {"a": TWO})
    preds = world.masks("p", {"a": [np.array([0, 2, 1], np.uint8)[m] for m in NEAR_TWO]})
    assert "are your ids permuted?" in the_remark(vosbench, preds, gt, "folder")


def test_a_sequence_that_never_changes(vosbench, world):
    gt = world.masks("gt", {"a": ONE, "b": ONE, "still": [ONE[0]] * 6})
    preds = world.masks("p", {"a": NEAR_ONE, "b": [NEAR_ONE[0]] * 6, "still": [NEAR_ONE[0]] * 6})
    remark = the_remark(vosbench, preds, gt, "folder")
    assert remark == "predictions never change, while the ground truth does (1 of 3 sequences: b)"


def test_a_long_sequence_that_never_changes_in_any_part(world, monkeypatch):
    monkeypatch.setattr(task, "PART", 3)
    gt = world.masks("gt", {"a": ONE, "b": ONE})
    same_in_parts = [NEAR_ONE[0]] * 3 + [NEAR_ONE[1]] * 3
    preds = world.masks("p", {"a": [NEAR_ONE[0]] * 6, "b": same_in_parts})
    assert score(preds, gt=gt).document.notes == (
        "predictions never change, while the ground truth does (1 of 2 sequences: a)",
    )


def test_all_predictions_empty(vosbench, world):
    gt = world.masks("gt", {"a": ONE, "b": TWO})
    preds = world.masks("p", {"a": NEAR_ONE, "b": [NOTHING] * 6})
    assert the_remark(vosbench, preds, gt, "folder") == "all predictions are empty (1 of 2 sequences: b)"


def test_an_object_never_predicted(vosbench, world):
    gt = world.masks("gt", {"a": TWO})
    preds = world.masks("p", {"a": NEAR_ONE})
    assert the_remark(vosbench, preds, gt, "folder") == "objects that are never predicted: a/2 (1 of 2 objects)"


def test_an_empty_truth(vosbench, world):
    gt = world.masks("gt", {"a": ONE, "b": [NOTHING] * 6})
    remark = the_remark(vosbench, world.masks("p", {"a": NEAR_ONE, "b": [NOTHING] * 6}), gt, "folder")
    assert remark.startswith("the ground truth is empty in all frames that are scored")


def test_what_is_missing_is_not_called_empty_or_never_changing(world):
    gt = world.masks("gt", {"a": ONE, "b": ONE})
    preds = world.masks("p", {"a": NEAR_ONE})
    assert score(preds, gt=gt, missing="empty").document.notes == ()


def test_of_several_predictions_each_has_its_own_remarks(vosbench, world):
    gt = world.masks("gt", {"a": ONE})
    good, bad = world.masks("good", {"a": NEAR_ONE}), world.masks("bad", {"a": [NOTHING] * 6})
    assert f"note: {bad}: all predictions are empty" in vosbench("score", good, bad, "--gt", gt).err
    remarks = validate([good, bad], gt=gt).remarks
    assert remarks == (f"{bad}: all predictions are empty (1 of 1 sequences: a)",)


# ------------------------------------------------------------------ no false alarm

PROTOCOLS = ("davis2016", "davis2017", "folder", "first-appearance", "davis2017-unsupervised")


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", ["osvos_semisupervised", "rvos_unsupervised"])
def test_real_predictions_get_no_remark(realdata, name, protocol):
    report = validate(
        [realdata / "predictions" / name], gt=realdata / "davis2016/Annotations/480p", protocol=protocol, jobs=2
    )
    assert (report.sequences, report.remarks) == (8, ())


def test_real_predictions_of_several_objects_get_no_remark(realdata):
    """One method against the other: label maps of up to twenty proposals, both with their own palettes."""
    gt, preds = (realdata / "predictions" / name for name in ("osvos_semisupervised", "rvos_unsupervised"))
    assert validate([preds], gt=gt, protocol="davis2017-unsupervised", jobs=2).remarks == ()


def test_the_synthetic_benchmark_gets_no_remark(tmp_path):
    root = tmp_path / "data"
    make_dataset(root, layout="davis2017", sequences=3, frames=10, objects=3, shape=(96, 160))
    predict(Davis(root), split="val", models=[optical_flow(weights=None, device="cpu")], out=tmp_path / "flow")
    rng = np.random.default_rng(0)
    for path in sorted((root / "Annotations/480p").glob("*/*.png")):  # masks moved by some pixels, row by row
        labels = np.asarray(Image.open(path))
        columns = (np.arange(labels.shape[1])[None] - rng.integers(1, 4, len(labels))[:, None]) % labels.shape[1]
        moved = np.take_along_axis(labels, columns, axis=1)
        write_label_map(tmp_path / "frayed" / path.parent.name / path.name, moved)
    for preds in (tmp_path / "flow", tmp_path / "frayed"):
        assert validate([preds], benchmark="davis2017", data=root).remarks == ()


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(1, 254), min_size=1, max_size=9, unique=True), st.integers(0, 2**32), st.integers(1, 3))
def test_objects_of_any_numbers_are_no_grey_levels(ids, seed, thin):
    """Labels far apart, some of thin objects: what makes grey levels is that nearly all of them are edges."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((96, 128), np.uint8)
    for k, label in enumerate(ids):
        size = thin if k < 2 else int(rng.integers(8, 20))
        top, left = (10 + 28 * (k // 3), 5 + 40 * (k % 3))
        labels[top : top + size, left : left + 20] = label
    assert not signs.Look((labels,)).soft


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from([1, 2, 4]), st.integers(2, 9))
def test_blurred_masks_of_any_size_are_grey_levels(seed, radius, extent):
    size = min(4 * radius + extent, 30)
    rng = np.random.default_rng(seed)
    top, left = (int(rng.integers(0, n - size)) for n in SHAPE)
    assert signs.Look((np.array(blurred_by(boxes((1, top, left, size)), radius)),)).soft


def blurred_by(labels, radius):
    return Image.fromarray((labels > 0) * np.uint8(255)).filter(ImageFilter.GaussianBlur(radius))
