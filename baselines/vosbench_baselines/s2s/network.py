"""Sequence to sequence (Xu et al., "YouTube-VOS: Sequence-to-Sequence Video Object Segmentation", ECCV 2018).

    c_0, h_0 = Initializer(x_0, y_0)                                                          (eq. 1)
    x̃_t      = Encoder(x_t)                                                                   (eq. 2)
    c_t, h_t = ConvLSTM(x̃_t, c_{t-1}, h_{t-1})                                                (eq. 3)
    ŷ_t      = Decoder(h_t)                                                                   (eq. 4)

x_t is the frame, y_0 the mask of one object on the first frame, ŷ_t the object's probability map. All that is known of
the object is in h and c; what was predicted is never seen again. Objects do not know each other.

    block        layers                                                                   at 256×448
    Initializer  VGG-16 to fc6 on frame and mask; two 1×1 convolutions + ReLU: c_0, h_0    512 × 8 × 14, twice
    Encoder      another VGG-16 to fc6, on the frame; 1×1 convolution + ReLU               512 × 8 × 14
    ConvLSTM     3×3, states through ReLU, forget bias 1                                   512 × 8 × 14
    Decoder      five upsamplings, 5×5, 512, 256, 128, 64, 64 filters; 5×5 to 1; sigmoid    1 × 256 × 448

Variants, behind the name: ``-mask-state`` has no Initializer, the mask itself is the first state; ``-previous-mask``
shows the encoder the previous mask as fourth channel, so that one VGG-16 serves as Initializer and Encoder (both in the
paper's ablation study). The paper leaves open what the fully connected layer "transformed to a 1×1 convolution" is, and
how the decoder upsamples: here fc6 reads 7×7 cells, as its weights do, and the decoder has transposed convolutions;
``-fc1x1`` and ``-nearest`` (repeat, then convolve) are the other readings.

Shapes: B objects; H, W picture size, multiples of 32; h = H / 32, w = W / 32.
"""

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import torch
import torch.nn.functional as F
from torch import nn

from vosbench.errors import UsageError
from vosbench_baselines.layers.convlstm import ConvLSTMCell
from vosbench_baselines.layers.vgg import VGG16, Fc6


@dataclass(frozen=True, slots=True, kw_only=True)
class Online:
    """How a network learns on a given mask. The paper states none of this: ±``turn`` degrees, a factor up to ``scale``
    either way, ±``shift`` of the sides, mirrored half the time; Adam.
    """

    steps: int = 500
    batch: int = 4
    learning_rate: float = 1e-5
    turn: float = 15.0
    scale: float = 1.25
    shift: float = 0.1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """The sizes of one member of the family; see the head of this file for the variants."""

    size: tuple[int, int] = (256, 448)
    width: int = 64
    norm: bool = False
    fc6: Fc6 = "7x7"
    hidden: int = 512
    decoder: tuple[int, ...] = (512, 256, 128, 64, 64)
    state: Literal["initializer", "mask"] = "initializer"
    previous_mask: bool = False
    upsampling: Literal["transposed", "nearest"] = "transposed"
    online: Online = Online()


ARCHITECTURES = {
    "s2s": Architecture(),
    "s2s-tiny": Architecture(
        size=(128, 224),
        width=12,
        norm=True,
        fc6="none",
        hidden=128,
        decoder=(128, 64, 32, 16, 16),
        online=Online(steps=30, learning_rate=3e-4),
    ),
    "s2s-nano": Architecture(
        size=(64, 96),
        width=4,
        norm=True,
        fc6="1x1",
        hidden=32,
        decoder=(32, 16, 16, 8, 8),
        online=Online(steps=40, learning_rate=3e-4),
    ),
}
VARIANTS: dict[str, dict[str, Any]] = {
    "-mask-state": {"state": "mask"},
    "-previous-mask": {"previous_mask": True},
    "-fc1x1": {"fc6": "1x1"},
    "-nearest": {"upsampling": "nearest"},
}


def architecture(name: str) -> Architecture:
    """A member of the family by name.

    >>> architecture("s2s-tiny-mask-state").state
    'mask'
    """
    base, changes = name, dict[str, Any]()
    while suffix := next((v for v in VARIANTS if base.endswith(v)), ""):
        base = base.removesuffix(suffix)
        changes |= VARIANTS[suffix]
    if base not in ARCHITECTURES:
        fix = f"there are {', '.join(ARCHITECTURES)}, with {', '.join(VARIANTS)} behind"
        raise UsageError(f"no architecture {name!r}", fix=fix)
    return replace(ARCHITECTURES[base], **changes)


class State(NamedTuple):
    """What is remembered of an object: h and c, each (B, hidden, h, w)."""

    h: torch.Tensor
    c: torch.Tensor


class Trunk(nn.Module):
    """VGG-16 on a frame in [0, 1], and on a mask where ``masks``."""

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, size: Architecture, *, masks: bool) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.vgg = VGG16(3 + masks, width=size.width, fc6=size.fc6, norm=size.norm)

    def forward(self, images: torch.Tensor, masks: torch.Tensor | None = None) -> torch.Tensor:
        """(B, 3, H, W), and (B, 1, H, W) if it sees masks; (B, 64 · width, h, w)."""
        x = (images - self.mean) / self.std
        out: torch.Tensor = self.vgg(x if masks is None else torch.cat([x, masks], dim=1))
        return out


class Decoder(nn.Module):
    """Five times twice the size, then one map."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        before = (size.hidden, *size.decoder)
        ups: list[nn.Module] = []
        for i, o in pairwise(before):
            if size.upsampling == "transposed":
                ups.append(nn.ConvTranspose2d(i, o, 5, 2, 2, output_padding=1))
            else:
                ups.append(nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(i, o, 5, padding=2)))
        self.ups = nn.ModuleList(ups)
        self.last = nn.Conv2d(size.decoder[-1], 1, 5, padding=2)

    def forward(self, h: torch.Tensor) -> torch.Tensor:
        """(B, hidden, h, w) to logits (B, 1, H, W)."""
        for up in self.ups:
            h = torch.relu(up(h))
        out: torch.Tensor = self.last(h)
        return out


class S2S(nn.Module):
    """The network. It keeps no state between calls."""

    def __init__(self, size: Architecture) -> None:
        super().__init__()
        self.size = size
        self.encoder = Trunk(size, masks=size.previous_mask)
        out = self.encoder.vgg.out
        self.encoded = nn.Conv2d(out, size.hidden, 1)
        self.initializer: Trunk | None = None
        if size.state == "initializer":
            if not size.previous_mask:
                self.initializer = Trunk(size, masks=True)
            self.c0 = nn.Conv2d(out, size.hidden, 1)
            self.h0 = nn.Conv2d(out, size.hidden, 1)
        self.lstm = ConvLSTMCell(size.hidden, size.hidden, activation="relu", forget_bias=1.0)
        self.decoder = Decoder(size)
        self._initialise_weights()

    def _initialise_weights(self) -> None:
        """Xavier (section 4.2), VGG-16 apart: its weights are to be loaded, and He et al. (ICCV 2015) until then."""
        for name, module in self.named_modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                if ".vgg." in name:
                    nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                else:
                    nn.init.xavier_uniform_(module.weight)
                if module is not self.lstm.Gates and module.bias is not None:
                    nn.init.zeros_(module.bias)

    def initialise(self, images: torch.Tensor, masks: torch.Tensor) -> State:
        """Eq. 1: first frames (B, 3, H, W) and masks (B, 1, H, W) of objects to their first state."""
        if self.size.state == "mask":
            height, width = masks.shape[2] // 32, masks.shape[3] // 32
            small = F.interpolate(masks, size=(height, width), mode="area").expand(-1, self.size.hidden, -1, -1)
            return State(small, small)
        trunk = self.encoder if self.initializer is None else self.initializer
        seen = trunk(images, masks)
        return State(torch.relu(self.h0(seen)).float(), torch.relu(self.c0(seen)).float())

    def encode(self, images: torch.Tensor, previous: torch.Tensor | None = None) -> torch.Tensor:
        """Eq. 2: frames (B, 3, H, W), with the previous masks (B, 1, H, W) of ``-previous-mask``; (B, hidden, h, w)."""
        return torch.relu(self.encoded(self.encoder(images, previous)))

    def step(self, encoded: torch.Tensor, state: State) -> tuple[torch.Tensor, State]:
        """Eqs. 3 and 4: logits (B, 1, H, W) and the next state."""
        after = State(*self.lstm(encoded, state.h, state.c))
        return self.decoder(after.h), after

    def forward(
        self, images: torch.Tensor, first: torch.Tensor, truth: torch.Tensor | None = None, *, detach: bool = False
    ) -> torch.Tensor:
        """Logits (B, T - 1, H, W) of all frames of clips but the first.

        Args:
            images: (B, T, 3, H, W) in [0, 1].
            first: (B, 1, H, W), the mask on the first frame.
            truth: (B, T, H, W) for teacher forcing of ``-previous-mask``: the encoder is shown the true previous mask,
                where there is one (it is not negative); None shows it what was predicted.
            detach: no gradient through what was predicted.
        """
        state = self.initialise(images[:, 0], first)
        if not self.size.previous_mask:
            # The encoder has no state: all frames at once.
            encoded = self.encode(images[:, 1:].flatten(0, 1)).unflatten(0, (len(images), -1))
        logits, previous = [], first
        for t in range(1, images.shape[1]):
            x = self.encode(images[:, t], previous) if self.size.previous_mask else encoded[:, t - 1]
            out, state = self.step(x, state)
            logits.append(out)
            previous = torch.sigmoid(out.detach() if detach else out)
            if truth is not None:
                known = truth[:, t, None]
                previous = torch.where(known >= 0, known, previous)
        return torch.cat(logits, dim=1)
