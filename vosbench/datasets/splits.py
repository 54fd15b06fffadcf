"""Reproducible splits by category, as the papers make them: unseen categories, seen ones sampled, videos held out.

Xu et al. (YouTube-VOS, ECCV 2018) choose 10 unseen categories, whose videos become the unseen test set, sample two
videos of every other category for validation and four for the seen test set, and train on the rest. Others hold out
training videos at random: 150 of 3,471 (STM refinements, YouTube-VOS workshop 2019), or a fifth (RVOS, CVPR 2019).

A video with an object of an unseen category is unseen as a whole: it must not be trained on.
"""

from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vosbench.errors import UsageError
from vosbench.files import new_file


@dataclass(frozen=True, slots=True, kw_only=True)
class Splits:
    """Videos by split, each sorted by name, and the unseen categories."""

    unseen: tuple[str, ...]
    videos: Mapping[str, tuple[str, ...]]


def make_splits(
    categories: Mapping[str, Collection[str]],
    *,
    unseen: int | Collection[str] = 0,
    validation: int = 0,
    test: int = 0,
    hold_out: int | float = 0,
    seed: int = 0,
) -> Splits:
    """Split videos. Equal arguments give equal splits, in whatever order the videos come.

    Args:
        categories: video → the categories of its objects.
        unseen: the unseen categories, or how many to draw.
        validation, test: videos to sample of each seen category, into "validation" and "test-seen"; a video with
            several categories counts for each of them. Unseen videos are "test-unseen"; "test" is both together.
        hold_out: training videos to put into "held-out": a number, or a share below 1.
        seed: of all choices.

    Raises:
        UsageError: an unknown category, or more asked for than there is.

    >>> made = make_splits({"a": ["cat"], "b": ["cat"], "c": ["dog"]}, unseen=["dog"], hold_out=1)
    >>> {name: len(videos) for name, videos in made.videos.items()}
    {'train': 1, 'held-out': 1, 'test-unseen': 1}
    """
    rng = np.random.default_rng(seed)
    known = sorted({c for found in categories.values() for c in found})
    chosen = _unseen(known, unseen, rng)
    hidden = {v for v, found in categories.items() if chosen & set(found)}
    free = sorted(categories.keys() - hidden)
    taken: dict[str, list[str]] = {}
    for name, per_category in (("validation", validation), ("test-seen", test)):
        taken[name] = _sample(free, categories, [c for c in known if c not in chosen], per_category, rng)
        free = [v for v in free if v not in set(taken[name])]
    n = round(hold_out * len(free)) if 0 < hold_out < 1 else int(hold_out)
    if n and n >= len(free):
        raise UsageError(f"cannot hold out {n} of {len(free)} training videos", fix="hold out fewer")
    taken["held-out"] = rng.permutation(np.array(free, object))[:n].tolist()
    train = sorted(set(free) - set(taken["held-out"]))
    found = {"train": train, **taken, "test-unseen": sorted(hidden)}
    if taken["test-seen"] and hidden:
        found["test"] = sorted([*taken["test-seen"], *hidden])
    return Splits(
        unseen=tuple(sorted(chosen)), videos={name: tuple(sorted(videos)) for name, videos in found.items() if videos}
    )


def _unseen(known: Sequence[str], unseen: int | Collection[str], rng: np.random.Generator) -> set[str]:
    if not isinstance(unseen, int):
        if unknown := sorted(set(unseen) - set(known)):
            raise UsageError(f"no object is of category {unknown[0]!r}", fix=f"choose from {', '.join(known)}")
        return set(unseen)
    if unseen and unseen >= len(known):
        raise UsageError(f"cannot make {unseen} of {len(known)} categories unseen", fix="choose fewer")
    return set(rng.permutation(np.array(known, object))[:unseen].tolist())


def _sample(
    free: Sequence[str],
    categories: Mapping[str, Collection[str]],
    seen: Sequence[str],
    n: int,
    rng: np.random.Generator,
) -> list[str]:
    """At least ``n`` videos of each seen category, as few as the order of the draw allows."""
    picked: list[str] = []
    for category in seen:
        have = sum(category in categories[v] for v in picked)
        candidates = [v for v in free if category in categories[v] and v not in picked]
        if have < n and n - have >= len(candidates):
            raise UsageError(
                f"{len(candidates)} videos of category {category!r} are left: too few to sample {n - have} and train",
                fix="sample fewer a category, or choose other unseen ones",
            )
        picked += rng.permutation(np.array(candidates, object))[: max(0, n - have)].tolist()
    return picked


def write_splits(splits: Splits, folder: Path) -> list[Path]:
    """Write one ``<split>.txt`` each, one video a line, and ``unseen.txt``, one category a line.

    Raises InputError if they cannot be written; there are none then.
    """
    lists = {**splits.videos, "unseen": splits.unseen} if splits.unseen else splits.videos
    with ExitStack() as renamed_at_the_end:
        for name, lines in lists.items():
            part = renamed_at_the_end.enter_context(new_file(folder / f"{name}.txt"))
            part.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [folder / f"{name}.txt" for name in lists]
