"""What the runner may know of a sequence: its pictures, the frames to write, and the masks given, no other truth."""

from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from vosbench.datasets.pictures import pictures
from vosbench.errors import InputError, Problem
from vosbench.masks.order import in_time_order, order_doubt
from vosbench.models.interface import Image
from vosbench.types import MaskSource, Sequence

AHEAD = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """A sequence as a model gets it.

    ``pictures`` are all its images in order; ``wanted`` the stems of the frames to write; ``given`` says which objects'
    masks are given on which frame: each object's on the first frame that is annotated with it.
    """

    sequence: Sequence
    pictures: tuple[Path, ...]
    wanted: frozenset[str]
    given: dict[str, tuple[int, ...]]
    masks: MaskSource

    def given_masks(self, frame: str) -> dict[int, NDArray[np.bool_]]:
        """The masks (H, W) given on a frame, by object; empty on most frames."""
        if frame not in self.given:
            return {}
        layers = self.masks.read(self.sequence.name, frame)
        return {
            identity: np.any(np.stack([layer == identity for layer in layers]), axis=0)
            for identity in self.given[frame]
        }

    def images(self) -> Generator[tuple[str, Image], None, None]:
        """(stem, (H, W, 3) uint8 RGB) of every picture in order, decoded a few frames ahead on another thread.

        Close it (``contextlib.closing``) rather than leaving it to the garbage collector: it holds a thread.
        """
        paths = iter(self.pictures)
        with ThreadPoolExecutor(1, "decode") as pool:
            ahead: list[tuple[Path, Future[Image]]] = [
                (path, pool.submit(decode, path)) for path in islice(paths, AHEAD)
            ]
            while ahead:
                path, image = ahead.pop(0)
                ahead += [(following, pool.submit(decode, following)) for following in islice(paths, 1)]
                yield path.stem, image.result()


def video(sequence: Sequence, masks: MaskSource, *, frames: Literal["required", "all"], unsupervised: bool) -> Video:
    """Collect a sequence's pictures and the masks to give.

    Args:
        frames: "required" writes the frames with ground truth, or every picture if all masks are given; "all" all.
        unsupervised: give no masks.

    Raises:
        InputError: no image folder, no pictures, or a frame to write or a given mask without its picture.
    """
    paths = _pictures(sequence)
    stems = [path.stem for path in paths]
    given = {} if unsupervised else first_appearances(sequence, masks)
    withheld = set(sequence.frames) - set(given)  # none: a test set, which publishes the given masks only
    wanted = frozenset(sequence.frames if frames == "required" and withheld else stems)
    missing = in_time_order((wanted | set(given)) - set(stems))
    if missing:
        raise InputError([_problem(sequence, "missing-image", f"no picture of frame {stem}") for stem in missing])
    return Video(sequence=sequence, pictures=paths, wanted=wanted, given=given, masks=masks)


def first_appearances(sequence: Sequence, masks: MaskSource) -> dict[str, tuple[int, ...]]:
    """Frame to the ids that first appear there: as the dataset lists them, else by looking at the masks."""
    objects = sequence.objects
    first: dict[int, str] = {info.id: info.frames[0] for info in objects or () if info.frames}
    expected = {info.id for info in objects} if objects is not None else None
    for frame in masks.frames(sequence.name):
        if expected is not None and expected <= set(first):
            break
        for layer in masks.read(sequence.name, frame):
            for identity in np.flatnonzero(np.bincount(layer.ravel())).tolist():
                if identity and (expected is None or identity in expected):
                    first.setdefault(identity, frame)
    given: dict[str, tuple[int, ...]] = {}
    for identity, frame in sorted(first.items()):
        given[frame] = (*given.get(frame, ()), identity)
    return given


def decode(path: Path) -> Image:
    """One picture as (H, W, 3) uint8 RGB. Raises InputError naming the file."""
    try:
        with PillowImage.open(path) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        fix = "restore the file from the dataset's archive"
        raise InputError(
            [Problem(code="unreadable-image", message=f"cannot be decoded: {error}", where=str(path), fix=fix)]
        ) from error


def _pictures(sequence: Sequence) -> tuple[Path, ...]:
    folder = sequence.images
    if folder is None or not folder.is_dir():
        raise InputError([_problem(sequence, "missing-images", "the sequence has no folder of pictures")])
    found = pictures(folder)
    if not found:
        raise InputError([_problem(sequence, "missing-images", "the folder holds no pictures (.jpg, .jpeg, .png)")])
    if doubt := order_doubt(found):
        message, fix = f"the order of its pictures is not known: {doubt}", "name them by zero-padded numbers"
        raise InputError([replace(_problem(sequence, "frame-order", message), fix=fix)])
    return tuple(found.values())


def _problem(sequence: Sequence, code: str, message: str) -> Problem:
    where = str(sequence.images) if sequence.images else sequence.name
    fix = "download the dataset's images (JPEGImages), not only its annotations"
    return Problem(code=code, message=message, where=where, fix=fix, sequence=sequence.name)
