"""Convolutional LSTM (Shi et al., NeurIPS 2015), without peepholes.

    i, f, o = σ(W * [x, h]),   g = φ(W * [x, h]),   c' = f ∘ c + i ∘ g,   h' = o ∘ φ(c')

One convolution computes the four, in this order. φ is tanh, or ReLU ("state outputs" of the sequence-to-sequence
paper), with which c may grow without bound: the cell is always float32.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn


class ConvLSTMCell(nn.Module):
    """One step. ``hidden`` is the channels of h and c; ``remembered`` those that come in as h, if there is more of it.

    ``forget_bias`` is the bias of the forget gate before training (Jozefowicz et al., ICML 2015: 1).
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        *,
        kernel: int = 3,
        remembered: int | None = None,
        activation: Literal["tanh", "relu"] = "tanh",
        forget_bias: float | None = None,
    ) -> None:
        super().__init__()
        self.inputs, self.hidden = inputs, hidden
        self.activation = {"tanh": torch.tanh, "relu": torch.relu}[activation]
        self.Gates = nn.Conv2d(inputs + (remembered or hidden), 4 * hidden, kernel, padding=kernel // 2)
        if forget_bias is not None:
            nn.init.zeros_(self.Gates.bias)  # type: ignore[arg-type]
            nn.init.constant_(self.Gates.bias[hidden : 2 * hidden], forget_bias)  # type: ignore[index]

    def forward(self, x: torch.Tensor, h: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """``x`` (B, inputs, h, w), ``h`` (B, remembered, h, w), ``c`` (B, hidden, h, w); the next h and c."""
        return self.update(self.of_input(x) + self.of_state(h), c)

    # A convolution of a concatenation is a sum of convolutions: what does not depend on the state can be computed for
    # all frames or objects at once.

    def of_input(self, x: torch.Tensor) -> torch.Tensor:
        """The share of ``x`` in the gates, bias included: (B, inputs, h, w) to (B, 4 · hidden, h, w)."""
        weight = self.Gates.weight[:, : self.inputs]
        return F.conv2d(x, weight, self.Gates.bias, padding=self.Gates.padding)

    def of_state(self, h: torch.Tensor) -> torch.Tensor:
        """The share of the state: (B, remembered, h, w) to (B, 4 · hidden, h, w)."""
        return F.conv2d(h, self.Gates.weight[:, self.inputs :], padding=self.Gates.padding)

    def update(self, gates: torch.Tensor, c: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """From the sum of both shares to the next h and c, in float32 (or wider)."""
        wide = torch.promote_types(gates.dtype, torch.float32)
        i, f, o, g = gates.to(wide).chunk(4, dim=1)
        c = torch.sigmoid(f) * c.to(wide) + torch.sigmoid(i) * self.activation(g)
        return torch.sigmoid(o) * self.activation(c), c
