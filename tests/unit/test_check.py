"""A regression is found, named, and told from rules that changed."""

import json

import numpy as np
import pytest

from vosbench import score
from vosbench.analysis.regression import Baseline, baseline_of, check, read_baseline, write_baseline
from vosbench.errors import IncomparableError, InputError

GT = np.zeros((40, 60), np.uint8)
GT[10:30, 10:40] = 1
GT[32:38, 45:55] = 2
VIDEOS = {"bear": [GT] * 5, "camel": [GT] * 5}


@pytest.fixture
def runs(world):
    """Score predictions that differ from the truth in the frames given: ``runs(name, {sequence: {t: mask}})``."""
    gt = world.masks("gt", VIDEOS)

    def make(name, changes, **options):
        videos = {s: [changes.get(s, {}).get(t, m) for t, m in enumerate(v)] for s, v in VIDEOS.items()}
        return score(world.masks(name, videos), gt=gt, **options)

    return make


def without_a_pixel(mask=GT):
    changed = mask.copy()
    changed[10, 10] = 0
    return changed


def test_the_same_run_passes_exactly(runs):
    report = check(runs("a", {}), baseline_of(runs("b", {})), exact=True, tolerance=0)
    assert report.passed
    assert report.frames == ()
    assert {(n.kind, n.name) for n in report.numbers} == {("group", "all"), ("sequence", "bear"), ("sequence", "camel")}


def test_one_pixel_of_one_frame_is_caught_and_named(runs):
    changed = runs("b", {"camel": {2: without_a_pixel()}})
    baseline = baseline_of(runs("a", {}))
    assert check(changed, baseline).passed  # a pixel is less than the tolerance
    report = check(changed, baseline, exact=True)
    assert not report.passed
    assert [(f.sequence, f.object, f.frame) for f in report.frames] == [("camel", 1, "00002")]


def test_exact_means_exact_for_the_better_too(runs):
    worse = runs("a", {"bear": {3: without_a_pixel()}})
    report = check(runs("b", {}), baseline_of(worse), exact=True)
    assert not any(n.failed for n in report.numbers)
    assert [f.frame for f in report.frames] == ["00003"]


def test_the_worst_sequence_comes_first_and_others_are_not_blamed(runs):
    empty = np.zeros_like(GT)
    report = check(runs("b", {"camel": {1: empty, 2: without_a_pixel()}}), baseline_of(runs("a", {})))
    assert {n.name for n in report.worst()} == {"camel", "all"}
    losses = [n.loss for n in report.worst()]
    assert losses == sorted(losses, reverse=True)
    assert losses[0] == pytest.approx(100 / 3, abs=0.2)  # one of three scored frames


def test_the_tolerance_is_in_points_and_inclusive(runs):
    baseline, changed = baseline_of(runs("a", {})), runs("b", {"camel": {2: np.zeros_like(GT)}})
    loss = max(n.loss for n in check(changed, baseline).numbers)
    assert check(changed, baseline, tolerance=loss).passed
    assert not check(changed, baseline, tolerance=loss * 0.999).passed


def test_other_rules_are_no_regression(runs):
    with pytest.raises(IncomparableError, match="protocol"):
        check(runs("b", {}, protocol="first-appearance"), baseline_of(runs("a", {})))


def test_a_baseline_survives_its_file_and_equal_runs_write_equal_bytes(runs, tmp_path):
    for name in ("one", "two"):
        write_baseline(baseline_of(runs(name, {})), tmp_path / f"{name}.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert read_baseline(tmp_path / "one.json") == baseline_of(runs("three", {}))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"schema": "vosbench.result/1"}'])
def test_a_file_that_is_no_baseline_is_refused_by_name(tmp_path, content):
    path = tmp_path / "b.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"b\.json"):
        read_baseline(path)


def test_a_newer_baseline_is_refused(runs, tmp_path):
    write_baseline(baseline_of(runs("a", {})), tmp_path / "b.json")
    document = json.loads((tmp_path / "b.json").read_text())
    assert set(document) == set(Baseline.__struct_fields__)
    (tmp_path / "b.json").write_text(json.dumps(document | {"schema": "vosbench.baseline/2"}))
    with pytest.raises(InputError, match="baseline/2"):
        read_baseline(tmp_path / "b.json")


def test_the_matched_proposal_is_what_is_checked(world):
    gt = world.davis({"bear": [GT] * 4}, annotations="Annotations_unsupervised")
    swapped = np.where(GT == 1, 2, np.where(GT == 2, 1, 0))
    options = {"data": gt, "benchmark": "davis2017-unsupervised"}
    baseline = baseline_of(score(world.masks("p", {"bear": [GT] * 4}), **options))
    assert list(baseline.digests["bear"]) == ["1", "2"]
    report = check(score(world.masks("q", {"bear": [swapped] * 4}), **options), baseline, exact=True)
    assert not any(n.failed for n in report.numbers)
    assert report.frames, "another proposal was matched: not the same counts"
