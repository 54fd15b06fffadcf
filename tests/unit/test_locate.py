"""Which benchmark, and where its data is."""

import numpy as np
import pytest

from vosbench.datasets.discover import fits, locate
from vosbench.datasets.query import Query, Root
from vosbench.errors import InputError, UsageError

MASK = np.ones((4, 6), np.uint8)
VIDEOS = {"a": [MASK] * 4}
LISTED = {"a": {1: ("cat", ["00000", "00001", "00002"])}}


def found(**arguments):
    target = locate(Query.of(**arguments))
    return target.benchmark, target.spec.name, target.dataset.root, target.split


def test_ground_truth_alone_is_the_folder_protocol(world):
    gt = world.masks("gt", VIDEOS)
    assert found(gt=gt) == ("folder", "folder", gt, "all")
    assert found(gt=gt, protocol="first-appearance") == ("folder", "first-appearance", gt, "all")


def test_a_named_benchmark_at_a_named_place(world):
    root = world.davis(VIDEOS)
    assert found(benchmark="davis2017", data=root) == ("davis2017", "davis2017", root, "val")
    assert found(benchmark="davis2017", data=root, protocol="davis2016", split="train") == (
        "davis2017", "davis2016", root, "train",
    )  # fmt: skip


def test_a_benchmark_is_found_from_its_data(world):
    root = world.davis(VIDEOS)
    assert found(data=root) == ("davis2017", "davis2017", root, "val")


def test_the_annotations_tell_the_tasks_of_davis_2017_apart(world):
    world.davis(VIDEOS, name="two")
    root = world.davis(VIDEOS, name="two", annotations="Annotations_unsupervised")
    assert fits(Root(path=root)) == ("davis2017", "davis2017-unsupervised")
    with pytest.raises(UsageError, match=r"ambiguous benchmark: .*davis2017 .*davis2017-unsupervised"):
        locate(Query.of(data=root))
    assert found(data=root, benchmark="davis2017-unsupervised")[0] == "davis2017-unsupervised"


def test_one_folder_may_hold_several_datasets(world):
    davis, ytvos = world.davis(VIDEOS), world.youtube_vos(VIDEOS, LISTED)
    roots = [Root(path=world.root)]
    assert found(roots=roots, split="val") == ("davis2017", "davis2017", davis, "val")
    assert found(roots=roots, benchmark="youtube-vos-2019")[2] == ytvos
    with pytest.raises(UsageError, match="ambiguous benchmark"):
        locate(Query.of(roots=roots))
    with pytest.raises(UsageError, match="ambiguous benchmark"):
        locate(Query.of(roots=roots, split="valid"))


def test_data_registered_for_a_benchmark_is_that_benchmark(world):
    ytvos = world.youtube_vos(VIDEOS, LISTED)
    roots = [Root(path=ytvos, benchmark="youtube-vos-2018")]
    assert found(roots=roots) == ("youtube-vos-2018", "youtube-vos-2018", ytvos, "valid")
    assert found(roots=[Root(path=world.root), *roots], benchmark="youtube-vos-2018")[2] == ytvos


def test_one_dataset_found_in_two_ways_is_one_dataset(world):
    root = world.davis(VIDEOS)
    roots = [Root(path=root), Root(path=world.root), Root(path=root / ".." / "davis", benchmark="davis2017")]
    assert found(roots=roots)[0] == "davis2017"
    assert found(roots=roots[:2], benchmark="davis2017")[0] == "davis2017"


def test_two_places_for_one_benchmark_are_a_question(world):
    places = [world.davis(VIDEOS, name="one"), world.davis(VIDEOS, name="two")]
    for roots in ([Root(path=world.root)], [Root(path=p, benchmark="davis2017") for p in places]):
        with pytest.raises(UsageError, match="choose one with --data"):
            locate(Query.of(benchmark="davis2017", roots=roots))


def test_a_dataset_may_bring_its_own_benchmark(world):
    root = world.masks("mine/masks", VIDEOS).parent
    (root / "benchmark.toml").write_text(
        'name = "mine"\nversion = 3\ntitle = "Mine"\ntask = "any"\nreference = "me"\n'
        '[rules]\nframes = "drop-first"\nobjects = "any-frame"\n[data]\nlayout = "folder"\nsplit = "all"\n'
    )
    assert found(data=root) == ("mine", "mine", root, "all")
    assert found(benchmark=str(root / "benchmark.toml"), data=root)[0] == "mine"


def test_a_split_nobody_has_is_answered_with_those_there_are(world):
    root = world.davis(VIDEOS)
    with pytest.raises(UsageError, match=f"no dataset has a split called 'test': {root} has val"):
        locate(Query.of(data=root, split="test"))


def test_nothing_found_says_where_and_for_what_was_looked(world, tmp_path):
    with pytest.raises(InputError) as error:
        locate(Query.of(roots=[Root(path=tmp_path)]))
    (problem,) = error.value.problems
    assert problem.where == str(tmp_path)
    for pattern in ("Annotations/480p/", "ImageSets/2017/*.txt", "<split>/meta.json"):
        assert pattern in problem.message
    with pytest.raises(UsageError, match="VOSBENCH_DATA"):
        locate(Query.of())
    with pytest.raises(InputError, match="no data found for davis2016"):
        locate(Query.of(benchmark="davis2016", roots=[Root(path=tmp_path)]))


@pytest.mark.parametrize(
    "arguments",
    [{"gt": "gt", "benchmark": "davis2017"}, {"gt": "gt", "data": "gt"}, {"benchmark": "folder"}, {"benchmark": "no"}],
)
def test_contradictions(world, arguments):
    gt = world.masks("gt", VIDEOS)
    with pytest.raises(UsageError):
        locate(Query.of(**{name: gt if value == "gt" else value for name, value in arguments.items()}))


@pytest.mark.parametrize("name", ["gt", "data"])
def test_a_place_that_does_not_exist(tmp_path, name):
    with pytest.raises(InputError) as error:
        locate(Query.of(**{name: tmp_path / "no"}))
    assert error.value.problems[0].where == str(tmp_path / "no")
