"""Measure what each deviation from a reference tool does to a score: our rule and the tool's on the same masks.

    python benchmarks/deviations.py [--data FOLDER]

The tool's rule is written here as plainly as it can be. Masks are drawn: ten frames or fewer of squares that are right,
half right, in a wrong place or absent. What is measured on real masks, in FOLDER, is in ``deviations_on_davis.py``. The
"Effect" entries of the protocols quote what this prints.
"""

import argparse
import json
import os
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

import vosbench
from vosbench.errors import InputError
from vosbench.masks.write import write_label_map
from vosbench.measures import contour_f, jaccard, statistics
from vosbench.testing import draw, write_label_maps

RIGHT, HALF, WRONG, EMPTY = (draw(look, 0) for look in "xhw.")


def decay(values: np.ndarray) -> float:
    """Decay of one sequence as vosbench has it."""
    return float(statistics.segmented("decay", values, np.zeros(len(values), int), 1)[0])


def decay_8bit(values: np.ndarray) -> float:
    """As the DAVIS toolkit cuts its quarters: with indices of eight bits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        at = (np.round(np.linspace(1, len(values), 5) + 1e-10) - 1).astype(np.uint8)
        quarters = [values[at[k] : at[k + 1] + np.uint8(1)] for k in range(4)]
        return float(np.nanmean(quarters[0]) - np.nanmean(quarters[3]))


def long_decay(_: Path) -> str:
    ramps = {n: np.linspace(1, 0, n) for n in (*range(1, 256), 256, 400)}
    assert all(abs(decay_8bit(ramps[n]) - decay(ramps[n])) < 1e-12 for n in range(1, 256))
    ours, at_256, at_400 = decay(ramps[400]), decay_8bit(ramps[256]), decay_8bit(ramps[400])
    assert np.isnan(at_256)
    return f"none up to 255 frames; decay {ours:.2f} here against not-a-number over 256 frames, {at_400:.2f} over 400."


def row_decay(_: Path) -> str:
    falling = np.linspace(1, 0, 100)
    ours, theirs = decay(falling), decay_8bit(falling[None])
    return f"decay {theirs:.2f} there for a J that falls from 1 to 0, whose decay is {ours:.2f}; none on other numbers."


def missing_mask(tmp: Path) -> str:
    return _refused(tmp, "davis2017", {1: "xxxx"}, {1: "xx"}) + "."


def stray_label(tmp: Path) -> str:
    return _refused(tmp, "davis2017", {1: "xxxx"}, {1: "xxxx", 2: "xxxx"}) + "; none where all is in order."


def many_proposals(tmp: Path) -> str:
    return _refused(tmp, "davis2017-unsupervised", {1: "xxxx"}, {1: "xxxx", 21: "xxxx"}) + "; none up to 20."


def left_out(tmp: Path) -> str:
    refused = _refused(tmp, "davis2017-unsupervised", {1: "xxxx"}, {1: "xxxx", 21: "xxxx"})
    theirs = _folder(tmp / "kept", "davis2017-unsupervised", {1: "xxxx"}, {1: "xxxx"})
    here = refused.removesuffix(" on either side")
    return f"none up to 20; {here} here against J {theirs:.0f} for a perfect mask beside such a one."


def stale_cache(_: Path) -> str:
    ours, theirs = contour_f(gt=RIGHT, pred=RIGHT), contour_f(gt=WRONG, pred=RIGHT)
    return f"none with an empty cache; F {ours:.0f} here against {theirs:.0f} where it holds another video's contours."


def binary_truth(tmp: Path) -> str:
    ours = _folder(tmp, "first-appearance", {255: "xxxx"}, {1: "xxxx"})
    theirs = np.mean([jaccard(gt=RIGHT, pred=EMPTY)] * 2)  # label 1 is another object
    return f"J {ours:.0f} here against {theirs:.0f} for a perfect mask of 0 and 1; none for 0 and 255 on both sides."


def void_only(tmp: Path) -> str:
    ours = _folder(tmp, "folder", {255: "xxxx"}, {1: "xxxx"})
    labels = np.where(RIGHT, 255, 0)
    objects = int(labels[labels != 255].max())  # as davis2017-evaluation counts them
    return f"J {ours:.0f} for a perfect mask, where DAVIS takes 255 for void and finds {objects} objects."


def late_object(tmp: Path) -> str:
    truth, guess = {1: "xxxxxx", 2: "...xxx"}, {1: "xxxxxx"}
    ours, theirs = (_folder(tmp / p, p, truth, guess) for p in ("folder", "davis2017"))
    return f"J {ours:.2f} here against {theirs:.2f}, an object that appears half-way being missed."


def _mose(root: Path, looks: dict[str, dict[int, str]]) -> Path:
    write_label_maps(root / "valid/Annotations", looks)
    videos = {name: {"objects": [str(k) for k in objects]} for name, objects in looks.items()}
    (root / "valid/meta.json").write_text(json.dumps({"videos": videos}))
    return root


def lost_video(tmp: Path) -> str:
    looks = {"a": {1: "xxx..xx.xx"}, "b": {1: "xxx..xx.xx"}}
    write_label_maps(tmp / "preds", {"a": looks["a"]})
    run = vosbench.score(tmp / "preds", benchmark="mose-v2", data=_mose(tmp / "d", looks), missing="empty")
    alone = vosbench.score(tmp / "preds", benchmark="mose-v2", data=_mose(tmp / "e", {"a": looks["a"]}))
    ours, theirs = run.value("Js&Fa", "reappear"), alone.value("Js&Fa", "reappear")
    return f"reappear {ours:.2f} here against {theirs:.2f} where one of two videos is lost; none where all are there."


def by_position(tmp: Path) -> str:
    truth = "xxxwwwxxxx"
    write_label_maps(tmp / "preds", {"a": {1: truth}})
    Image.open(tmp / "preds/a/00000.png").save(tmp / "preds/a/00000_0.png")  # sorts second: all others move by one
    ours = vosbench.score(tmp / "preds", benchmark="mose-v2", data=_mose(tmp / "d", {"a": {1: truth}})).value("Js")
    shifted = [truth[max(t - 1, 0)] for t in range(10)]
    pairs = [(draw(truth[t], 0), draw(shifted[t], 0)) for t in range(1, 9)]
    theirs = np.mean([((g & p).sum() + 1) / ((g | p).sum() + 1) for g, p in pairs])
    return f"J {ours:.2f} here against {theirs:.2f} for a perfect folder with one file too many; else none."


def as_palette(_: Path) -> str:
    red = Image.fromarray((RIGHT[..., None] * np.array([128, 0, 0])).astype(np.uint8))
    read = np.asarray(red.convert("P"))
    one_bit = np.asarray(Image.fromarray(RIGHT).convert("P"))
    return (
        f"label 1 becomes {read[RIGHT][0]} there where it was written as red, {one_bit[RIGHT][0]} in a one-bit file; "
        "none for palette files."
    )


def part_of_the_videos(tmp: Path) -> str:
    write_label_maps(tmp / "gt", {"a": {1: "xxxx"}, "b": {1: "xxxx"}})
    write_label_maps(tmp / "common", {"a": {1: "xxxx"}})
    options = {"protocol": "first-appearance", "missing": "empty"}
    ours, theirs = (vosbench.score(tmp / "common", gt=tmp / gt, **options).value("J") for gt in ("gt", "common"))
    return (
        f"J {ours:.2f} here, with --missing empty, against {theirs:.2f} where one of two videos is lost; none where "
        "all are there."
    )


def own_list(tmp: Path) -> str:
    """An object whose list ends after 5 of 10 annotated frames, half right on one of them, dropped or drawn on."""
    j = {}
    for name, look in (("dropped", "xxhxx....."), ("drawn", "xxhxxxxxxx")):
        root = tmp / name
        write_label_maps(root / "valid/Annotations", {"v": {1: "xxxxx....."}})
        write_label_maps(root / "preds", {"v": {1: look}})
        listed = {"category": "cat", "frames": [f"{t:05d}" for t in range(5)]}
        (root / "valid/meta.json").write_text(json.dumps({"videos": {"v": {"objects": {"1": listed}}}}))
        train = {"videos": {"t": {"objects": {"1": listed | {"frames": []}}}}}  # whose categories are seen
        (root / "train").mkdir()
        (root / "train/meta.json").write_text(json.dumps(train))
        for protocol in ("youtube-vos-2019", "ytvos-jjvalid"):
            run = vosbench.score(root / "preds", benchmark=protocol, data=root, split="valid")
            j[name, protocol] = run.value("J", group="all")
    ours = j["dropped", "youtube-vos-2019"]
    assert ours == j["drawn", "youtube-vos-2019"]
    dropped, drawn = j["dropped", "ytvos-jjvalid"], j["drawn", "ytvos-jjvalid"]
    return (
        f"J {ours:.2f} here where an object leaves half-way, against {dropped:.2f} there if it is dropped and "
        f"{drawn:.2f} if it is drawn on; none where its list ends with the sequence."
    )


def tiny_image(tmp: Path) -> str:
    """A square of 10 pixels on images of 40 x 50, whose diagonal is 64 pixels."""
    f = {}
    for name, shift in (("right", 0), ("moved", 1)):
        mask = np.zeros((40, 50), np.uint8)
        mask[5:15, 5:15] = 1
        for t in range(4):
            write_label_map(tmp / name / f"data/valid/Annotations/v/{t:05d}.png", mask)
            write_label_map(tmp / name / f"preds/v/{t:05d}.png", np.roll(mask, (shift, shift), (0, 1)))
        (tmp / name / "data/valid/meta.json").write_text(json.dumps({"videos": {"v": {"objects": ["1"]}}}))
        f[name] = vosbench.score(tmp / name / "preds", benchmark="mose-v2", data=tmp / name / "data").value("Fa")
    right, moved = f.values()
    return f"none against the reference: Fa {right:.2f} for a perfect square, {moved:.2f} for one moved by a pixel."


def ignored_regions(_: Path) -> str:
    void = RIGHT & ~HALF
    ours = jaccard(gt=HALF, pred=RIGHT)
    paper = jaccard(gt=HALF, pred=RIGHT, void=void)
    return f"none against the code; J {ours:.2f} against {paper:.2f} if the other half of a square were ignored."


def cut_labels(tmp: Path) -> str:
    ours = _folder(tmp, "vost", {1: "xxxx"}, {1: "xxxx", 2: "xxxx"})
    theirs = jaccard(gt=RIGHT, pred=RIGHT)
    return f"J {ours:.0f} here and {theirs:.0f} there for a perfect object beside one too many."


def swapped(tmp: Path) -> str:
    truth = {1: "xxxx", 2: "hhhh"}
    by_id = _folder_swapped(tmp / "id", "davis2017", truth)
    matched = _folder_swapped(tmp / "matched", "ref-davis2017", truth)
    return (
        f"none against the reference; J {matched:.0f} for two swapped objects, {by_id:.0f} if they were paired by name."
    )


def proposal_order(tmp: Path) -> str:
    truth = {1: "xxxx", 2: "xxxx"}
    run = _run_swapped(tmp, "davis2017-unsupervised", truth, {1: "hhhh", 2: "xxxx"})
    rows = run.objects[(run.objects.measure == "J") & (run.objects.statistic == "mean")]
    theirs = " and ".join(f"{v:.1f}" for v in rows.sort_values("proposal").value)
    ours = " and ".join(f"{v:.1f}" for v in rows.value)
    return f"none on the mean; rows _1 and _2 have J {ours} here, {theirs} there, for two swapped objects."


def merged_objects(_: Path) -> str:
    both = draw("x", 0) | draw("x", 1)
    ours, theirs = jaccard(gt=both, pred=both), np.mean([jaccard(gt=draw("x", k), pred=both) for k in (0, 1)])
    return f"none for videos of one object; J {ours:.1f} here against {theirs:.1f} for two that are found."


def marked_first_frame(tmp: Path) -> str:
    """As the VOT toolkit scores a run: the first frame has a mark without pixels, so its overlap is 0."""
    truth, guess = ({name: {k: looks[i] for k, looks in o.items()} for name, o in VOTS.items()} for i in (0, 1))
    write_label_maps(tmp / "gt", truth)
    write_label_maps(tmp / "preds", guess)
    ours = vosbench.score(tmp / "preds", gt=tmp / "gt", protocol="vots").value("Q")
    overlaps = {
        name: [[_overlap(*pair) for pair in zip(*looks, strict=True)] for looks in objects.values()]
        for name, objects in VOTS.items()
    }
    theirs = np.mean([np.mean([np.mean([0, *o[1:]]) for o in objects]) for objects in overlaps.values()])
    return (
        f"Q {ours:.2f} here against {theirs:.2f} there on two drawn sequences of 14 frames; the longer the sequence, "
        "the less."
    )


#: Two sequences of two and three objects: what is true and what is predicted.
VOTS = {
    "a": {1: ("x" * 14, "xxhw.xhxxxxxxx"), 2: ("xx" + "." * 12, "xx..x...xx....")},
    "b": {
        1: ("xx...xx.......", "xx.x.wx......."),
        2: ("x" + "." * 13, "x" + "." * 13),
        3: ("xxxxx" + "." * 9, "x..ww" + "." * 9),
    },
}


def _overlap(gt: str, pred: str) -> float:
    return float(jaccard(gt=draw(gt, 0), pred=draw(pred, 0)))


def grey_robustness(_: Path) -> str:
    """As get_r2vos_robustness of ReVOS multiplies: masks as eight-bit numbers, those of the prediction 0 and 255."""
    gt, everything = draw("x", 0).astype(np.uint8), sum(draw("x", k).astype(np.uint8) for k in range(4))
    pred = gt.copy()
    pred[20:24, 18:23] = 1
    outside, all_pixels = int((pred > gt).sum()), int(everything.sum())
    ours = max(1 - outside / all_pixels, 0)
    theirs = max(1 - int(((1 - gt) * (pred * np.uint8(255))).sum()) / all_pixels, 0)
    return (
        f"R {ours:.2f} here against {theirs:.2f} there where the masks hold 0 and 255; none where they hold 0 and 1 "
        "and no annotations overlap."
    )


def _refused(tmp: Path, protocol: str, truth: dict[int, str], guess: dict[int, str]) -> str:
    """The tools stop as well, with exit code 0."""
    try:
        _folder(tmp, protocol, truth, guess)
    except InputError:
        return "no score on either side"
    raise AssertionError("it was scored")


def _folder(tmp: Path, protocol: str, truth: dict[int, str], guess: dict[int, str]) -> float:
    write_label_maps(tmp / "gt", {"a": truth})
    write_label_maps(tmp / "preds", {"a": guess})
    return vosbench.score(tmp / "preds", gt=tmp / "gt", protocol=protocol).value("J")


def _run_swapped(tmp: Path, protocol: str, truth: dict[int, str], guess: dict[int, str]) -> vosbench.RunResult:
    """Two objects predicted under each other's label."""
    write_label_maps(tmp / "gt", {"a": truth})
    write_label_maps(tmp / "preds", {"a": guess})
    for path in (tmp / "preds/a").glob("*.png"):
        labels = np.asarray(Image.open(path))
        Image.fromarray(np.array([0, 2, 1], np.uint8)[labels]).save(path)
    return vosbench.score(tmp / "preds", gt=tmp / "gt", protocol=protocol)


def _folder_swapped(tmp: Path, protocol: str, truth: dict[int, str]) -> float:
    return _run_swapped(tmp, protocol, truth, truth).value("J")


#: Each takes an empty folder and returns a sentence.
DRAWN: tuple[Callable[[Path], str], ...] = (
    long_decay, row_decay, missing_mask, stray_label, many_proposals, left_out, stale_cache, binary_truth, void_only,
    late_object, lost_video, by_position, as_palette, part_of_the_videos, own_list, tiny_image, ignored_regions,
    cut_labels, swapped, proposal_order, merged_objects, marked_first_frame, grey_robustness,
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("VOSBENCH_TEST_DATA"), metavar="FOLDER")
    data = parser.parse_args().data
    print("| Measured | Effect |\n| --- | --- |")
    for measure in DRAWN:
        with tempfile.TemporaryDirectory() as folder:
            print(f"| {measure.__name__.replace('_', ' ')} | {measure(Path(folder))} |", flush=True)
    if data:
        from deviations_on_davis import REAL
    for measure in REAL if data else ():
        print(f"| {measure.__name__.replace('_', ' ')} | {measure(Path(data))} |", flush=True)


if __name__ == "__main__":
    main()
