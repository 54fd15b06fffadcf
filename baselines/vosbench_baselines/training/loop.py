"""The training loop: seeded, resumable at any checkpoint, stoppable by a budget of seconds, on one device or many."""

import copy
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from vosbench.errors import UsageError
from vosbench.files import new_file
from vosbench_baselines.data.batches import batches
from vosbench_baselines.data.config import Training
from vosbench_baselines.data.folders import video_folder
from vosbench_baselines.data.mixture import mixture
from vosbench_baselines.devices import usable
from vosbench_baselines.learning import ranks
from vosbench_baselines.learning.descent import Descent, learning_rate
from vosbench_baselines.learning.family import Learner
from vosbench_baselines.training.families import family
from vosbench_baselines.training.holdout import holdout_j
from vosbench_baselines.training.imagenet import imagenet_state
from vosbench_baselines.training.log import Log, Row
from vosbench_baselines.weights import checkpoints


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
    at the end; with a hold-out ``best.safetensors``, too, the weights with the highest J on it so far; with
    ``tensorboard`` events. What was learnt is saved before the hold-out is tested. With ``resume`` goes on from
    ``last.pt`` if there is one; the same seed then takes the same steps. Of several processes (see ``ranks.joined``)
    rank 0 writes.

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
    elif ranks.rank() == 0:
        (out / "best.safetensors").unlink(missing_ok=True)  # of another run
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
    kind = family(config.architecture)
    learner = Descent(model, config, kind) if kind.learner is None else kind.learner(model, config)
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
    _save(run, out / "last.pt")
    _export(run, config, out / "weights.safetensors", None)
    j = None if config.holdout is None else _tested(run, config, base)
    rate = learning_rate(config, run.step)
    log.write(Row(step=run.step, seconds=run.seconds, loss=loss, learning_rate=rate, holdout_j=j))
    if j is not None:
        _export(run, config, out / "weights.safetensors", j)
        if j > _best(out / "best.safetensors"):
            _export(run, config, out / "best.safetensors", j)


def _tested(run: Run, config: Training, base: Path) -> float:
    """J on the hold-out."""
    assert config.holdout is not None
    kind, network = family(config.architecture), copy.deepcopy(run.averaged)
    model = kind.door(network, config.architecture, device=str(_device(run)), **kind.while_training)
    return holdout_j([model], video_folder(config.holdout, base))


def _export(run: Run, config: Training, path: Path, j: float | None) -> None:
    """Write the averaged weights, float16; their header says after how many steps, and J on the hold-out."""
    card = {"step": str(run.step), "seconds": f"{run.seconds:.1f}", "seed": str(config.seed)}
    card["holdout_j"] = "" if j is None else f"{j:.4f}"
    kind = family(config.architecture)
    checkpoints.save(run.averaged, kind.name, config.architecture, path, half=True, card=card)


def _best(path: Path) -> float:
    """J of the best weights so far, also of those before the run was resumed; below all where there are none."""
    return float(checkpoints.read_state(path)[1]["holdout_j"]) if path.exists() else -1.0


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
