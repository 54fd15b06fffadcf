"""What a training run tells of itself: ``log.csv``, and on request the same as events for TensorBoard."""

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vosbench.files import writable

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

COLUMNS = ("step", "seconds", "loss", "learning_rate", "holdout_j")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A checkpoint: the mean loss since the one before, the rate, and J on the hold-out; None where there is none."""

    step: int
    seconds: float
    loss: float | None
    learning_rate: float
    holdout_j: float | None


class Log:
    """Appends to the log in ``folder``; ``step`` and ``seconds`` are those at which the run begins or goes on."""

    def __init__(self, folder: Path, *, step: int, seconds: float, tensorboard: bool) -> None:
        self.path = folder / "log.csv"
        self.before = step, seconds
        self.events = _events(folder, step) if tensorboard else None

    def write(self, row: Row) -> None:
        """Add a checkpoint."""
        cells = (row.step, f"{row.seconds:.1f}", _cell(row.loss, 5), row.learning_rate, _cell(row.holdout_j, 4))
        new = not self.path.exists()
        with writable(self.path), self.path.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([COLUMNS, cells] if new else [cells])
        if self.events is not None:
            for name, value in self._scalars(row).items():
                self.events.add_scalar(name, value, row.step)
            self.events.flush()
        self.before = row.step, row.seconds

    def close(self) -> None:
        """End the file of events."""
        if self.events is not None:
            self.events.close()

    def _scalars(self, row: Row) -> dict[str, float]:
        """By TensorBoard's names; seconds a step since the row before, its test on the hold-out included."""
        scalars = {"loss": row.loss, "holdout_j": row.holdout_j, "learning_rate": row.learning_rate}
        steps = row.step - self.before[0]
        if steps:
            scalars["seconds_per_step"] = (row.seconds - self.before[1]) / steps
        return {name: value for name, value in scalars.items() if value is not None}


def _events(folder: Path, step: int) -> "SummaryWriter":
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=step + 1)  # later rows, of a run that was killed, are superseded


def _cell(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"
