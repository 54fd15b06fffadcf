"""Do predicted objects have numbers that the ground truth knows? Without, they cannot be paired by number.

A JSON list of results, as COCO, YouTube-VIS and SA-Co write them, says which objects were found, not which true object
each one is. Its entries are numbered here by falling score; such numbers paired with those of the truth score nonsense.
The automatic masklets of SA-V have numbers that have nothing to do with those of the manual ones.
"""

from collections.abc import Iterable

from vosbench.errors import Problem
from vosbench.masks.masklets import Masklets
from vosbench.masks.rle import InstanceFile
from vosbench.protocols.spec import Rules
from vosbench.types import MaskSource, Sequence

_FIX = (
    'give each object the number of the true one ("object" in an annotation), or let them be matched: '
    "--protocol folder-matched"
)


def identity_problems(
    source: MaskSource, gt: MaskSource, sequences: Iterable[Sequence], rules: Rules
) -> tuple[Problem, ...]:
    """The problem of predictions that a protocol would pair by a number that means nothing; one at most."""
    if rules.pairing != "id" or rules.objects == "merged":
        return ()
    bad = {s.name: why for s in sequences if (why := _unknown(source, gt, s.name))}
    if not bad:
        return ()
    name, why = next(iter(bad.items()))
    more = f" (and so in {len(bad) - 1} more)" if len(bad) > 1 else ""
    return (
        Problem(
            code="no-object-ids",
            message=f"{why}, and this protocol pairs objects by number{more}",
            where=source.where(name),
            fix=_FIX,
            sequence=name,
        ),
    )


def _unknown(source: MaskSource, gt: MaskSource, sequence: str) -> str:
    """Why the numbers of a sequence's objects mean nothing to the ground truth, or ""."""
    if isinstance(source, Masklets) and isinstance(gt, Masklets) and source.kind != gt.kind and "auto" in source.kind:
        return "automatic masklets have numbers of their own, which are not those of manual ones"
    if not isinstance(source, InstanceFile):
        return ""
    numbered, stated = source.numbered(sequence), source.stated(sequence)
    known = gt.numbered(sequence) if isinstance(gt, InstanceFile) else {}
    true = {*gt.stated(sequence), *known} if isinstance(gt, InstanceFile) else set()
    if len(true) == 1 and {*stated, *numbered} <= true:
        return ""  # one object on either side, of one number: there is nothing to mistake
    copied = all(score == 0 and known.get(label, (None,))[0] == i for label, (i, score) in numbered.items())
    if numbered and not copied:
        return f"{len(numbered)} of its objects have no number that the ground truth knows"
    if isinstance(gt, InstanceFile) and stated and not stated & {*gt.stated(sequence), *known}:
        return f"none of its object numbers ({', '.join(map(str, sorted(stated)[:3]))}) is one of the ground truth"
    return ""
