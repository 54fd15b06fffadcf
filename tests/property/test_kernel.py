"""The compiled kernel returns what its NumPy twin returns, and both what the obvious slow definition says."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt
from skimage.morphology import dilation
from skimage.morphology import disk as skimage_disk

from vosbench.kernel import twin
from vosbench.kernel.contours import Contours
from vosbench.measures.contour import disk

compiled = pytest.importorskip("vosbench.kernel.compiled", reason="the extension was not built")
native = compiled._native

#: Word and block borders of the compiled loops, and images of one row or column.
SIDES = st.one_of(
    st.sampled_from([1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 66, 127, 128, 129]), st.integers(1, 80)
)
COMMON = settings(max_examples=120, deadline=None)


def blobs(rng, shape, labels):
    """Rectangles of random labels over each other: large flat areas, as masks have."""
    mask = np.zeros(shape, np.uint8)
    for _ in range(rng.integers(0, 8)):
        y, x = rng.integers(0, shape[0]), rng.integers(0, shape[1])
        mask[y : y + rng.integers(1, shape[0] + 1), x : x + rng.integers(1, shape[1] + 1)] = rng.choice(labels)
    return mask


def speckles(rng, shape, labels):
    """A few single pixels."""
    mask = np.zeros(shape, np.uint8)
    n = rng.integers(1, 4)
    mask[rng.integers(0, shape[0], n), rng.integers(0, shape[1], n)] = rng.choice(labels, n)
    return mask


def noise(rng, shape, labels):
    return rng.choice(np.append(labels, 0), shape).astype(np.uint8)


def full(rng, shape, labels):
    return np.full(shape, rng.choice(labels), np.uint8)


@st.composite
def label_maps(draw):
    """Two label maps of one shape; each draws from its own labels, so some are absent on either side."""
    shape = draw(SIDES), draw(SIDES)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pools = st.sampled_from([[1], [1, 2, 3], [2, 254, 255], list(range(1, 256))])
    paints = st.sampled_from([blobs, speckles, noise, full])
    return tuple(draw(paints)(rng, shape, np.array(draw(pools), np.uint8)) for _ in range(2))


def same(a: Contours, b: Contours) -> None:
    assert a.shape == b.shape
    np.testing.assert_array_equal(a.offsets, b.offsets)
    np.testing.assert_array_equal(a.positions, b.positions)
    assert a.top == b.top


def seg2bmap(mask):
    """The contour map of one binary mask, pixel by pixel as its definition reads."""
    height, width = mask.shape
    contour = np.zeros_like(mask)
    for y in range(height):
        for x in range(width):
            right = mask[y, min(x + 1, width - 1)]
            below = mask[min(y + 1, height - 1), x]
            corner = mask[min(y + 1, height - 1), min(x + 1, width - 1)]
            if y == height - 1:
                contour[y, x] = mask[y, x] != right
            elif x == width - 1:
                contour[y, x] = mask[y, x] != below
            else:
                contour[y, x] = mask[y, x] != right or mask[y, x] != below or mask[y, x] != corner
    return contour


@COMMON
@given(label_maps())
def test_joint_histogram_equals_the_twin_and_counts_pairs(maps):
    gt, pred = maps
    counts = compiled.joint_histogram(gt, pred, 255, 255)
    np.testing.assert_array_equal(counts, twin.joint_histogram(gt, pred, 255, 255))
    obvious = np.zeros((256, 256), np.int64)
    np.add.at(obvious, (gt.ravel(), pred.ravel()), 1)
    np.testing.assert_array_equal(counts, obvious)
    tight = compiled.joint_histogram(gt, pred, int(gt.max()), int(pred.max()))
    np.testing.assert_array_equal(tight, obvious[: int(gt.max()) + 1, : int(pred.max()) + 1])


@COMMON
@given(label_maps())
def test_contours_equal_the_twin(maps):
    for labels in maps:
        found = compiled.contours(labels)
        same(found, twin.contours(labels))
        assert found.top == labels.max()
        np.testing.assert_array_equal(found.labels, np.setdiff1d(labels, [0]))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 12), st.integers(1, 70), st.integers(0, 2**32))
def test_contours_are_seg2bmap_of_every_object(height, width, seed):
    labels = np.random.default_rng(seed).integers(0, 4, (height, width)).astype(np.uint8)
    found = compiled.contours(labels)
    for label in range(1, 4):
        np.testing.assert_array_equal(found.of(label), np.flatnonzero(seg2bmap(labels == label)))
    assert found.lengths[0] == found.lengths[4:].sum() == 0


@settings(max_examples=60, deadline=None)
@given(label_maps(), st.sampled_from([1.0, 1.5, 2, 3, 7.84, 8, 18]))
def test_contour_hits_equal_the_twin(maps, radius):
    ours, theirs = map(compiled.contours, maps)
    labels = {*np.flatnonzero(ours.lengths)[:2], *np.flatnonzero(theirs.lengths)[:2], 1}
    pairs = np.array([(i, j) for i in labels for j in labels], np.uint8)
    expected = twin.contour_hits(ours, theirs, pairs, disk(radius))
    np.testing.assert_array_equal(compiled.contour_hits(ours, theirs, pairs, disk(radius)), expected)
    swapped = compiled.contour_hits(theirs, ours, np.ascontiguousarray(pairs[:, ::-1]), disk(radius))
    np.testing.assert_array_equal(swapped[:, ::-1], expected)


@settings(max_examples=60, deadline=None)
@given(label_maps(), st.integers(1, 9))
def test_contour_hits_are_those_of_dilation_and_of_the_distance_transform(maps, radius):
    a, b = ((m > 0).astype(np.uint8) for m in maps)
    ours, theirs = compiled.contours(a), compiled.contours(b)
    hits = compiled.contour_hits(ours, theirs, np.array([[1, 1]], np.uint8), disk(radius))[0]
    ours_map, theirs_map = np.zeros(a.shape, bool), np.zeros(a.shape, bool)
    ours_map.flat[ours.of(1)] = True
    theirs_map.flat[theirs.of(1)] = True
    for hit, points, others in ((hits[0], ours_map, theirs_map), (hits[1], theirs_map, ours_map)):
        if not others.any():
            assert hit == 0
            continue
        grown = dilation(np.pad(others, radius), skimage_disk(radius))[radius:-radius, radius:-radius]
        assert hit == (points & grown).sum()
        assert hit == (points & (distance_transform_edt(~others) <= radius + 1e-3)).sum()


@settings(max_examples=40, deadline=None)
@given(label_maps(), st.sampled_from([1.5, 2.25, 7.3, 7.835, 7.84]))
def test_contour_hits_within_a_fraction_are_those_of_the_dilation_of_the_toolkits(maps, radius):
    """Radii with a fraction give disks off their centre, the even-sided ones as well."""
    ours, theirs = (compiled.contours((m > 0).astype(np.uint8)) for m in maps)
    ours_map, theirs_map = np.zeros(maps[0].shape, np.uint8), np.zeros(maps[0].shape, np.uint8)
    ours_map.flat[ours.of(1)] = 1
    theirs_map.flat[theirs.of(1)] = 1
    footprint = skimage_disk(radius)
    expected = [(a * cv2.dilate(b, footprint)).sum() for a, b in ((ours_map, theirs_map), (theirs_map, ours_map))]
    for kernel in (compiled, twin):
        assert kernel.contour_hits(ours, theirs, ONE, disk(radius))[0].tolist() == expected


@COMMON
@given(label_maps(), st.sampled_from([1.0, 4, 7.84]), st.integers(0, 4), st.integers(0, 2**32))
def test_counting_a_pair_equals_the_twin_and_its_parts(maps, radius, m, seed):
    gt, pred = maps
    ours, theirs = map(compiled.contours, maps)
    rng = np.random.default_rng(seed)
    common = np.concatenate([[0, 1], ours.labels[:3], theirs.labels[:3]])
    pairs = rng.choice(common, (rng.integers(0, 6), 2)).astype(np.uint8)
    before = rng.integers(0, 9, (9, len(pairs)))
    square = rng.integers(0, 9, (m, m))
    results = []
    for kernel in (compiled, twin):
        counts, overlaps = before.copy(), square.copy()
        kernel.count_pair(gt, pred, ours, theirs, pairs, disk(radius), counts, overlaps if m else None)
        results.append((counts, overlaps))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    counts, overlaps = results[0]
    for k, (i, j) in enumerate(pairs.tolist()):
        g, p = gt == i, pred == j
        hits = twin.contour_hits(ours, theirs, pairs[k : k + 1], disk(radius))[0]
        obvious = [(g & p).sum(), g.sum(), p.sum(), len(ours.of(i)), len(theirs.of(j)), *hits, 0, 0]
        assert (counts - before)[:, k].tolist() == obvious
    for i in range(m):
        for j in range(m):
            assert (overlaps - square)[i, j] == ((gt == i + 1) & (pred == j + 1)).sum()


def test_every_one_of_255_objects_is_found():
    labels = np.kron(np.arange(256, dtype=np.uint8).reshape(16, 16), np.ones((5, 5), np.uint8))
    same(compiled.contours(labels), twin.contours(labels))
    assert (compiled.contours(labels).lengths[1:] > 0).all()
    pairs = np.repeat(np.arange(1, 256, dtype=np.uint8)[:, None], 2, 1)
    ours, shifted = compiled.contours(labels), compiled.contours(np.roll(labels, 2, 1))
    for reach in (disk(1), disk(4)):
        expected = twin.contour_hits(ours, shifted, pairs, reach)
        np.testing.assert_array_equal(compiled.contour_hits(ours, shifted, pairs, reach), expected)


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (64, 64), (65, 128)])
def test_a_full_frame_has_no_contour(shape):
    for kernel in (compiled, twin):
        assert len(kernel.contours(np.full(shape, 7, np.uint8)).positions) == 0


@pytest.mark.parametrize("width", range(56, 76))
def test_a_single_pixel_in_any_column_has_the_contour_of_its_window(width):
    for x in range(width):
        labels = np.zeros((3, width), np.uint8)
        labels[1, x] = 5
        expected = [dy * width + dx for dy in (0, 1) for dx in (x - 1, x) if dx >= 0]
        assert compiled.contours(labels).of(5).tolist() == expected


# ------------------------------------------------------------------ arguments


def test_a_label_above_the_announced_is_an_error():
    a, b = np.zeros((4, 4), np.uint8), np.full((4, 4), 3, np.uint8)
    for kernel in (compiled, twin):
        for gt, pred in ((a, b), (b, a)):
            with pytest.raises(ValueError, match="outside the range"):
                kernel.joint_histogram(gt, pred, 2, 2)


def test_masks_of_two_sizes_are_an_error():
    with pytest.raises(ValueError, match="differ in shape"):
        compiled.joint_histogram(np.zeros((4, 4), np.uint8), np.zeros((3, 3), np.uint8), 1, 1)


def test_rows_may_stand_apart_but_the_pixels_of_a_row_are_adjacent():
    rng = np.random.default_rng(0)
    wide = rng.integers(0, 3, (9, 40)).astype(np.uint8)
    view, copy = wide[:, 1:], np.ascontiguousarray(wide[:, 1:])
    apart, together = compiled.contours(view), compiled.contours(copy)
    assert (apart.positions == together.positions).all()
    assert (compiled.joint_histogram(view, copy, 2, 2) == twin.joint_histogram(copy, copy, 2, 2)).all()
    for wrong in (wide[:, ::2], wide[::-1], wide.T):
        with pytest.raises((ValueError, BufferError)):
            compiled.contours(wrong)


A = np.zeros(64, np.uint8)
S = np.zeros((8, 8), np.uint8)
FLAT = np.zeros(257, np.int64)
P = np.zeros(0, np.int32)
ONE = np.ones((1, 2), np.uint8)
R = np.zeros((2, 3), np.int32)
FAR = np.full((2, 3), 2**31 - 1, np.int32)
C = np.zeros((7, 1), np.int64)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("joint_histogram", (A, A, 2, 2, np.zeros(4, np.int64))),
        ("joint_histogram", (S, S[:4], 2, 2, np.zeros(4, np.int64))),
        ("joint_histogram", (S, S.astype(np.uint16), 2, 2, np.zeros(4, np.int64))),
        ("joint_histogram", (S, S, 257, 2, np.zeros(999, np.int64))),
        ("joint_histogram", (S, S, 0, 2, np.zeros(4, np.int64))),
        ("joint_histogram", (S, S, 2, 2, np.zeros(3, np.int64))),
        ("count_pair", ((S, FLAT, P, 0), (S[:4], FLAT, P, 0), ONE, 1, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S + np.uint8(3), FLAT, P, 2), ONE, 1, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT, P, -1), (S, FLAT, P, 0), ONE, 1, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 256), ONE, 1, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT[:9], P, 0), (S, FLAT, P, 0), ONE, 1, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 0), ONE, 2, R, 2, C, None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 0), ONE, 1, R, 3, C, None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 0), ONE, 1, FAR, 2, C, None, 0)),
        ("contour_hits", (FLAT, P, FLAT, P, 8, 8, ONE, 1, FAR, 2, np.zeros((1, 2), np.int64))),
        ("contour_hits", (FLAT, P, FLAT, P, 8, 8, ONE, 1, R, 3, np.zeros((1, 2), np.int64))),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 0), ONE, 1, R, 2, C[:6], None, 0)),
        ("count_pair", ((S, FLAT, P, 0), (S, FLAT, P, 0), ONE, 1, R, 2, C, np.zeros(3, np.int64), 2)),
        ("contours", (A,)),
        ("contours", (np.zeros((0, 8), np.uint8),)),
        ("contours", (np.zeros((8, 0), np.uint8),)),
        ("contours", (S.astype(np.int64),)),
        ("unfilter", (bytes(72), 8, 8, 3, 1, A.copy())),
        ("unfilter", (bytes(71), 8, 8, 8, 1, A.copy())),
        ("unfilter", (bytes(72), 8, 8, 8, 1, np.zeros(63, np.uint8))),
        ("unfilter", (bytes([9] * 72), 8, 8, 8, 1, A.copy())),
        ("unfilter", (bytes(72), 2**40, 2**40, 8, 1, A.copy())),
        ("unfilter", (bytes(72), 8, 8, 8, 0, A.copy())),
        ("unfilter", (bytes(72), 8, 8, 8, 9, A.copy())),
        ("unfilter", (bytes(16), 8, 8, 1, 2, A.copy())),
    ],
)
def test_wrong_sizes_raise(function, arguments):
    with pytest.raises(ValueError):
        getattr(native, function)(*arguments)


@pytest.mark.parametrize(
    ("offsets", "positions"),
    [
        (np.zeros(256), [0]),  # too short
        ([0] * 256 + [9], [0]),  # promises more positions than there are
        ([0, 5, 3] + [6] * 254, [0, 1, 2, 3, 4, 5]),  # falls
        ([1] + [1] * 256, [0]),  # does not start at 0
        ([0] + [1] * 256, [64]),  # beyond the frame
        ([0] + [1] * 256, [-1]),
        ([0] + [2] * 256, [5, 4]),  # not ascending
    ],
)
def test_contours_that_do_not_fit_the_frame_raise(offsets, positions):
    bad = Contours((8, 8), np.asarray(offsets, np.int64), np.asarray(positions, np.int32), 1)
    good = compiled.contours(np.zeros((8, 8), np.uint8))
    for a, b in ((bad, good), (good, bad)):
        with pytest.raises(ValueError):
            compiled.contour_hits(a, b, ONE, disk(2))
        with pytest.raises(ValueError):
            compiled.count_pair(S, S, a, b, ONE, disk(2), np.zeros((7, 1), np.int64))
