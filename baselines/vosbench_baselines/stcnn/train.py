"""Training of STCNN in the parts of section 3.3; ``Training.phase`` says which one.

- ``adversarial``: the temporal branch predicts frames and deceives a discriminator (eqs. 1 and 2), without masks;
- ``spatial``: the spatial branch segments stills, the temporal maps are zeros;
- ``joint``: both on clips, in turns at every step: the temporal branch by eqs. 1 and 2 and by what comes back through
  the spatial one, whose weights rest, then the spatial branch by eq. 3, while the temporal one rests;
- ``together``: the same losses, both branches by one backward pass: what taking turns is compared with.

Any object counts as foreground. Clips have delta frames and the one to segment. The discriminator is saved with the
network, so that the next part goes on with it.
"""

from typing import Any, Literal

import msgspec
import torch
import torch.nn.functional as F
from torch import nn

from vosbench.errors import UsageError
from vosbench_baselines.data.config import Training
from vosbench_baselines.learning import ranks
from vosbench_baselines.learning.family import Family
from vosbench_baselines.stcnn.door import STCNNModel
from vosbench_baselines.stcnn.losses import (
    Rivals,
    discriminator,
    initialise,
    spatial_step,
    temporal_step,
    together_step,
)
from vosbench_baselines.stcnn.network import STCNN, architecture
from vosbench_baselines.stcnn.weights import load_stcnn, start

Phase = Literal["adversarial", "spatial", "joint", "together"]


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys of this family. Defaults are the paper's, where it says; else those of the authors' code.

    ``Training.learning_rate`` is the spatial branch's. ``power``: it falls with (1 - progress) ** power; the paper
    speaks of no decay, the code has 0.9 on stills. ``rotation``: clips are turned by up to so many degrees.

    Ways of the code that the paper does not have: ``detach``, no gradient from segmentation into the temporal branch;
    ``fade``, the weight of all but the final prediction falls to 0; ``balance``, see ``losses.Rivals``.
    """

    discriminator: Literal["inception-v3", "small"] = "inception-v3"
    generator_learning_rate: float = 1e-7
    discriminator_learning_rate: float = 1e-4
    adversarial_weight: float = 1e-3
    momentum: float = 0.9
    power: float = 0.0
    rotation: float = 0.0
    detach: bool = False
    fade: bool = False
    balance: bool = False


class STCNNLearner:
    """The optimisers of both branches and of the discriminator, and whose turn it is."""

    def __init__(self, model: STCNN, config: Training) -> None:
        try:
            self.phase = msgspec.convert(config.phase, Phase)
            self.settings = msgspec.convert(config.settings, Settings)
        except msgspec.ValidationError as error:
            raise UsageError(f"phase or settings: {error}", fix="see stcnn/train.py for the keys") from error
        self.model, self.config = model, config
        decay = 5e-4 if config.weight_decay is None else config.weight_decay
        self.spatial = torch.optim.SGD(
            model.spatial.parameters(), config.learning_rate, self.settings.momentum, weight_decay=decay
        )
        self.rivals = None if model.temporal is None or self.phase == "spatial" else self._rivals(model, decay)

    def _rivals(self, model: STCNN, decay: float) -> Rivals:
        assert model.temporal is not None
        how, device = self.settings, next(model.parameters()).device
        if model.critic is None:
            model.critic = discriminator(how.discriminator).to(device)
        model.critic.requires_grad_(True)
        rates = how.generator_learning_rate, how.discriminator_learning_rate
        return Rivals(
            generator=model.temporal,
            critic=model.critic,
            of_generator=torch.optim.Adam(model.temporal.parameters(), rates[0], weight_decay=decay),
            of_critic=torch.optim.Adam(model.critic.parameters(), rates[1], weight_decay=decay),
            weight=how.adversarial_weight,
            balance=how.balance and self.phase != "together",
        )

    def step(self, images: torch.Tensor, labels: torch.Tensor, step: int) -> float:
        """One step of each part that learns; the loss of the spatial branch, or of the generator where it is alone."""
        self._modes()
        drawn = 1_000_003 * self.config.seed + step
        torch.manual_seed(ranks.own_seed(drawn))  # the discriminator's dropout, the same in a resumed run
        masks = (labels[:, -1] > 0).float()
        clip, masks = turned(images, masks, self.settings.rotation, drawn)
        progress = step / max(1, self.config.steps)
        for group in self.spatial.param_groups:
            group["lr"] = self.config.learning_rate * (1 - progress) ** self.settings.power
        side = 1 - progress if self.settings.fade else 1.0
        with torch.autocast(clip.device.type, torch.bfloat16, enabled=clip.device.type == "cuda"):
            if self.phase == "together" and self.rivals is not None:
                return together_step(self.model, self.rivals, self.spatial, clip, masks, side=side)
            loss = 0.0
            if self.rivals is not None:
                through = masks if self.phase == "joint" and not self.settings.detach else None
                loss = temporal_step(self.model, self.rivals, clip, through)[1]
            if self.phase != "adversarial":
                loss = spatial_step(self.model, self.spatial, clip, masks, side=side)
        return loss

    def _modes(self) -> None:
        """Batch normalisation learns its statistics where its branch is trained, unless ``freeze_batch_norm``."""
        self.model.train()
        resting: nn.Module | None = self.model if self.config.freeze_batch_norm else None
        if resting is None and self.phase in ("adversarial", "spatial"):
            resting = self.model.spatial if self.phase == "adversarial" else self.model.temporal
        for module in resting.modules() if resting is not None else ():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()

    def state_dict(self) -> dict[str, Any]:
        """See ``families.Learner``."""
        state: dict[str, Any] = {"spatial": self.spatial.state_dict()}
        if self.rivals is not None:
            state |= {
                "generator": self.rivals.of_generator.state_dict(),
                "critic": self.rivals.of_critic.state_dict(),
                "turns": list(self.rivals.turns),
            }
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See ``families.Learner``."""
        self.spatial.load_state_dict(state["spatial"])
        if self.rivals is not None:
            self.rivals.of_generator.load_state_dict(state["generator"])
            self.rivals.of_critic.load_state_dict(state["critic"])
            self.rivals.turns = (state["turns"][0], state["turns"][1])


def turned(clip: torch.Tensor, masks: torch.Tensor, degrees: float, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Each clip (B, T, 3, H, W) and its mask (B, H, W) turned about the centre by up to so many degrees, at random.

    What comes from outside is mirrored, in the mask as in the pictures.

    Ranks draw for the whole batch, and each takes its share.
    """
    if degrees == 0:
        return clip, masks
    batch, frames, _, height, width = clip.shape
    rng = torch.Generator().manual_seed(seed)
    drawn = torch.rand(batch * ranks.size(), generator=rng).chunk(ranks.size())[ranks.rank()]
    turn = torch.deg2rad(degrees * (2 * drawn - 1)).to(clip.device)
    cos, sin, zero, aspect = torch.cos(turn), torch.sin(turn), torch.zeros_like(turn), height / width
    # affine_grid measures both sides as 2: a turn has to know the picture's shape.
    theta = torch.stack([torch.stack([cos, -sin * aspect, zero], 1), torch.stack([sin / aspect, cos, zero], 1)], 1)
    grid = F.affine_grid(theta, [batch, 1, height, width], align_corners=False)
    pictures = F.grid_sample(clip.flatten(1, 2), grid, padding_mode="reflection", align_corners=False)
    maps = F.grid_sample(masks[:, None], grid, mode="nearest", padding_mode="reflection", align_corners=False)
    return pictures.unflatten(1, (frames, 3)), maps[:, 0]


def network(name: str) -> STCNN:
    """An untrained member of the family."""
    model = STCNN(architecture(name))
    initialise(model)
    return model


FAMILY = Family(
    name="stcnn",
    network=network,
    load=load_stcnn,
    door=STCNNModel,
    start=start,
    imagenet=lambda name: "resnet101" if architecture(name).width == 64 else None,
    learner=STCNNLearner,
    while_training={"iterations": 0},
)
