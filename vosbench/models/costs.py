"""Where the time of a sequence went, and how much memory it took."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

Part = Literal["model", "adaptation", "decode", "encode"]


class Costs:
    """Seconds by part, summed over a sequence. "decode" and "encode" count waiting, not the overlapped work.

    Models hand NumPy arrays back, so an accelerator has finished when the clock is read.
    """

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    @contextmanager
    def measure(self, part: Part) -> Iterator[None]:
        """Add the time spent inside to ``part``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += time.perf_counter() - start  # type: ignore[assignment]


def process_mb() -> float | None:
    """The largest resident memory of this process so far, MiB; None where the system does not tell (Windows)."""
    try:
        import resource

        status = Path("/proc/self/status").read_text()  # Linux; getrusage() would count the parent's peak at the fork
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except ImportError:
        return None
    except (OSError, IndexError, ValueError):
        pass
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


class AcceleratorMemory:
    """The largest memory that a model in PyTorch allocated on CUDA devices since this was made, added up over devices.

    The runner imports no framework: it asks the one that the model has imported, if any.
    """

    def __init__(self) -> None:
        torch = sys.modules.get("torch")
        self.cuda = torch.cuda if torch is not None and torch.cuda.is_initialized() else None
        if self.cuda is not None:
            for device in range(self.cuda.device_count()):
                self.cuda.reset_peak_memory_stats(device)

    def mb(self) -> float | None:
        """MiB; None without such a device."""
        if self.cuda is None:
            return None
        return sum(float(self.cuda.max_memory_allocated(n)) for n in range(self.cuda.device_count())) / 2**20
