"""Every number of the official davis2017-evaluation code on eight DAVIS sequences, to the last bits."""

import json

import numpy as np
import pytest

from vosbench import score
from vosbench.measures.catalog import MEASURES

pytestmark = pytest.mark.realdata
EXACT = {"rtol": 0, "atol": 1e-12}
STATISTICS = ("mean", "recall", "decay")


@pytest.fixture(scope="module")
def golden(realdata):
    return json.loads((realdata / "golden/davis_official_jf.json").read_text())


@pytest.fixture(scope="module")
def osvos(realdata):
    predictions = realdata / "predictions/osvos_semisupervised"
    return score(predictions, benchmark="davis2016", data=realdata / "davis2016")


@pytest.fixture(scope="module")
def rvos(realdata):
    return score(
        realdata / "predictions/rvos_unsupervised",
        gt=realdata / "davis2016/Annotations/480p",
        protocol="davis2017-unsupervised",
    )


def with_values(run):
    """The frames table with a column for each measure."""
    values = {name: MEASURES[name].of(run.frames_columns) for name in ("J", "F")}
    return run.frames.assign(**values)


def videos(golden):
    return {name: entry for name, entry in golden.items() if name != "_global"}


def test_j_and_f_of_every_frame_are_the_official_ones(osvos, golden):
    frames = with_values(osvos)
    official = videos(golden["semisupervised_osvos"])
    assert set(official) == set(frames["sequence"])
    for name, entry in official.items():
        here = frames[frames["sequence"] == name]
        assert here["frame"].tolist() == entry["frames"]
        assert here["scored"].all()
        for measure in ("J", "F"):
            np.testing.assert_allclose(here[measure], entry[measure], **EXACT)


def test_the_statistics_of_every_sequence_are_the_official_ones(osvos, golden):
    values = osvos.objects.set_index(["sequence", "measure", "statistic"])["value"]
    for name, entry in videos(golden["semisupervised_osvos"]).items():
        for measure in ("J", "F"):
            ours = [values[name, measure, s] for s in STATISTICS]
            np.testing.assert_allclose(ours, entry[f"{measure}_stats"], **EXACT)


@pytest.mark.parametrize(("fixture", "key"), [("osvos", "semisupervised_osvos"), ("rvos", "unsupervised_rvos")])
def test_the_global_statistics_are_the_official_ones(fixture, key, golden, request):
    run = request.getfixturevalue(fixture)
    for measure in ("J", "F"):
        ours = [run.value(measure, s) for s in STATISTICS]
        np.testing.assert_allclose(ours, golden[key]["_global"][measure], **EXACT)


def test_unsupervised_frames_matches_and_statistics_are_the_official_ones(rvos, golden):
    frames = with_values(rvos)
    rows = rvos.objects.set_index(["sequence", "measure", "statistic"])
    for name, entry in videos(golden["unsupervised_rvos"]).items():
        matched = rows.loc[(name, "J", "mean"), "proposal"]
        assert matched == entry["matched_proposal"]
        here = frames[(frames["sequence"] == name) & (frames["proposal"] == matched)]
        assert here["frame"].tolist() == entry["frames"]
        for measure in ("J", "F"):
            np.testing.assert_allclose(here[measure], entry[measure], **EXACT)
            ours = [rows.loc[(name, measure, s), "value"] for s in STATISTICS]
            np.testing.assert_allclose(ours, entry[f"{measure}_stats"], **EXACT)


def test_the_means_of_every_proposal_are_the_official_ones(rvos, golden):
    means = with_values(rvos).groupby(["sequence", "proposal"])[["J", "F"]].mean()
    for name, entry in videos(golden["unsupervised_rvos"]).items():
        ours = means.loc[name]
        assert ours.index.tolist() == list(range(1, len(ours) + 1))
        for measure in ("J", "F"):
            official = entry[f"{measure}_mean_per_proposal"]
            np.testing.assert_allclose(ours[measure], official[: len(ours)], **EXACT)
            if measure == "J":  # proposals we leave out are never drawn
                assert official[len(ours) :] == [0.0] * (len(official) - len(ours))
