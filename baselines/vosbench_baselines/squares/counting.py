"""Parameters and arithmetic of networks that see squares, as their ``cost.py`` counts them.

Counted on meta tensors; one multiply-add is two FLOP. What is counted is the network on an object's square, plain and
mirrored. The square is the same size whatever the frame's, so a 480p frame costs what any frame costs. Optical flow,
colours and cutting out are not counted, nor is looking for an object that is lost. A step of online learning is taken
as three forward passes of a batch of squares.
"""

from dataclasses import dataclass

from torch import nn

from vosbench.models.interface import ModelCost
from vosbench_baselines.layers.counting import parameters
from vosbench_baselines.squares.following import ONLINE

VIEWS = 2


@dataclass(frozen=True, slots=True)
class Counted:
    """A model, its parameters, GFLOP of a frame with one object, and of learning an object online."""

    name: str
    parameters: int
    frame: float
    online: float

    def costs(self) -> dict[str, ModelCost]:
        """The model and its ``-offline`` twin, which differ in online learning alone."""
        cost = ModelCost(parameters=self.parameters, gflop=self.frame)
        return {self.name: cost, f"{self.name}-offline": cost}

    def row(self) -> str:
        """The model's row of the table in docs/baselines.md."""
        return f"| {self.name} | {self.parameters:,} | {self.frame:.2f} | {self.online:,.0f} |"

    def table(self) -> str:
        """That row under the table's head."""
        return (
            f"| | parameters | GFLOP of a frame, each object | of learning it online |\n|---|---|---|---|\n{self.row()}"
        )


def counted(name: str, network: nn.Module, *, frame: float, step: float) -> Counted:
    """``frame``: GFLOP of a frame; ``step``: GFLOP of a forward pass of a batch of squares."""
    return Counted(name, parameters(network), frame, 3 * ONLINE.steps * step)
