"""Sequences that have nothing to score: one rule for all protocols, and a note that names them."""

from collections.abc import Sequence

from vosbench.errors import few
from vosbench.measures.catalog import COUNTS
from vosbench.protocols.spec import Rules
from vosbench.results.counts import SequenceCounts
from vosbench.results.tables import Columns, scored_sequences
from vosbench.scoring.plan import expected_stems
from vosbench.scoring.problems import without_object

_GT_AREA = COUNTS.index("gt_area")


def notes_of_unscored(counts: Sequence[SequenceCounts], frames: Columns, rules: Rules) -> tuple[str, ...]:
    """One line for each reason why sequences have nothing to score.

    Args:
        counts: of all sequences.
        frames: the frames table made of them.
        rules: of the protocol; its rule ``unscored`` says what becomes of such a sequence.
    """
    fate = "its objects count 0" if rules.unscored == "zero" else "left out of every mean"
    scored = scored_sequences(frames)
    without: dict[str, list[str]] = {}
    for c in counts:
        empty = len(c.frames) and not c.counts[_GT_AREA].any()  # a remark says this
        if c.sequence.name not in scored and not empty:
            without.setdefault(_why(c, rules), []).append(c.sequence.name)
    return tuple(
        f"nothing to score, {fate}: {why} ({len(names)} of {len(counts)} sequences: {few(names)})"
        for why, names in without.items()
    )


def _why(c: SequenceCounts, rules: Rules) -> str:
    if not expected_stems(c.sequence, rules):
        return f"too few frames for the frame rule {rules.frames!r}"
    return "its objects are on no frame that counts" if c.objects else without_object(rules.objects)
