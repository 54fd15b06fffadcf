"""The losses of STCNN and the steps that lower them (sections 3.1 to 3.3 of the paper).

Everything is a function of tensors; which clips, how many steps and at which rates is in ``train.py``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import nn

from vosbench_baselines.layers.inception import InceptionV3
from vosbench_baselines.learning.ranks import average_gradients, mean
from vosbench_baselines.stcnn.network import STCNN, TemporalBranch

FAKE, REAL = 0, 1
MARGIN = 0.3


def initialise(model: nn.Module) -> None:
    """He et al., ICCV 2015, for every convolution; batch normalisation starts as the identity."""
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def initialise_trunks(model: STCNN, state: dict[str, torch.Tensor]) -> list[str]:
    """Start both ResNets from one trained on pictures, with torchvision's names.

    The temporal one sees delta frames at once: its first convolution is the given one, repeated for each.

    Returns:
        the names that had no place here (the classifier).
    """
    trunks = [model.spatial.encoder, *([model.temporal.encoder] if model.temporal else [])]
    for trunk in trunks:
        ours = trunk.state_dict()
        for name in ours.keys() & state.keys():
            tensor = state[name]
            frames = ours[name].shape[1] // tensor.shape[1] if name == "conv1.weight" else 1
            ours[name].copy_(tensor.repeat(1, frames, 1, 1) if frames > 1 else tensor)
    return sorted(state.keys() - trunks[0].state_dict().keys())


def small_discriminator() -> nn.Module:
    """Four strided convolutions: enough for the frames of a small generator."""
    layers: list[nn.Module] = []
    for channels, out in ((3, 16), (16, 32), (32, 48), (48, 64)):
        layers += [nn.Conv2d(channels, out, 3, 2, 1), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(64, 2))


def discriminator(kind: Literal["inception-v3", "small"]) -> nn.Module:
    """D: (B, 3, h, w) in [-1, 1] to logits (B, 2) of "made by G" and "real"."""
    return InceptionV3(2) if kind == "inception-v3" else small_discriminator()


def _told(net: nn.Module, frames: torch.Tensor, label: int) -> torch.Tensor:
    """-log of the probability that D gives to the label, mean over the batch."""
    logits = net(frames)
    return F.cross_entropy(logits, torch.full((len(frames),), label, device=frames.device))


def discriminator_loss(net: nn.Module, real: torch.Tensor, made: torch.Tensor) -> torch.Tensor:
    """Eq. 1: -log(1 - D(made)) - log D(real). No gradient reaches the generator."""
    return _told(net, made.detach(), FAKE) + _told(net, real, REAL)


def generator_loss(net: nn.Module, real: torch.Tensor, made: torch.Tensor, weight: float) -> torch.Tensor:
    """Eq. 2: mean squared error - weight * log D(made)."""
    return F.mse_loss(made, real) + weight * _told(net, made, REAL)


def segmentation_loss(logits: Iterable[torch.Tensor], masks: torch.Tensor, side: float = 1.0) -> torch.Tensor:
    """Eq. 3 at every scale, added up; mean over pixels.

    A sigmoid of one logit is the softmax over it and a constant, so one channel does what the paper's two do.

    Args:
        logits: (B, 1, H, W) each, the final one last.
        masks: (B, H, W), 0 or 1.
        side: weight of all but the final one (the authors' code lets it fall to 0 in joint training, and online).
    """
    *coarse, final = (F.binary_cross_entropy_with_logits(scale.squeeze(1).float(), masks.float()) for scale in logits)
    return final + side * sum(coarse, torch.zeros_like(final))


def target(images: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    """The real frame as the generator should make it: (B, 3, H, W) in [0, 1] to [-1, 1] at the size it makes."""
    return 2 * F.interpolate(images, size=like.shape[-2:], mode="bilinear", align_corners=False, antialias=True) - 1


@dataclass
class Rivals:
    """A generator and a discriminator, each with its optimiser, trained in turns.

    ``balance`` is a trick of the authors' code that the paper does not mention: whoever is too far ahead waits.
    """

    generator: TemporalBranch
    critic: nn.Module
    of_generator: torch.optim.Optimizer
    of_critic: torch.optim.Optimizer
    weight: float = 1e-3
    balance: bool = False
    turns: tuple[bool, bool] = (True, True)

    def step(self, real: torch.Tensor, made: torch.Tensor, also: torch.Tensor | None = None) -> tuple[float, float]:
        """One step of D (eq. 1), then one of G (eq. 2, and ``also``, what else G is to lower).

        Args:
            real, made: (B, 3, h, w) in [-1, 1]; ``made`` carries the generator's gradient.

        Returns:
            both losses before the step.
        """
        critic_turn, generator_turn = self.turns
        told = discriminator_loss(self.critic, real, made)
        if critic_turn:
            self.of_critic.zero_grad(set_to_none=True)
            told.backward()
            average_gradients(self.of_critic)
            self.of_critic.step()
        self.critic.requires_grad_(False)
        loss = generator_loss(self.critic, real, made, self.weight)
        if generator_turn:
            self.of_generator.zero_grad(set_to_none=True)
            (loss if also is None else loss + also).backward()
            average_gradients(self.of_generator)
            self.of_generator.step()
        self.critic.requires_grad_(True)
        if self.balance:
            self.turns = self._next_turns(real, made.detach())
        return float(told.detach()), float(loss.detach())

    @torch.no_grad()
    def _next_turns(self, real: torch.Tensor, made: torch.Tensor) -> tuple[bool, bool]:
        """D waits while it is sure of either kind of frame, G while D is deceived by either; never both."""
        errors = mean(_told(self.critic, made, FAKE).item()), mean(_told(self.critic, real, REAL).item())
        critic_turn = self.turns[0] and min(errors) >= MARGIN
        generator_turn = self.turns[1] and max(errors) <= 1 - MARGIN
        return (critic_turn, generator_turn) if critic_turn or generator_turn else (True, True)


def temporal_step(
    model: STCNN, rivals: Rivals, clip: torch.Tensor, masks: torch.Tensor | None = None
) -> tuple[float, float]:
    """Predict the last frame of a clip (B, delta + 1, 3, H, W) from those before it.

    With ``masks`` (B, H, W) of the last frame the branch also learns what helps the spatial one, whose weights stay as
    they are: the gradient of eq. 3 comes through it ("each branch is able to obtain useful information from another
    branch through back-propagation"). Pre-training, and the authors' code throughout, goes without.
    """
    assert model.temporal is not None
    made, maps = model.temporal(clip[:, :-1])
    also = None
    if masks is not None:
        model.spatial.requires_grad_(False)
        also = segmentation_loss(model.spatial(clip[:, -1], maps), masks)
        model.spatial.requires_grad_(True)
    return rivals.step(target(clip[:, -1], made), made, also)


def spatial_step(
    model: STCNN,
    optimiser: torch.optim.Optimizer,
    clip: torch.Tensor,
    masks: torch.Tensor,
    *,
    side: float = 1.0,
) -> float:
    """One step of the spatial branch by the last frame of a clip (B, T, 3, H, W); a temporal one is fixed."""
    maps = None
    if model.temporal is not None and clip.shape[1] > 1:
        with torch.no_grad():
            _, maps = model.temporal(clip[:, :-1])
    loss = segmentation_loss(model.spatial(clip[:, -1], maps), masks, side)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    average_gradients(optimiser)
    optimiser.step()
    return float(loss.detach())


def together_step(
    model: STCNN,
    rivals: Rivals,
    optimiser: torch.optim.Optimizer,
    clip: torch.Tensor,
    masks: torch.Tensor,
    *,
    side: float = 1.0,
) -> float:
    """One step of both branches by one backward pass through them; the spatial loss before it."""
    assert model.temporal is not None
    made, maps = model.temporal(clip[:, :-1])
    loss = segmentation_loss(model.spatial(clip[:, -1], maps), masks, side)
    optimiser.zero_grad(set_to_none=True)
    rivals.step(target(clip[:, -1], made), made, loss)
    average_gradients(optimiser)
    optimiser.step()
    return float(loss.detach())
