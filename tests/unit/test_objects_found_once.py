"""The objects of a sequence are found once, and no mask is decoded twice, however late the first object turns up."""

import os

import numpy as np
import pytest

import vosbench
from vosbench.execution import can_fork
from vosbench.masks import listing

FRAMES = 23
FORKS = pytest.mark.skipif(not can_fork(), reason="forks only on Linux, from a single thread")


def masks(first: int, labels=(1, 2), frames: int = FRAMES):
    """A video whose objects turn up on frame ``first``."""
    found = np.zeros((frames, 24, 32), np.uint8)
    for t in range(first, frames):
        for k, label in enumerate(labels):
            found[t, 3 + 10 * k : 9 + 10 * k, 4 + t % 5 : 14 + t % 5] = label
    return found


@pytest.fixture
def decodes(monkeypatch, tmp_path):
    """Decodes so far, as (in this process, in all processes)."""
    real, parent, log = listing.decode, os.getpid(), tmp_path / "decodes"

    def decode(*arguments, **options):
        with log.open("a") as file:
            file.write("p" if os.getpid() == parent else "c")
        return real(*arguments, **options)

    monkeypatch.setattr(listing, "decode", decode)

    def count():
        text = log.read_text() if log.exists() else ""
        return text.count("p"), len(text)

    return count


RULES = [
    pytest.param("davis2017", 0, id="first-frame"),
    pytest.param("folder", 0, id="any-frame-at-once"),
    pytest.param("folder", 17, id="any-frame-late"),
    pytest.param("folder", FRAMES - 2, id="any-frame-last"),
]


@pytest.mark.parametrize("part", [5, 1000])
@pytest.mark.parametrize(("protocol", "first"), RULES)
@pytest.mark.parametrize("executor", ["threads", pytest.param("processes", marks=FORKS)])
def test_every_mask_is_decoded_once(world, monkeypatch, decodes, part, protocol, first, executor):
    monkeypatch.setattr("vosbench.scoring.task.PART", part)
    gt, preds = world.masks("gt", {"a": masks(first)}), world.masks("preds", {"a": masks(first)})
    run = vosbench.score(preds, gt=gt, protocol=protocol, measures=["J", "F"], executor=executor, jobs=2)
    scored = run.document.dataset.frames
    in_parent, in_all = decodes()
    unscored = 1 if scored < FRAMES else 0  # the first frame, which tells the objects and is not scored
    assert in_all == 2 * scored + unscored
    if executor == "processes":
        assert in_parent == 0


@pytest.mark.parametrize("labels", [(1, 2), (7,), (255,)])
@pytest.mark.parametrize("first", [0, 4, 5, 17])
@pytest.mark.parametrize("protocol", ["folder", "davis2017", "davis2016"])
def test_a_sequence_in_parts_is_scored_as_one(world, monkeypatch, protocol, first, labels):
    gt, preds = world.masks("gt", {"a": masks(first, labels)}), world.masks("preds", {"a": masks(2, labels)})
    outcomes = []
    for part in (1000, 5):
        monkeypatch.setattr("vosbench.scoring.task.PART", part)
        try:
            outcomes.append(vosbench.score(preds, gt=gt, protocol=protocol).to_json())
        except vosbench.errors.InputError as error:
            outcomes.append([problem.message for problem in error.problems])
    assert outcomes[0] == outcomes[1]


def test_what_is_kept_travels_with_the_part_that_needs_it(world, monkeypatch):
    from vosbench.masks.sources import open_masks
    from vosbench.protocols import load as protocols
    from vosbench.scoring.objects import parts_of, with_objects
    from vosbench.scoring.task import Task
    from vosbench.types import Sequence

    monkeypatch.setattr("vosbench.scoring.task.PART", 5)
    source = open_masks(world.masks("gt", {"a": masks(17)}))
    sequence = Sequence(name="a", frames=source.frames("a"))
    task = with_objects(Task(sequence=sequence, rules=protocols.load("folder").rules, gt=source, predictions=()))
    held = [len(part.gt.held) for part in parts_of(task)]
    assert sum(held) == 18 + 4  # each frame in its part, and the last of a part with the next one too
    assert len(task.portable().gt.held) == 18
