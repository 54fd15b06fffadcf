"""Learning an object from the frame on which it is given: samples of that one frame, and a copy that learns them.

Everything random comes from one generator, so that a session does the same on every run. ``online.learn_online`` is the
loop for methods that learn once, all layers alike; here each layer has its rate, normalisation stays as it is, and
learning may go on in the course of the video.
"""

import copy
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vosbench.models.interface import Image
from vosbench_baselines.learning.online import repeatable
from vosbench_baselines.learning.outcome import kept, region_similarity
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork
from vosbench_baselines.video.lucid import Labels, lucid_pair, scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How a method learns the first frame: ``steps`` of ``batch`` samples.

    A sample is the frame turned by up to ``turn`` degrees, scaled by a factor in ``scales``, mirrored half the time,
    with a gamma of brightness in ``gamma``; the frame before it is itself, its mask deformed. With ``lucid`` it is a
    pair of lucid dreams instead. ``sgd`` has a momentum of 0.9.
    """

    steps: int
    rate: float
    batch: int = 1
    optimiser: Literal["sgd", "adam"] = "adam"
    turn: float = 0.0
    scales: tuple[float, float] = (1.0, 1.0)
    gamma: tuple[float, float] = (1.0, 1.0)
    lucid: bool = False


class Shown(NamedTuple):
    """What one step looks at: a picture, the frame before it, the true mask (B, 1, H, W), and where that counts."""

    picture: Tensor
    previous: Frame
    target: Tensor
    known: Tensor | None = None


class Learner:
    """One object's own copy of the network, with the frame it was given on and the state of its optimiser."""

    def __init__(
        self,
        network: OneShotNetwork,
        image: Image,
        mask: NDArray[np.bool_],
        lesson: Lesson,
        seed: list[int],
        where: str = "",
    ) -> None:
        self.before, self.where = network, where
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.image, self.mask, self.lesson = image, mask, lesson
        self.rng = np.random.default_rng(seed)
        self.device = next(network.parameters()).device
        self.optimiser = self._optimiser(lesson.rate)
        self.scene = scene(image, mask.astype(np.uint8)) if lesson.lucid and mask.any() else None

    def study(self) -> list[float]:
        """The lesson; the losses of its steps."""
        steps = self.lesson.steps
        return [self.step(self.sample(), progress=step / steps) for step in range(steps)]

    def check(self, losses: list[float]) -> None:
        """Take the network as it was before the lesson where the lesson failed; see :func:`kept`."""
        if kept(self.before, self.network, losses, self._j, self.where) is self.before:
            self.network = copy.deepcopy(self.before).eval().requires_grad_(False)
            self.optimiser = self._optimiser(self.lesson.rate)

    def step(self, shown: Shown, *, weight: float = 1.0, rate: float | None = None, progress: float = 1.0) -> float:
        """One step of the optimiser, after ``progress`` of the lesson.

        ``rate`` replaces the lesson's from here on. Normalisation stays as it was.
        """
        if rate is not None:
            for group in self.optimiser.param_groups:
                group["lr"] = group["share"] * rate
        with torch.enable_grad(), repeatable():
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
                outputs = self.network.outputs(shown.picture, shown.previous, None)
            loss = self.network.loss([o.float() for o in outputs], shown.target, shown.known, progress)
            self.optimiser.zero_grad(set_to_none=True)
            (weight * loss).backward()
        self.optimiser.step()
        return float(loss.detach())

    def sample(self) -> Shown:
        """A batch made of the first frame."""
        draw = self._dreamt if self.scene is not None else self._augmented
        images, masks, before, earlier = zip(*(draw() for _ in range(self.lesson.batch)), strict=True)
        pictures, previous = (
            torch.stack([picture_tensor(i) for i in each]).to(self.device) for each in (images, before)
        )
        target, mask = (torch.from_numpy(np.stack(m)).to(self.device).float()[:, None] for m in (masks, earlier))
        return Shown(pictures, Frame(previous, mask), target)

    @torch.inference_mode()
    def _j(self, network: OneShotNetwork) -> float:
        """J of a network's answer on the frame that was learnt, which is its own previous frame."""
        picture = picture_tensor(self.image).to(self.device)[None]
        mask = torch.from_numpy(self.mask).to(picture)[None, None]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = network(picture, Frame(picture, mask), None)
        return region_similarity(torch.sigmoid(logits.float())[0, 0].cpu().numpy(), self.mask)

    def _augmented(self) -> tuple[Image, Labels, Image, Labels]:
        image, mask = augmented(self.rng, self.image, self.mask, self.lesson)
        return image, mask, image, deformed(self.rng, mask)

    def _dreamt(self) -> tuple[Image, Labels, Image, Labels]:
        assert self.scene is not None
        pair = lucid_pair(self.rng, self.scene)
        return pair.image, pair.labels, pair.previous_image, deformed(self.rng, pair.previous_labels)

    def _optimiser(self, rate: float) -> torch.optim.Optimizer:
        groups = self.network.groups(rate, online=True)
        for group in groups:
            group["share"] = group["lr"] / rate
            for parameter in group["params"]:
                parameter.requires_grad_(True)
        if self.lesson.optimiser == "sgd":
            return torch.optim.SGD(groups, momentum=0.9)
        return torch.optim.Adam(groups)


def picture_tensor(image: Image) -> Tensor:
    """(H, W, 3) uint8 to (3, H, W) in [0, 1].

    Channels are first in memory, too: where they are last, dilated convolutions of PyTorch 2.13 crash on the CPU.
    """
    return torch.from_numpy(image.transpose(2, 0, 1).copy()).float().div_(255)


def augmented(
    rng: np.random.Generator, image: Image, mask: NDArray[np.bool_], lesson: Lesson
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A frame and its mask, 0 or 1, as a lesson draws them; both are mirrored at their border."""
    height, width = mask.shape
    turn, scale = rng.uniform(-lesson.turn, lesson.turn), rng.uniform(*lesson.scales)
    affine = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), turn, scale)
    size = (width, height)
    picture = cv2.warpAffine(image, affine, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)
    labels = cv2.warpAffine(
        mask.astype(np.uint8), affine, size, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT_101
    )
    bent = 255 * (np.arange(256) / 255) ** rng.uniform(*lesson.gamma)
    picture = np.round(bent).astype(np.uint8)[picture]
    if rng.random() < 0.5:
        picture, labels = picture[:, ::-1], labels[:, ::-1]
    return np.ascontiguousarray(picture), np.ascontiguousarray(labels)


def deformed(rng: np.random.Generator, mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A mask as the frame before may have had it (Perazzi et al., CVPR 2017; numbers of the authors' code).

    Scaled by ±5 %, shifted by ±10 % of its box, bent by moving a coarse grid of points by ±10 % of it, dilated.
    The bending is ours, smooth displacements; theirs is a thin-plate spline through five points of the outline.
    """
    rows, columns = np.nonzero(mask)
    if not len(rows):
        return mask
    height, width = mask.shape
    box = np.array([columns.max() - columns.min() + 1, rows.max() - rows.min() + 1], np.float32)
    centre = np.array([columns.mean(), rows.mean()], np.float32)
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = rng.uniform(-0.1, 0.1, (4, 4, 2)).astype(np.float32) * box
    bend = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
    scale, shift = rng.uniform(0.95, 1.05), rng.uniform(-0.1, 0.1, 2).astype(np.float32) * box
    at_x = (x - centre[0] - shift[0]) / scale + centre[0] + bend[..., 0]
    at_y = (y - centre[1] - shift[1]) / scale + centre[1] + bend[..., 1]
    moved = cv2.remap(mask, at_x.astype(np.float32), at_y.astype(np.float32), cv2.INTER_NEAREST)
    radius = max(1, round(5 * height / 480))
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.dilate(moved, disk), np.uint8)
