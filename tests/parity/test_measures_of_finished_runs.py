"""VOTS, Long-RVOS, ReVOS, MeViS v2, FaVOS, SeCVOS: numbers of the references or worked out by hand, and without a mask.

The references' own functions were run on the same drawn worlds: votchallenge/toolkit 0.9.0 (``count_frames``,
``gather_overlaps``; the code was read at 56f0053), iSEE-Laboratory/Long_RVOS 447682a (``eval_overall.py``). The
robustness of ReVOS is worked out by hand from the formula of cilinyan/VISA ec158fd (``get_r2vos_robustness``).
"""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import vosbench
from vosbench.errors import InputError
from vosbench.measures.catalog import MEASURES
from vosbench.scoring.rescore import rescore_saved
from vosbench.testing import SHAPE, check_benchmark, draw, write_label_maps, write_object_tree

mask_coder = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")

#: Two sequences of objects: what is true, what is predicted. An object drifts ("w"), is missed, or hallucinated.
VOTS = {
    "a": {1: ("x" * 14, "xxhw.xhxxxxxxx"), 2: ("xx" + "." * 12, "xx..x...xx....")},
    "b": {
        1: ("xx...xx.......", "xx.x.wx......."),
        2: ("x" + "." * 13, "x" + "." * 13),
        3: ("xxxxx" + "." * 9, "x..ww" + "." * 9),
    },
}


def written(tmp_path: Path, world: dict[str, dict[int, tuple[str, str]]]) -> tuple[Path, Path]:
    for i, name in enumerate(("gt", "preds")):
        looks = {sequence: {k: pair[i] for k, pair in objects.items()} for sequence, objects in world.items()}
        write_label_maps(tmp_path / name, looks)
    return tmp_path / "preds", tmp_path / "gt"


def encode(mask: np.ndarray) -> dict[str, object]:
    encoded = mask_coder.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": encoded["size"], "counts": encoded["counts"].decode()}


def test_vots_is_the_toolkit_on_all_frames_but_the_first(tmp_path: Path) -> None:
    preds, gt = written(tmp_path, VOTS)
    run = vosbench.score(preds, gt=gt, protocol="vots")
    expected = {
        "Q": 0.8076923076923077,
        "Acc": 0.6439393939393939,
        "Rob": 0.6282051282051282,
        "NRE": 0.14423076923076922,
        "DRE": 0.22756410256410253,
        "ADQ": 0.875,
    }
    assert {m: run.value(m) for m in expected} == pytest.approx(expected, abs=1e-12)


def test_vots_by_hand(tmp_path: Path) -> None:
    """Object 1 of a, 13 frames: 9 right, 2 half, 1 drifted, 1 missed; object 2: 11 absent of which 3 hallucinated."""
    preds, gt = written(tmp_path, {"a": VOTS["a"]})
    table = vosbench.score(preds, gt=gt, protocol="vots").objects
    one, two = (table[table.object == k].set_index("measure").value.to_dict() for k in (1, 2))
    assert one["Rob"] == pytest.approx(11 / 13)
    assert (one["NRE"], one["DRE"]) == (pytest.approx(1 / 13), pytest.approx(1 / 13))
    assert one["Acc"] == pytest.approx((9 + 2 / 2) / 11)
    assert np.isnan(one["ADQ"])
    assert two["ADQ"] == pytest.approx(9 / 12)
    assert one["Rob"] + one["NRE"] + one["DRE"] == pytest.approx(1)


def test_absence_is_judged_from_eleven_frames_on(tmp_path: Path) -> None:
    world = {"a": {1: ("xx" + "." * 10, "xx" + "." * 10), 2: ("x" + "." * 11, "x" + "." * 10 + "x")}}
    preds, gt = written(tmp_path, world)
    table = vosbench.score(preds, gt=gt, protocol="vots").objects
    values = table[table.measure == "ADQ"].set_index("object").value
    assert np.isnan(values[1])
    assert values[2] == pytest.approx(10 / 11)


def long_rvos(root: Path) -> Path:
    """Objects 0 and 2 of video v, of which 2 is never there and so has no files; video u."""
    meta = {
        "v": {
            "frames": [f"{t:05d}" for t in range(8)],
            "expressions": {
                "0": {"exp": "e", "obj_id": 0, "type": "static"},
                "1": {"exp": "e", "obj_id": "0", "type": "dynamic"},
                "2": {"exp": "e", "obj_id": 2, "type": "hybrid"},
            },
        },
        "u": {
            "frames": [f"{t:05d}" for t in range(4)],
            "expressions": {"0": {"exp": "e", "obj_id": 1, "type": "static"}},
        },
    }
    (root / "valid").mkdir(parents=True)
    (root / "valid/meta_expressions.json").write_text(json.dumps({"videos": meta}))
    write_label_maps(root / "valid/Annotations", {"v/0": {255: "xxxxxx"}, "u/1": {255: ".xxw"}})
    return root


def test_long_rvos(tmp_path: Path) -> None:
    root = long_rvos(tmp_path / "data")
    check_benchmark("long-rvos", data=root)
    looks = {"v/0": {1: "xxh..x.x"}, "v/1": {1: "........"}, "v/2": {1: "........"}, "u/0": {1: ".xxx"}}
    write_label_maps(tmp_path / "preds", looks)
    run = vosbench.score(tmp_path / "preds", benchmark="long-rvos", data=root)
    expected = {"J": 0.640625, "F": 0.6455357142857143, "tIoU": 0.6428571428571428, "vIoU": 0.5416666666666666}
    assert {m: run.value(m) for m in expected} == pytest.approx(expected, abs=1e-12)
    # v/0 by hand: shown by either on 7 frames, by both on 4, of which one is half right
    values = run.objects[run.objects.sequence == "v/0"].set_index("measure").value
    assert (values["tIoU"], values["vIoU"]) == (pytest.approx(4 / 7), pytest.approx(3.5 / 7))
    kinds = run.objects.set_index("sequence").category.to_dict()
    assert kinds == {"v/0": "static", "v/1": "dynamic", "v/2": "hybrid", "u/0": "static"}


def test_long_rvos_lost_video_counts_zero(tmp_path: Path) -> None:
    root = long_rvos(tmp_path / "data")
    looks = {"v/0": {1: "xxxxxx.."}, "v/1": {1: "xxxxxx.."}, "v/2": {1: "........"}}
    write_label_maps(tmp_path / "preds", looks)
    with pytest.raises(InputError, match="missing-sequence"):
        vosbench.score(tmp_path / "preds", benchmark="long-rvos", data=root)
    run = vosbench.score(tmp_path / "preds", benchmark="long-rvos", data=root, missing="empty")
    assert [run.value(m) for m in ("J", "F", "tIoU", "vIoU")] == pytest.approx([0.75] * 4)


def revos(root: Path) -> Path:
    """Three annotations side by side; the foreground is all of them. Expression 2 is of the kind not averaged."""
    looks = {"10": ("xxxx", 0), "11": ("..x.", 1), "12": ("xxxx", 2)}
    masks = {
        key: [encode(draw(look, place)) if look != "." else None for look in timeline]
        for key, (timeline, place) in looks.items()
    }
    everything = [
        encode(np.any([draw(timeline[t], place) for timeline, place in looks.values()], axis=0)) for t in range(4)
    ]
    expressions = {
        "0": {"exp": "e", "anno_id": [10], "type_id": 0},
        "1": {"exp": "e", "anno_id": [11], "type_id": 1},
        "2": {"exp": "e", "anno_id": [], "type_id": 2},
    }
    meta = {"videos": {"v": {"expressions": expressions, "frames": [f"{t:05d}" for t in range(4)]}}}
    root.mkdir(parents=True)
    (root / "mask_dict.json").write_text(json.dumps(masks))
    (root / "mask_dict_foreground.json").write_text(json.dumps({"v": {"masks_rle": everything}}))
    (root / "meta_expressions_valid_.json").write_text(json.dumps(meta))
    return root


def test_revos(tmp_path: Path) -> None:
    root = revos(tmp_path / "data")
    check_benchmark("revos", data=root)
    from vosbench.masks.write import write_label_map

    # expression 0 is right but for a square that is not meant; expression 1 is missed, and 12 drawn in its place
    for t in range(4):
        write_label_map(
            tmp_path / f"preds/v/0/{t:05d}.png", (draw("x", 0) | (draw("x", 2) & (t == 1))).astype(np.uint8)
        )
        write_label_map(tmp_path / f"preds/v/1/{t:05d}.png", draw("x", 2).astype(np.uint8))
    run = vosbench.score(tmp_path / "preds", benchmark="revos", data=root)
    assert sorted(run.objects.sequence.unique()) == ["v/0", "v/1"]
    everything = np.array([200, 200, 300, 200])
    wrong = {"v/0": np.array([0, 100, 0, 0]), "v/1": np.array([100] * 4)}
    expected = {name: np.mean(1 - w / (everything + 1e-6)) for name, w in wrong.items()}
    found = run.objects[run.objects.measure == "R"].set_index("sequence").value.to_dict()
    assert found == pytest.approx(expected, abs=1e-12)
    assert found == pytest.approx({"v/0": 0.875, "v/1": 0.5416666683333334}, abs=1e-8)
    assert run.value("R", group="overall") == pytest.approx(np.mean(list(expected.values())))
    assert run.value("J", group="referring") == pytest.approx((3 + 0.5) / 4)


def test_robustness_needs_ground_truth_that_knows_all_objects(tmp_path: Path) -> None:
    preds, gt = written(tmp_path, VOTS)
    with pytest.raises(InputError, match="no-foreground") as refused:
        vosbench.score(preds, gt=gt, measures=("J", "R"))
    assert "leave R out" in str(refused.value)


def mevis_v2(root: Path) -> Path:
    """Expressions 0 and 1 mean an object, 2 and 3 none."""
    masks = {"10": [encode(draw(look, 0)) if look != "." else None for look in "xx.x"]}
    anno_ids: tuple[list[int], ...] = ([10], [10], [], [])
    expressions = {str(k): {"exp": "e", "anno_id": ids, "obj_id": ids} for k, ids in enumerate(anno_ids)}
    meta = {"videos": {"v": {"expressions": expressions, "frames": [f"{t:05d}" for t in range(4)]}}}
    (root / "valid_u").mkdir(parents=True)
    (root / "valid_u/mask_dict.json").write_text(json.dumps(masks))
    (root / "valid_u/meta_expressions_v2.json").write_text(json.dumps(meta))
    return root


def test_mevis_v2(tmp_path: Path) -> None:
    root = mevis_v2(tmp_path / "data")
    check_benchmark("mevis-v2", data=root)
    # one target found on a single frame and one overlooked; one absence respected, one mask where nothing is meant
    looks = {"v/0": {1: "x..."}, "v/1": {1: "...."}, "v/2": {1: "...."}, "v/3": {1: "...w"}}
    write_label_maps(tmp_path / "preds", looks)
    run = vosbench.score(tmp_path / "preds", data=root)
    assert run.spec.name == "mevis-v2"
    assert (run.value("N-acc"), run.value("T-acc")) == (0.5, 0.5)
    assert run.value("J") == pytest.approx((2 / 4 + 1 / 4 + 1 + 3 / 4) / 4)
    n = {c.measure: c.n for c in run.document.summary}
    assert (n["N-acc"], n["T-acc"], n["J"]) == (2, 2, 4)
    nothing = {c.measure: c.value for c in run.document.predicting_nothing}
    assert (nothing["N-acc"], nothing["T-acc"]) == (1, 0)


def test_a_lost_video_of_mevis_v2_is_wrong_about_what_it_was_asked(tmp_path: Path) -> None:
    root = mevis_v2(tmp_path / "data")
    write_label_maps(tmp_path / "preds", {"v/0": {1: "xx.x"}, "v/2": {1: "...."}})
    run = vosbench.score(tmp_path / "preds", data=root, missing="empty")
    assert (run.value("N-acc"), run.value("T-acc"), run.value("J")) == (0.5, 0.5, 0.5)


def test_favos_by_hand(tmp_path: Path) -> None:
    """Of the frames after the prompt the object is on 3: right, half right and missed; one absence is not respected."""
    looks = {"v": {1: "xxxx...."}}
    write_label_maps(tmp_path / "data/Annotations", looks)
    check_benchmark("favos", data=tmp_path / "data")
    write_label_maps(tmp_path / "preds", {"v": {1: "xxh...x."}})
    run = vosbench.score(tmp_path / "preds", benchmark="favos", data=tmp_path / "data")
    assert run.value("Jv") == pytest.approx((100 + 50) / (100 + 100 + 100 + 100))
    assert run.value("J") == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0 + 1) / 7)
    assert list(run.headline) == ["Jv&Fv"]


def test_secvos_is_scored_as_sav(tmp_path: Path) -> None:
    """The reference is SAM 2's sav_evaluator on another folder."""
    truth = {"v": {0: "xxxxx.xx", 1: "..xxxxxx"}, "u": {0: "xx.xx"}}
    write_object_tree(tmp_path / "secvos/Annotations", truth)
    write_object_tree(tmp_path / "sav/sav_val/Annotations_6fps", truth)
    check_benchmark("secvos", data=tmp_path / "secvos")
    write_object_tree(tmp_path / "preds", {"v": {0: "xxhxwxxx", 1: ".xxx..xx"}, "u": {0: "xx..x"}})
    ours = vosbench.score(tmp_path / "preds", benchmark="secvos", data=tmp_path / "secvos")
    theirs = vosbench.score(tmp_path / "preds", benchmark="sav", data=tmp_path / "sav")
    assert ours.document.summary == theirs.document.summary
    (tmp_path / "secvos/video_id.txt").write_text("u\n")
    one = vosbench.score(tmp_path / "preds", benchmark="secvos", data=tmp_path / "secvos")
    assert one.document.dataset.sequences == 1


def test_a_finished_run_holds_all_of_them(tmp_path: Path) -> None:
    """No mask is read: the masks are gone."""
    wanted = tuple(m for m in MEASURES if m not in ("T", "Fa", "R"))
    preds, gt = written(tmp_path, VOTS)
    fresh = vosbench.score(preds, gt=gt, measures=wanted)
    vosbench.score(preds, gt=gt).save(tmp_path / "run")
    shutil.rmtree(preds)
    shutil.rmtree(gt)
    again = rescore_saved(tmp_path / "run", measures=wanted)
    assert again.document.summary == fresh.document.summary
    assert set(again.frames_columns) == set(fresh.frames_columns)  # and the counts are the same seven


@pytest.mark.parametrize("name", [m for m in MEASURES if m not in ("T", "R")])
def test_a_right_prediction_has_the_best_value(tmp_path: Path, name: str) -> None:
    write_label_maps(tmp_path / "gt", {"a": {1: "xx" + "." * 12, 2: "xxx...x" + "x" * 7}})
    run = vosbench.score(tmp_path / "gt", gt=tmp_path / "gt", measures=(name,))
    assert run.document.summary[0].value in (None, float(MEASURES[name].higher_is_better))
    assert SHAPE == (48, 64)
