"""Draw a whole dataset to disk, in the YouTube-VOS or the DAVIS-2017 layout.

::

    youtube-vos   <root>/{train,valid}/{JPEGImages,Annotations}/<video>/<frame>.{jpg,png}
                  <root>/{train,valid}/meta.json                      frames are numbered in steps of 5 (6 of 30 Hz)
    davis2017     <root>/{JPEGImages,Annotations}/480p/<video>/<frame>.{jpg,png}
                  <root>/ImageSets/2017/{train,val}.txt               every object is visible on its first frame

The evaluation split (valid, val) is what the caller asks for; the training split is three short videos that hold every
seen category. Ground truth is complete and public in both.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from types import MappingProxyType

import numpy as np
from PIL import Image

from vosbench.errors import UsageError
from vosbench.files import new_folder
from vosbench.masks.write import write_label_map
from vosbench.synthetic.backgrounds import BACKGROUNDS
from vosbench.synthetic.render import render
from vosbench.synthetic.shapes import SEEN, UNSEEN
from vosbench.synthetic.staging import Staged, stage
from vosbench.synthetic.textures import Shape

JPEG_QUALITY = 90
TRAIN_VIDEOS, TRAIN_FRAMES = 3, 8
SMALLEST = 48  # pixels; below it the objects are a few pixels wide

README = """A synthetic dataset for video object segmentation, drawn by vosbench.

layout {layout}, seed {seed}, {videos} videos, {frames} frames of {width}x{height}
Objects of the categories {unseen} are only in the evaluation split.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """One video to draw."""

    name: str
    train: bool
    key: tuple[int, ...]
    frames: int
    categories: tuple[str, ...]


def make_dataset(
    root: Path, *, layout: str = "youtube-vos", sequences: int = 8, frames: int | Sequence[int] = (24, 30, 27),
    shape: Shape = (240, 432), objects: int | Sequence[int] = (3, 4, 2), seed: int = 0, workers: int = 1,
) -> None:  # fmt: skip
    """Draw a dataset into ``root``, which must be new or empty; it appears there only when it is complete.

    ``layout`` is "youtube-vos" or "davis2017"; ``shape`` is (height, width) in pixels. ``frames`` and ``objects`` count
    those of one video: one number for all, or several that the videos take in turn. Equal arguments give equal bytes on
    one machine, whatever the number of ``workers`` (threads, one video each).

    Raises UsageError if ``root`` holds files, or the numbers make no sense; InputError if it cannot be written.

    >>> make_dataset(Path("demo"), sequences=4, seed=1)  # doctest: +SKIP
    """
    if layout not in LAYOUTS:
        raise UsageError(f"unknown layout {layout!r}", fix=f"choose one of {', '.join(sorted(LAYOUTS))}")
    frames, objects = ((n,) if isinstance(n, int) else tuple(n) for n in (frames, objects))
    _check(sequences=sequences, frames=frames, objects=objects, shape=shape, seed=seed, workers=workers)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise UsageError(f"{root} is not empty", fix="choose a new folder, or empty this one")
    videos = plan_videos(seed, sequences=sequences, frames=frames, objects=objects)
    with new_folder(root) as partial:
        LAYOUTS[layout](partial, videos, shape, workers)
        for name, text in documents(layout=layout, seed=seed, shape=shape, videos=videos).items():
            (partial / name).write_text(text, encoding="utf-8")


def documents(*, layout: str, seed: int, shape: Shape, videos: Sequence[Video]) -> dict[str, str]:
    """The text files at the root of the dataset, by name; ``benchmark.toml`` names the rules it is scored by."""
    n_frames = sum(video.frames for video in videos)
    readme = README.format(
        layout=layout, seed=seed, videos=len(videos), frames=n_frames, height=shape[0], width=shape[1],
        unseen=", ".join(UNSEEN),
    )  # fmt: skip
    rules = (Path(__file__).parent / f"{layout}.toml").read_text(encoding="utf-8")
    return {"README.txt": readme, "benchmark.toml": rules}


def plan_videos(seed: int, *, sequences: int, frames: Sequence[int], objects: Sequence[int]) -> list[Video]:
    """The videos of both splits, the evaluation split first; about a third of its objects are of unseen categories."""
    rng = np.random.default_rng((seed, 0))
    seen, unseen = (cycle(rng.permutation(pool).tolist()) for pool in (SEEN, UNSEEN))
    videos = []
    for i, n_frames, n in islice(zip(range(sequences), cycle(frames), cycle(objects), strict=False), sequences):
        chosen = tuple(next(unseen if (i + k) % 3 == 1 else seen) for k in range(n))
        videos.append(Video(name=_name(i), train=False, key=(seed, 1, i), frames=n_frames, categories=chosen))
    per_video = -(-len(SEEN) // TRAIN_VIDEOS)
    for i in range(TRAIN_VIDEOS):
        chosen = SEEN[i * per_video : (i + 1) * per_video]
        name = _name(sequences + i)
        videos.append(Video(name=name, train=True, key=(seed, 2, i), frames=TRAIN_FRAMES, categories=chosen))
    return videos


def _name(index: int) -> str:
    return f"{BACKGROUNDS[index % len(BACKGROUNDS)].__name__}-{index:02d}"


def write_youtube_vos(root: Path, videos: Sequence[Video], shape: Shape, workers: int) -> None:
    """Write the frames of all videos, and for each split the objects with their categories and frames."""

    def one(video: Video) -> Staged:
        split = root / ("train" if video.train else "valid")
        staged = stage(video.key, shape=shape, frames=video.frames, categories=video.categories)
        _write_frames(staged, split / "JPEGImages" / video.name, split / "Annotations" / video.name, step=5)
        return staged

    with ThreadPoolExecutor(workers) as pool:
        staged = list(pool.map(one, videos))
    for split, train in (("train", True), ("valid", False)):
        meta = {v.name: {"objects": _objects(v, s)} for v, s in zip(videos, staged, strict=True) if v.train == train}
        (root / split / "meta.json").write_text(json.dumps({"videos": meta}, indent=1, sort_keys=True) + "\n")


def _objects(video: Video, staged: Staged) -> dict[str, dict[str, object]]:
    return {
        str(label): {
            "category": video.categories[label - 1],
            "frames": [_stem(frame, step=5) for frame in range(first, last + 1)],
        }
        for label, (first, last) in staged.annotated.items()
    }


def write_davis2017(root: Path, videos: Sequence[Video], shape: Shape, workers: int) -> None:
    """Write the frames of all videos and the lists of the two splits."""

    def one(video: Video) -> None:
        staged = stage(video.key, shape=shape, frames=video.frames, categories=video.categories, all_at_start=True)
        _write_frames(staged, root / "JPEGImages/480p" / video.name, root / "Annotations/480p" / video.name, step=1)

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(one, videos))
    lists = root / "ImageSets" / "2017"
    lists.mkdir(parents=True)
    for split, train in (("train", True), ("val", False)):
        names = sorted(video.name for video in videos if video.train == train)
        (lists / f"{split}.txt").write_text("".join(f"{name}\n" for name in names))


def _write_frames(staged: Staged, images: Path, annotations: Path, *, step: int) -> None:
    images.mkdir(parents=True)
    for frame, (image, labels) in enumerate(render(staged)):
        stem = _stem(frame, step=step)
        Image.fromarray(image).save(images / f"{stem}.jpg", quality=JPEG_QUALITY)
        write_label_map(annotations / f"{stem}.png", labels)


def _stem(frame: int, *, step: int) -> str:
    return f"{frame * step:05d}"


def _check(
    *, sequences: int, frames: Sequence[int], objects: Sequence[int], shape: Shape, seed: int, workers: int
) -> None:
    wrong = {
        "sequences": sequences < 1,
        "frames": not frames or min(frames) < 1,
        "objects": not objects or min(objects) < 1 or max(objects) > 255,
        "shape": min(shape) < SMALLEST,
        "workers": workers < 1,
        "seed": seed < 0,
    }
    for name, bad in wrong.items():
        if bad:
            limits = (
                f"counts are at least 1, objects at most 255, height and width at least {SMALLEST}, the seed 0 or more"
            )
            raise UsageError(f"{name} is out of range", fix=limits)


LAYOUTS: Mapping[str, Callable[[Path, Sequence[Video], Shape, int], None]] = MappingProxyType(
    {"davis2017": write_davis2017, "youtube-vos": write_youtube_vos}
)
