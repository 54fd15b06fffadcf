"""Splits by category: what is unseen is never trained on, and a seed says it all."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vosbench import score
from vosbench.datasets.splits import make_splits, write_splits
from vosbench.errors import UsageError

CATEGORIES = {f"v{i:04d}": [f"c{i % 94:02d}"] for i in range(3252)}


def test_as_youtube_vos_was_split_first():
    """Ten unseen categories, two videos a category for validation, four for the seen test set, the rest to train on."""
    made = make_splits(CATEGORIES, unseen=10, validation=2, test=4)
    assert len(made.unseen) == 10
    assert {name: len(v) for name, v in made.videos.items() if name in ("validation", "test-seen")} == {
        "validation": 2 * 84,
        "test-seen": 4 * 84,
    }
    assert made.videos["test"] == tuple(sorted(made.videos["test-seen"] + made.videos["test-unseen"]))
    parts = [made.videos[name] for name in ("train", "validation", "test-seen", "test-unseen")]
    assert sorted(v for part in parts for v in part) == sorted(CATEGORIES)
    assert {CATEGORIES[v][0] for v in made.videos["test-unseen"]} == set(made.unseen)
    assert not {CATEGORIES[v][0] for v in made.videos["train"]} & set(made.unseen)


@pytest.mark.parametrize(("hold_out", "train", "held"), [(150, 3321, 150), (0.2, 2777, 694)])
def test_training_videos_are_held_out_by_number_or_share(hold_out, train, held):
    made = make_splits({f"v{i}": ["c"] for i in range(3471)}, hold_out=hold_out)
    assert [len(made.videos["train"]), len(made.videos["held-out"])] == [train, held]


def test_the_seed_decides_and_the_order_of_the_videos_does_not():
    options = {"unseen": 5, "validation": 1, "hold_out": 20}
    made = make_splits(CATEGORIES, **options, seed=1)
    assert make_splits(dict(reversed(CATEGORIES.items())), **options, seed=1) == made
    assert make_splits(CATEGORIES, **options, seed=2) != made


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.sets(st.sampled_from("xyz"), min_size=1), min_size=3, max_size=30
    ),
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**32),
)  # fmt: skip
def test_whatever_the_videos(categories, unseen, per_category, seed):
    try:
        made = make_splits(categories, unseen=unseen, validation=per_category, seed=seed)
    except UsageError:
        return
    parts = {name: set(v) for name, v in made.videos.items()}
    assert sum(map(len, parts.values())) == len(categories)
    assert set().union(*parts.values()) == set(categories)
    trained = {c for v in parts.get("train", ()) for c in categories[v]}
    assert not trained & set(made.unseen)
    for category in {c for found in categories.values() for c in found} - set(made.unseen):
        assert sum(category in categories[v] for v in parts.get("validation", ())) >= per_category


@pytest.mark.parametrize(
    "options",
    [{"unseen": 94}, {"unseen": ["cow"]}, {"validation": 35}, {"hold_out": 3252}],
)
def test_more_than_there_is_is_refused(options):
    with pytest.raises(UsageError):
        make_splits(CATEGORIES, **options)


def test_scoring_reads_the_lists_and_the_unseen_categories_beside_them(world, tmp_path):
    mask = np.zeros((20, 30), np.uint8)
    mask[5:15, 5:15] = 1
    frames = [f"{t:05d}" for t in range(4)]
    names = {"a": "cat", "b": "dog", "c": "owl"}
    data = world.youtube_vos(
        {v: [mask] * 4 for v in names}, {v: {1: (c, frames)} for v, c in names.items()}, seen=tuple(names.values())
    )
    made = make_splits({v: [c] for v, c in names.items()}, unseen=["dog"])
    written = write_splits(made, tmp_path / "splits")
    assert [p.name for p in written] == ["train.txt", "test-unseen.txt", "unseen.txt"]
    preds = world.masks("preds", {v: [mask] * 4 for v in names})
    for name, groups in (("train", {"seen"}), ("test-unseen", {"unseen"})):
        run = score(preds, data=data, benchmark="youtube-vos-2019", split=str(tmp_path / "splits" / f"{name}.txt"))
        assert set(run.objects["sequence"]) == set(made.videos[name])
        assert set(run.objects["group"]) == groups
