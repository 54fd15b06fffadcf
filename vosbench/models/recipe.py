"""How to run a model: what is asked of it, and which views of the video are fused."""

from collections.abc import Sequence as Items
from dataclasses import dataclass
from typing import Literal

from vosbench.errors import UsageError
from vosbench.models.interface import Task, VOSModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The choices that change a prediction.

    ``scales`` are factors on the model's own resolution; ``flip`` adds a mirrored view of each. Views are independent
    runs, averaged at the end: each remembers its own decisions. ``frames`` to write: "required" are those with ground
    truth (every picture of a test set, where that is not published), "all" every picture.
    """

    task: Task = "semi-supervised"
    scales: tuple[float, ...] = (1.0,)
    flip: bool = False
    frames: Literal["required", "all"] = "required"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPlan:
    """Which view: a model, the factor on its resolution, mirrored or not."""

    model: VOSModel
    scale: float = 1.0
    flip: bool = False


def view_plans(models: Items[VOSModel], recipe: Recipe) -> tuple[ViewPlan, ...]:
    """Every model at every scale, plain and, if asked, flipped.

    Raises:
        UsageError: no model, no positive scale, a model that does not do the task, or views that cannot be fused:
            models with different merge rules, or unsupervised ones, whose objects have no names in common.
    """
    if not models or not recipe.scales or min(recipe.scales) <= 0:
        raise UsageError("nothing to predict with", fix="give at least one model and one positive scale")
    for spec in (model.spec for model in models):
        if recipe.task not in spec.tasks:
            able = ", ".join(sorted(spec.tasks))
            raise UsageError(f"{spec.name} does not do {recipe.task} segmentation", fix=f"it does: {able}")
    mirrors = (False, True) if recipe.flip else (False,)
    plans = tuple(
        ViewPlan(model=model, scale=scale, flip=flip) for model in models for scale in recipe.scales for flip in mirrors
    )
    if len({model.spec.merge for model in models}) > 1:
        raise UsageError("models with different merge rules cannot be averaged", fix="predict with each of them alone")
    if len(plans) > 1 and recipe.task == "unsupervised":
        raise UsageError(
            "views of an unsupervised model cannot be averaged: their objects have no names in common",
            fix="predict with one model, one scale, no flip",
        )
    return plans
