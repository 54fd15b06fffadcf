"""The training loop: seeded, resumable at any checkpoint, stoppable by a budget of seconds, on one device or many."""

import copy
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from vosbench.errors import UsageError
from vosbench.files import new_file
from vosbench_baselines import checkpoints
from vosbench_baselines.devices import usable
from vosbench_baselines.training import ranks
from vosbench_baselines.training.batches import batches
from vosbench_baselines.training.config import Training
from vosbench_baselines.training.families import Learner, family
from vosbench_baselines.training.folders import video_folder
from vosbench_baselines.training.holdout import holdout_j
from vosbench_baselines.training.imagenet import imagenet_state
from vosbench_baselines.training.log import Log, Row
from vosbench_baselines.training.mixture import mixture


@dataclass(kw_only=True)
class Run:
    """Everything that changes while training. ``averaged`` is the exponential moving average that is exported."""

    model: nn.Module
    averaged: nn.Module
    learner: Learner
    step: int = 0
    seconds: float = 0.0


def train(
    config: Training,
    base: Path,
    out: Path,
    *,
    budget: float | None = None,
    device: str = "cpu",
    resume: bool = False,
    tensorboard: bool = False,
) -> Path:
    """Train until ``config.steps``, or until ``budget`` seconds of this call have passed.

    Writes ``weights.safetensors`` (float16, averaged), ``log.csv`` and ``last.pt`` into ``out`` at every checkpoint and
    at the end; with ``tensorboard`` events, too. With ``resume`` goes on from ``last.pt`` if there is one; the same
    seed then takes the same steps. Of several processes (see ``ranks.joined``) rank 0 writes.

    Returns:
        the path of the weights.

    Raises:
        UsageError: the device is not there, or ``out`` cannot be a folder.
    """
    usable(device)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"cannot write to {out}: {error.strerror}", fix="name a folder, new or not") from error
    clips, places = mixture(config, base), ranks.share(config.batch)
    run = _begin(config, base, device)
    if resume:
        _resume(run, out / "last.pt")
    log = None
    if ranks.rank() == 0:
        log = Log(out, step=run.step, seconds=run.seconds, tensorboard=tensorboard)
    with nullcontext() if log is None else closing(log):
        for losses in _steps(run, config, batches(clips, run.step, places), budget):
            _checkpoint(run, config, base, out, losses, log)
        if not (out / "weights.safetensors").exists():
            _checkpoint(run, config, base, out, [], log)
    ranks.wait()  # whoever returns finds the weights
    return out / "weights.safetensors"


def _steps(
    run: Run, config: Training, prepared: Iterable[tuple[torch.Tensor, torch.Tensor]], budget: float | None
) -> Iterator[list[float]]:
    """Learn until the last step or the budget ends; yields at every checkpoint the losses since the one before."""
    start, before, losses = time.monotonic(), run.seconds, list[float]()
    device = _device(run)
    for images, labels in prepared:
        late = budget is not None and ranks.of_first(time.monotonic() - start) >= budget
        if run.step >= config.steps or late:
            break
        losses.append(run.learner.step(images.to(device).float().div_(255), labels.to(device), run.step))
        run.step += 1
        _average(run, config.ema)
        run.seconds = before + time.monotonic() - start
        if run.step % config.checkpoint_every == 0:
            yield losses
            losses = []
    if losses:
        yield losses


def _begin(config: Training, base: Path, device: str) -> Run:
    torch.manual_seed(config.seed)
    model = initialised(config, base).to(device)
    learner = (family(config.architecture).learner or Descent)(model, config)
    if ranks.rank():  # the network is everyone's, what is drawn while training is not
        torch.manual_seed(ranks.own_seed(config.seed))
    return Run(model=model, averaged=copy.deepcopy(model).requires_grad_(False), learner=learner)


def initialised(config: Training, base: Path) -> nn.Module:
    """The network as ``config.initial`` has it begin; what that does not say, from the global random generator."""
    kind = family(config.architecture)
    if config.initial.endswith(".safetensors"):
        model: nn.Module = kind.load(base / config.initial, config.architecture)[0]
        return model.requires_grad_(True)
    model = kind.network(config.architecture)
    if config.initial == "imagenet":
        kind.start(model, imagenet_state(kind.imagenet(config.architecture), config.architecture))
    elif config.initial:
        kind.start(model, checkpoints.read_state(base / config.initial)[0])
    return model


class Descent:
    """The learner of most families: one loss, one optimiser, gradients clipped."""

    def __init__(self, model: nn.Module, config: Training) -> None:
        self.model, self.config, self.loss = model, config, family(config.architecture).loss
        self.optimiser = _optimiser(config, model)

    def step(self, images: torch.Tensor, labels: torch.Tensor, step: int) -> float:
        """See :class:`Learner`."""
        assert self.loss is not None
        self.model.train()
        if self.config.freeze_batch_norm:
            for module in self.model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.eval()
        for group in self.optimiser.param_groups:
            group["lr"] = group["share"] * learning_rate(self.config, step)
        with torch.autocast(images.device.type, torch.bfloat16, enabled=images.device.type == "cuda"):
            loss = self.loss(self.model, images, labels, self.config, step)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        ranks.average_gradients(self.optimiser)
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_gradient)
        self.optimiser.step()
        return float(loss.detach())

    def state_dict(self) -> dict[str, Any]:
        """See :class:`Learner`."""
        return self.optimiser.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """See :class:`Learner`."""
        self.optimiser.load_state_dict(state)


def _optimiser(config: Training, model: nn.Module) -> torch.optim.Optimizer:
    """One group of parameters, for SGD the family's groups; or the trunk apart. ``share`` is of the learning rate."""
    makers = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": partial(torch.optim.SGD, momentum=0.9)}
    maker = makers[config.optimiser]
    groups: list[dict[str, Any]] = [{"params": list(model.parameters()), "share": 1.0}]
    if config.optimiser == "sgd":
        groups = family(config.architecture).groups(model)
    if config.trunk_learning_rate is not None:
        trunk = family(config.architecture).trunk(model)
        apart = {id(parameter) for parameter in trunk}
        groups[0]["params"] = [p for p in model.parameters() if id(p) not in apart]
        groups.append({"params": trunk, "share": config.trunk_learning_rate / config.learning_rate})
    decay = {} if config.weight_decay is None else {"weight_decay": config.weight_decay}
    return maker(groups, lr=config.learning_rate, **decay)


def learning_rate(config: Training, step: int) -> float:
    """Half a cosine to zero for AdamW, constant for the others; after the warm-up."""
    rate = config.learning_rate * min(1.0, (step + 1) / (config.warm_up + 1))
    if config.optimiser != "adamw":
        return rate
    return rate * 0.5 * (1 + float(np.cos(np.pi * min(1.0, step / max(1, config.steps)))))


@torch.no_grad()
def _average(run: Run, decay: float) -> None:
    """Move the average towards the model; early on faster, so that it is not the initial weights for long."""
    decay = min(decay, (1 + run.step) / (10 + run.step))
    for ours, theirs in zip(run.averaged.state_dict().values(), run.model.state_dict().values(), strict=True):
        if ours.is_floating_point():
            ours.lerp_(theirs, 1 - decay)
        else:
            ours.copy_(theirs)


def _checkpoint(run: Run, config: Training, base: Path, out: Path, losses: list[float], log: Log | None) -> None:
    """Write everything, with the mean of ``losses``; only rank 0 has a log, and writes."""
    loss = ranks.mean(float(np.mean(losses))) if losses else None
    if log is None:
        return
    kind, j = family(config.architecture), None
    if config.holdout is not None:
        network = copy.deepcopy(run.averaged)
        model = kind.door(network, config.architecture, device=str(_device(run)), **kind.while_training)
        j = holdout_j([model], video_folder(config.holdout, base))
    rate = learning_rate(config, run.step)
    log.write(Row(step=run.step, seconds=run.seconds, loss=loss, learning_rate=rate, holdout_j=j))
    card = {"step": str(run.step), "seconds": f"{run.seconds:.1f}", "seed": str(config.seed)}
    card["holdout_j"] = "" if j is None else f"{j:.4f}"
    checkpoints.save(run.averaged, kind.name, config.architecture, out / "weights.safetensors", half=True, card=card)
    _save(run, out / "last.pt")


def _save(run: Run, path: Path) -> None:
    state = {
        "model": run.model.state_dict(),
        "averaged": run.averaged.state_dict(),
        "learner": run.learner.state_dict(),
        "step": run.step,
        "seconds": run.seconds,
    }
    with new_file(path) as part:
        try:
            torch.save(state, part)
        except RuntimeError as error:  # what torch makes of a full disk
            raise OSError(str(error)) from error


def _resume(run: Run, path: Path) -> None:
    """Go on from a checkpoint, if there is one."""
    if path.exists():
        _restore(run, path)
    if ranks.mean(float(run.step != ranks.of_first(run.step))):  # all of them know, and none waits for the others
        raise UsageError(f"not every process finds the same {path}", fix="put --out on a disk that all machines share")


def _restore(run: Run, path: Path) -> None:
    state = torch.load(path, map_location=_device(run), weights_only=True)
    run.model.load_state_dict(state["model"])
    run.averaged.load_state_dict(state["averaged"])
    run.learner.load_state_dict(state["learner"])
    run.step, run.seconds = state["step"], state["seconds"]


def _device(run: Run) -> torch.device:
    return next(run.model.parameters()).device
