"""Weights of the sequence-to-sequence family: our own files."""

from pathlib import Path

from vosbench_baselines.s2s.network import S2S, architecture
from vosbench_baselines.weights import checkpoints


def load_s2s(path: Path, name: str | None = None) -> tuple[S2S, str, dict[str, str]]:
    """A member of the family from our own file; see ``checkpoints.load``."""
    return checkpoints.load(path, lambda found: S2S(architecture(found)), name)
