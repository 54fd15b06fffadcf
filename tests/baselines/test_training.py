"""Training: clips, the loss, the loop. Everything at toy size."""

import csv
import dataclasses
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="the baselines need torch")

from click.testing import CliRunner  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from vosbench_baselines.data import batches as batching  # noqa: E402
from vosbench_baselines.data.clips import UNLABELLED, Clip, Shape, choose_objects, crop, jitter, ordered_frames, warped  # noqa: E402
from vosbench_baselines.data.config import Source, Training, read_config  # noqa: E402
from vosbench_baselines.data.folders import fraction_of, video_folder  # noqa: E402
from vosbench_baselines.data.mixture import max_gap, mixture  # noqa: E402
from vosbench_baselines.data.procedural import Procedural  # noqa: E402
from vosbench_baselines.oneshot import methods  # noqa: E402
from vosbench_baselines.stm.losses import clip_loss, unroll  # noqa: E402
from vosbench_baselines.stm.network import STM, architecture  # noqa: E402
from vosbench_baselines.stm.weights import load_stm  # noqa: E402
from vosbench_baselines.training.cli import main  # noqa: E402
from vosbench_baselines.training.holdout import holdout_j  # noqa: E402
from vosbench_baselines.training.loop import learning_rate, train  # noqa: E402
from vosbench_baselines.training.papers import PAPERS  # noqa: E402
from vosbench_baselines.training.tables import Tables, plan, training  # noqa: E402
from vosbench_baselines.training.tables import main as tables  # noqa: E402
from vosbench_baselines.weights import checkpoints  # noqa: E402

from tests.unit.fake_videos import make_videos, square  # noqa: E402
from vosbench.datasets.splits import make_splits  # noqa: E402
from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.masks.write import write_label_map  # noqa: E402
from vosbench.models.interface import Resolution, load_model  # noqa: E402
from vosbench.models.propagators import copy_first_mask  # noqa: E402

VIDEOS = Source(kind="videos", images="JPEGImages", masks="Annotations")
STILLS = Source(kind="stills", images="JPEGImages", masks="Annotations")
TOY = {
    "architecture": "stm-nano",
    "size": (32, 48),
    "batch": 2,
    "objects": 2,
    "optimiser": "adamw",
    "learning_rate": 1e-3,
    "freeze_batch_norm": False,
    "checkpoint_every": 2,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Four short videos with masks on disk."""
    root = tmp_path_factory.mktemp("data")
    maps = {n: [square(40, 64, 8, 6 + 3 * t + i, side=14) for t in range(6)] for i, n in enumerate("abcd")}
    videos = make_videos(root, frames=6, size=(40, 64), maps=maps)
    for name in "abcd":
        for frame, labels in videos.truth.maps[name].items():
            write_label_map(root / "Annotations" / name / f"{frame}.png", labels)
    (root / "held.txt").write_text("d\n")
    return root


# -- learning at all


def moving_blob():
    """Two frames of a textured disk on a textured background, and their masks."""
    rng = np.random.default_rng(0)
    height, width = 64, 112
    y, x = np.mgrid[:height, :width]
    ground = rng.normal(0.35, 0.08, (height, width, 3)) + np.array([0.0, 0.1, 0.2])
    frames, labels = [], []
    for t in range(2):
        disk = (y - 30 - 6 * t) ** 2 + (x - 40 - 16 * t) ** 2 < 16**2
        stripes = 0.65 + 0.2 * np.sin((x - 16 * t) / 3.0)[..., None] * np.array([1, 0.5, 0.2])
        frames.append(np.where(disk[..., None], stripes, ground))
        labels.append(disk)
    images = torch.tensor(np.stack(frames), dtype=torch.float32).permute(0, 3, 1, 2).clamp(0, 1)
    return images[None], torch.tensor(np.stack(labels).astype(np.uint8))[None]


def test_two_frames_are_learnt_by_heart():
    torch.manual_seed(0)
    images, labels = moving_blob()
    model = STM(architecture("stm-nano")).train()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    for _ in range(60):
        loss = clip_loss(unroll(model, images, labels, 1, inferred=True), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = unroll(model, images, labels, 1, inferred=True)[0].argmax(1)[0] == 1
    truth = labels[0, 1] == 1
    assert (found & truth).sum() / (found | truth).sum() > 0.95


def test_inferred_masks_carry_gradient_unless_detached():
    torch.manual_seed(0)
    model = STM(architecture("stm-nano")).eval()
    images = torch.rand(1, 3, 3, 32, 32)
    labels = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    labels[:, :, 4:20, 4:20] = 1

    def last_frame_gradient(**how):
        model.zero_grad()
        logits = unroll(model, images, labels, 1, **how)
        clip_loss(logits[1:], labels[:, 1:]).backward()
        return model.Decoder.pred2.weight.grad.clone()

    through = last_frame_gradient(inferred=True)
    stopped = last_frame_gradient(inferred=True, detach=True)
    truth = last_frame_gradient(inferred=False)
    assert not torch.allclose(through, stopped)
    assert not torch.allclose(stopped, truth)


def test_unused_object_slots_change_nothing():
    torch.manual_seed(0)
    model = STM(architecture("stm-nano")).eval()
    images = torch.rand(1, 3, 3, 32, 32)
    labels = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    labels[:, :, 4:20, 4:20] = 1
    one = unroll(model, images, labels, 1, inferred=True)
    three = unroll(model, images, labels, 3, inferred=True)
    for a, b in zip(one, three, strict=True):
        torch.testing.assert_close(torch.softmax(b, 1)[:, :2], torch.softmax(a, 1), atol=1e-5, rtol=0)


# -- clips


@pytest.mark.parametrize("kind", ["stills", "videos", "procedural"])
def test_every_source_draws_clips_of_the_shape_asked_for(data, kind):
    source = Source(kind=kind, images="JPEGImages", masks="Annotations")
    clips = mixture(Training(sources=[source], size=(48, 64), objects=2, max_gap=3), data)
    for step in range(5):
        clip = clips.clip(step, 0)
        assert clip.images.shape == (3, 48, 64, 3)
        assert clip.labels.shape == (3, 48, 64)
        first = set(np.unique(clip.labels[0]).tolist())
        assert first in ({0, 1}, {0, 1, 2})
        assert set(np.unique(clip.labels).tolist()) <= first | {0}


def test_a_mask_follows_its_picture_through_the_warp():
    labels = square(60, 80, 20, 30, side=16)
    image = np.repeat(labels[..., None] * 255, 3, axis=2).astype(np.uint8)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        warp = jitter(rng, (48, 64)) @ crop(rng, labels, (48, 64))
        clip = warped([image], [labels], [warp], (48, 64))
        bright = clip.images[0, ..., 0] > 127
        assert bright.any()
        assert (bright != (clip.labels[0] > 0)).mean() < 0.03


def test_frames_are_in_order_and_no_further_apart_than_allowed():
    rng = np.random.default_rng(0)
    for available in (1, 2, 3, 10, 100):
        for gap in (1, 5, 25):
            for _ in range(20):
                chosen = ordered_frames(rng, available, 3, gap)
                steps = np.diff(chosen)
                assert min(chosen) >= 0
                assert max(chosen) < available
                assert (steps >= 0).all() or (steps <= 0).all()
                assert np.abs(steps).max() <= gap
                if available >= 3:
                    assert (steps != 0).all()


def test_clips_may_differ_in_length_from_batch_to_batch_but_not_within_one(data):
    clips = mixture(Training(sources=[VIDEOS], size=(32, 32), frames=2, most_frames=4, max_gap=1), data)
    lengths = [{len(clips.clip(step, item).images) for item in range(3)} for step in range(12)]
    assert all(len(found) == 1 for found in lengths)
    assert set.union(*lengths) == {2, 3, 4}


def test_unannotated_pictures_join_late_and_are_marked(data, tmp_path):
    for frame in ("00001", "00003", "00004"):
        for name in "ab":
            (tmp_path / "Annotations" / name).mkdir(parents=True, exist_ok=True)
            shutil.copy(data / f"Annotations/{name}/{frame}.png", tmp_path / f"Annotations/{name}/{frame}.png")
    (tmp_path / "JPEGImages").symlink_to(data / "JPEGImages")
    clips = mixture(Training(sources=[VIDEOS], size=(40, 64), max_gap=1, unlabelled_after=10), tmp_path)
    early, late = ([clips.clip(step, 0).labels for step in steps] for steps in (range(10), range(10, 40)))
    assert all((labels != UNLABELLED).all() for labels in early)
    assert all(set(np.unique(labels[0]).tolist()) == {0, 1} for labels in late)
    hidden = [[bool((frame == UNLABELLED).all()) for frame in labels] for labels in late]
    assert any(map(any, hidden))
    assert all(hidden[i][t] or (late[i][t] != UNLABELLED).all() for i in range(30) for t in range(3))


def test_the_gap_grows_linearly_and_stays():
    config = Training(sources=[], max_gap=25, gap_steps=100)
    assert [max_gap(config, step) for step in (0, 50, 100, 1000)] == [1, 13, 25, 25]
    assert max_gap(Training(sources=[], max_gap=7), 0) == 7


def test_objects_too_small_on_the_first_frame_are_left_out():
    labels = np.stack([np.maximum(square(32, 32, 2, 2, side=8, label=5), square(32, 32, 20, 20, side=3, label=9))] * 2)
    clip = choose_objects(np.random.default_rng(0), Clip(np.zeros((2, 32, 32, 3), np.uint8), labels), 3)
    assert np.unique(clip.labels).tolist() == [0, 1]


def test_rendered_clips_hold_their_objects():
    clip = Procedural().draw(np.random.default_rng(3), Shape(4, (64, 96), 3), 4)
    assert clip.images.shape == (4, 64, 96, 3)
    assert clip.labels[0].max() >= 1


def test_batches_depend_on_the_seed_and_nothing_else(data):
    config = Training(sources=[VIDEOS, STILLS], **TOY)

    def third(workers, first):
        stream = batching.batches(mixture(replace(config, workers=workers), data), first)
        found = [next(stream) for _ in range(3 - first)][-1]
        stream.close()
        return found

    images, labels = third(0, 0)
    for other in (third(2, 0), third(0, 2)):
        assert torch.equal(images, other[0])
        assert torch.equal(labels, other[1])
    assert images.shape == (2, 3, 3, 32, 48)
    assert images.dtype == labels.dtype == torch.uint8


# -- the loop


def test_a_resumed_run_ends_with_the_same_weights(data, tmp_path):
    config = Training(sources=[VIDEOS], steps=4, **TOY | {"optimiser": "adam"})
    whole = train(config, data, tmp_path / "whole")
    train(replace(config, steps=2), data, tmp_path / "parts")
    parts = train(config, data, tmp_path / "parts", resume=True)
    one, two = (load_stm(path)[0].state_dict() for path in (whole, parts))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_a_budget_of_nothing_still_leaves_weights_and_a_checkpoint(data, tmp_path):
    weights = train(Training(sources=[VIDEOS], steps=4, **TOY), data, tmp_path, budget=0)
    assert load_stm(weights)[2]["step"] == "0"
    assert (tmp_path / "last.pt").exists()


def test_the_log_has_a_row_per_checkpoint_with_j_on_the_holdout(data, tmp_path):
    holdout = Source(kind="videos", images="JPEGImages", masks="Annotations", sequences="held.txt")
    weights = train(Training(sources=[VIDEOS], holdout=holdout, steps=4, **TOY), data, tmp_path)
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["2", "4"]
    assert all(0 <= float(row["holdout_j"]) <= 1 for row in rows)
    assert float(rows[1]["learning_rate"]) == 0
    assert load_stm(weights)[2]["step"] == "4"


def scalars(folder):
    """What TensorBoard shows of a run: steps and values by tag."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator", reason="no tensorboard")
    events = reader.EventAccumulator(str(folder))
    events.Reload()
    return {tag: {e.step: e.value for e in events.Scalars(tag)} for tag in events.Tags()["scalars"]}


def test_the_best_weights_on_the_holdout_are_kept(data, tmp_path, monkeypatch):
    from vosbench_baselines.training import loop

    measured = iter([0.2, 0.5, 0.3, 0.4])
    monkeypatch.setattr(loop, "holdout_j", lambda *args: next(measured))
    config = Training(sources=[VIDEOS], holdout=VIDEOS, steps=2, **TOY | {"checkpoint_every": 1})
    train(config, data, tmp_path)
    header = checkpoints.read_state(tmp_path / "best.safetensors")[1]
    assert (header["step"], header["holdout_j"]) == ("2", "0.5000")
    weights = train(replace(config, steps=4), data, tmp_path, resume=True)  # worse ones do not replace it
    assert checkpoints.read_state(tmp_path / "best.safetensors")[1] == header
    assert checkpoints.read_state(weights)[1]["step"] == "4"
    monkeypatch.setattr(loop, "holdout_j", lambda *args: 0.1)
    train(config, data, tmp_path)  # another run, whose best is its own
    assert checkpoints.read_state(tmp_path / "best.safetensors")[1]["holdout_j"] == "0.1000"


def test_what_was_learnt_is_saved_before_the_holdout_is_tested(data, tmp_path, monkeypatch):
    from vosbench_baselines.training import loop

    def fails(*args):
        raise RuntimeError("the hold-out is on a disk that is gone")

    monkeypatch.setattr(loop, "holdout_j", fails)
    with pytest.raises(RuntimeError, match="a disk that is gone"):
        train(Training(sources=[VIDEOS], holdout=VIDEOS, steps=2, **TOY | {"checkpoint_every": 1}), data, tmp_path)
    assert checkpoints.read_state(tmp_path / "weights.safetensors")[1]["step"] == "1"
    assert torch.load(tmp_path / "last.pt", weights_only=True)["step"] == 1


@pytest.mark.parametrize("architecture", ["osvos-tiny", "rvos-nano-mask-st", "stm-nano"])
@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_a_trunk_has_a_rate_of_its_own_under_every_optimiser(architecture, optimiser):
    from vosbench_baselines.learning.descent import Descent
    from vosbench_baselines.training.families import family

    kind = family(architecture)
    model = kind.network(architecture)
    config = Training(
        sources=[], architecture=architecture, optimiser=optimiser, learning_rate=1e-2, trunk_learning_rate=1e-3
    )
    alike = replace(config, trunk_learning_rate=None)
    groups, plain = (Descent(model, c, kind).optimiser.param_groups for c in (config, alike))
    trunk = {id(p) for p in kind.trunk(model)}
    share, usual = ({id(p): g["share"] for g in found for p in g["params"]} for found in (groups, plain))
    assert share.keys() == usual.keys()
    assert all(s == pytest.approx(usual[p] * (0.1 if p in trunk else 1)) for p, s in share.items())


def test_tensorboard_shows_the_log_through_a_resumed_run(data, tmp_path):
    pytest.importorskip("tensorboard", reason="an extra")
    holdout = Source(kind="videos", images="JPEGImages", masks="Annotations", sequences="held.txt")
    config = Training(sources=[VIDEOS], holdout=holdout, **TOY)
    train(replace(config, steps=2), data, tmp_path, tensorboard=True)
    train(replace(config, steps=4), data, tmp_path, tensorboard=True, resume=True)
    rows = list(csv.DictReader((tmp_path / "log.csv").read_text().splitlines()))
    shown = scalars(tmp_path)
    assert shown.keys() == {"loss", "learning_rate", "holdout_j", "seconds_per_step"}
    for name, digits in (("loss", 5), ("learning_rate", 7), ("holdout_j", 4)):
        assert shown[name] == {int(row["step"]): pytest.approx(float(row[name]), abs=10.0**-digits) for row in rows}
    seconds = [float(row["seconds"]) for row in rows]
    expected = {2: seconds[0] / 2, 4: (seconds[1] - seconds[0]) / 2}
    assert shown["seconds_per_step"] == {step: pytest.approx(value, abs=0.1) for step, value in expected.items()}


def test_without_tensorboard_a_run_that_asks_for_it_says_so_once(tmp_path, monkeypatch):
    config = tmp_path / "toy.toml"
    keys = 'architecture = "stm-nano"\nsteps = 1\nbatch = 1\nsize = [32, 32]\n'
    config.write_text(keys + '[[sources]]\nkind = "procedural"\n')
    monkeypatch.setattr("vosbench_baselines.training.cli.find_spec", lambda name: None)
    result = CliRunner().invoke(main, [str(config), "--out", str(tmp_path / "run"), "--tensorboard"])
    assert result.exit_code == 0
    (line,) = result.stderr.splitlines()
    assert "tensorboard is missing (pip install 'vosbench-baselines[tensorboard]')" in line
    assert not list((tmp_path / "run").glob("events*"))
    quiet = CliRunner().invoke(main, [str(config), "--out", str(tmp_path / "run")])
    assert (quiet.exit_code, quiet.stderr) == (0, "")


def test_batch_norm_can_be_frozen(data, tmp_path):
    config = Training(sources=[VIDEOS], steps=2, **TOY)
    for frozen in (True, False):
        train(replace(config, freeze_batch_norm=frozen), data, tmp_path / str(frozen))
        mean = load_stm(tmp_path / str(frozen) / "weights.safetensors")[0].Encoder_Q.bn1.running_mean
        assert (mean == 0).all() == frozen


def test_learning_rate_schedules():
    adam = Training(sources=[], steps=100, learning_rate=1e-5)
    adamw = Training(sources=[], steps=100, learning_rate=4e-4, optimiser="adamw")
    assert {learning_rate(adam, step) for step in (0, 50, 100)} == {1e-5}
    assert [learning_rate(adamw, step) for step in (0, 50, 100)] == pytest.approx([4e-4, 2e-4, 0])
    slow = Training(sources=[], steps=100, learning_rate=1e-3, warm_up=4)
    assert [learning_rate(slow, step) for step in (0, 1, 4, 5)] == pytest.approx([2e-4, 4e-4, 1e-3, 1e-3])


def test_training_goes_on_from_given_weights(data, tmp_path):
    config = Training(sources=[VIDEOS], steps=2, **TOY)
    first = train(config, data, tmp_path / "first")
    again = train(replace(config, initial=str(first), steps=0), data, tmp_path / "second")
    one, two = (load_stm(path)[0].state_dict() for path in (first, again))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_holdout_j_of_copying_is_what_the_geometry_says(data):
    folder = video_folder(VIDEOS, data)
    found = holdout_j([copy_first_mask(weights=None, device="cpu")], folder)
    overlaps = [14 - 3 * t for t in range(1, 5)]
    assert found == pytest.approx(np.mean([o / (28 - o) for o in overlaps]))


def test_masks_may_be_binary_or_have_void(tmp_path):
    for name, values in (("a", [0, 255]), ("b", [0, 1, 255])):
        (tmp_path / "JPEGImages" / name).mkdir(parents=True)
        (tmp_path / "Annotations" / name).mkdir(parents=True)
        Image.new("RGB", (len(values), 1)).save(tmp_path / f"JPEGImages/{name}/0.jpg")
        Image.fromarray(np.array([values], np.uint8)).save(tmp_path / f"Annotations/{name}/0.png")
    assert video_folder(VIDEOS, tmp_path).labels("b", "0").tolist() == [[0, 1, 0]]
    assert video_folder(replace(VIDEOS, binary=True), tmp_path).labels("a", "0").tolist() == [[0, 1]]


# -- the configuration and the command


def test_the_command_trains_and_prints_the_weights(data, tmp_path):
    config = data / "toy.toml"
    config.write_text(
        'architecture = "stm-nano"\nsteps = 1\nbatch = 1\nsize = [32, 32]\n\n'
        '[[sources]]\nkind = "procedural"\n\n'
        '[[sources]]\nkind = "stills"\nimages = "JPEGImages"\nmasks = "Annotations"\n'
    )
    result = CliRunner().invoke(main, [str(config), "--out", str(tmp_path / "run"), "--budget-s", "30"])
    assert result.exit_code == 0
    assert result.output.strip() == str(tmp_path / "run/weights.safetensors")


def test_a_device_or_folder_that_cannot_be_is_refused_before_anything_is_written(data, tmp_path):
    config = data / "toy.toml"
    config.write_text('architecture = "stm-nano"\nsteps = 1\n[[sources]]\nkind = "procedural"\n')
    (tmp_path / "file").write_text("")
    for options, message in (
        (["--out", str(tmp_path / "run"), "--device", "bogus"], "cannot use device 'bogus'"),
        (["--out", str(tmp_path / "run"), "--device", "cuda:99"], "cannot use device 'cuda:99'"),
        (
            ["--out", str(tmp_path / "run"), "--device", "meta"],
            "cannot use device 'meta': it keeps shapes",
        ),
        (["--out", str(tmp_path / "file")], "file: File exists"),
    ):
        result = CliRunner().invoke(main, [str(config), *options])
        assert result.exit_code == 2
        assert message in result.output
        assert not (tmp_path / "run").exists()
    for name in ("masktrack-lite-offline", "stm-xs-offline"):
        with pytest.raises(UsageError, match="cannot use device 'bogus'"):
            load_model(name, device="bogus")


def test_the_configurations_that_come_along_are_read():
    folder = Path(__file__).parents[2] / "baselines/configs"
    for name in ("rvos", "rvos-tiny", "s2s", "s2s-tiny", "stm-s", "stm-xs", "stm-nano"):
        assert read_config(folder / f"{name}.toml", Training).architecture.startswith(name)
    assert read_config(folder / "rvos-zero-tiny.toml", Training).architecture == "rvos-tiny-st"
    for path in sorted(folder.glob("*-tables*.toml")):
        config = read_config(path, Tables)
        assert all(training(config, plan(config), stage).holdout for stage in plan(config).stages)
    for name, batch in (("refinements", 16), ("refinements-nano", 4)):
        config = read_config(folder / f"{name}.toml", Tables)
        assert all(training(config, plan(config), stage).batch == batch for stage in plan(config).stages)
    train, held = (set((folder / f"davis2016-{n}.txt").read_text().split()) for n in ("train", "holdout"))
    assert len(train | held) == 30
    assert not train & held


def test_lists_of_videos_are_made_by_the_command_that_a_configuration_names(tmp_path):
    """``vosbench split``; and of as many videos as its steps are counted for."""
    folder = Path(__file__).parents[2] / "baselines/configs"
    named = [path for path in folder.rglob("*.toml") if "YouTube-VOS-" in path.read_text(encoding="utf-8")]
    assert len(named) == 5
    videos = {f"v{k}": {"person"} for k in range(3471)}
    for path in named:
        text = path.read_text(encoding="utf-8")
        (command,) = (line for line in text.splitlines() if line.startswith("# ") and "vosbench split --data" in line)
        words = command.split()
        amount, out = words[words.index("--hold-out") + 1], words[words.index("--out") + 1]
        made = make_splits(videos, hold_out=float(amount), seed=0)
        lists = [line.split('"')[1] for line in text.splitlines() if line.startswith("sequences = ")]
        assert set(lists) == {f"../../../{out}/{name}.txt" for name in ("train", "held-out")}
        assert set(made.videos) == {"train", "held-out"}
        epochs = [line for line in text.splitlines() if "epochs of" in line and line.startswith("steps")]
        assert all(f"epochs of {len(made.videos['train'])} videos" in line for line in epochs)


def test_mistakes_in_a_configuration_are_named(data, tmp_path):
    path = tmp_path / "c.toml"
    for text, message in (
        ("sources = []\nlearning_rat = 1", "learning_rat"),
        ("sources = []\nsteps = 'many'", "steps"),
        ("sources = [", "Invalid|invalid|Unclosed|Cannot"),
    ):
        path.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_config(path, Training)
    result = CliRunner().invoke(main, [str(tmp_path / "absent.toml"), "--out", str(tmp_path / "o")])
    assert result.exit_code == 2
    with pytest.raises(InputError, match="no sequences"):
        train(Training(sources=[Source(kind="videos", images="nowhere", masks="x")]), data, tmp_path / "o")
    with pytest.raises(InputError, match="no image with a mask"):
        train(Training(sources=[Source(kind="stills", images="JPEGImages", masks="x")]), data, tmp_path / "o")


@pytest.mark.parametrize(("paper", "rows"), [("s2s", 8), ("rvos", 7)])
def test_one_command_runs_the_tables_of_a_recurrent_paper(data, tmp_path, paper, rows):
    config = data / f"{paper}.toml"
    folders = 'images = "JPEGImages"\nmasks = "Annotations"'
    config.write_text(
        f'paper = "{paper}"\narchitecture = "{paper}-nano"\n\n[[videos]]\nkind = "videos"\n{folders}\n\n'
        f'[holdout]\nkind = "videos"\n{folders}\nsequences = "held.txt"\n\n'
        "[main]\nsize = [64, 96]\nbatch = 2\nobjects = 1\nsteps = 1\nfreeze_batch_norm = false\n"
    )
    result = CliRunner().invoke(tables, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    found = list(csv.DictReader(result.output.splitlines()))
    assert len(found) == rows
    assert all(0 <= float(row["holdout_j"]) <= 1 and float(row["published"]) < 1 for row in found)
    for name, stage in PAPERS[paper].stages.items():
        header = checkpoints.read_state(tmp_path / name / "weights.safetensors")[1]
        assert header["architecture"] == f"{paper}-nano{stage.variant}"
    config.write_text(config.read_text() + "\n[stages.nonesuch]\nsteps = 2\n")
    result = CliRunner().invoke(tables, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "nonesuch" in result.output


def test_one_command_compares_the_one_shot_methods(data, tmp_path, monkeypatch):
    monkeypatch.setattr(methods, "METHODS", {name: quick(how) for name, how in methods.METHODS.items()})
    config = data / "oneshot.toml"
    config.write_text(
        'paper = "oneshot"\narchitecture = "osvos-tiny"\n\n[[videos]]\nkind = "procedural"\n\n'
        '[holdout]\nkind = "videos"\nimages = "JPEGImages"\nmasks = "Annotations"\nsequences = "held.txt"\n\n'
        "[main]\nsize = [64, 64]\nbatch = 1\nobjects = 1\nsteps = 1\nframes = 2\n"
    )
    result = CliRunner().invoke(tables, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(result.output.splitlines()))
    assert {row["row"]: row["published"] for row in rows}["MaskTrack"] == "0.569"
    for row in rows:
        name = row["row"].lower()
        header = checkpoints.read_state(tmp_path / name / "weights.safetensors")[1]
        assert header["architecture"] == f"{name}-tiny"


def quick(how):
    lesson = how.lesson and dataclasses.replace(how.lesson, steps=1)
    return dataclasses.replace(how, lesson=lesson, adaptation=None, resolution=Resolution(short_side=64))


def test_fractions_of_the_data_are_nested_and_keep_something():
    parts = [fraction_of([*"abcdefgh"], fraction) for fraction in (0.01, 0.25, 0.5, 1.0)]
    assert [len(part) for part in parts] == [1, 2, 4, 8]
    assert all(set(a) < set(b) and b == sorted(b) for a, b in pairwise(parts))


def test_one_command_runs_the_refinement_papers_tables(data, tmp_path):
    config = data / "tables.toml"
    folders = 'images = "JPEGImages"\nmasks = "Annotations"'
    toy = "size = [32, 32]\nbatch = 1\nobjects = 1\nsteps = 1"
    config.write_text(
        'architecture = "stm-nano"\n\n'
        f'[[stills]]\nkind = "procedural"\n\n[video_frames]\nkind = "stills"\n{folders}\n\n'
        f'[[videos]]\nkind = "videos"\n{folders}\n\n'
        f'[holdout]\nkind = "videos"\n{folders}\nsequences = "held.txt"\n\n'
        f"[pretraining]\n{toy}\n\n[main]\n{toy}\n"
    )
    result = CliRunner().invoke(tables, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    rows = list(csv.DictReader(result.output.splitlines()))
    assert [row["table"] for row in rows] == list("1111223334")
    assert rows[1]["holdout_j"] == rows[4]["holdout_j"]
    assert rows[3]["holdout_j"] == rows[7]["holdout_j"]
    assert (rows[8]["flip"], rows[8]["scales"]) == ("True", "0.75 1.0")
    assert list(csv.DictReader((tmp_path / "tables.csv").read_text().splitlines())) == rows
    config.write_text(config.read_text() + "batches = 1\n")
    result = CliRunner().invoke(tables, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert "[main]" in result.output
