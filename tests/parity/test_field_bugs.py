"""The known bugs and traps of this field, each as a test named after it, on worlds drawn from a few pixels.

The figures were measured with the reference implementations named in the tests.
"""

import numpy as np
import pytest
from PIL import Image

from vosbench import load, score
from vosbench.errors import InputError
from vosbench.masks.png import MaskError, decode
from vosbench.measures.contour import tolerance_pixels

EMPTY = np.zeros((40, 60), np.uint8)


def box(label=1, *, top=10, left=10, size=20):
    mask = EMPTY.copy()
    mask[top : top + size, left : left + size] = label
    return mask


def drawn(*boxes):
    """Later boxes cover earlier ones."""
    mask = EMPTY.copy()
    for other in boxes:
        mask[other > 0] = other[other > 0]
    return mask


def half(label=1):
    """Half of ``box(label)``: J is 0.5."""
    mask = box(label)
    mask[20:] = 0
    return mask


def values(run, measure="J", statistic="mean"):
    rows = run.objects[(run.objects["measure"] == measure) & (run.objects["statistic"] == statistic)]
    return rows["value"].tolist()


def codes(error):
    return [problem.code for problem in error.value.problems]


# ------------------------------------------------------------------ which objects, on which frames


def test_phantom_ids_count_the_label_between_as_an_object(world):
    """davis2017-evaluation takes the largest id: of {1, 3} it makes three objects, and the absent one scores 1."""
    data = world.davis({"s": [drawn(box(1), box(3, left=35))] * 4})
    run = score(world.masks("preds", {"s": [EMPTY] * 4}), benchmark="davis2017", data=data)
    assert values(run) == [0, 1, 0]
    assert run.value("J") == pytest.approx(1 / 3, abs=1e-15)


def test_phantom_ids_are_no_objects_for_folders(world):
    gt = world.masks("gt", {"s": [drawn(box(1), box(3, left=35))] * 4})
    run = score(world.masks("preds", {"s": [EMPTY] * 4}), gt=gt)
    assert run.objects["object"].unique().tolist() == [1, 3]
    assert run.value("J") == 0


@pytest.mark.parametrize(
    ("protocol", "false_alarm", "expected"),
    [("folder", False, 0.75), ("first-appearance", False, 0.5), ("first-appearance", True, 2.5 / 6)],
)
def test_late_object_75_against_50_against_41_7(world, protocol, false_alarm, expected):
    """An object absent from five of ten scored frames, found by half in the others.

    All frames averaged (DAVIS): 75. From its first appearance (vos-benchmark): 50; a false alarm one frame early
    starts that clock, and costs a frame: 41.7.
    """
    gt = [box() if t >= 6 else EMPTY for t in range(12)]
    pred = [half() if t >= (5 if false_alarm else 6) else EMPTY for t in range(12)]
    run = score(world.masks("p", {"s": pred}), gt=world.masks("g", {"s": gt}), protocol=protocol)
    assert run.value("J") == pytest.approx(expected, abs=1e-12)


def test_late_object_beyond_the_ids_of_the_first_frame_is_not_scored_on_davis(world):
    gt = [box(1) if t < 3 else drawn(box(1), box(2, left=35)) for t in range(6)]
    data = world.davis({"s": gt})
    run = score(world.masks("preds", {"s": [box(1)] * 6}), benchmark="davis2017", data=data)
    assert (run.objects["object"].unique().tolist(), run.value("J&F")) == ([1], 1)


@pytest.mark.parametrize(
    ("shown", "davis", "first_appearance"), [(range(9, 11), 0.8, 0.0), (range(1, 3), 0.8, 0.8)], ids=["late", "early"]
)
def test_predicting_nothing_80_or_0(world, shown, davis, first_appearance):
    """Visible on the last or the first two of ten scored frames, never found. DAVIS: 80 both times; SA-V: 0 and 80."""
    gt = world.masks("gt", {"s": [box() if t in shown else EMPTY for t in range(12)]})
    preds = world.masks("preds", {"s": [EMPTY] * 12})
    assert score(preds, gt=gt).value("J") == pytest.approx(davis, abs=1e-12)
    run = score(preds, gt=gt, protocol="first-appearance")
    assert run.value("J") == pytest.approx(first_appearance, abs=1e-12)


@pytest.mark.parametrize("protocol", ["folder", "first-appearance", "davis2017", "davis2017-unsupervised", "davis2016"])
def test_predicting_nothing_stands_beside_every_result(world, protocol):
    rng = np.random.default_rng(3)
    gt = [drawn(*(box(k, left=int(rng.integers(0, 40)), size=9) for k in (1, 2))) for _ in range(7)]
    gt[3] = EMPTY
    pred = [np.roll(m, 3, 1) for m in gt]
    folder = world.masks("gt", {"s": gt})
    run = score(world.masks("preds", {"s": pred}), gt=folder, protocol=protocol)
    nothing = score(world.masks("nothing", {"s": [EMPTY] * 7}), gt=folder, protocol=protocol)
    assert run.document.predicting_nothing == nothing.document.summary


def test_a_two_frame_sequence_has_nothing_to_score_under_drop_first_last(world):
    """The reference code stops, or gives NaN. Here it is an error that names the sequence, before scoring."""
    videos = {"long": [box()] * 4, "short": [box()] * 2}
    with pytest.raises(InputError) as error:
        score(world.masks("preds", videos), benchmark="davis2017", data=world.davis(videos))
    assert codes(error) == ["nothing-to-score"]
    assert error.value.problems[0].where.endswith("/short")


def test_a_sequence_without_an_object_is_left_out_only_where_the_reference_does_so(world):
    videos = {"a": [box()] * 4, "empty": [box() * 0] * 4}
    preds = world.masks("preds", videos)
    with pytest.raises(InputError, match=r"empty.*no object in the first frame"):
        score(preds, benchmark="davis2017", data=world.davis(videos))
    data = world.davis(videos, name="u", annotations="Annotations_unsupervised")
    run = score(preds, benchmark="davis2017-unsupervised", data=data)
    assert run.value("J") == 1
    assert any(note.startswith("nothing to score, left out of every mean") for note in run.document.notes)
    assert any("empty" in note for note in score(preds, gt=world.root / "preds").document.notes)


def test_the_first_and_last_frame_are_dropped_semi_supervised_and_kept_unsupervised(world):
    gt = [box()] * 6
    pred = [EMPTY, *[box()] * 4, EMPTY]
    preds, folder = world.masks("p", {"s": pred}), world.masks("g", {"s": gt})
    assert score(preds, gt=folder, protocol="davis2017").value("J") == 1
    assert score(preds, gt=folder, protocol="davis2017-unsupervised").value("J") == pytest.approx(4 / 6)


def test_a_missing_first_mask_is_allowed_where_it_is_not_scored(world):
    gt = world.masks("gt", {"s": [box()] * 5})
    preds = world.masks("preds", {"s": {f"{t:05d}": box() for t in (1, 2, 3)}})
    assert score(preds, gt=gt, protocol="davis2016").value("J") == 1


# ------------------------------------------------------------------ labels


@pytest.mark.parametrize("gt_label", [1, 255])
@pytest.mark.parametrize("pred_label", [1, 255])
@pytest.mark.parametrize("protocol", ["davis2016", "davis2016-unsupervised", "davis2017", "folder", "first-appearance"])
def test_binary_masks_of_0_and_255_score_as_those_of_0_and_1(world, protocol, gt_label, pred_label):
    """Toolkits that threshold at 128, or take 255 for an id, give one of these pairs a score of 0."""
    gt = world.masks("gt", {"s": [box(gt_label)] * 5})
    run = score(world.masks("preds", {"s": [half(pred_label)] * 5}), gt=gt, protocol=protocol)
    assert values(run) == [0.5]


def test_binary_masks_are_recognised_and_said(world):
    ours, other = world.masks("ours", {"s": [box(1)] * 5}), world.masks("other", {"s": [box(255, top=9)] * 5})
    assert list(score(other, gt=ours).document.notes) == [
        "prediction of 0 and 255 taken as a binary mask (1 of 1 sequences)"
    ]
    assert list(score(ours, gt=other).document.notes) == [
        "ground truth of 0 and 255 taken as a binary mask (1 of 1 sequences)"
    ]


@pytest.mark.parametrize("protocol", ["folder", "first-appearance"])
def test_a_binary_mask_where_a_second_object_turns_up_later_is_an_error(world, protocol):
    gt = world.masks("gt", {"s": [box(1) if t < 3 else drawn(box(1), box(2, left=40)) for t in range(6)]})
    with pytest.raises(InputError, match="255 suggests a binary 0/255 mask"):
        score(world.masks("preds", {"s": [box(255)] * 6}), gt=gt, protocol=protocol)


def test_void_is_background_when_semi_supervised(world):
    void = box(255, left=30, size=10)
    data = world.davis({"s": [drawn(box(1, size=10), void)] * 4})
    over = drawn(box(1, size=10), box(1, left=30, size=10))  # the object, and the void region as well
    run = score(world.masks("preds", {"s": [over] * 4}), benchmark="davis2017", data=data)
    assert values(run) == [0.5]


def test_void_is_ignored_when_unsupervised_and_its_outline_is_contour_in_both(world):
    void = box(255, left=30, size=10)
    data = world.davis({"s": [drawn(box(1, size=20), void)] * 4}, annotations="Annotations_unsupervised")
    over = drawn(box(1, size=20), box(1, left=30, size=10))
    run = score(world.masks("preds", {"s": [over] * 4}), benchmark="davis2017-unsupervised", data=data)
    assert (values(run), values(run, "F")) == ([1.0], [1.0])
    whole = score(
        world.masks("whole", {"s": [np.ones_like(EMPTY)] * 4}), benchmark="davis2017-unsupervised", data=data
    ).frames
    assert (whole["pred_area"] == EMPTY.size - 100).all()
    assert (whole["pred_length"] > 0).all()  # a full frame has no contour of its own


def test_void_is_an_object_where_nothing_says_otherwise(world):
    gt = world.masks("gt", {"s": [drawn(box(1, size=10), box(255, left=30, size=10))] * 4})
    run = score(gt, gt=gt)
    assert run.objects["object"].unique().tolist() == [1, 255]


def test_a_label_above_the_number_of_objects_is_an_error_not_exit_0(world, vosbench):
    """davis2017-evaluation prints a line and exits with 0."""
    data = world.davis({"s": [box()] * 4})
    preds = world.masks("preds", {"s": [box(), drawn(box(), box(2, left=35)), box(), box()]})
    done = vosbench("score", preds, "--benchmark", "davis2017", "--data", data)
    assert (done.code, done.out) == (3, "")
    assert f"{preds}/s/00001.png: label 2 is no object here: the sequence has 1" in done.err


def test_a_missing_mask_is_an_error_not_exit_0(world, vosbench):
    data = world.davis({"s": [box()] * 5})
    preds = world.masks("preds", {"s": {"00001": box(), "00003": box()}})
    done = vosbench("score", preds, "--benchmark", "davis2017", "--data", data)
    assert (done.code, done.out) == (3, "")
    assert f"{preds}/s/00002.png" in done.err


def test_a_missing_sequence_is_not_skipped(world):
    """Scoring only what both folders hold inflates the score."""
    gt = world.masks("gt", {"a": [box()] * 4, "b": [box()] * 4})
    preds = world.masks("preds", {"a": [box()] * 4})
    for protocol in ("folder", "first-appearance", "davis2017"):
        with pytest.raises(InputError) as error:
            score(preds, gt=gt, protocol=protocol)
        assert codes(error) == ["missing-sequence"]
        assert score(preds, gt=gt, protocol=protocol, missing="empty").value("J") == 0.5


def test_scores_are_never_taken_from_an_earlier_run(world):
    """davis2017-evaluation keeps result files by the name of the split only."""
    gt, preds = world.masks("gt", {"s": [box()] * 4}), world.masks("preds", {"s": [box()] * 4})
    score(preds, gt=gt).save(world.root / "run")
    world.masks("preds", {"s": [half()] * 4})
    score(preds, gt=gt).save(world.root / "run", overwrite=True)
    assert load(world.root / "run").value("J") == 0.5


def test_permuted_ids_are_noticed(world, vosbench):
    gt = world.masks("gt", {"s": [drawn(box(1, size=10), box(2, left=35, size=10))] * 4})
    preds = world.masks("preds", {"s": [drawn(box(2, size=10), box(1, left=35, size=10))] * 4})
    run = score(preds, gt=gt)
    assert (run.value("J"), run.document.best_permutation_J) == (0, 1)
    assert "are your ids permuted?" in vosbench("score", preds, "--gt", gt).err
    assert "are your ids permuted?" in vosbench("validate", preds, "--gt", gt).err
    assert "permuted" not in vosbench("score", gt, "--gt", gt).err


# ------------------------------------------------------------------ unsupervised


def unsupervised(world, gt, pred):
    data = world.davis({"s": gt}, annotations="Annotations_unsupervised")
    return score(world.masks("preds", {"s": pred}), benchmark="davis2017-unsupervised", data=data)


def test_unsupervised_rows_come_in_the_order_of_the_objects(world):
    """davis2017-evaluation lists them in the order of the proposals."""
    parts = {k: {"left": 20 * k - 20, "size": 10} for k in (1, 2, 3)}
    gt = drawn(*(box(k, **at) for k, at in parts.items()))
    renamed = {1: 3, 2: 1, 3: 2}
    pred = drawn(*(box(renamed[k], **at) for k, at in parts.items()))
    pred[10:15, 20:30] = 0  # half of object 2
    run = unsupervised(world, [gt] * 3, [pred] * 3)
    rows = run.objects[(run.objects["measure"] == "J") & (run.objects["statistic"] == "mean")]
    assert rows[["object", "proposal", "value"]].values.tolist() == [[1, 3, 1.0], [2, 1, 0.5], [3, 2, 1.0]]


def test_proposals_without_an_object_cost_nothing(world):
    pred = drawn(*(box(k, top=2 * k - 2, left=50, size=2) for k in range(2, 21)), box(1))
    assert unsupervised(world, [box()] * 3, [pred] * 3).value("J&F") == 1


def test_an_object_without_a_proposal_scores_against_an_empty_mask(world):
    gt = drawn(box(1, size=10), box(2, left=35, size=10))
    run = unsupervised(world, [gt] * 3, [box(7, left=35, size=10)] * 3)
    assert values(run) == [0, 1]


def test_more_than_20_proposals_are_an_error_not_exit_0(world):
    pred = drawn(box(1), box(21, left=40, size=5))
    with pytest.raises(InputError) as error:
        unsupervised(world, [box()] * 3, [pred] * 3)
    assert codes(error) == ["stray-label"] * 3
    assert "at most 20 proposals" in str(error.value)


def test_an_object_that_appears_later_is_none_where_trackeval_counts_it(world):
    """TrackEval takes the union over all frames and finds two objects (J .875); the official code finds one (J 1)."""
    gt = [box(1, size=10)] * 3 + [drawn(box(1, size=10), box(2, left=35, size=10))] * 3
    run = unsupervised(world, gt, [box(1, size=10)] * 6)
    assert values(run) == [1.0]


# ------------------------------------------------------------------ measures


@pytest.mark.parametrize(
    ("shape", "radius"), [((480, 854), 8), ((720, 1280), 12), ((1080, 1920), 18), ((2160, 3840), 36), ((1, 1), 1)]
)
def test_the_tolerance_in_pixels(shape, radius):
    assert tolerance_pixels(shape) == radius


def test_a_full_frame_is_empty_for_f_but_not_for_j(world):
    gt = world.masks("gt", {"s": [np.ones_like(EMPTY)] * 3})
    run = score(world.masks("preds", {"s": [EMPTY] * 3}), gt=gt)
    assert (run.value("J"), run.value("F")) == (0, 1)


# ------------------------------------------------------------------ files


def png(path, array, mode=None):
    image = Image.fromarray(array) if mode is None else Image.fromarray(array).convert(mode)
    image.save(path)
    return path.read_bytes()


def test_reader_table(tmp_path):
    """How a mask was written decides what careless readers make of it; here every kind gives its ids or an error."""
    ids = np.array([[0, 1, 2, 5]], np.uint8)
    path = tmp_path / "m.png"
    palette = Image.fromarray(ids)
    palette.putpalette([v for k in range(256) for v in (k, 255 - k, k // 2)])
    palette.save(path)
    assert decode(path.read_bytes()).tolist() == ids.tolist()  # cv2 grey: luma of the colours
    assert decode(png(path, ids)).tolist() == ids.tolist()
    assert decode(png(path, ids > 0)).tolist() == [[0, 1, 1, 1]]  # convert("P"): {0, 255}
    assert decode(png(path, ids.astype(np.uint16) * 100)).tolist() == [[0, 100, 200, 500]]
    assert decode(png(path, ids * 51)).tolist() == [[0, 51, 102, 255]]
    assert decode(png(path, ids, "RGB")).tolist() == ids.tolist()  # convert("P"): indices of another palette
    with pytest.raises(MaskError, match="colours are not object indices"):
        decode(png(path, np.dstack([ids, ids, ids * 0])))
