"""Where the time of a sequence went."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
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
