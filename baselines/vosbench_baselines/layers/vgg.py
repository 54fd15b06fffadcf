"""VGG-16 (Simonyan & Zisserman, ICLR 2015) as a trunk, with torchvision's parameter names, so that its weights load.

Thirteen 3×3 convolutions in five groups, each group ended by a 2×2 max-pooling: 1/32 of the picture. The first fully
connected layer, 7 · 7 · 512 → 4096, may follow as a convolution. Over a window of 7×7 cells the two are the same sum,
so ``fc6="7x7"`` takes the layer's weights; ``"1x1"`` has as many outputs, reads one cell, and starts from nothing.
"""

from typing import Literal

import torch
from torch import nn

GROUPS = ((1, 1), (2, 2), (4, 4, 4), (8, 8, 8), (8, 8, 8))  # channels of the convolutions, in units of the width
FC6 = 64  # outputs of the first fully connected layer, in units of the width: 4096

Fc6 = Literal["7x7", "1x1", "none"]


class VGG16(nn.Module):
    """The trunk. ``width`` 64 is the paper's.

    ``norm`` puts a batch normalisation behind each convolution (torchvision's ``vgg16_bn``), for training without
    ImageNet weights. ``channels`` beyond three are more input maps, a mask for instance.
    """

    def __init__(self, channels: int = 3, *, width: int = 64, fc6: Fc6 = "none", norm: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        self.ends: list[int] = []  # the last ReLU of each group
        before = channels
        for group in GROUPS:
            for units in group:
                layers += [nn.Conv2d(before, units * width, 3, padding=1)]
                layers += [nn.BatchNorm2d(units * width)] * norm
                layers += [nn.ReLU()]
                before = units * width
            self.ends.append(len(layers) - 1)
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        self.fc6: nn.Conv2d | None = None
        self.out = before
        if fc6 != "none":
            size = {"7x7": 7, "1x1": 1}[fc6]
            self.fc6 = nn.Conv2d(before, FC6 * width, size, padding=size // 2)
            self.out = FC6 * width

    def groups(self, x: torch.Tensor) -> list[torch.Tensor]:
        """What each of the five groups gives before its pooling, at 1, 1/2, 1/4, 1/8, 1/16: (B, channels, H, W)."""
        found = []
        for index, layer in enumerate(self.features):
            x = layer(x)
            if index in self.ends:
                found.append(x)
        return found

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, channels, H, W) to (B, ``out``, H / 32, W / 32), after a ReLU; sides that are no multiple are cut."""
        x = self.features(x)
        return x if self.fc6 is None else torch.relu(self.fc6(x))


def load_vgg16(trunk: VGG16, state: dict[str, torch.Tensor]) -> list[str]:
    """Initialise a trunk from torchvision's state dict of ``vgg16`` (or ``vgg16_bn`` where the trunk has norms).

    Input channels beyond RGB keep what they have.

    Returns:
        the names that had no place here (the other fully connected layers; the first, too, unless it is 7×7).
    """
    ours = trunk.state_dict()
    unused = []
    for name, tensor in state.items():
        target, value = name, tensor
        if name.startswith("classifier.0."):
            target = name.replace("classifier.0.", "fc6.")
            value = tensor.view(len(tensor), -1, 7, 7) if tensor.ndim == 2 else tensor
        place = ours.get(target)
        if place is not None and target == "features.0.weight":
            place = place[:, :3]
        if place is None or place.shape != value.shape or (trunk.fc6 is not None and _other_window(trunk, target)):
            unused.append(name)
        else:
            place.copy_(value)
    return unused


def _other_window(trunk: VGG16, target: str) -> bool:
    """Whether this is the bias of a layer whose weights do not fit."""
    return target == "fc6.bias" and trunk.fc6 is not None and trunk.fc6.kernel_size != (7, 7)
