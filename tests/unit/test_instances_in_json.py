"""Run-length encodings and JSON documents of instances: equal to pycocotools, and safe where that is not."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

import vosbench
from vosbench.errors import InputError
from vosbench.masks.rle import open_instances
from vosbench.masks.run_lengths import EncodingError, RunLengths, decode
from vosbench.testing import SHAPE, draw, write_label_maps

mask_coder = pytest.importorskip("pycocotools.mask", reason="pycocotools is not installed")


def encode(mask: np.ndarray) -> dict[str, object]:
    encoded = mask_coder.encode(np.asfortranarray(mask.astype(np.uint8)))
    return {"size": [int(n) for n in encoded["size"]], "counts": encoded["counts"].decode()}


def lengths(mask: np.ndarray) -> list[int]:
    flat = np.concatenate([[False], mask.T.ravel()])
    edges = np.flatnonzero(np.diff(flat, append=~flat[-1]))
    return np.diff(edges, prepend=0).tolist() if flat.any() else [mask.size]


@given(npst.arrays(bool, npst.array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_decodes_what_pycocotools_encodes(mask: np.ndarray) -> None:
    assert (decode(RunLengths(**encode(mask))) == mask).all()
    assert (decode(RunLengths(size=mask.shape, counts=lengths(mask))) == mask).all()


def test_long_runs() -> None:
    mask = np.zeros((1080, 1920), bool)
    mask[300:800, 200:1900] = True
    assert (decode(RunLengths(**encode(mask))) == mask).all()


@pytest.mark.parametrize(
    ("size", "counts"),
    [
        ((4, 4), [15]),
        ((4, 4), [17]),
        ((4, 4), [-1, 17]),
        ((4, 4), [1 << 62, 1 << 62]),
        ((1 << 20, 1 << 20), [1 << 40]),
        ((0, 4), []),
        ((-4, -4), [16]),
        ((4, 4), "o" * 40),
        ((4, 4), "é"),
        ((4, 4), "P"),
        ((4, 4), ""),
        ((4, 4), "ooooooo0"),
    ],
)
def test_refuses(size: tuple[int, int], counts: object) -> None:
    with pytest.raises(EncodingError):
        decode(RunLengths(size=size, counts=counts))  # type: ignore[arg-type]


@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=30))
def test_any_text_is_a_mask_or_refused(text: str) -> None:
    with contextlib.suppress(EncodingError):
        assert decode(RunLengths(size=(5, 7), counts=text)).shape == (5, 7)


def document(looks: dict[str, dict[int, str]]) -> dict[str, object]:
    videos, annotations = [], []
    for v, (name, objects) in enumerate(sorted(looks.items()), start=1):
        frames = max(map(len, objects.values()))
        size = {"height": SHAPE[0], "width": SHAPE[1]}
        videos.append({"id": v, "file_names": [f"{name}/{t:05d}.jpg" for t in range(frames)], **size})
        for place, (label, timeline) in enumerate(sorted(objects.items())):
            masks = [None if look == "." else encode(draw(look, place)) for look in timeline]
            annotations.append({"id": len(annotations), "video_id": v, "segmentations": masks, "object": label})
    return {"videos": videos, "annotations": annotations}


TRUTH = {"a": {1: "xxxxxx", 2: "..xx.x"}, "b": {1: "xx..xx"}}
GUESS = {"a": {1: "xxhwxx", 2: "..x..."}, "b": {1: "xxx.xx"}}


@pytest.mark.parametrize(("gt_json", "pred_json"), [(True, True), (True, False), (False, True)])
def test_json_scores_like_png(tmp_path: Path, gt_json: bool, pred_json: bool) -> None:
    write_label_maps(tmp_path / "gt", TRUTH)
    write_label_maps(tmp_path / "preds", GUESS)
    (tmp_path / "gt.json").write_text(json.dumps(document(TRUTH)))
    (tmp_path / "preds.json").write_text(json.dumps(document(GUESS)))
    png = vosbench.score(tmp_path / "preds", gt=tmp_path / "gt")
    run = vosbench.score(
        tmp_path / ("preds.json" if pred_json else "preds"), gt=tmp_path / ("gt.json" if gt_json else "gt")
    )
    assert run.document.summary == png.document.summary


def test_results_without_videos_are_numbered_by_score(tmp_path: Path) -> None:
    """Results of instance segmentation against YouTube-VIS ground truth, paired by the best assignment."""
    (tmp_path / "gt.json").write_text(json.dumps(document({"a": {1: "xxxx", 2: "xxxx"}})))
    one, two = (document({"a": {1: "xxxx", 2: looks}})["annotations"] for looks in ("xxxx", "xxww"))
    results = [
        {"video_id": 1, "score": 0.3, "category_id": 1, "segmentations": one[0]["segmentations"]},  # type: ignore[index]
        {"video_id": 1, "score": 0.9, "category_id": 1, "segmentations": two[1]["segmentations"]},  # type: ignore[index]
    ]
    (tmp_path / "results.json").write_text(json.dumps(results))
    run = vosbench.score(tmp_path / "results.json", gt=tmp_path / "gt.json", protocol="davis2017-unsupervised")
    table = run.objects[run.objects.measure == "J&F"].set_index("object")
    assert table.proposal.to_dict() == {1: 2, 2: 1}
    assert table.value.to_dict() == {1: 1.0, 2: 0.5}
    with pytest.raises(InputError, match="names no frames"):
        open_instances(tmp_path / "results.json")


def test_overlapping_instances(tmp_path: Path) -> None:
    both = {"a": {1: "xxxx", 2: "hhhh"}}
    data = document(both)
    half = [encode(draw("h", 0))] * 4
    data["annotations"][1]["segmentations"] = half  # type: ignore[index]
    (tmp_path / "gt.json").write_text(json.dumps(data))
    run = vosbench.score(tmp_path / "gt.json", gt=tmp_path / "gt.json")
    assert run.value("J&F") == 1.0
    assert run.frames.gt_area.tolist() == [100, 100, 50, 50]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d["annotations"][0]["segmentations"].__setitem__(1, {"size": [2, 2], "counts": [4]}), "of size"),
        (lambda d: d["annotations"][0]["segmentations"].__setitem__(1, {"size": [*SHAPE], "counts": [4]}), "add up"),
        (lambda d: d["annotations"][0].update(video_id=9), "video 9, which is not there"),
        (lambda d: d["annotations"][0].update(object=2), "there twice"),
        (lambda d: d.pop("videos"), "not readable as instances"),
    ],
)
def test_hostile_documents(tmp_path: Path, change: object, message: str) -> None:
    data = document({"a": {1: "xxxx", 2: "xxxx"}})
    change(data)  # type: ignore[operator]
    (tmp_path / "preds.json").write_text(json.dumps(data))
    (tmp_path / "gt.json").write_text(json.dumps(document({"a": {1: "xxxx", 2: "xxxx"}})))
    with pytest.raises(InputError, match=message):
        vosbench.score(tmp_path / "preds.json", gt=tmp_path / "gt.json")
