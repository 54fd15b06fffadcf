"""Optional columns on every protocol: volumetric and presence-only J and F, absence accuracy, false-positive rate."""

from pathlib import Path

import pytest

import vosbench
from vosbench.protocols import load as protocols
from vosbench.testing import write_label_maps

ALL = ("J", "F", "Jv", "Fv", "Jp", "Fp", "A", "FP")


def scored(tmp_path: Path, truth: str, guess: str) -> vosbench.RunResult:
    write_label_maps(tmp_path / "gt", {"v": {1: truth}})
    write_label_maps(tmp_path / "preds", {"v": {1: guess}})
    return vosbench.score(tmp_path / "preds", gt=tmp_path / "gt", measures=ALL)


def test_by_hand(tmp_path: Path) -> None:
    # frames 1 to 8: three with the object (right, half, missed), five without (one of them predicted wrongly)
    run = scored(tmp_path, "xxxx.....x", "xxh..x...x")
    assert run.value("J") == pytest.approx((1 + 0.5 + 0 + 4) / 8)
    assert run.value("Jp") == pytest.approx((1 + 0.5 + 0) / 3)
    assert run.value("Jv") == pytest.approx((100 + 50) / (100 + 100 + 100 + 100))
    assert run.value("A") == pytest.approx(4 / 5)
    assert run.value("FP") == pytest.approx(100 / 250)
    f_half = run.frames.query("index == 2").pipe(lambda t: (t.gt_hits.item(), t.pred_hits.item()))
    # a square of 10 x 10 has 43 contour pixels by the one-sided rule; its half is checked through its counts
    length = run.frames.query("index == 1").gt_length.item()
    half = run.frames.query("index == 2").pred_length.item()
    precision, recall = (length + f_half[1]) / (length + half + length), (length + f_half[0]) / (3 * length)
    assert run.value("Fv") == pytest.approx(2 * precision * recall / (precision + recall))
    assert run.value("Jp&Fp") == pytest.approx((run.value("Jp") + run.value("Fp")) / 2)
    assert run.value("Jv&Fv") == pytest.approx((run.value("Jv") + run.value("Fv")) / 2)


def test_predicting_nothing_no_longer_pays(tmp_path: Path) -> None:
    """protocols.md section 9, vector 10: frame by frame, predicting nothing earns the share of absent frames."""
    run = scored(tmp_path, "xx......xx", "x........x")
    assert run.value("J&F") == pytest.approx(6 / 8)
    assert run.value("Jv&Fv") == 0
    assert run.value("Jp&Fp") == 0
    assert run.value("A") == 1
    nothing = {c.measure: c.value for c in run.document.predicting_nothing if c.statistic == "mean"}
    assert (nothing["J&F"], nothing["Jv"], nothing["A"], nothing["FP"]) == (6 / 8, 0, 1, None)


def test_an_object_that_is_never_there(tmp_path: Path) -> None:
    write_label_maps(tmp_path / "gt", {"v": {1: "xxxxxx", 2: "x....x"}})
    write_label_maps(tmp_path / "preds", {"v": {1: "xxxxxx"}})
    run = vosbench.score(tmp_path / "preds", gt=tmp_path / "gt", protocol=str(listed(tmp_path)), measures=ALL)
    second = run.objects[run.objects.object == 2].set_index("measure")
    assert second.value["Jv"] == 1
    assert second.reason["Jp"] == "undefined on every frame"
    assert second.value["A"] == 1
    assert run.value("Jp") == 1


def listed(tmp_path: Path) -> Path:
    """The rules of DAVIS under a name of our own."""
    path = tmp_path / "mine.toml"
    text = 'name = "mine"\nversion = 1\ntitle = "t"\ntask = "any"\nreference = "r"\n[rules]\n'
    path.write_text(text + 'frames = "drop-first-last"\nobjects = "first-frame-max"\n')
    return path


@pytest.mark.parametrize("name", protocols.names())
def test_every_protocol_takes_them(name: str) -> None:
    spec = protocols.with_measures(protocols.load(name), (*protocols.load(name).rules.measures, "Jv", "Fv", "A"))
    assert spec.rules.measures[-1] == "A"
