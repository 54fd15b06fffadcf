"""What the one-shot methods have in common: OSVOS, MaskTrack, OSMN, OnAVOS and SegFlow.

Each segments one object in one frame, from at most three things: the frame, the frame before it with the mask found
there, and what it keeps of the frame on which the object was given. Several objects are several such answers.

Shapes: B frames of one object each, H × W pixels of any size.
"""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vosbench_baselines.layers.vgg import GROUPS, VGG16

#: Mean of blue, green and red that Caffe's models subtract from 0 to 255.
CAFFE_MEAN = (104.00699, 116.66877, 122.67892)
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
Pixels = Literal["caffe", "imagenet"]


class Frame(NamedTuple):
    """A picture (B, 3, H, W), RGB in [0, 1], and the object's mask (B, 1, H, W) in [0, 1]."""

    picture: Tensor
    mask: Tensor


class OneShotNetwork(nn.Module):
    """The part of a method that is learnt."""

    def guide(self, first: Frame) -> Tensor | None:
        """What to keep of the object's first frame besides learning on it; here nothing."""
        return None

    def outputs(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> list[Tensor]:
        """Everything that has a loss, as logits (B, 1, H, W); the last is the answer."""
        raise NotImplementedError

    def forward(self, picture: Tensor, previous: Frame, guide: Tensor | None) -> Tensor:
        """Logits (B, 1, H, W) of the object in ``picture`` (B, 3, H, W)."""
        return self.outputs(picture, previous, guide)[-1]

    def loss(self, outputs: list[Tensor], target: Tensor, known: Tensor | None = None, progress: float = 1.0) -> Tensor:
        """Of :meth:`outputs` against a mask (B, 1, H, W) of 0 and 1, where ``known``; ``progress`` of the training.

        Class-balanced cross-entropy of the answer, unless a method says otherwise.
        """
        return balanced_cross_entropy(outputs[-1], target, known)

    def groups(self, rate: float, *, online: bool) -> list[dict[str, Any]]:
        """Parameters with their learning rates; ``online``: those that learn on a first frame."""
        return [{"params": list(self.parameters()), "lr": rate}]


def normalised(picture: Tensor, pixels: Pixels) -> Tensor:
    """RGB in [0, 1] as a trunk was trained to see it: Caffe's BGR less its mean, or torchvision's RGB."""
    if pixels == "caffe":
        return 255 * picture.flip(1) - picture.new_tensor(CAFFE_MEAN).view(1, 3, 1, 1)
    mean, std = (picture.new_tensor(v).view(1, 3, 1, 1) for v in (IMAGENET_MEAN, IMAGENET_STD))
    return (picture - mean) / std


@torch.no_grad()
def see_caffe_pixels(first: nn.Conv2d) -> None:
    """Change a first convolution learnt on torchvision's RGB to give the same answer for Caffe's BGR.

    Exact but for the border, where zeros that are padded stand for another colour.
    """
    mean, std = (first.weight.new_tensor(v[::-1]) for v in (IMAGENET_MEAN, IMAGENET_STD))
    weight = first.weight[:, :3].flip(1) / std.view(1, 3, 1, 1)
    offset = first.weight.new_tensor(CAFFE_MEAN) / 255 - mean
    if first.bias is not None:
        first.bias += (weight.sum(dim=(2, 3)) * offset).sum(dim=1)
    first.weight[:, :3] = weight / 255


def vgg_channels(width: int) -> tuple[int, ...]:
    """Channels of VGG-16's five stages."""
    return tuple(group[-1] * width for group in GROUPS)


def vgg_layers(trunk: VGG16, number: int) -> Iterator[nn.Module]:
    """The layers of a stage of VGG-16, 0 to 4, without the pooling that ends it."""
    start = trunk.ends[number - 1] + 2 if number else 0
    return iter(list(trunk.features)[start : trunk.ends[number] + 1])


def vgg_stage(trunk: VGG16, number: int, x: Tensor) -> Tensor:
    """All convolutions of a stage of VGG-16, 0 to 4, so that a method may pool in its own way."""
    for layer in vgg_layers(trunk, number):
        x = layer(x)
    return x


def balanced_cross_entropy(logits: Tensor, target: Tensor, known: Tensor | None = None) -> Tensor:
    """Cross-entropy in which both classes weigh alike (Caelles et al., CVPR 2017, eq. 1), the mean over pixels.

    Each image has its own balance: a pixel of a class weighs the share of the other. The authors sum where this
    averages, so that a learning rate of theirs times H · W is one of ours.
    """
    known = torch.ones_like(target) if known is None else known
    count = known.sum(dim=(1, 2, 3), keepdim=True).clamp(min=1)
    object_share = (target * known).sum(dim=(1, 2, 3), keepdim=True) / count
    weight = torch.where(target > 0.5, 1 - object_share, object_share) * known
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    return ((weight * each).sum(dim=(1, 2, 3), keepdim=True) / count).mean()
