"""A small dataset on disk, and models small enough to know what they must answer."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from vosbench.errors import InputError, Problem
from vosbench.models.interface import ModelSpec, SoftMasks
from vosbench.types import Sequence


@dataclass
class Masks:
    """Label maps in memory."""

    maps: dict[str, dict[str, np.ndarray]]
    name: str = "memory"
    reads: list[tuple[str, str]] = field(default_factory=list)

    def sequences(self):
        return tuple(sorted(self.maps))

    def frames(self, sequence):
        return tuple(sorted(self.maps.get(sequence, ())))

    def read(self, sequence, frame):
        self.reads.append((sequence, frame))
        return (self.maps[sequence][frame],)

    def where(self, sequence, frame=None):
        return f"{sequence}/{frame}"


@dataclass
class Videos:
    """A dataset of one split, "val"."""

    root: Path
    list: tuple[Sequence, ...]
    truth: Masks

    def splits(self):
        return ("val",)

    def sequences(self, split):
        if split != "val":
            raise InputError([Problem(code="no-split", message="no split", where=str(self.root), fix="val")])
        return self.list

    def masks(self, split):
        return self.truth


def square(height, width, top, left, side=6, label=1):
    labels = np.zeros((height, width), np.uint8)
    labels[top : top + side, left : left + side] = label
    return labels


def make_videos(root, *, names=("a", "b", "c", "d"), frames=5, size=(24, 36), annotated=None, maps=None):
    """Videos of a bright square that moves two pixels a frame; object 1, and object 2 from frame 2 on in "b"."""
    rng = np.random.default_rng(0)
    sequences, truth = [], {}
    for name in names:
        folder = root / "JPEGImages" / name
        folder.mkdir(parents=True)
        truth[name] = {}
        for t in range(frames):
            labels = maps[name][t] if maps else square(*size, 4, 2 + 2 * t)
            if name == "b" and t >= 2 and not maps:
                labels = np.maximum(labels, square(*size, 14, 20, label=2))
            image = rng.integers(0, 60, (*size, 3), np.uint8) + (labels[..., None] * 90).astype(np.uint8)
            Image.fromarray(image).save(folder / f"{t:05}.png")
            if annotated is None or t in annotated:
                truth[name][f"{t:05}"] = labels
        sequences.append(Sequence(name=name, frames=tuple(truth[name]), images=folder))
    return Videos(root, tuple(sequences), Masks(truth))


class Remember:
    """Predicts what was committed last; keeps a diary of its calls."""

    def __init__(self, spec=None, fail_on=()):
        self.spec = spec or ModelSpec(name="remember")
        self.fail_on = fail_on
        self.diary = []

    def open(self, video):
        if video.name in self.fail_on:
            raise RuntimeError(f"no idea about {video.name}")
        return RememberSession(self, video)


class RememberSession:
    def __init__(self, model, video):
        self.model, self.video = model, video
        self.last = None

    def predict(self, index, image):
        assert image.shape == (self.video.height, self.video.width, 3)
        assert image.dtype == np.uint8
        self.model.diary.append(("predict", self.video.name, index, image))
        return self.last

    def commit(self, index, image, masks, *, given):
        self.model.diary.append(("commit", self.video.name, index, masks, given))
        self.last = masks


class Brightness:
    """Answers every object with a function of the frame alone, so that flips and scales must agree."""

    def __init__(self, spec=None):
        self.spec = spec or ModelSpec(name="brightness", merge="soft-aggregation")

    def open(self, video):
        return BrightnessSession()


class BrightnessSession:
    ids = ()

    def predict(self, index, image):
        value = image.astype(np.float32).mean(axis=-1) / 255
        return SoftMasks(ids=self.ids, probabilities=np.stack([value / k for k in self.ids]).astype(np.float32))

    def commit(self, index, image, masks, *, given):
        self.ids = masks.ids


def read_png(path):
    return np.asarray(Image.open(path))
