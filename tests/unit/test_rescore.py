"""Another protocol over the same counts: no mask is read, the result is that of scoring afresh, else a refusal."""

import json
from pathlib import Path

import numpy as np
import pytest

import vosbench
from vosbench.errors import IncomparableError, UsageError
from vosbench.protocols.load import load, with_measures
from vosbench.scoring.rescore import rescore, rescore_saved
from vosbench.testing import write_label_maps

TRUTH = {"a": {1: "xxxxxxxx", 2: "...xxx.x"}, "b": {1: "xx..xx"}}
GUESS = {"a": {1: "xxhhxxwx", 2: "..xxw..."}, "b": {1: "xx.xw."}}


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    write_label_maps(tmp_path / "gt", TRUTH)
    write_label_maps(tmp_path / "preds", GUESS)
    return tmp_path / "gt", tmp_path / "preds"


def content(run: vosbench.RunResult) -> tuple[object, ...]:
    tables = [{k: v.tolist() for k, v in columns.items()} for columns in (run.frames_columns, run.objects_columns)]
    return json.loads(run.to_json()), *(json.loads(json.dumps(t)) for t in tables)


ALL = ("J", "F", "Jv", "Fv", "Jp", "Fp", "A", "FP", "Js")


@pytest.mark.parametrize("measures", [None, ("J",), ALL])
def test_equals_scoring_afresh(folders: tuple[Path, Path], measures: tuple[str, ...] | None) -> None:
    gt, preds = folders
    run = vosbench.score(preds, gt=gt)
    spec = load("first-appearance")
    fresh = vosbench.score(preds, gt=gt, protocol="first-appearance", measures=measures)
    again = rescore(run, with_measures(spec, measures) if measures else spec)
    for one, other in zip(content(again), content(fresh), strict=True):
        np.testing.assert_equal(one, other)


def test_masks_are_gone(folders: tuple[Path, Path], tmp_path: Path) -> None:
    gt, preds = folders
    vosbench.score(preds, gt=gt).save(tmp_path / "run")
    for path in [*gt.rglob("*.png"), *preds.rglob("*.png")]:
        path.unlink()
    again = rescore_saved(tmp_path / "run", protocol="first-appearance")
    assert again.spec.name == "first-appearance"
    assert again.signature.startswith("protocol:first-appearance@1|")


@pytest.mark.parametrize(
    ("protocol", "knob"),
    [
        ("davis2017", "objects: any-frame in the run, first-frame-max asked for; void: object"),
        ("davis2017-unsupervised", "pairing: id in the run, hungarian asked for"),
        ("visor", "frames: drop-first-last in the run, drop-first asked for"),
        ("mose-v2", "measure Fa: not counted in the run, needed asked for"),
        ("lvos-v2", "groups:"),
    ],
)
def test_refusals_name_the_knob(folders: tuple[Path, Path], protocol: str, knob: str) -> None:
    gt, preds = folders
    with pytest.raises(IncomparableError, match="needs other counts") as info:
        rescore(vosbench.score(preds, gt=gt), load(protocol))
    assert knob in str(info.value)


def test_ignoring_strays_is_allowed_refusing_them_is_not(folders: tuple[Path, Path]) -> None:
    gt, preds = folders
    lenient = vosbench.score(preds, gt=gt, protocol="first-appearance")
    with pytest.raises(IncomparableError, match="extra_ids: ignore in the run, error asked for"):
        rescore(lenient, load("folder"))


def test_unknown_measure(folders: tuple[Path, Path], tmp_path: Path) -> None:
    gt, preds = folders
    vosbench.score(preds, gt=gt).save(tmp_path / "run")
    with pytest.raises(UsageError, match="unknown measure 'X'"):
        rescore_saved(tmp_path / "run", measures=("X",))
