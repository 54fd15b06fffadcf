"""Fuzz one target guided by coverage, with atheris (python -m pip install atheris).

python tests/fuzz/guided.py png -max_total_time=60 [more options of libFuzzer]
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

with atheris.instrument_imports(include=["vosbench"]):
    from tests.fuzz.targets import TARGETS

from tests.fuzz.seeds import SEEDS


def main() -> None:
    """Write the seeds to a corpus, and fuzz."""
    name = sys.argv.pop(1)
    with tempfile.TemporaryDirectory(prefix="vosbench-corpus-") as corpus:
        for k, seed in enumerate(SEEDS[name]()):
            Path(corpus, str(k)).write_bytes(seed)
        atheris.Setup([*sys.argv, corpus], lambda data: void(TARGETS[name](data)))
        atheris.Fuzz()


def void(_: object) -> None:
    """The fuzzer asks for nothing."""


if __name__ == "__main__":
    main()
