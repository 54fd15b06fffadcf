"""The measures on arrays and the statistics over frames."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt

from vosbench.measures import contour_f, jaccard, statistics
from vosbench.measures.catalog import COMPOSITES, MEASURES, higher_is_better
from vosbench.measures.contour import disk
from vosbench.protocols.rules import STATISTICS

SQUARE = np.zeros((60, 80), bool)
SQUARE[20:40, 20:40] = True
EMPTY = np.zeros_like(SQUARE)
FULL = np.ones_like(SQUARE)
RNG = np.random.default_rng(11)
LABELS = RNG.integers(0, 4, (40, 50))
OTHER = np.where(RNG.random((40, 50)) < 0.2, 0, LABELS)


# ------------------------------------------------------------------ one mask


@pytest.mark.parametrize(
    ("gt", "pred", "j", "f"),
    [
        (SQUARE, SQUARE, 1, 1),
        (EMPTY, EMPTY, 1, 1),
        (SQUARE, EMPTY, 0, 0),
        (EMPTY, SQUARE, 0, 0),
        (FULL, FULL, 1, 1),
        (FULL, EMPTY, 0, 1),  # a full frame has no contour
        (SQUARE, np.roll(SQUARE, 10, 0), 1 / 3, None),
        (SQUARE, np.roll(SQUARE, 25, 1), 0, None),
    ],
)
def test_edge_cases(gt, pred, j, f):
    assert jaccard(gt=gt, pred=pred) == pytest.approx(j, abs=1e-15)
    assert isinstance(jaccard(gt=gt, pred=pred), float)
    if f is not None:
        assert contour_f(gt=gt, pred=pred) == f
        assert isinstance(contour_f(gt=gt, pred=pred), float)


def obvious_f(gt, pred, radius):
    """F from contour maps and distance transforms."""

    def outline(mask):
        m = np.pad(mask, ((0, 1), (0, 1)), mode="edge")
        return (m[:-1, :-1] != m[:-1, 1:]) | (m[:-1, :-1] != m[1:, :-1]) | (m[:-1, :-1] != m[1:, 1:])

    ours, theirs = outline(gt), outline(pred)
    if not ours.any() or not theirs.any():
        return float(ours.any() == theirs.any())
    precision = (distance_transform_edt(~ours)[theirs] <= radius + 1e-3).mean()
    recall = (distance_transform_edt(~theirs)[ours] <= radius + 1e-3).mean()
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**32), st.integers(1, 6), st.floats(0.02, 0.98))
def test_j_and_f_are_what_their_definitions_say(height, width, seed, radius, density):
    rng = np.random.default_rng(seed)
    gt, pred = rng.random((2, height, width)) < density
    union = (gt | pred).sum()
    assert jaccard(gt=gt, pred=pred) == ((gt & pred).sum() / union if union else 1.0)
    assert contour_f(gt=gt, pred=pred, tolerance=radius) == pytest.approx(obvious_f(gt, pred, radius), abs=1e-12)
    assert contour_f(gt=pred, pred=gt, tolerance=radius) == pytest.approx(contour_f(gt=gt, pred=pred, tolerance=radius))


def test_the_tolerance_is_a_fraction_or_pixels():
    moved = np.roll(SQUARE, 3, 1)
    assert contour_f(gt=SQUARE, pred=moved) < 1  # 0.008 of a diagonal of 100 is 1 pixel
    assert contour_f(gt=SQUARE, pred=moved, tolerance=3) == 1
    assert contour_f(gt=SQUARE, pred=moved, tolerance=0.03) == 1
    _, first, last = disk(8).T
    assert (last - first + 1).sum() == 197


def test_void_leaves_both_masks():
    pred = SQUARE.copy()
    pred[:, 40:60] = True
    void = np.zeros_like(SQUARE)
    void[:, 40:60] = True
    assert jaccard(gt=SQUARE, pred=pred) < 1
    assert jaccard(gt=SQUARE, pred=pred, void=void) == 1
    assert contour_f(gt=SQUARE, pred=pred, void=void) == 1
    assert jaccard(gt=FULL, pred=EMPTY, void=FULL) == 1


# ------------------------------------------------------------------ many masks


@pytest.mark.parametrize("measure", [jaccard, contour_f])
def test_a_label_map_scores_its_objects_as_single_masks(measure):
    values = measure(gt=LABELS, pred=OTHER)
    assert values.shape == (3,)
    assert values.tolist() == [measure(gt=np.equal(LABELS, k), pred=np.equal(OTHER, k)) for k in (1, 2, 3)]


@pytest.mark.parametrize("measure", [jaccard, contour_f])
def test_a_stack_scores_its_masks_one_by_one(measure):
    gt, pred = (np.stack([labels == k for k in (1, 2, 3)]) for labels in (LABELS, OTHER))
    assert measure(gt=gt, pred=pred).tolist() == measure(gt=LABELS, pred=OTHER).tolist()


@pytest.mark.parametrize("measure", [jaccard, contour_f])
def test_an_object_that_is_only_predicted_is_a_row_too(measure):
    pred = np.where(SQUARE, 1, 0)
    pred[:5, :5] = 3
    assert measure(gt=SQUARE.astype(int), pred=pred).tolist() == [1, 1, 0]


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.uint16, np.int64])
def test_the_integer_type_and_memory_layout_do_not_matter(kind):
    expected = jaccard(gt=LABELS, pred=OTHER).tolist()
    assert jaccard(gt=LABELS.astype(kind), pred=np.asfortranarray(OTHER.astype(kind))).tolist() == expected
    wide = np.repeat(LABELS, 2, 1)[:, ::2]
    assert jaccard(gt=wide, pred=OTHER.tolist()).tolist() == expected


def test_a_label_map_of_background_has_no_objects():
    assert jaccard(gt=EMPTY.astype(int), pred=EMPTY.astype(int)).shape == (0,)
    assert contour_f(gt=EMPTY.astype(int), pred=EMPTY.astype(int)).shape == (0,)


def test_torch_tensors():
    torch = pytest.importorskip("torch")
    gt, pred = torch.as_tensor(LABELS), torch.as_tensor(OTHER)
    assert jaccard(gt=gt, pred=pred).tolist() == jaccard(gt=LABELS, pred=OTHER).tolist()
    assert contour_f(gt=gt == 1, pred=pred == 1) == contour_f(gt=LABELS == 1, pred=OTHER == 1)


@pytest.mark.parametrize("measure", [jaccard, contour_f])
@pytest.mark.parametrize(
    ("gt", "pred", "void", "message"),
    [
        (SQUARE, SQUARE[:5], None, r"gt has shape \(60, 80\), pred has shape \(5, 80\)"),
        (SQUARE, SQUARE.astype(int), None, "two boolean masks or two label maps"),
        (SQUARE * 1.0, SQUARE * 1.0, None, "boolean or integer"),
        (SQUARE[0], SQUARE[0], None, "expected a mask"),
        (EMPTY[:0], EMPTY[:0], None, "expected a mask"),
        (np.zeros((2, 4, 4), int), np.zeros((2, 4, 4), int), None, "expected a mask"),
        (np.zeros((2, 2, 4, 4), bool), np.zeros((2, 2, 4, 4), bool), None, "expected a mask"),
        (LABELS, LABELS * 100, None, "0 to 255"),
        (LABELS, -LABELS, None, "0 to 255"),
        (SQUARE, SQUARE, SQUARE[:5], "void has shape"),
    ],
)
def test_what_cannot_be_scored_is_said(measure, gt, pred, void, message):
    with pytest.raises(ValueError, match=message):
        measure(gt=gt, pred=pred, void=void)


# ------------------------------------------------------------------ statistics


def decay(values):
    """Decay of one sequence."""
    return statistics.segmented("decay", np.asarray(values, float), np.zeros(len(values), int), 1)[0]


def davis_decay(values):
    """The toolkits' formula with indices wide enough to hold them."""
    n = len(values)
    ids = (np.round(np.linspace(1, n, 5) + 1e-10) - 1).astype(int)
    bins = [values[ids[i] : ids[i + 1] + 1] for i in range(4)]
    return np.mean(bins[0]) - np.mean(bins[3])


def test_decay_is_the_davis_formula_for_every_length():
    for n in range(1, 601):
        values = np.random.default_rng(n).random(n)
        assert decay(values) == pytest.approx(davis_decay(values), abs=1e-15)


@pytest.mark.parametrize("n", [255, 256, 257, 258, 300, 400, 500, 512, 1000])
def test_decay_is_right_beyond_255_frames_where_8_bit_indices_wrap(n):
    """The reference gives NaN at 256, 257, 258, 300, 512 and 1000, .108 at 400 and .236 at 500."""
    assert decay(np.linspace(1, 0, n)) == pytest.approx(0.75, abs=0.005)


def test_quarters_share_their_end_frames():
    assert statistics.quarters(np.array([5])).ravel().tolist() == [1, 3]
    assert decay(np.array([1, 0, 9, 0, 1])) == 0
    assert decay(np.array([0.7])) == 0


def test_recall_is_strict():
    assert statistics.recall(np.array([0.5, 0.5])) == 0
    assert statistics.recall(np.array([0.5, np.nextafter(0.5, 1), 0.4, 1.0])) == 0.5


def toolkit_decay(values):
    """Decay as the DAVIS toolkits take it, in float indices."""
    if not len(values):
        return np.nan
    ends = (np.round(np.linspace(1, len(values), 5) + 1e-10) - 1).astype(int)
    return values[ends[0] : ends[1] + 1].mean() - values[ends[3] : ends[4] + 1].mean()


ALONE = {"mean": statistics.mean, "recall": statistics.recall, "decay": toolkit_decay}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=1, max_size=8), st.integers(0, 2**32))
def test_many_objects_at_once_are_each_object_on_its_own(lengths, seed):
    values = np.random.default_rng(seed).choice([0.0, 0.25, 0.5, 0.75, 1.0, 0.1], sum(lengths))
    segment = np.repeat(np.arange(len(lengths)), lengths)
    parts = np.split(values, np.cumsum(lengths)[:-1])
    for name in ALONE:
        together = statistics.segmented(name, values, segment, len(lengths))
        alone = [ALONE[name](part) for part in parts]
        np.testing.assert_allclose(together, alone, rtol=0, atol=1e-14)
        assert np.isnan(together).tolist() == [n == 0 for n in lengths]


def test_there_is_no_other_statistic():
    with pytest.raises(ValueError, match="median"):
        statistics.segmented("median", np.zeros(1), np.zeros(1, int), 1)


def test_direction_of_every_measure_and_statistic():
    """Less change is better whatever is measured; T, false positives and the errors of VOTS are errors themselves."""
    falling = {(m, s) for m in [*MEASURES, *COMPOSITES] for s in STATISTICS if not higher_is_better(m, s)}
    always = {(m, s) for m in ("T", "FP", "NRE", "DRE") for s in STATISTICS}
    of_change = {(m, s) for m in [*MEASURES, *COMPOSITES] for s in ("decay", "V")}
    assert falling == always | of_change
