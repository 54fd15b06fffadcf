"""Run a predictor over one split in the YouTube-VOS layout and write a palette PNG for every frame.

Read are ``meta.json``, ``JPEGImages/<video>/<frame>.jpg`` and, of ``Annotations``, only the frames on which an object
is first annotated; of such a frame only the objects that first appear there. No other ground truth is seen.
"""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.sources import MaskFolder
from vosbench.masks.write import write_label_map
from vosbench.propagation.predictors import Predictor
from vosbench.types import MaskSource


@dataclass(frozen=True, slots=True, kw_only=True)
class _Video:
    """One video to predict: its frames in order, and the objects first annotated on some of them."""

    name: str
    images: Path
    masks: MaskSource
    frames: tuple[str, ...]
    entering: dict[str, list[int]]


def predict_folder(predictor: Callable[[], Predictor], split: Path, out: Path, *, workers: int = 1) -> None:
    """Write ``<out>/<video>/<frame>.png`` for every frame of every video that ``<split>/meta.json`` lists.

    ``predictor`` is called once a video, for a predictor without a past; ``workers`` videos are predicted at a time.
    Before its first mask a video is background.

    Raises InputError with every file that is missing, before anything is predicted, and UsageError if ``out`` holds
    files already or lies inside ``split``.

    >>> predict_folder(OpticalFlow, Path("synthetic/valid"), Path("predictions/flow"))  # doctest: +SKIP
    """
    if out.resolve().is_relative_to(split.resolve()):
        raise UsageError(f"{out} is inside the dataset {split}", fix="write predictions to a folder of their own")
    if out.exists() and any(out.iterdir()):
        raise UsageError(f"{out} is not empty", fix="choose a new folder, or empty this one")
    videos = _read_split(split)
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda video: _predict_video(predictor(), video, out / video.name), videos):
            pass


def _predict_video(predictor: Predictor, video: _Video, out: Path) -> None:
    for frame in video.frames:
        image = _read_image(video.images / f"{frame}.jpg")
        given = None
        if ids := video.entering.get(frame):
            (labels,) = video.masks.read(video.name, frame)
            given = np.where(np.isin(labels, ids), labels, 0).astype(np.uint8)
        write_label_map(out / f"{frame}.png", predictor.step(image, given))


def _read_image(path: Path) -> NDArray[np.uint8]:
    try:
        with Image.open(path) as file:
            return np.asarray(file.convert("RGB"))
    except OSError as error:
        fix = "restore the file from the dataset"
        problem = Problem(code="unreadable-image", message=str(error), where=str(path), fix=fix)
        raise InputError([problem]) from error


def _read_split(split: Path) -> list[_Video]:
    """The videos of a split, sorted by name. Raises InputError with everything that is missing."""
    try:
        meta = json.loads((split / "meta.json").read_bytes())["videos"]
        masks = MaskFolder(split / "Annotations")
        videos = [_video(split / "JPEGImages" / name, masks, meta[name]["objects"]) for name in sorted(meta)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"no readable list of videos ({type(error).__name__})"
        fix = 'point to a split in the YouTube-VOS layout, whose meta.json holds {"videos": …}'
        raise InputError(
            [Problem(code="missing-meta", message=message, where=str(split / "meta.json"), fix=fix)]
        ) from error
    problems = [problem for video in videos for problem in _missing(video)]
    if problems:
        raise InputError(problems)
    return videos


def _video(images: Path, masks: MaskSource, objects: dict[str, dict[str, list[str]]]) -> _Video:
    entering: dict[str, list[int]] = {}
    for label, entry in objects.items():
        entering.setdefault(min(entry["frames"]), []).append(int(label))
    frames = tuple(sorted(path.stem for path in images.glob("*.jpg")))
    return _Video(name=images.name, images=images, masks=masks, frames=frames, entering=entering)


def _missing(video: _Video) -> list[Problem]:
    fix = "complete the dataset; every object needs the image and the mask of its first frame"
    masks = video.masks.frames(video.name)
    paths = [str(video.images / f"{frame}.jpg") for frame in video.entering if frame not in video.frames]
    paths += [video.masks.where(video.name, frame) for frame in video.entering if frame not in masks]
    return [
        Problem(code="missing-frame", message="no such file", where=path, fix=fix, sequence=video.name)
        for path in sorted(paths)
    ]
