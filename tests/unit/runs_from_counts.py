"""Runs made of random counts, without a mask: as many objects and frames as a test needs, under any names."""

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np

from vosbench.measures.catalog import COUNTS
from vosbench.protocols import load as protocols
from vosbench.results.assemble import assemble
from vosbench.results.run import RunResult


def run_of(
    names: Sequence[str] = ("camel", "goat", "libby"), *, objects: int = 2, frames: int = 20, seed: int = 0,
    called: str = "preds", protocol: str = "youtube-vos-2019", flags: str = "",
) -> RunResult:  # fmt: skip
    """Object ``k`` of a sequence is scored from frame ``k`` on; every other object is unseen."""
    rng = np.random.default_rng(seed)
    spec = protocols.load(protocol)
    rows = [(s, o, t) for s in names for o in range(1, objects + 1) for t in range(o, frames + 1)]
    n = len(rows)
    gt, pred = rng.integers(100, 40_000, (2, n))
    lengths = np.maximum(np.sqrt([gt, pred]) * 4, 1).astype(np.int64)
    hits = (lengths * rng.random((2, n))).astype(np.int64)
    counts = [(np.minimum(gt, pred) * rng.random(n)).astype(np.int64), gt, pred, *lengths, *hits]
    table = {
        "sequence": np.array([r[0] for r in rows], object),
        "object": np.array([r[1] for r in rows]),
        "proposal": np.zeros(n, np.int64),
        "frame": np.array([f"{r[2]:05d}" for r in rows], object),
        "index": np.array([r[2] for r in rows]),
        "scored": np.ones(n, bool),
        **dict(zip(COUNTS, counts, strict=True)),
        "flags": np.full(n, flags, object),
    }
    known = [(s, o) for s in names for o in range(1, objects + 1)]
    keys = {
        "sequence": np.array([s for s, _ in known], object),
        "object": np.array([o for _, o in known]),
        "category": np.full(len(known), "<b>cat", object),
        "group": np.array([("seen", "unseen")[o % 2] if spec.rules.groups else "" for _, o in known], object),
        "stable": np.full(len(known), "", object),
        "instances": np.full(len(known), objects),
    }
    return assemble(
        spec, frames=table, keys=keys, benchmark=spec.name, split="val", truth="0" * 64, name=called,
    )  # fmt: skip


def changed(run: RunResult, **fields: object) -> RunResult:
    """The run with other fields in its document."""
    return replace(run, document=msgspec.structs.replace(run.document, **fields))


def under_other_rules(run: RunResult) -> RunResult:
    """The same numbers with the signatures of another protocol."""
    known = {name: line.replace("protocol:", "protocol:other-") for name, line in run.document.signatures.items()}
    return changed(run, signature=run.signature.replace("protocol:", "protocol:other-"), signatures=known)
