"""The one-shot methods at the door: learning the first frame, adapting, several objects, weights, training."""

import copy
import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as changed

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.data.clips import UNLABELLED  # noqa: E402
from vosbench_baselines.data.config import Source, Training  # noqa: E402
from vosbench_baselines.oneshot import door as oneshot_model  # noqa: E402
from vosbench_baselines.oneshot.door import OneShotModel  # noqa: E402
from vosbench_baselines.oneshot.methods import METHODS, method  # noqa: E402
from vosbench_baselines.oneshot.network import Frame  # noqa: E402
from vosbench_baselines.oneshot.onavos import Adaptation  # noqa: E402
from vosbench_baselines.oneshot.online import Learner, Lesson, augmented, deformed  # noqa: E402
from vosbench_baselines.oneshot.train import clip_loss  # noqa: E402
from vosbench_baselines.training.loop import train  # noqa: E402
from vosbench_baselines.weights import checkpoints  # noqa: E402

from tests.unit.fake_videos import make_videos, square  # noqa: E402
from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.models.interface import Resolution, SoftMasks, VideoInfo, available_models  # noqa: E402
from vosbench.models.predict import predict  # noqa: E402
from vosbench.models.recipe import Recipe  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

TINY = [name for name in METHODS if name.endswith("-tiny")]
LEARN = [name for name in TINY if METHODS[name].lesson]


def network(name, seed=0):
    torch.manual_seed(seed)
    return method(name).build()


def toy(name, *, steps=2, seed=0, **how):
    """A tiny method with random weights, at the size of the video, that learns for a moment."""
    usual = method(name)
    lesson = usual.lesson and replace(usual.lesson, steps=steps)
    settings = {"lesson": lesson, "resolution": Resolution(), **how}
    return OneShotModel(network(name, seed), name, how=replace(usual, **settings))


SIZE = (64, 96)


RED, BLUE, GREEN = ([220, 60, 50], [60, 80, 230], [70, 110, 60])


def changing(frames=10, change=1.0, colours=(RED, BLUE), ground=GREEN):
    """A textured disk that moves over a textured ground and changes its colour on the way; pictures, and masks."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    ground = np.array(ground) + rng.normal(0, 12, (*SIZE, 3))
    grain = rng.normal(0, 12, (*SIZE, 3))
    pictures, masks = [], []
    for t in range(frames):
        mask = (y - 30 - t / 2) ** 2 + (x - 30 - 3 * t) ** 2 < 14**2
        share = change * t / max(1, frames - 1)
        colour = (1 - share) * np.array(colours[0]) + share * np.array(colours[1])
        pictures.append(np.where(mask[..., None], colour + grain, ground).clip(0, 255).astype(np.uint8))
        masks.append(mask)
    return pictures, masks


def followed(model, pictures, first):
    """Masks of frames 1 on."""
    session = model.open(VideoInfo(name="v", frames=len(pictures), height=SIZE[0], width=SIZE[1]))
    found = []
    soft = SoftMasks(ids=(1,), probabilities=first[None].astype(np.float32))
    for t, picture in enumerate(pictures):
        soft = session.predict(t, picture) if t else soft
        found.append(soft.probabilities[0] > 0.5)
        session.commit(t, picture, soft, given=set() if t else {1})
        if model.spec.adapts:
            session.adapt(t, picture, soft, given=set() if t else {1})
    return found[1:], session


def overlap(a, b):
    return (a & b).sum() / max(1, (a | b).sum())


def j_of(model, pictures, masks):
    found, _ = followed(model, pictures, masks[0])
    return np.array([overlap(f, m) for f, m in zip(found, masks[1:], strict=True)])


# -- the contract


@pytest.mark.parametrize("name", TINY)
def test_the_door_is_kept(name):
    check_model(toy(name, steps=1))


def test_all_are_registered():
    assert set(METHODS) <= {plugin.name for plugin in available_models()}
    for name in METHODS:
        factory = getattr(oneshot_model, name.replace("-", "_"))
        with pytest.raises(UsageError, match=f"{name} ships without weights"):
            factory(weights=None, device="cpu")


def test_segflow_finds_the_foreground_unasked(tmp_path):
    videos = make_videos(tmp_path / "data", names=("v",), frames=3, size=(40, 64))
    predict(videos, split="val", models=[toy("segflow-tiny")], out=tmp_path / "p", recipe=Recipe(task="unsupervised"))
    assert len([*(tmp_path / "p/v").iterdir()]) == 3
    with pytest.raises(UsageError, match="osvos-tiny does not do unsupervised"):
        predict(videos, split="val", models=[toy("osvos-tiny")], out=tmp_path / "q", recipe=Recipe(task="unsupervised"))


# -- learning


def clip():
    pictures, masks = changing(frames=3, change=0.2)
    images = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)[None].float() / 255
    return images, torch.from_numpy(np.stack(masks).astype(np.uint8))[None]


@functools.cache
def parent(name, seed=0):
    """A network that knows one short clip by heart. Do not change it."""
    model, (images, labels) = network(name, seed).train(), clip()
    optimiser = torch.optim.AdamW(model.parameters(), lr=3e-3)
    config = Training(sources=[], steps=50)
    for step in range(50):
        loss = clip_loss(model, images, labels, config, step)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model.eval()


@pytest.mark.parametrize("name", TINY)
def test_a_short_clip_is_learnt_by_heart(name):
    model, (images, labels) = copy.deepcopy(parent(name)).train(), clip()
    first, before = (Frame(images[:, t], (labels[:, t : t + 1] == 1).float()) for t in (0, 1))
    with torch.no_grad():
        outputs = model.outputs(images[:, 2].contiguous(), before, model.guide(first))
    found, step = (outputs[0], 8) if name == "onavos-tiny" else (outputs[-1], 1)  # where the loss is: OnAVOS' at 1/8
    assert overlap(found[0, 0].numpy() > 0, labels[0, 2, ::step, ::step].numpy() == 1) > 0.8


def learning(name, steps, adaptation=None, seed=0):
    """The parent, with steps on the first frame of something that it has not seen."""
    usual = method(name)
    lesson = replace(usual.lesson, steps=steps, rate=2e-3 if name != "masktrack-tiny" else 5e-4)
    how = replace(usual, lesson=lesson, resolution=Resolution(), adaptation=adaptation)
    return OneShotModel(copy.deepcopy(parent(name, seed)), name, how=how)


@pytest.mark.parametrize("name", LEARN)
def test_learning_the_first_frame_raises_j(name):
    """On every seed, on the frame after it; the more the object has changed since, the less."""
    pictures, masks = changing(frames=5, change=0.3, colours=(BLUE, GREEN), ground=RED)
    before, after = (
        np.array([j_of(learning(name, steps, seed=seed), pictures, masks) for seed in range(3)]) for steps in (0, 40)
    )
    assert (after[:, 0] > before[:, 0]).all()
    assert after[:, 0].mean() > before[:, 0].mean() + 0.25
    assert after.mean() > before.mean() + 0.1


@pytest.mark.parametrize(("progress", "sides"), [(1.0, (1, -1)), (0.0, (1, 1))])
def test_all_pixels_first_then_the_hardest_quarter(progress, sides):
    """Why OnAVOS learns all pixels first.

    Of one answer for all pixels the hardest quarter is least at p = 1/2, where a network then stays; that of all pixels
    falls on, towards the background.
    """
    target = torch.zeros(1, 1, 64, 64)
    target[..., :32, :32] = 1  # a quarter of the pixels
    model = network("onavos-tiny")
    for logit, side in zip((0.01, -0.01), sides, strict=True):
        answer = torch.full((1, 1, 1, 1), logit, requires_grad=True)
        model.loss([answer.expand(1, 1, 8, 8)], target, progress=progress).backward()
        assert np.sign(answer.grad.item()) == side


def test_where_learning_fails_the_object_is_followed_without_it(caplog):
    pictures, masks = changing(frames=3)
    model = OneShotModel(copy.deepcopy(parent("osvos-tiny")), "osvos-tiny")
    sessions = []
    for rate in (1e-3, 1e3):
        lesson = replace(method("osvos-tiny").lesson, steps=3, rate=rate)
        model.method = replace(method("osvos-tiny"), lesson=lesson, resolution=Resolution())
        sessions.append(followed(model, pictures, masks[0])[1])
    assert "v, frame 0, object 1: online learning failed" in caplog.text
    assert len(caplog.records) == 1
    learnt, failed = (session.learners[1].network.state_dict() for session in sessions)
    assert all(torch.equal(t, failed[n]) for n, t in model.network.state_dict().items())
    assert not all(torch.equal(t, learnt[n]) for n, t in model.network.state_dict().items())


def test_how_an_object_is_learnt_does_not_depend_on_its_number():
    pictures, masks = changing(frames=2)
    answers = []
    for number in (1, 7):
        session = toy("onavos-tiny").open(VideoInfo(name="v", frames=2, height=SIZE[0], width=SIZE[1]))
        soft = SoftMasks(ids=(number,), probabilities=masks[0][None].astype(np.float32))
        session.commit(0, pictures[0], soft, given={number})
        session.adapt(0, pictures[0], soft, given={number})
        answers.append(session.predict(1, pictures[1]).probabilities)
    assert np.array_equal(*answers)


def test_adapting_follows_an_object_that_changes_its_look():
    """After a whole lesson: a network that is not sure yet learns its own mistakes."""
    pictures, masks = changing(frames=10)
    how = Adaptation(steps=6, every=3, rate=1e-3, weight=1.0, confident=0.8, erosion=40, distance=200)
    still, adapting = (j_of(learning("onavos-tiny", 40, a), pictures, masks) for a in (None, how))
    assert still[0] == adapting[0]
    assert adapting[-3:].mean() > still[-3:].mean() + 0.3


def test_the_network_of_the_model_is_left_as_it_is():
    model = toy("onavos-tiny")
    before = {name: t.clone() for name, t in model.network.state_dict().items()}
    followed(model, *changing(frames=3)[:1], changing()[1][0])
    assert all(torch.equal(t, before[name]) for name, t in model.network.state_dict().items())


def test_normalisation_and_what_is_not_learnt_stay():
    pictures, masks = changing(frames=1)
    base = network("osvos-tiny").eval()
    learner = Learner(base, pictures[0], masks[0], Lesson(steps=3, rate=1e-3), [0])
    losses = learner.study()
    moved = {n for n, t in learner.network.state_dict().items() if not torch.equal(t, base.state_dict()[n])}
    assert len(losses) == 3
    assert "fuse.weight" in moved
    assert not any("running" in n or n.startswith(("score_dsn", "upscale")) for n in moved)


def test_one_of_five_steps_is_on_the_frame_itself(monkeypatch):
    steps = []

    def step(self, shown, *, weight=1.0, rate=None, progress=1.0):
        steps.append((weight, rate))
        return 0.0

    monkeypatch.setattr(Learner, "step", step)
    pictures, masks = changing(frames=2)
    model = toy("onavos-tiny", steps=50, adaptation=Adaptation(erosion=1))
    session = model.open(VideoInfo(name="v", frames=2, height=SIZE[0], width=SIZE[1]))
    soft = SoftMasks(ids=(1,), probabilities=masks[0][None].astype(np.float32))
    for t in (0, 1):
        session.commit(t, pictures[t], soft, given=set() if t else {1})
        session.adapt(t, pictures[t], soft, given=set() if t else {1})
    assert steps[:50] == [(1.0, None)] * 50
    assert steps[50:] == ([(0.05, 1e-5)] + [(1.0, 1e-5)] * 4) * 3
    steps.clear()
    session.last[1] = np.zeros(SIZE, bool)  # lost: only the first frame is learnt
    session.adapt(1, pictures[1], soft, given=set())
    assert steps == [(1.0, 1e-5)] * 12


# -- samples of a first frame


def test_a_sample_is_the_frame_and_its_mask_moved_alike():
    mask = np.zeros((60, 80), bool)
    mask[20:36, 30:52] = True
    image = np.repeat(mask[..., None] * np.uint8(255), 3, axis=2)
    lesson = Lesson(steps=1, rate=1.0, turn=30, scales=(0.75, 1.25))
    for seed in range(8):
        picture, moved = augmented(np.random.default_rng(seed), image, mask, lesson)
        assert ((picture[..., 0] > 127) != (moved > 0)).mean() < 0.03
        assert 0.5 < moved.sum() / mask.sum() < 1.7


def test_a_deformed_mask_is_near_the_mask():
    mask = np.zeros((120, 160), np.uint8)
    mask[40:80, 50:110] = 1
    found = [deformed(np.random.default_rng(seed), mask) for seed in range(8)]
    assert all(0.5 < overlap(mask > 0, other > 0) < 1 for other in found)
    assert not np.array_equal(found[0], found[1])
    assert not deformed(np.random.default_rng(0), np.zeros_like(mask)).any()


@pytest.mark.parametrize("lucid", [False, True])
def test_samples_depend_on_the_seed_alone(lucid):
    pictures, masks = changing(frames=1)
    lesson = Lesson(steps=1, rate=1e-3, batch=2, turn=20, scales=(0.8, 1.2), gamma=(0.8, 1.2), lucid=lucid)
    a, b, c = (Learner(network("osvos-tiny"), pictures[0], masks[0], lesson, seed).sample() for seed in ([0], [0], [1]))
    assert a.picture.shape == a.previous.picture.shape == (2, 3, *SIZE)
    assert a.target.shape == a.previous.mask.shape == (2, 1, *SIZE)
    assert torch.equal(a.picture, b.picture)
    assert not torch.equal(a.picture, c.picture)


# -- several objects, long videos


def test_objects_do_not_know_each_other():
    """Two at once are each of them alone, bit for bit."""
    pictures, masks = changing(frames=3)
    other = np.roll(masks[0], 40, axis=1)
    for name in TINY:
        answers = {}
        for ids, maps in (((1,), (masks[0],)), ((2,), (other,)), ((1, 2), (masks[0], other))):
            session = toy(name, steps=1).open(VideoInfo(name="v", frames=3, height=SIZE[0], width=SIZE[1]))
            soft = SoftMasks(ids=ids, probabilities=np.stack(maps).astype(np.float32))
            session.commit(0, pictures[0], soft, given=set(ids))
            session.adapt(0, pictures[0], soft, given=set(ids))
            answers[ids] = session.predict(1, pictures[1])
        for k in (1, 2):
            assert np.array_equal(answers[1, 2].probabilities[k - 1], answers[(k,)].probabilities[0]), name


def test_a_late_object_leaves_earlier_frames_bit_identical(tmp_path):
    early = [square(37, 53, 4, 2 + 2 * t, side=14) for t in range(5)]
    late = [np.maximum(m, square(37, 53, 20, 30, side=12, label=2)) if t >= 3 else m for t, m in enumerate(early)]
    for name, maps in (("one", early), ("two", late)):
        videos = make_videos(tmp_path / name / "data", names=("v",), frames=5, size=(37, 53), maps={"v": early})
        videos.truth.maps["v"] = {f"{t:05}": m for t, m in enumerate(maps)}
        predict(videos, split="val", models=[toy("onavos-tiny")], out=tmp_path / name / "p")
    for t in range(3):
        assert (tmp_path / f"one/p/v/{t:05}.png").read_bytes() == (tmp_path / f"two/p/v/{t:05}.png").read_bytes()
    assert (tmp_path / "one/p/v/00003.png").read_bytes() != (tmp_path / "two/p/v/00003.png").read_bytes()


def held(thing, seen=None):
    """Bytes of the tensors and arrays that an object holds."""
    seen = set() if seen is None else seen
    if id(thing) in seen:
        return 0
    seen.add(id(thing))
    if isinstance(thing, torch.Tensor | np.ndarray):
        return thing.nbytes
    if isinstance(thing, dict):
        return sum(held(value, seen) for value in thing.values())
    if isinstance(thing, list | tuple | set):
        return sum(held(value, seen) for value in thing)
    return held(vars(thing), seen) if hasattr(thing, "__dict__") and not isinstance(thing, type) else 0


@pytest.mark.parametrize("name", TINY)
def test_a_long_video_takes_no_more_memory(name):
    pictures, masks = changing(frames=3)
    model = toy(name, steps=1, **({"adaptation": Adaptation(steps=1, every=1)} if name == "onavos-tiny" else {}))
    _, short = followed(model, pictures[:3], masks[0])
    _, long = followed(model, pictures * 4, masks[0])
    assert held(long) == held(short) > 0


@pytest.mark.parametrize("samples", [1, 3])
def test_the_seed_decides(samples):
    pictures, masks = changing(frames=3)
    runs = [followed(toy("onavos-tiny", samples=samples, seed=s), pictures, masks[0])[1] for s in (0, 0)]
    a, b = (run.predict(3, pictures[2]).probabilities for run in runs)
    assert np.array_equal(a, b)
    model = toy("onavos-tiny", samples=samples)
    model.method = replace(model.method, seed=1)
    other = followed(model, pictures, masks[0])[1].predict(3, pictures[2]).probabilities
    assert not np.array_equal(a, other)


# -- weights and training


def test_weights_come_back(tmp_path):
    for name in TINY:
        path = tmp_path / f"{name}.safetensors"
        built = network(name)
        checkpoints.save(built, "oneshot", name, path)
        model = getattr(oneshot_model, name.replace("-", "_"))(weights=path, device="cpu")
        assert model.spec.name == name
        assert model.spec.weights == checkpoints.sha256(path)
        assert all(torch.equal(t, built.state_dict()[n]) for n, t in model.network.state_dict().items())
    with pytest.raises(InputError, match="weights of 'segflow-tiny', not of 'osvos-tiny'"):
        oneshot_model.osvos_tiny(weights=tmp_path / "segflow-tiny.safetensors", device="cpu")


def test_a_resumed_training_takes_the_same_steps(tmp_path):
    """OSMN has everything random: dropout, jitter of the Gaussian, deformed masks."""
    config = Training(
        sources=[Source(kind="procedural")],
        architecture="osmn-tiny",
        size=(48, 64),
        batch=2,
        objects=1,
        steps=4,
        learning_rate=1e-3,
        freeze_batch_norm=False,
        checkpoint_every=2,
    )
    whole = train(config, tmp_path, tmp_path / "whole")
    train(changed(config, steps=2), tmp_path, tmp_path / "parts")
    parts = train(config, tmp_path, tmp_path / "parts", resume=True)
    a, b = (checkpoints.read_state(path)[0] for path in (whole, parts))
    assert a.keys() == b.keys()
    assert {n for n in a if not torch.equal(a[n], b[n])} == set()


def test_frames_without_annotation_have_no_loss():
    images, labels = clip()
    model, config = network("masktrack-tiny").eval(), Training(sources=[], steps=10)
    labels[:, 2] = UNLABELLED
    half = clip_loss(model, images, labels, config, 0)
    only = clip_loss(model, images[:, :2], labels[:, :2], config, 0)
    torch.testing.assert_close(half * 2, only)


def test_the_shipped_configurations_name_the_methods():
    from vosbench_baselines.data.config import read_config

    folder = Path(__file__).parents[2] / "baselines/configs"
    for name in METHODS.keys() - {"masktrack-resnet101"}:
        assert read_config(folder / f"{name}.toml", Training).architecture == name
