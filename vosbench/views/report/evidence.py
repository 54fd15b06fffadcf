"""The masks behind single frames, read again: the only place where a view opens one."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vosbench.datasets.discover import Target, locate
from vosbench.datasets.pictures import pictures
from vosbench.errors import InputError, UsageError, VosbenchError
from vosbench.masks.colours import with_palette
from vosbench.masks.planes import resized
from vosbench.results.run import RunResult
from vosbench.scoring.labels import LabelSpace, StrayLabel
from vosbench.scoring.task import Task, label_space
from vosbench.types import MaskSource, Sequence
from vosbench.views.report.overlay import overlay
from vosbench.views.report.worst import WorstFrame

Pixels = NDArray[np.bool_]


class NoEvidence(Exception):
    """The masks of a frame cannot be shown; the message says why."""


@dataclass(slots=True, kw_only=True)
class Evidence:
    """The masks and images of one run."""

    run: RunResult
    target: Target
    gt: MaskSource
    pred: MaskSource
    sequences: dict[str, Sequence]
    _spaces: dict[str, LabelSpace] = field(default_factory=dict)

    @classmethod
    def of(cls, run: RunResult, **where: Any) -> "Evidence":
        """Find the data of a run: ``where`` holds benchmark, data, gt, split, palette and roots as for scoring.

        Raises:
            NoEvidence: the predictions or the ground truth are not at hand.
        """
        options = dict(where)
        palette = options.pop("palette", None)
        options["split"] = options.get("split") or run.document.split
        try:
            target = _located(run, options)
            pred = target.dataset.predictions(Path(run.document.predictions.name), palette=palette)
            sequences = {s.name: s for s in target.dataset.sequences(target.split)}
            gt = with_palette(target.dataset.masks(target.split), palette)
        except VosbenchError as error:
            raise NoEvidence(str(error).replace("\n", " ")) from error
        return cls(run=run, target=target, gt=gt, pred=pred, sequences=sequences)

    def picture(self, worst: WorstFrame) -> NDArray[np.uint8]:
        """The overlay of a frame, uint8 (height, width, 3).

        Raises:
            NoEvidence: a mask is missing or not the one that was scored.
        """
        gt, pred = self.masks(worst)
        image = self._image(worst, gt.shape)
        return overlay(gt=gt, pred=pred, image=image, tolerance=self.run.spec.rules.tolerance)

    def masks(self, worst: WorstFrame) -> tuple[Pixels, Pixels]:
        """The true and the predicted object of a frame, as they were scored: boolean (H, W).

        Raises:
            NoEvidence: as for :meth:`picture`.
        """
        try:
            gt, pred = self._masks(worst)
        except (InputError, StrayLabel, KeyError) as error:
            raise NoEvidence(f"{worst.sequence}/{worst.frame} cannot be read") from error
        frames = self.run.frames_columns
        counted = [int(frames[k][worst.row]) for k in ("intersection", "gt_area", "pred_area")]
        if counted != [int((gt & pred).sum()), int(gt.sum()), int(pred.sum())]:
            raise NoEvidence(f"the masks of {worst.sequence}/{worst.frame} are not those that were scored")
        return gt, pred

    def _masks(self, worst: WorstFrame) -> tuple[Pixels, Pixels]:
        space = self._space(worst.sequence)
        truths = [space.truth(plane) for plane in self.gt.read(worst.sequence, worst.frame)]
        void = next((v for _, v in truths if v is not None), None)
        number = worst.object if space.ids is None else space.ids.index(worst.object) + 1
        gt = np.any([plane == number for plane, _ in truths], axis=0)
        if self.run.frames_columns["flags"][worst.row] == "filled":
            pred = np.zeros_like(gt)
        else:
            planes = [resized(plane, gt.shape) for plane in self.pred.read(worst.sequence, worst.frame)]
            label = worst.proposal or number
            pred = np.any([space.prediction(plane, void) == label for plane in planes], axis=0)
        return (gt, pred) if void is None else (gt & ~void, pred)

    def _space(self, name: str) -> LabelSpace:
        if name not in self._spaces:
            rules = self.run.spec.rules
            task = Task(sequence=self.sequences[name], rules=rules, gt=self.gt, predictions=(self.pred,))
            self._spaces[name] = label_space(task)[0]
        return self._spaces[name]

    def _image(self, worst: WorstFrame, shape: tuple[int, ...]) -> NDArray[np.uint8] | None:
        """The picture the masks belong to, at their size; None if the dataset has none."""
        from PIL import Image

        try:
            path = pictures(self.sequences[worst.sequence].images).get(worst.frame)
            if path is None:
                return None
            with Image.open(path) as file:
                return np.asarray(file.convert("RGB").resize((shape[1], shape[0])))
        except (OSError, InputError):
            return None


def _located(run: RunResult, options: dict[str, Any]) -> Target:
    """The data: by what the user said, else by the benchmark of the run, else by its own description on disk."""
    if options.get("gt") is not None or options.get("benchmark"):
        return locate(**options)
    try:
        return locate(**options | {"benchmark": run.document.benchmark})
    except UsageError:
        return locate(**options)
