"""Discs on textured green, whose texture moves with them."""

import numpy as np
from PIL import Image
from vosbench_baselines.data.folders import read_labels

from tests.unit.fake_videos import make_videos
from vosbench.models.predict import predict

GREEN, RED, BLUE = (40, 140, 60), (210, 40, 40), (40, 40, 210)


def frame(*things, size=(96, 128)):
    """A picture of textured green with discs (colour, row, column, radius), and their label map."""
    rng = np.random.default_rng(0)
    noise = rng.integers(-25, 26, (*size, 1))
    picture = np.broadcast_to(GREEN, (*size, 3)) + noise
    labels = np.zeros(size, np.uint8)
    y, x = np.mgrid[: size[0], : size[1]]
    for label, (colour, row, column, radius) in enumerate(things, start=1):
        inside = (y - row) ** 2 + (x - column) ** 2 <= radius**2
        labels[inside] = label
        moving = np.roll(noise, (row, column), (0, 1))  # the texture goes with the disc
        picture = np.where(inside[..., None], colour + moving, picture)
    return picture.clip(0, 255).astype(np.uint8), labels


def overlap(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


def late_second_object(model, folder):
    """J of both objects on the last of five frames, predicted by the runner; the second comes on the third frame."""
    frames = [frame((RED, 40, 30 + 4 * t, 12), *([(BLUE, 70, 100 - 3 * t, 10)] if t >= 2 else [])) for t in range(5)]
    maps = {"pair": [labels for _, labels in frames]}
    dataset = make_videos(folder / "data", names=("pair",), size=(96, 128), maps=maps)
    for t, (image, _) in enumerate(frames):
        Image.fromarray(image).save(folder / "data/JPEGImages/pair" / f"{t:05}.png")
    predict(dataset, split="val", models=[model], out=folder / "out")
    last = read_labels(folder / "out/pair/00004.png", binary=False)
    return [overlap(last == label, frames[-1][1] == label) for label in (1, 2)]
