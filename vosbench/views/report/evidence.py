"""The masks behind single frames, read again: the only place where a view opens one."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vosbench.datasets.discover import Target, locate
from vosbench.datasets.pictures import pictures
from vosbench.datasets.query import Query
from vosbench.errors import InputError, VosbenchError
from vosbench.masks.colours import with_palette
from vosbench.masks.planes import resized
from vosbench.results.run import RunResult
from vosbench.scoring.labels import LabelSpace, StrayLabel
from vosbench.scoring.objects import space_of
from vosbench.scoring.origin import predictions_of, query_of, reading_of
from vosbench.scoring.task import Task
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
    def of(cls, run: RunResult, query: Query, *, again: str = "vosbench report RUN") -> "Evidence":
        """Find the masks of a run again; what ``query`` leaves open is taken from the run.

        ``again`` is the command that a message tells to repeat with an option.

        Raises:
            NoEvidence: the predictions or the ground truth are not at hand: a line for each, with the next command.
        """
        asked, missing = query_of(run.document, query), []
        try:
            target = locate(asked)
            sequences = {s.name: s for s in target.dataset.sequences(target.split)}
            gt = with_palette(target.dataset.masks(target.split), reading_of(run.document).palette)
        except VosbenchError as error:
            missing.append(f"no ground truth: {_first_line(error)}; give it: {again} {_option(run)} FOLDER")
        path = predictions_of(run.document)
        if not path.exists():
            how = f"vosbench report PREDICTIONS {asked.options()}".rstrip()
            missing.append(f"no predictions: {path} is not there; if they have moved: {how}")
        if missing:
            raise NoEvidence("\n".join(missing))
        try:
            pred = target.dataset.predictions(path, palette=reading_of(run.document).palette)
        except VosbenchError as error:
            raise NoEvidence(f"no predictions: {_first_line(error)}") from error
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
            self._spaces[name] = space_of(task)
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


def _option(run: RunResult) -> str:
    """The option by which the ground truth of a run can be given."""
    origin = run.document.origin
    return "--gt" if run.document.benchmark == "folder" or (origin and origin.gt) else "--data"


def _first_line(error: VosbenchError) -> str:
    """What an error says first, in one line."""
    if isinstance(error, InputError) and error.problems:
        return str(error.problems[0])
    return error.message.splitlines()[0]
