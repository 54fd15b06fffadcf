"""Numbers that reference scorers gave on drawn worlds, run from their repositories at the commits named here.

They are unrounded, but MOSE rounds percents to two decimals, and motiongrouping computes in single precision.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import vosbench
from tests.parity.reference_worlds import davis_unsupervised, foreground, jjvalid, lvos, lvos_single, mose

LVOS = "LingyiHongfd/lvos-evaluation 25cb02d"
DAVIS = "davisvideochallenge/davis2017-evaluation ac7c43f"
FRTM = "andr345/frtm-vos e994ac2"
MOTION = "charigyang/motiongrouping e7d955e"
MOSE = "henghuiding/MOSE-api 241977a"

GROUPED = [(m, s, g) for g in ("seen", "unseen") for m, s in
           (("J", "mean"), ("J", "recall"), ("F", "mean"), ("F", "recall"), ("J&F", "V"))]  # fmt: skip
POOLED = [(m, s, "all") for m in "JF" for s in ("mean", "recall", "decay")]
ONE = [("J", "mean", "all")]
OF_MOSE = [
    *((m, "mean", "all") for m in ("Js", "Fa", "Js&Fa")),
    *(("Js&Fa", s, "all") for s in ("disappear", "reappear")),
]

Draw = Callable[[Path], dict[str, Any]]

#: Benchmark, repository and commit, world, cells, what the reference gave, half a unit of its last digit.
CASES: list[tuple[str, str, Draw, list[tuple[str, str, str]], list[float], float]] = [
    ("lvos-v1", LVOS, lambda root: lvos(root, 1, unsupervised=False), GROUPED, [
        0.5389637287663605, 0.5416666666666666, 0.5638398301904494, 0.6076388888888888, 0.3966873220673368,
        0.2408795686990412, 0.22619047619047616, 0.3077982105613684, 0.22619047619047616, 0.25163027559763274,
    ], 1e-12),
    ("lvos-v2", LVOS, lambda root: lvos(root, 2, unsupervised=False), GROUPED, [
        0.4501685920877986, 0.44494047619047616, 0.5170762615592914, 0.44494047619047616, 0.3040121777139947,
        0.4643106010473963, 0.47023809523809523, 0.5045378453661693, 0.47023809523809523, 0.17852698348951399,
    ], 1e-12),
    ("lvos-v1-unsupervised", LVOS, lambda root: lvos(root, 3, unsupervised=True), GROUPED, [
        0.6201626991504292, 0.8416666666666667, 0.6367953232626895, 0.8138888888888888, 0.24256074270863615,
        0.42113095238095244, 0.3348214285714286, 0.4305746336996337, 0.3348214285714286, 0.3311725313145711,
    ], 1e-12),
    ("lvos-v2-unsupervised", LVOS, lambda root: lvos(root, 4, unsupervised=True, most=20), GROUPED, [
        0.48089063395131887, 0.44617063492063486, 0.5132446748917145, 0.5153968253968254, 0.32058555168501507,
        0.4401885112574848, 0.44075963718820865, 0.5008987602138992, 0.5264550264550264, 0.3290614880166653,
    ], 1e-12),
    ("lvos-v1-unsupervised-single", LVOS, lambda root: lvos_single(root, 5), GROUPED, [
        0.5673076923076923, 0.7, 0.5204166666666666, 0.7, 0.32804304267876566,
        0.3166304347826087, 0.5625, 0.2370306324110672, 0.0, 0.24242316049964255,
    ], 1e-12),
    ("lvos-v2-unsupervised-single", LVOS, lambda root: lvos_single(root, 6), GROUPED, [
        0.6863636363636364, 0.55, 0.5838124199743918, 0.55, 0.31688319268278636,
        0.5078341013824885, 0.5714285714285714, 0.5848961206104064, 0.5714285714285714, 0.43007217113038143,
    ], 1e-12),
    ("davis2017-unsupervised", DAVIS, lambda root: davis_unsupervised(root, 7), POOLED, [
        0.5506728400366826, 0.5416666666666666, -0.013089313752212305,
        0.5733696503597545, 0.58179012345679, -0.01191440452188857,
    ], 1e-12),
    ("ref-davis2017", DAVIS, lambda root: davis_unsupervised(root, 8), POOLED, [
        0.4610937824357755, 0.4766666666666666, -0.07795306179708833,
        0.5240711971457404, 0.5233333333333333, -0.05769077675200429,
    ], 1e-12),
    ("ytvos-jjvalid", FRTM, lambda root: jjvalid(root, 9), POOLED, [
        0.6587439632918579, 0.6566326530612245, 0.11738588763691797,
        0.6903828683472082, 0.7994897959183673, 0.1308653971468349,
    ], 1e-12),
    ("fbms-frame", MOTION, lambda root: foreground(root, 10), ONE, [0.1854393587068275], 1e-8),
    ("segtrack-v2", MOTION, lambda root: foreground(root, 11), ONE, [0.28909511146722017], 1e-8),
    ("segtrack-v2-best", MOTION, lambda root: foreground(root, 12, best=True), ONE, [0.2070270269005387], 1e-8),
    ("mose-v2", MOSE, lambda root: mose(root, 13, shape=(90, 120)), OF_MOSE,
     [0.3799, 0.3129, 0.3464, 0.6896, 0.3893], 5.1e-5),
    ("mose-v2", MOSE, lambda root: mose(root, 14, shape=(36, 48)), OF_MOSE,
     [0.3486, 0.2788, 0.3137, 0.7233, 0.1585], 5.1e-5),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "reference", "draw", "cells", "numbers", "tolerance"),
    CASES,
    ids=[f"{name}: {reference}" for name, reference, *_ in CASES],
)
def test_as_the_reference(
    tmp_path: Path,
    name: str,
    reference: str,
    draw: Draw,
    cells: list[tuple[str, str, str]],
    numbers: list[float],
    tolerance: float,
) -> None:
    options = draw(tmp_path)
    run = vosbench.score(tmp_path / "preds", benchmark=name, **options, jobs=1)
    found = [run.value(*cell) for cell in cells]
    assert found == pytest.approx(numbers, abs=tolerance), reference
