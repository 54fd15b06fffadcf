"""One reading of a video: a model, a scale, flipped or not. Fusing several is averaging what they predict."""

from collections.abc import Mapping
from collections.abc import Sequence as Items

import numpy as np
from numpy.typing import NDArray

from vosbench.models.canvas import Canvas, canvas
from vosbench.models.costs import Costs
from vosbench.models.interface import Adapts, Image, ModelError, Session, SoftMasks, StepSession, VideoInfo
from vosbench.models.merge import merged, put_given
from vosbench.models.recipe import Recipe, ViewPlan
from vosbench.models.video import Video

ROUNDING = 1e-4  # what arithmetic in single precision may add to a probability; it is cut off
Given = Mapping[int, NDArray[np.bool_]]


class View:
    """A session on one canvas. Maps go in and out at the canvas's scaled size, unflipped and unpadded.

    Not ``adapting``, the session does not get to learn on the video.
    """

    def __init__(
        self,
        plan: ViewPlan,
        video: Video,
        size: tuple[int, int],
        recipe: Recipe,
        costs: Costs,
        *,
        adapting: bool = True,
    ) -> None:
        self.spec = plan.model.spec
        self.task = recipe.task
        self.canvas: Canvas = canvas(self.spec, *size, scale=plan.scale, flip=plan.flip)
        height, width = self.canvas.padded
        self.session = plan.model.open(
            VideoInfo(name=video.sequence.name, frames=len(video.pictures), height=height, width=width)
        )
        self.costs = costs
        self.adapting = adapting and self.spec.adapts
        self.picture: Image = np.empty((0, 0, 3), np.uint8)
        self.live: set[int] = set()
        self.named: set[int] = set()

    def predict(self, index: int, image: Image, given: Given) -> SoftMasks:
        """Independent probabilities of the objects known before this frame."""
        self.picture = self.canvas.image(image)
        with self.costs.measure("model"):
            soft = self._ask(index, self.picture, given)
        maps = self._checked(soft, given)
        known = [k for k, identity in enumerate(soft.ids) if identity not in given]
        if len(known) < len(soft.ids):  # a step answers for the new objects, too
            maps = maps[known]
        return SoftMasks(ids=tuple(soft.ids[k] for k in known), probabilities=self.canvas.take(maps))

    def settle(self, soft: SoftMasks, given: Given) -> SoftMasks:
        """This view's own decision on a frame: its merge rule, then the given masks."""
        scaled = {identity: self.canvas.given(mask) for identity, mask in given.items()}
        ids, channels = put_given(merged(soft.probabilities, self.spec.merge), soft.ids, scaled)
        return SoftMasks(ids=ids, probabilities=channels[1:])

    def commit(self, index: int, final: SoftMasks, given: Given) -> None:
        """Make the session remember the frame just predicted, and learn from it where the model does that."""
        self.live = set(final.ids)
        if isinstance(self.session, StepSession):
            return
        masks = SoftMasks(ids=final.ids, probabilities=self.canvas.place(final.probabilities))
        with self.costs.measure("model"):
            self.session.commit(index, self.picture, masks, given=frozenset(given))
        if self.adapting:
            if not isinstance(self.session, Adapts):
                raise ModelError(f"{self.spec.name}: the spec says it adapts, but its session has no adapt()")
            with self.costs.measure("adaptation"):
                self.session.adapt(index, self.picture, masks, given=frozenset(given))

    def _ask(self, index: int, picture: Image, given: Given) -> SoftMasks:
        if isinstance(self.session, Session):
            if self.task == "semi-supervised" and not self.live:
                return SoftMasks(ids=(), probabilities=np.zeros((0, *self.canvas.padded), np.float32))
            return self.session.predict(index, picture)
        masks = None
        if given:
            maps = np.stack([self.canvas.given(mask) for mask in given.values()])
            masks = SoftMasks(ids=tuple(given), probabilities=self.canvas.place(maps))
        return self.session.step(index, picture, masks)

    def _checked(self, soft: SoftMasks, given: Given) -> NDArray[np.float32]:
        name, maps = self.spec.name, soft.probabilities
        if maps.dtype != np.float32 or maps.shape != (len(soft.ids), *self.canvas.padded):
            wanted = (len(soft.ids), *self.canvas.padded)
            raise ModelError(f"{name}: probabilities are {maps.dtype} {maps.shape}, not float32 {wanted}")
        low, high = (maps.min(), maps.max()) if maps.size else (0, 1)
        if not (low >= -ROUNDING and high <= 1 + ROUNDING):
            raise ModelError(f"{name}: probabilities are not finite and in [0, 1]")
        if len(set(soft.ids)) != len(soft.ids) or min(soft.ids, default=1) < 1:
            raise ModelError(f"{name}: object ids {soft.ids} repeat or are not positive")
        if self.task == "unsupervised":
            self.named |= set(soft.ids)
            if len(self.named) > self.spec.max_proposals:
                raise ModelError(f"{name}: more than {self.spec.max_proposals} proposals in one video")
        elif not self.live <= set(soft.ids) <= self.live | set(given):
            raise ModelError(f"{name}: objects {sorted(soft.ids)} predicted, {sorted(self.live)} known")
        return np.clip(maps, 0, 1) if low < 0 or high > 1 else maps


def fuse(softs: Items[SoftMasks], canvases: Items[Canvas]) -> SoftMasks:
    """The mean of the views' independent probabilities at the video's size."""
    ids = softs[0].ids
    total = canvases[0].to_native(softs[0].probabilities)
    if len(softs) == 1:
        return SoftMasks(ids=ids, probabilities=total)
    total = total.copy()
    for soft, surface in zip(softs[1:], canvases[1:], strict=True):
        order = [soft.ids.index(identity) for identity in ids]
        total += surface.to_native(soft.probabilities[order])
    return SoftMasks(ids=ids, probabilities=total / np.float32(len(softs)))
