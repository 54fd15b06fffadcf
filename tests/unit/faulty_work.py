"""Work that fails in every way there is: tasks for the tests of the executors, importable by any worker."""

import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from vosbench.errors import InputError, Problem

PROBLEM = Problem(code="c", message="m", where="w", fix="f", sequence="s", frame="00001")


class Awkward(Exception):
    """An exception that cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


@dataclass(frozen=True)
class Errand:
    """A task: what goes wrong with it, and how often (files in ``folder`` count)."""

    name: str
    folder: Path
    fault: str = ""
    times: int = 99

    def __str__(self):
        return self.name

    def worker(self):
        """The process that began it first."""
        return int(next(self.folder.glob(f"{self.name}.0.*")).suffix[1:])

    def tries(self):
        """How often it has been begun."""
        return len(list(self.folder.glob(f"{self.name}.*")))


def run_errand(errand):
    """Note the attempt, then fail as told, or return the name in capitals."""
    attempt = errand.tries()
    (errand.folder / f"{errand.name}.{attempt}.{os.getpid()}").touch()
    if attempt < errand.times:
        fail(errand.fault)
    return errand.name.upper()


def fail(fault):
    if fault == "killed" and hasattr(signal, "SIGKILL"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif fault in ("exits", "killed"):
        os._exit(3)
    elif fault == "hangs":
        time.sleep(600)
    elif fault == "memory":
        raise MemoryError
    elif fault == "input":
        raise InputError([PROBLEM], summary="no")
    elif fault == "bug":
        raise KeyError("bug")
    elif fault == "awkward":
        raise Awkward("one", "two")
    elif fault == "slow":
        time.sleep(0.3)
