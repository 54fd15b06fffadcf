"""Worlds on which reference scorers were run: objects that come late, leave, return, or are never there; drawn alike.

The generator is NumPy's legacy one, whose numbers never change. Each function writes ground truth below ``root/data``
and predictions below ``root/preds``, and returns what :func:`vosbench.score` needs beside them.
"""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np

from vosbench.masks.write import write_label_map

Stack = np.ndarray
Videos = dict[str, Stack]


def video(rng: np.random.RandomState, frames: int, objects: int, shape: tuple[int, int]) -> Stack:
    """Rectangles that walk about; each is there throughout, late, early, or now and then."""
    masks = np.zeros((frames, *shape), np.uint8)
    for label in range(1, objects + 1):
        top, left = rng.randint(0, shape[0] - 8), rng.randint(0, shape[1] - 8)
        height, width = rng.randint(4, 15, 2)
        kind, split = rng.randint(0, 4), rng.randint(0, frames + 1)
        for t in range(frames):
            top, left = max(top + rng.randint(-2, 3), 0), max(left + rng.randint(-2, 3), 0)
            if (True, t >= split, t < split, rng.randint(0, 2) > 0)[kind]:
                masks[t, top : top + height, left : left + width] = label
    return masks


def prediction(rng: np.random.RandomState, masks: Stack, labels: dict[int, int] | None = None) -> Stack:
    """Objects moved by some pixels, lost on some frames and drawn on others where they are not."""
    guess = np.zeros_like(masks)
    for label in range(1, int(masks.max()) + 1):
        shift, last = rng.randint(-2, 3, 2), masks[0] == label
        for t, frame in enumerate(masks):
            here = frame == label
            last = here if here.any() else last
            if rng.randint(0, 10) < (8 if here.any() else 5):
                guess[t][np.roll(last, shift, (0, 1))] = label if labels is None else labels.get(label, 0)
    return guess


def videos(rng: np.random.RandomState, lengths: list[int], objects: list[int], shape: tuple[int, int]) -> Videos:
    return {f"v{i}": video(rng, n, k, shape) for i, (n, k) in enumerate(zip(lengths, objects, strict=True))}


def save(folder: Path, found: Videos, stems: Callable[[int], str] = "{:05d}".format) -> None:
    for name, stack in found.items():
        for t, mask in enumerate(stack):
            write_label_map(folder / name / f"{stems(t)}.png", mask)


def proposals(rng: np.random.RandomState, n: int) -> dict[int, int]:
    """Other numbers, 1 to 20, for the first 20 of n objects."""
    return dict(zip(range(1, n + 1), (rng.permutation(20) + 1).tolist(), strict=False))


def lvos(root: Path, seed: int, *, unsupervised: bool, most: int = 3) -> dict[str, object]:
    """Each object has a range of its own; ``frame_nums`` is its length or up to two more."""
    rng = np.random.RandomState(seed)
    found = videos(rng, [9, 7, 8, 6], [1, most, most, 1] if most > 1 else [1] * 4, (50, 64))
    guess = {n: prediction(rng, m, proposals(rng, 20) if unsupervised else None) for n, m in found.items()}
    save(root / "data/valid/Annotations", found, lambda t: f"{1 + 5 * t:08d}")
    save(root / "preds", guess, lambda t: f"{1 + 5 * t:08d}")
    listed = {}
    for name, masks in found.items():
        spans = {}
        for label in range(1, max(int(masks.max()), 1) + 1):
            first, beyond = int(rng.randint(0, 2)) if most > 1 else 0, int(rng.randint(0, 3))
            span = {"start": f"{1 + 5 * first:08d}", "end": f"{1 + 5 * len(masks):08d}"}
            spans[str(label)] = {"frame_range": span | {"frame_nums": str(len(masks) - first + beyond)}}
        listed[name] = {"objects": spans}
    (root / "data/valid/valid_meta.json").write_text(json.dumps({"videos": listed}))
    (root / "data/unseen_videos.txt").write_text("v1\nv3\n")
    (root / "data/unsupervised_videos.txt").write_text("".join(f"{name}\n" for name in found))
    return {"data": root / "data"}


def lvos_single(root: Path, seed: int) -> dict[str, object]:
    options = lvos(root, seed, unsupervised=False, most=1)
    for path in (root / "data").rglob("*.png"):
        add_void(path)
    return options


def add_void(path: Path) -> None:
    """A region of label 255 in the corner."""
    from PIL import Image

    labels = np.array(Image.open(path))
    labels[-6:, -6:] = 255
    write_label_map(path, labels)


def davis_unsupervised(root: Path, seed: int) -> dict[str, object]:
    """25 objects and 7, 20 proposals at most; in one sequence the first frame shows only void."""
    rng = np.random.RandomState(seed)
    found = videos(rng, [4, 3, 5, 1], [25, 7, 2, 22], (70, 90))
    guess = {n: prediction(rng, m, proposals(rng, int(m.max()))) for n, m in found.items()}
    found["v2"][0] = 255 * (found["v2"][0] > 0)
    found["v0"][2, :9, :9] = 255
    save(root / "data/Annotations_unsupervised/480p", found)
    save(root / "preds", guess)
    (root / "data/ImageSets/2017").mkdir(parents=True)
    (root / "data/ImageSets/2017/val.txt").write_text("".join(f"{name}\n" for name in found))
    return {"data": root / "data"}


def jjvalid(root: Path, seed: int) -> dict[str, object]:
    """Objects are listed from their first frame to their last or further; videos of one and two frames."""
    rng = np.random.RandomState(seed)
    found = videos(rng, [10, 9, 1, 2, 3], [3, 2, 1, 1, 2], (50, 64))
    save(root / "data/train/Annotations", found, lambda t: f"{5 * t:05d}")
    save(root / "preds", {n: prediction(rng, m) for n, m in found.items()}, lambda t: f"{5 * t:05d}")
    listed = {}
    for name, masks in found.items():
        objects = {}
        for label in range(1, max(int(masks.max()), 1) + 1):
            seen = np.flatnonzero((masks == label).any((1, 2))).tolist() or [0]
            frames = [f"{5 * t:05d}" for t in range(seen[0], seen[-1] + 1)]
            objects[str(label)] = {"category": "cat", "frames": frames}
        listed[name] = {"objects": objects}
    (root / "data/train/meta.json").write_text(json.dumps({"videos": listed}))
    (root / "data/jj.txt").write_text("".join(f"{name}\n" for name in found))
    return {"data": root / "data", "split": str(root / "data/jj.txt")}


def foreground(root: Path, seed: int, *, best: bool = False) -> dict[str, object]:
    """One object a sequence, away for many frames; several masks to choose from, or one."""
    rng = np.random.RandomState(seed)
    found = videos(rng, [12, 9, 1, 2, 3], [1, 2, 1, 1, 1], (50, 64))
    found["v0"][3:8] = 0
    guess = {n: prediction(rng, m) for n, m in found.items()}
    save(root / "data/Annotations", found)
    save(root / "preds", guess if best else {n: (m > 0).astype(np.uint8) for n, m in guess.items()})
    return {"data": root / "data"}


def mose(root: Path, seed: int, *, shape: tuple[int, int]) -> dict[str, object]:
    """Videos of one, two and three frames beside longer ones; one object disappears and reappears for certain."""
    rng = np.random.RandomState(seed)
    found = videos(rng, [10, 1, 2, 3, 12], [3, 2, 1, 2, 2], shape)
    found["v0"][[3, 4, 7]] = 0
    guess = {n: prediction(rng, m) for n, m in found.items()}
    save(root / "data/valid/Annotations", found)
    save(root / "preds", guess)
    sizes = {"height": shape[0], "width": shape[1]}
    listed = {
        name: {"length": len(m), **sizes, "objects": [str(k) for k in range(1, max(int(m.max()), 1) + 1)]}
        for name, m in found.items()
    }
    (root / "data/valid/meta.json").write_text(json.dumps({"videos": listed}))
    return {"data": root / "data"}
