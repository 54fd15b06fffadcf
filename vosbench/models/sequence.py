"""One sequence through the loop: predict, fuse, merge, put given masks in, commit, write."""

import time
from collections.abc import Generator
from collections.abc import Sequence as Items
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.errors import IncompleteError, InputError, Problem
from vosbench.files import new_folder
from vosbench.models.costs import AcceleratorMemory, Costs, process_mb
from vosbench.models.interface import Image, SoftMasks
from vosbench.models.merge import labels, merged, put_given
from vosbench.models.recipe import Recipe, ViewPlan
from vosbench.models.video import Video
from vosbench.models.view import View, fuse
from vosbench.types import LabelMap

PENDING = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceCosts:
    """Seconds one sequence took. ``wall`` is everything; the parts do not add up to it: merging is in none of them.

    ``process_mb`` is the largest resident memory of the process up to the sequence's end, ``accelerator_mb`` the
    largest allocation on a CUDA device during the sequence (MiB); None where it cannot be told.
    """

    sequence: str
    frames: int
    wall: float
    model: float
    adaptation: float
    decode: float
    encode: float
    process_mb: float | None
    accelerator_mb: float | None


def predict_sequence(video: Video, plans: Items[ViewPlan], recipe: Recipe, out: Path) -> SequenceCosts:
    """Segment a sequence into ``out / name``: complete, or absent if anything fails."""
    name = video.sequence.name
    start, costs, accelerator = time.perf_counter(), Costs(), AcceleratorMemory()
    with new_folder(out / name) as part:
        _write(video, plans, recipe, costs, part)
        if lost := video.wanted - {path.stem for path in part.glob("*.png")}:
            message = f"{len(lost)} of {len(video.wanted)} frames of {name} were removed while they were written"
            raise IncompleteError(message, fix="let no other program change the folder, then resume")
    seconds = {key: costs.seconds[key] for key in ("model", "adaptation", "decode", "encode")}
    wall = time.perf_counter() - start
    return SequenceCosts(
        sequence=name,
        frames=len(video.pictures),
        wall=wall,
        process_mb=process_mb(),
        accelerator_mb=accelerator.mb(),
        **seconds,
    )


def _write(video: Video, plans: Items[ViewPlan], recipe: Recipe, costs: Costs, folder: Path) -> None:
    try:
        with Writer(folder, costs) as writer, closing(run_loop(video, plans, recipe, costs)) as loop:
            for frame, found in loop:
                if frame in video.wanted:
                    writer.put(frame, found)
    except OSError as error:  # the model's: that of writing is an InputError
        raise RuntimeError(f"the model raised {type(error).__name__}: {error}") from error


def run_loop(
    video: Video, plans: Items[ViewPlan], recipe: Recipe, costs: Costs, *, adapting: bool = True
) -> Generator[tuple[str, LabelMap], None, None]:
    """Yield (stem, label map at the video's size) for every picture in order. Close it: it holds a thread.

    Not ``adapting``, models do not learn on the video, and answer worse.
    """
    views: list[View] = []
    with closing(video.images()) as images:
        for index in range(len(video.pictures)):
            with costs.measure("decode"):
                frame, image = next(images)
            if not views:
                height, width = image.shape[:2]
                views = [View(plan, video, (height, width), recipe, costs, adapting=adapting) for plan in plans]
            given = video.given_masks(frame)
            _check_sizes(video, frame, views[0].canvas.native, [image, *given.values()])
            yield frame, _frame(views, index, image, given, recipe)


def _frame(
    views: Items[View], index: int, image: Image, given: dict[int, NDArray[np.bool_]], recipe: Recipe
) -> LabelMap:
    if recipe.task == "semi-supervised" and not given and not views[0].live:  # no object yet
        return np.zeros(image.shape[:2], np.uint8)
    softs = [view.predict(index, image, given) for view in views]
    fused = fuse(softs, [view.canvas for view in views])
    ids, channels = put_given(merged(fused.probabilities, views[0].spec.merge), fused.ids, given)
    for view, soft in zip(views, softs, strict=True):
        if len(views) == 1 and view.canvas.scaled == view.canvas.native:
            final = SoftMasks(ids=ids, probabilities=view.canvas.to_scaled(channels[1:]))
        else:
            final = view.settle(soft, given)
        view.commit(index, final, given)
    return labels(channels, ids)


def _check_sizes(video: Video, frame: str, size: tuple[int, int], arrays: Items[NDArray[Any]]) -> None:
    """Every picture and every given mask has the size of the first picture."""
    for array in arrays:
        if array.shape[:2] != size:
            found, wanted = ("x".join(map(str, shape[::-1])) for shape in (array.shape[:2], size))
            name = video.sequence.name
            raise InputError(
                [
                    Problem(
                        code="size",
                        message=f"the picture or a given mask is {found} where the first picture is {wanted}",
                        where=video.masks.where(name, frame),
                        fix="use pictures and masks of one resolution",
                        sequence=name,
                        frame=frame,
                    )
                ]
            )


class Writer:
    """Palette PNGs written on another thread, a few frames behind; leaving the ``with`` waits for the last one."""

    def __init__(self, folder: Path, costs: Costs) -> None:
        self.folder = folder
        self.costs = costs
        self.pool = ThreadPoolExecutor(1, "encode")
        self.pending: list[Future[None]] = []

    def put(self, frame: str, found: LabelMap) -> None:
        """Queue one label map as ``<frame>.png``; waits while too many are pending."""
        from vosbench.masks.write import write_label_map

        self.pending.append(self.pool.submit(write_label_map, self.folder / f"{frame}.png", found))
        self._wait(down_to=PENDING)

    def _wait(self, down_to: int) -> None:
        with self.costs.measure("encode"):
            while len(self.pending) > down_to:
                self.pending.pop(0).result()

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *failed: object) -> None:
        try:
            if failed[0] is None:
                self._wait(down_to=0)
        finally:
            self.pool.shutdown(cancel_futures=True)
