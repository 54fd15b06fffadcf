"""What is plotted comes from the frames table: the same curves, recomputed with plain pandas."""

import numpy as np
import pandas as pd
import pytest

from tests.unit.runs_from_counts import run_of
from vosbench.analysis import curves
from vosbench.errors import UsageError


@pytest.fixture(scope="module")
def run():
    return run_of()


@pytest.fixture(scope="module")
def frames(run, tmp_path_factory):
    """The table as written to disk, with J and the group of each object."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    run.save(folder)
    table = pd.read_parquet(folder / "frames.parquet")
    table["sequence"] = table["sequence"].astype(str)
    table = table[table["scored"]]
    table["J"] = table["intersection"] / (table["gt_area"] + table["pred_area"] - table["intersection"])
    group = pd.read_csv(folder / "objects.csv").drop_duplicates(["sequence", "object"])
    return table.merge(group[["sequence", "object", "group"]], on=["sequence", "object"])


def test_over_time_is_the_mean_by_frame(run, frames):
    for curve in curves.over_time(run, "J"):
        expected = frames[frames["group"] == curve.group].groupby("index")["J"].mean()
        np.testing.assert_array_equal(curve.x, expected.index)
        np.testing.assert_allclose(curve.mean, expected, rtol=1e-12)


def test_normalised_stretches_every_object(run, frames):
    at = np.linspace(0, 1, curves.POINTS)
    for curve in curves.normalised(run, "J"):
        mine = frames[frames["group"] == curve.group].sort_values("index")
        stretched = [np.interp(at, np.linspace(0, 1, len(j)), j) for _, j in mine.groupby(["sequence", "object"])["J"]]
        np.testing.assert_allclose(curve.mean, np.mean(stretched, axis=0), rtol=1e-12)
        assert (curve.x[0], curve.x[-1], len(stretched)) == (0, 100, curve.n[0])


def test_by_size_bins_by_powers_of_two(run, frames):
    for curve in curves.by_size(run, "J"):
        mine = frames[frames["group"] == curve.group]
        expected = mine.groupby(np.floor(np.log2(mine["gt_area"])))["J"].agg(["mean", "size"])
        np.testing.assert_allclose(np.log2(curve.x) - 0.5, expected.index)
        np.testing.assert_allclose(curve.mean, expected["mean"], rtol=1e-12)
        assert curve.n.tolist() == expected["size"].tolist()


def test_by_sequence_is_the_mean_over_objects(run, frames):
    means = frames.groupby(["sequence", "object"])["J"].mean().groupby("sequence").mean()
    assert curves.by_sequence(run, "J") == pytest.approx(means.to_dict(), rel=1e-12)


def test_interval_holds_the_mean_and_needs_two_sequences(run):
    for curve in curves.normalised(run, "J&F"):
        assert ((curve.low <= curve.mean) & (curve.mean <= curve.high)).all()
    alone = curves.normalised(run_of(("camel",)), "J")
    assert all(np.isnan(curve.low).all() for curve in alone)


def test_interval_agrees_with_scipy():
    from scipy.stats import bootstrap

    run = run_of([f"s{i}" for i in range(12)], objects=1, protocol="davis2017", frames=5)
    (curve,) = curves.normalised(run, "J")
    values = run.frames.assign(J=curves.rows(run, "J").value).groupby("sequence")["J"].first()
    judge = bootstrap((values,), np.mean, n_resamples=20_000, method="percentile", rng=0).confidence_interval
    assert (curve.low[0], curve.high[0]) == pytest.approx((judge.low, judge.high), abs=0.01)


def test_a_measure_the_run_does_not_have_is_refused(run):
    with pytest.raises(UsageError, match="has no T"):
        curves.normalised(run, "T")


def test_only_the_matched_proposal_counts():
    run = run_of(objects=1, protocol="davis2017")
    table = {k: np.concatenate([v, v]) for k, v in run.frames_columns.items()}
    table["proposal"] = np.repeat([0, 7], len(table["object"]) // 2)
    table["intersection"][len(table["object"]) // 2 :] = 0
    again = type(run)(run.document, table, run.objects_columns)
    np.testing.assert_array_equal(curves.rows(again, "J").value, curves.rows(run, "J").value)
