"""The runner: what a model gets to see, what is written, and what happens when things go wrong."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tests.unit.fake_videos import Brightness, Remember, make_videos, read_png, square
from vosbench.errors import IncompleteError, InputError, UsageError
from vosbench.files import write
from vosbench.models.interface import ModelError, ModelSpec, Padding, Resolution, SoftMasks
from vosbench.models.merge import labels, merged, put_given, soft_aggregation
from vosbench.models.predict import Shard, predict
from vosbench.models.propagators import copy_first_mask, nothing, optical_flow
from vosbench.models.recipe import Recipe

FIXED = ModelSpec(name="remember", resolution=Resolution(fixed=(20, 30)), padding=Padding(multiple=16))


def pngs(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*.png"))}


# -- merging


@hypothesis_given(
    hnp.arrays(np.float32, hnp.array_shapes(min_dims=3, max_dims=3, max_side=4), elements=st.floats(0, 1, width=32))
)
def test_soft_aggregation_normalises_the_odds(probabilities):
    aggregated = soft_aggregation(probabilities)
    everyone = np.concatenate([np.prod(1 - probabilities, 0)[None], probabilities])
    p = np.clip(everyone, np.float32(1e-7), 1 - np.float32(1e-7)).astype(np.float64)
    odds = p / (1 - p)
    np.testing.assert_allclose(aggregated, odds / odds.sum(0), atol=1e-6)
    np.testing.assert_allclose(aggregated.sum(0), 1, atol=1e-6)
    assert np.isfinite(aggregated).all()


def test_soft_aggregation_sharpens_a_single_object():
    p = np.linspace(0.05, 0.95, 19, dtype=np.float32).reshape(1, 1, -1)
    np.testing.assert_allclose(soft_aggregation(p)[1], (p**2 / (p**2 + (1 - p) ** 2))[0], rtol=1e-5)


def test_soft_aggregation_grows_with_its_object():
    p = np.full((2, 1, 50), 0.4, np.float32)
    p[0, 0] = np.linspace(0, 1, 50)
    assert (np.diff(soft_aggregation(p)[1, 0]) > 0).all()


def test_argmax_prefers_background_up_to_one_half():
    p = np.array([[[0.5, 0.51, 0.6]], [[0.2, 0.4, 0.7]]], np.float32)
    assert labels(merged(p, "argmax"), (3, 9)).tolist() == [[0, 3, 9]]


def test_given_masks_are_certain_inside_and_impossible_outside():
    channels = merged(np.full((1, 1, 3), 0.9, np.float32), "argmax")
    ids, out = put_given(channels, (4,), {2: np.array([[True, False, False]])})
    assert ids == (4, 2)
    assert labels(out, ids).tolist() == [[2, 4, 4]]
    assert out[2].tolist() == [[1, 0, 0]]


def test_ids_above_255_need_wider_labels():
    assert labels(merged(np.ones((1, 2, 2), np.float32), "argmax"), (300,)).dtype == np.uint16


# -- what a model sees and what is written


def test_every_picture_is_seen_and_only_required_frames_are_written(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",), frames=6, annotated={0, 3})
    model = Remember()
    predict(videos, split="val", models=[model], out=tmp_path / "out")
    seen = [entry[2] for entry in model.diary if entry[0] == "commit"]
    assert seen[-6:] == [0, 1, 2, 3, 4, 5]
    assert sorted(pngs(tmp_path / "out")) == ["a/00000.png", "a/00003.png"]
    predict(videos, split="val", models=[model], out=tmp_path / "all", recipe=Recipe(frames="all"))
    assert len(pngs(tmp_path / "all")) == 6


def test_a_test_set_has_every_picture_written(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",), frames=6, annotated={0})
    predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    assert len(pngs(tmp_path / "out")) == 6


def test_objects_are_given_where_they_first_appear_and_only_they(tmp_path):
    videos = make_videos(tmp_path / "data", names=("b",))
    model = Remember()
    predict(videos, split="val", models=[model], out=tmp_path / "out")
    commits = [entry for entry in model.diary if entry[0] == "commit"][-5:]
    assert [set(given) for *_, given in commits] == [{1}, set(), {2}, set(), set()]
    assert [masks.ids for *_, masks, _ in commits] == [(1,), (1,), (1, 2), (1, 2), (1, 2)]
    np.testing.assert_array_equal(commits[2][3].probabilities[1], square(24, 36, 14, 20) == 1)
    assert [read_png(tmp_path / f"out/b/{t:05}.png").max() for t in range(5)] == [1, 1, 2, 2, 2]


def test_first_frame_of_an_object_may_come_from_the_dataset(tmp_path):
    from dataclasses import replace

    from vosbench.types import ObjectInfo

    videos = make_videos(tmp_path / "data", names=("b",))
    objects = (ObjectInfo(id=1, frames=("00001", "00002")), ObjectInfo(id=2, frames=("00002",)))
    videos.list = (replace(videos.list[0], objects=objects),)
    predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    assert {frame for _, frame in videos.truth.reads} == {"00001", "00002"}
    assert not read_png(tmp_path / "out/b/00000.png").any()


def test_frames_come_padded_at_the_models_size_and_masks_go_back(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",), size=(24, 36))
    model = Remember(FIXED)
    predict(videos, split="val", models=[model], out=tmp_path / "out")
    image = next(entry[3] for entry in model.diary if entry[0] == "predict")
    assert image.shape == (32, 32, 3)
    assert not image[:6].any()  # 32 - 20 rows of black, half of them above
    first, later = (read_png(tmp_path / f"out/a/{t:05}.png") for t in (0, 4))
    np.testing.assert_array_equal(first, square(24, 36, 4, 2))
    assert first.shape == later.shape
    assert (later == first).mean() > 0.95


def test_given_frames_are_written_as_given_by_models_that_ignore_them(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",))
    predict(videos, split="val", models=[nothing(weights=None, device="cpu")], out=tmp_path / "out")
    assert read_png(tmp_path / "out/a/00000.png").any()
    assert not read_png(tmp_path / "out/a/00001.png").any()


def test_copying_the_first_mask_through_the_door_copies_it(tmp_path):
    videos = make_videos(tmp_path / "data", names=("b",))
    predict(videos, split="val", models=[copy_first_mask(weights=None, device="cpu")], out=tmp_path / "out")
    for t in range(5):
        expected = square(24, 36, 4, 2)
        if t >= 2:
            expected = np.maximum(expected, square(24, 36, 14, 20, label=2))
        np.testing.assert_array_equal(read_png(tmp_path / f"out/b/{t:05}.png"), expected)


def test_optical_flow_through_the_door_is_the_predictor(tmp_path):
    from vosbench.models.predictors import OpticalFlow

    videos = make_videos(tmp_path / "data", names=("a",), size=(48, 64))
    predict(videos, split="val", models=[optical_flow(weights=None, device="cpu")], out=tmp_path / "out")
    flow = OpticalFlow()
    for t in range(5):
        image = read_png(tmp_path / f"data/JPEGImages/a/{t:05}.png")
        expected = flow.step(image, square(48, 64, 4, 2) if t == 0 else None)
        np.testing.assert_array_equal(read_png(tmp_path / f"out/a/{t:05}.png"), expected)


def test_unsupervised_models_name_their_own_objects(tmp_path):
    class Halves:
        spec = ModelSpec(name="halves", tasks=frozenset({"unsupervised"}), max_proposals=2)

        def open(self, video):
            return self

        def predict(self, index, image):
            maps = np.zeros((2, *image.shape[:2]), np.float32)
            maps[0, :, :10], maps[1, :, 10:20] = 0.9, 0.8
            return SoftMasks(ids=(1, 2), probabilities=maps)

        def commit(self, index, image, masks, *, given):
            assert not given

    videos = make_videos(tmp_path / "data", names=("a",))
    unsupervised = Recipe(task="unsupervised")
    predict(videos, split="val", models=[Halves()], out=tmp_path / "out", recipe=unsupervised)
    assert np.unique(read_png(tmp_path / "out/a/00002.png")).tolist() == [0, 1, 2]
    assert videos.truth.reads == []
    with pytest.raises(UsageError, match="does not do semi-supervised"):
        predict(videos, split="val", models=[Halves()], out=tmp_path / "semi")
    Halves.spec = ModelSpec(name="halves", tasks=frozenset({"unsupervised"}), max_proposals=1)
    with pytest.raises(IncompleteError, match="more than 1 proposals"):
        predict(videos, split="val", models=[Halves()], out=tmp_path / "many", recipe=unsupervised)


# -- fusion


def test_an_equivariant_model_is_unmoved_by_flips_and_by_averaging_with_itself(tmp_path):
    videos = make_videos(tmp_path / "data")
    plain = tmp_path / "plain"
    predict(videos, split="val", models=[Brightness()], out=plain)
    for name, models, recipe in (
        ("flip", [Brightness()], Recipe(flip=True)),
        ("twice", [Brightness(), Brightness()], Recipe()),
    ):
        predict(videos, split="val", models=models, out=tmp_path / name, recipe=recipe)
        assert pngs(tmp_path / name) == pngs(plain), name


def test_views_average_independent_probabilities(tmp_path):
    class Constant:
        def __init__(self, value):
            self.value, self.spec = np.float32(value), ModelSpec(name=f"constant-{value}")

        def open(self, video):
            return ConstantSession(self.value)

    class ConstantSession:
        def __init__(self, value):
            self.value = value

        def predict(self, index, image):
            return SoftMasks(ids=(1,), probabilities=np.full((1, *image.shape[:2]), self.value))

        def commit(self, index, image, masks, *, given):
            assert masks.ids == (1,)

    videos = make_videos(tmp_path / "data", names=("a",))
    predict(videos, split="val", models=[Constant(0.9), Constant(0.2)], out=tmp_path / "above")
    predict(videos, split="val", models=[Constant(0.7), Constant(0.2)], out=tmp_path / "below")
    assert read_png(tmp_path / "above/a/00001.png").all()  # 0.55
    assert not read_png(tmp_path / "below/a/00001.png").any()  # 0.45


def test_each_view_remembers_its_own_decisions(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",), size=(32, 48))
    models = [Remember(), Remember(FIXED)]
    predict(videos, split="val", models=models, out=tmp_path / "out", recipe=Recipe(scales=(0.5, 1.0), flip=True))
    last = [entry[3].probabilities for entry in models[0].diary if entry[0] == "commit"][-4:]
    assert [maps.shape for maps in last] == [(1, 16, 24), (1, 16, 24), (1, 32, 48), (1, 32, 48)]
    assert set(np.unique(last[2])) <= {0, 1}


def test_views_that_cannot_be_fused_are_refused(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",))
    soft = Remember(ModelSpec(name="soft", merge="soft-aggregation"))
    with pytest.raises(UsageError, match="different merge rules"):
        predict(videos, split="val", models=[Remember(), soft], out=tmp_path / "out")
    with pytest.raises(UsageError, match="at least one model"):
        predict(videos, split="val", models=[], out=tmp_path / "out")


def test_a_model_that_adapts_is_told_after_each_commit_and_timed_apart(tmp_path):
    calls = []

    class Learner(Remember):
        def open(self, video):
            session = super().open(video)
            session.adapt = lambda index, image, masks, *, given: (calls.append((index, set(given))), time.sleep(0.02))
            return session

    videos = make_videos(tmp_path / "data", names=("a",), frames=3)
    model = Learner(ModelSpec(name="learner", adapts=True))
    report = predict(videos, split="val", models=[model], out=tmp_path / "out")
    assert calls[-3:] == [(0, {1}), (1, set()), (2, set())]
    assert report.predicted[0].adaptation >= 0.06
    assert report.predicted[0].model < report.predicted[0].wall


def test_warming_up_does_not_learn_and_leaves_no_trace(tmp_path, monkeypatch):
    counts = {"open": 0, "predict": 0, "adapt": 0}

    class Counts(Brightness):
        """The more it has learnt in a video, the more it lets through."""

        def open(self, video):
            counts["open"] += 1
            session = super().open(video)
            session.learnt = 0
            predict = session.predict

            def answer(index, image):
                counts["predict"] += 1
                soft = predict(index, image)
                return SoftMasks(ids=soft.ids, probabilities=soft.probabilities ** np.float32(1 / (1 + session.learnt)))

            def adapt(index, image, masks, *, given):
                counts["adapt"] += 1
                session.learnt += 1

            session.predict, session.adapt = answer, adapt
            return session

    videos = make_videos(tmp_path / "data", names=("a", "b"), frames=4)
    model = Counts(ModelSpec(name="counts", adapts=True))
    predict(videos, split="val", models=[model], out=tmp_path / "warm")
    assert counts == {"open": 3, "predict": 1 + 2 * 3, "adapt": 2 * 4}
    monkeypatch.setattr("vosbench.models.predict.WARM_UP_FRAMES", 0)
    predict(videos, split="val", models=[model], out=tmp_path / "cold")
    assert pngs(tmp_path / "warm") == pngs(tmp_path / "cold")


# -- contracts and failures


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda h, w: SoftMasks(ids=(1,), probabilities=np.zeros((1, h, w))), "float64"),
        (lambda h, w: SoftMasks(ids=(1,), probabilities=np.zeros((1, h + 1, w), np.float32)), "not float32"),
        (lambda h, w: SoftMasks(ids=(1,), probabilities=np.full((1, h, w), np.nan, np.float32)), "not finite"),
        (lambda h, w: SoftMasks(ids=(1,), probabilities=np.full((1, h, w), 1.5, np.float32)), "not finite and in"),
        (lambda h, w: SoftMasks(ids=(1, 1), probabilities=np.zeros((2, h, w), np.float32)), "repeat"),
        (lambda h, w: SoftMasks(ids=(), probabilities=np.zeros((0, h, w), np.float32)), r"\[\] predicted, \[1\] known"),
        (lambda h, w: SoftMasks(ids=(1, 2), probabilities=np.zeros((2, h, w), np.float32)), "predicted"),
    ],
)
def test_a_broken_contract_names_the_model_and_the_matter(tmp_path, answer, message):
    class Wrong(Remember):
        def open(self, video):
            session = super().open(video)
            session.predict = lambda index, image: answer(*image.shape[:2])
            return session

    videos = make_videos(tmp_path / "data", names=("a",))
    with pytest.raises(IncompleteError, match=message) as caught:
        predict(videos, split="val", models=[Wrong()], out=tmp_path / "out")
    assert caught.value.exit_code == 6
    assert ModelError.exit_code == 6


def test_rounding_beyond_one_is_cut_off(tmp_path):
    class Nearly(Remember):
        def open(self, video):
            session = super().open(video)
            full = lambda image: np.full((1, *image.shape[:2]), 1 + 1e-6, np.float32)  # noqa: E731
            session.predict = lambda index, image: SoftMasks(ids=(1,), probabilities=full(image))
            return session

    videos = make_videos(tmp_path / "data", names=("a",))
    model = Nearly()
    predict(videos, split="val", models=[model], out=tmp_path / "out")
    assert max(entry[3].probabilities.max() for entry in model.diary if entry[0] == "commit") == 1


def test_one_failing_sequence_leaves_the_others_complete(tmp_path):
    videos = make_videos(tmp_path / "data")
    out = tmp_path / "out"
    with pytest.raises(IncompleteError, match="1 of 4 sequences failed: c; first: no idea about c"):
        predict(videos, split="val", models=[Remember(fail_on={"c"})], out=out)
    assert sorted(p.name for p in out.iterdir() if p.is_dir()) == ["a", "b", "d"]
    assert len(pngs(out)) == 15
    (failure,) = json.loads((out / "costs.json").read_text())["failures"]
    assert failure["sequence"] == "c"
    assert failure["error"][-1] == "RuntimeError: no idea about c"
    report = predict(videos, split="val", models=[Remember()], out=out, resume=True)
    assert report.skipped == ("a", "b", "d")
    assert [costs.sequence for costs in report.predicted] == ["c"]


def test_bad_input_of_one_sequence_is_that_sequences_failure(tmp_path):
    videos = make_videos(tmp_path / "data")
    (tmp_path / "data/JPEGImages/b/00003.png").write_bytes(b"no picture")
    (tmp_path / "data/JPEGImages/c/00001.png").unlink()
    with pytest.raises(IncompleteError, match="2 of 4 sequences failed: b, c") as caught:
        predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    assert "cannot be decoded" in (tmp_path / "out/costs.json").read_text()
    assert "no picture of frame 00001" in (tmp_path / "out/costs.json").read_text()
    assert not list((tmp_path / "out").glob(".*"))
    assert caught.value.fix
    with pytest.raises(InputError):
        predict(videos, split="test", models=[Remember()], out=tmp_path / "out2")


def test_masks_and_pictures_of_different_sizes_are_refused(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a", "b"), size=(24, 36))
    videos.truth.maps["a"]["00000"] = square(48, 72, 4, 2)
    with pytest.raises(IncompleteError, match="72x48 where the first picture is 36x24"):
        predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    assert sorted(pngs(tmp_path / "out"))[0] == "b/00000.png"


def test_existing_output_is_never_mixed(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",))
    predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    with pytest.raises(UsageError, match="already holds a"):
        predict(videos, split="val", models=[Remember()], out=tmp_path / "out")
    with pytest.raises(UsageError, match="other models or another recipe"):
        predict(videos, split="val", models=[Remember()], out=tmp_path / "out", resume=True, recipe=Recipe(flip=True))
    with pytest.raises(UsageError, match="inside the dataset"):
        predict(videos, split="val", models=[Remember()], out=tmp_path / "data/out")
    (tmp_path / "foreign/a").mkdir(parents=True)
    with pytest.raises(UsageError, match=r"no prediction\.json accounts for"):
        predict(videos, split="val", models=[Remember()], out=tmp_path / "foreign", resume=True)


def test_two_shards_are_one_run(tmp_path):
    videos = make_videos(tmp_path / "data", names=tuple("abcde"))
    predict(videos, split="val", models=[Brightness()], out=tmp_path / "one")
    for index in (1, 0):
        shard = Shard(index=index, of=2)
        predict(videos, split="val", models=[Brightness()], out=tmp_path / "two", shard=shard)
    assert pngs(tmp_path / "one") == pngs(tmp_path / "two")
    assert (tmp_path / "one/prediction.json").read_bytes() == (tmp_path / "two/prediction.json").read_bytes()
    assert (tmp_path / "two/costs-1-of-2.json").exists()
    with pytest.raises(UsageError, match="no shard 2 of 2"):
        Shard(index=2, of=2)


def test_prediction_json_says_what_made_the_masks(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a",))
    model = Remember(ModelSpec(name="remember", weights="ab" * 32))
    predict(videos, split="val", models=[model], out=tmp_path / "out", recipe=Recipe(scales=(0.75, 1.0)))
    made_by = json.loads((tmp_path / "out/prediction.json").read_text())
    assert made_by["models"][0]["weights"] == "ab" * 32
    assert made_by["recipe"]["scales"] == [0.75, 1.0]
    assert (made_by["dataset"], made_by["split"]) == ("data", "val")


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_run_resumes_to_identical_files(tmp_path):
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        from tests.unit.fake_videos import Brightness, make_videos
        from vosbench.models.predict import predict

        class Slow(Brightness):
            def open(self, video):
                session = super().open(video)
                predict = session.predict
                session.predict = lambda index, image: (time.sleep(0.05), predict(index, image))[1]
                return session

        root = Path(sys.argv[1])
        videos = make_videos(root / "data", names=tuple("abcd"))
        predict(videos, split="val", models=[Slow()], out=root / "out", resume=True)
    """)
    out = tmp_path / "out"
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], cwd=Path(__file__).parents[2])
    deadline = time.monotonic() + 60
    while not (out / ".b.vosbench-folder").is_dir() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert (out / ".b.vosbench-folder").is_dir()
    assert not (out / "b").exists()
    videos = make_videos(tmp_path / "again", names=tuple("abcd"))
    videos.root = tmp_path / "data"
    report = predict(videos, split="val", models=[Brightness()], out=out, resume=True)
    assert "a" in report.skipped
    predict(videos, split="val", models=[Brightness()], out=tmp_path / "whole")
    assert pngs(out) == pngs(tmp_path / "whole")
    assert (out / "prediction.json").read_bytes() == (tmp_path / "whole/prediction.json").read_bytes()
    assert not list(out.glob(".*"))


TWICE = """
import os, sys, time
from pathlib import Path
from tests.unit.fake_videos import Brightness, make_videos
from vosbench.errors import UsageError
from vosbench.models.predict import Shard, predict

class Slow(Brightness):
    def open(self, video):
        session = super().open(video)
        predict = session.predict
        session.predict = lambda index, image: (time.sleep(0.05), predict(index, image))[1]
        return session

root, index, of = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
videos = make_videos(root / f"data-{os.getpid()}", names=tuple("abcd"))
videos.root = root / "data"
try:
    predict(videos, split="val", models=[Slow()], out=root / "out", resume=True, shard=Shard(index=index, of=of))
except UsageError as error:
    print(error)
    sys.exit(2)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no locks")
@pytest.mark.parametrize("shards", [("0 1", "0 1", "0 1"), ("0 1", "0 2", "1 2")])
def test_a_prediction_started_several_times_loses_no_frame(tmp_path, shards):
    """The same run several times: one goes on, the others say so. Shards that overlap: each frame is written whole."""
    (tmp_path / "data").mkdir()
    start = [sys.executable, "-c", TWICE, str(tmp_path)]
    where = {"cwd": Path(__file__).parents[2], "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([*start, *shard.split()], **where) for shard in shards]
    said = [process.communicate(timeout=120)[0] for process in processes]
    codes = sorted(process.returncode for process in processes)
    predict(make_videos(tmp_path / "more", names=tuple("abcd")), split="val", models=[Brightness()], out=tmp_path / "w")
    assert pngs(tmp_path / "out") == pngs(tmp_path / "w")
    assert codes[0] == 0
    if len(set(shards)) == 1:
        assert set(codes) <= {0, 2}
        assert all("in use: another process writes there" in text for text in said if text)
    else:
        assert codes == [0, 0, 0]
    assert not list((tmp_path / "out").glob(".*"))


def test_a_folder_that_lacks_frames_is_not_taken_for_finished(tmp_path):
    videos = make_videos(tmp_path / "data", names=("a", "b"))
    predict(videos, split="val", models=[Brightness()], out=tmp_path / "out")
    whole = pngs(tmp_path / "out")
    next((tmp_path / "out" / "a").glob("*.png")).unlink()
    report = predict(videos, split="val", models=[Brightness()], out=tmp_path / "out", resume=True)
    assert report.skipped == ("b",)
    assert pngs(tmp_path / "out") == whole


def test_frames_that_are_removed_meanwhile_are_missed(tmp_path, monkeypatch):
    from vosbench.models import sequence

    real = sequence._write

    def write(video, plans, recipe, costs, folder):
        real(video, plans, recipe, costs, folder)
        next(folder.glob("*.png")).unlink()

    monkeypatch.setattr(sequence, "_write", write)
    videos = make_videos(tmp_path / "data", names=("a",))
    with pytest.raises(IncompleteError, match=r"1 of \d+ frames of a were removed while they were written"):
        predict(videos, split="val", models=[Brightness()], out=tmp_path / "out")
    assert not (tmp_path / "out" / "a").exists()


def test_what_cannot_be_written_stops_the_run_at_once(tmp_path, monkeypatch):
    from vosbench.models import sequence

    monkeypatch.setattr(sequence.Writer, "put", lambda *_: write(tmp_path / "data", "x"))
    videos = make_videos(tmp_path / "data", names=("a", "b"))
    with pytest.raises(InputError, match="Is a directory"):
        predict(videos, split="val", models=[Brightness()], out=tmp_path / "out")
    assert not (tmp_path / "out" / "costs.json").exists()


def test_an_os_error_of_the_model_is_not_told_as_one_of_writing(tmp_path):
    class Reads(Brightness):
        def open(self, video):
            session = super().open(video)
            session.commit = lambda *_, **__: (_ for _ in ()).throw(FileNotFoundError("weights.pt"))
            return session

    videos = make_videos(tmp_path / "data", names=("a",))
    with pytest.raises(IncompleteError, match=r"first: (?!.*cannot write).*weights\.pt"):
        predict(videos, split="val", models=[Reads()], out=tmp_path / "out")


def test_costs_tell_the_memory_of_the_process_and_of_a_device_that_the_model_uses(tmp_path, monkeypatch):
    videos = make_videos(tmp_path / "data", names=("a",))
    model = copy_first_mask(weights=None, device="cpu")
    (costs,) = predict(videos, split="val", models=[model], out=tmp_path / "out").predicted
    if sys.platform != "win32":
        assert 10 < costs.process_mb < 64_000  # an interpreter with NumPy
    torch = SimpleNamespace(
        cuda=SimpleNamespace(
            is_initialized=lambda: True,
            device_count=lambda: 2,
            reset_peak_memory_stats=lambda device: None,
            max_memory_allocated=lambda device: (0, 3 << 20)[device],  # the model is on cuda:1
        )
    )
    monkeypatch.setitem(sys.modules, "torch", torch)
    (costs,) = predict(videos, split="val", models=[model], out=tmp_path / "cuda").predicted
    assert costs.accelerator_mb == 3
    torch.cuda.is_initialized = lambda: False
    (costs,) = predict(videos, split="val", models=[model], out=tmp_path / "cpu").predicted
    assert costs.accelerator_mb is None
