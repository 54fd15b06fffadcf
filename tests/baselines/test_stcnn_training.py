"""Training of STCNN: losses, turns, online learning, and its parts through the commands. Everything at toy size."""

import csv
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from click.testing import CliRunner  # noqa: E402
from msgspec.structs import replace  # noqa: E402
from vosbench_baselines.data.config import Source, Training, read_config  # noqa: E402
from vosbench_baselines.data.folders import video_folder  # noqa: E402
from vosbench_baselines.stcnn import losses as stcnn  # noqa: E402
from vosbench_baselines.stcnn.door import STCNNModel  # noqa: E402
from vosbench_baselines.stcnn.online import Ways, fine_tuned  # noqa: E402
from vosbench_baselines.stcnn.train import Settings, STCNNLearner, network, turned  # noqa: E402
from vosbench_baselines.stcnn.weights import load_stcnn  # noqa: E402
from vosbench_baselines.training import papers  # noqa: E402
from vosbench_baselines.training import tables as table_runs  # noqa: E402
from vosbench_baselines.training.holdout import holdout_j  # noqa: E402
from vosbench_baselines.training.loop import train  # noqa: E402
from vosbench_baselines.video.lucid import scene  # noqa: E402

from tests.unit.fake_videos import make_videos, square  # noqa: E402
from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.masks.write import write_label_map  # noqa: E402

CONFIGS = Path(__file__).parents[2] / "baselines/configs"
SMALL = {"discriminator": "small", "generator_learning_rate": 1e-3}


def tiny(seed=0, name="stcnn-tiny"):
    torch.manual_seed(seed)
    return network(name)


def moving_disk(frames=5, batch=1, size=(48, 64)):
    """A clip (B, T, 3, H, W) of a striped disk over noise, and the disk on its last frame (B, H, W)."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: size[0], : size[1]]
    ground = rng.uniform(0.2, 0.5, (*size, 3)) + np.array([0.0, 0.1, 0.2])
    images, masks = [], []
    for t in range(frames):
        disk = (y - 18 - 2 * t) ** 2 + (x - 20 - 4 * t) ** 2 < 11**2
        stripes = 0.65 + 0.2 * np.sin((x - 4 * t) / 2)[..., None] * np.array([1, 0.5, 0.2])
        images.append(np.where(disk[..., None], stripes, ground))
        masks.append(disk)
    clip = torch.tensor(np.stack(images), dtype=torch.float32).permute(0, 3, 1, 2)
    return clip[None].repeat(batch, 1, 1, 1, 1), torch.tensor(masks[-1])[None].repeat(batch, 1, 1).float()


def rivals_of(model, rates=(1e-3, 1e-3), **more):
    critic = stcnn.small_discriminator()
    optimisers = [torch.optim.Adam(m.parameters(), lr) for m, lr in zip((model.temporal, critic), rates, strict=True)]
    return stcnn.Rivals(model.temporal, critic, *optimisers, **more)


def numbers(module):
    return {name: tensor.clone() for name, tensor in module.named_parameters()}


def moved(module, before):
    return any(not torch.equal(tensor, before[name]) for name, tensor in module.named_parameters())


# -- losses


def test_losses_are_the_papers_equations():
    class Half(torch.nn.Module):
        def forward(self, frames):
            return torch.log(torch.tensor([[0.25, 0.75]])).expand(len(frames), 2)  # D says "real" with 0.75

    real, made = torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), 0.5)
    assert stcnn.discriminator_loss(Half(), real, made).item() == pytest.approx(-np.log(0.25) - np.log(0.75))
    assert stcnn.generator_loss(Half(), real, made, 0.1).item() == pytest.approx(0.25 - 0.1 * np.log(0.75))
    logits = [torch.full((1, 1, 1, 2), value) for value in (0.0, 2.0)]
    masks = torch.tensor([[[1.0, 0.0]]])
    final = (np.log1p(np.exp(-2.0)) + np.log1p(np.exp(2.0))) / 2
    assert stcnn.segmentation_loss(logits, masks).item() == pytest.approx(final + np.log(2), rel=1e-6)
    assert stcnn.segmentation_loss(logits, masks, side=0).item() == pytest.approx(final, rel=1e-6)


def test_a_sigmoid_is_the_softmax_of_two():
    logit, masks = torch.randn(1, 1, 3, 4), torch.randint(0, 2, (1, 3, 4))
    both = torch.cat([torch.zeros_like(logit), logit], dim=1)
    torch.testing.assert_close(stcnn.segmentation_loss([logit], masks), torch.nn.functional.cross_entropy(both, masks))


# -- turns


def test_adversarial_steps_lower_both_losses():
    """Each falls when the other rests; in turns the prediction gets better."""
    clip, _ = moving_disk(batch=2)
    model = tiny()
    rivals = rivals_of(model)
    made = model.temporal(clip[:, :-1])[0].detach()
    real = stcnn.target(clip[:, -1], made)
    first = stcnn.discriminator_loss(rivals.critic, real, made).item()
    squared = ((made - real) ** 2).mean().item()
    for _ in range(12):
        rivals.of_critic.zero_grad()
        told = stcnn.discriminator_loss(rivals.critic, real, made)
        told.backward()
        rivals.of_critic.step()
    assert told.item() < first
    losses = [stcnn.temporal_step(model, rivals, clip)[1] for _ in range(25)]
    assert losses[-1] < 0.5 * losses[0]
    after = model.temporal(clip[:, :-1])[0]
    assert ((after - real) ** 2).mean().item() < 0.5 * squared


def test_each_step_moves_its_own_parameters_alone():
    clip, masks = moving_disk()
    model = tiny().eval()
    rivals = rivals_of(model)
    optimiser = torch.optim.SGD(model.spatial.parameters(), 1e-2)
    before = [numbers(part) for part in (model.temporal, model.spatial, rivals.critic)]
    stcnn.spatial_step(model, optimiser, clip, masks)
    assert [moved(p, b) for p, b in zip((model.temporal, model.spatial, rivals.critic), before, strict=True)] == [
        False,
        True,
        False,
    ]
    before = numbers(model.spatial)
    stcnn.temporal_step(model, rivals, clip, masks)
    assert not moved(model.spatial, before)
    rivals.turns = (True, False)
    still = numbers(model.temporal)
    stcnn.temporal_step(model, rivals, clip)
    assert not moved(model.temporal, still)
    rivals.turns = (False, True)
    still = numbers(rivals.critic)
    stcnn.temporal_step(model, rivals, clip)
    assert not moved(rivals.critic, still)


def test_segmentation_teaches_the_temporal_branch_unless_detached():
    """The generator's loss is made nothing, so that whatever moves it comes through the spatial branch."""
    clip, masks = moving_disk()

    def moves(masks):
        model = tiny().eval()
        rivals = rivals_of(model, weight=0.0)
        before = numbers(model.temporal.encoder)
        made = model.temporal(clip[:, :-1])[0].detach()
        rivals.generator.decoder.rgb.requires_grad_(False)
        clip_as_made = clip.clone()
        with torch.no_grad():
            target = stcnn.target
            stcnn.target = lambda images, like: made
            try:
                with torch.enable_grad():
                    stcnn.temporal_step(model, rivals, clip_as_made, masks)
            finally:
                stcnn.target = target
        return moved(model.temporal.encoder, before)

    assert moves(masks)
    assert not moves(None)


def test_whoever_is_too_far_ahead_waits():
    """The authors' balance: D rests once sure, G rests while a frame of either kind is judged wrong with certainty."""

    class Sure(torch.nn.Module):
        def __init__(self, made, real):
            super().__init__()
            self.answers = {0.0: made, 1.0: real}
            self.scale = torch.nn.Parameter(torch.zeros(()))

        def forward(self, frames):
            p = torch.tensor([self.answers[float(f.mean())] for f in frames])
            return torch.stack([torch.log1p(-p), torch.log(p)], 1) + self.scale

    real, made = torch.ones(1, 3, 2, 2), torch.zeros(1, 3, 2, 2)
    model = tiny()

    def turns(made_is_real, real_is_real, before=(True, True)):
        rivals = rivals_of(model)
        rivals.critic, rivals.turns = Sure(made_is_real, real_is_real), before
        return rivals._next_turns(real, made)

    assert turns(0.5, 0.5) == (True, True)
    assert turns(0.1, 0.9) == (False, True)
    assert turns(0.6, 0.4) == (True, False)
    assert turns(0.1, 0.9, (True, False)) == (True, True)


# -- learning


def test_a_short_clip_is_learnt_by_heart():
    clip, masks = moving_disk()
    model = tiny().eval()
    optimiser = torch.optim.Adam(model.spatial.parameters(), 2e-3)
    for _ in range(60):
        stcnn.spatial_step(model, optimiser, clip, masks)
    with torch.no_grad():
        found = model(clip[:, :-1], clip[:, -1])[0][-1][0, 0] > 0
    truth = masks[0] > 0
    assert (found & truth).sum() / (found | truth).sum() > 0.9


def changing_object(folder, frames=6, size=(64, 96)):
    """A square whose colour, size and place change, beside one that is not the object."""
    rng = np.random.default_rng(3)
    images, maps = [], []
    for t in range(frames):
        labels = square(*size, 16 + 2 * t, 10 + 5 * t, side=24 + t)
        image = np.full((*size, 3), (70, 80, 90), np.uint8)
        image[40:60, 70:90] = (60, 60, 200)
        image[labels > 0] = (220 - 8 * t, 120 + 8 * t, 60)
        images.append(np.clip(image.astype(int) + rng.integers(-12, 12, (*size, 3)), 0, 255).astype(np.uint8))
        maps.append(labels)
    return images, maps


def j_of(model, images, maps):
    from vosbench.models.interface import SoftMasks, VideoInfo

    session = model.open(VideoInfo(name="v", frames=len(images), height=64, width=96))
    scores = []
    for t, (image, labels) in enumerate(zip(images, maps, strict=True)):
        if t:
            masks = session.predict(t, image)
            found, truth = masks.probabilities[0] > 0.5, labels > 0
            scores.append((found & truth).sum() / max(1, (found | truth).sum()))
        else:
            masks = SoftMasks(ids=(1,), probabilities=labels[None].astype(np.float32))
        session.commit(t, image, masks, given=set() if t else {1})
        if model.spec.adapts and not t:
            session.adapt(t, image, masks, given={1})
    return float(np.mean(scores))


def test_online_training_raises_j_on_an_object_that_changes():
    images, maps = changing_object(None)
    model = tiny().eval()
    before, after = (
        j_of(STCNNModel(model, "stcnn-tiny", iterations=n, learning_rate=3e-2), images, maps) for n in (0, 80)
    )
    assert after > before + 0.3
    assert after > 0.6


def test_online_training_is_determined_by_its_seed_and_leaves_the_network_alone():
    images, maps = changing_object(None)
    model = tiny().eval().requires_grad_(False)
    parts, before = [scene(images[0], maps[0])], numbers(model)
    how = Ways(iterations=3, learning_rate=1e-3)
    learnt = [fine_tuned(model, parts, h)[0].state_dict() for h in (how, how, changed(how, seed=1))]
    assert all(torch.equal(learnt[0][k], v) for k, v in learnt[1].items())
    assert any(not torch.equal(learnt[0][k], v) for k, v in learnt[2].items())
    assert not moved(model, before)
    statistics = [k for k in learnt[0] if "running" in k]
    assert all(torch.equal(learnt[0][k], model.spatial.state_dict()[k]) for k in statistics)


@pytest.mark.parametrize("way", ["lucid", "final_loss", "still_dreams"])
def test_every_way_to_learn_online_makes_a_difference(way):
    images, maps = changing_object(None)
    model = tiny().eval().requires_grad_(False)
    parts = [scene(images[0], maps[0])]
    how = Ways(iterations=2, learning_rate=1e-3)
    one, other = (fine_tuned(model, parts, h)[0] for h in (how, changed(how, **{way: way != "lucid"})))
    assert not torch.equal(one.fuse[1].weight, other.fuse[1].weight)


# -- the parts of the training


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Two short videos with masks on disk."""
    root = tmp_path_factory.mktemp("data")
    maps = {n: [square(40, 64, 8, 6 + 3 * t + i, side=14) for t in range(6)] for i, n in enumerate("ab")}
    videos = make_videos(root, frames=6, size=(40, 64), names=("a", "b"), maps=maps)
    for name in "ab":
        for frame, labels in videos.truth.maps[name].items():
            write_label_map(root / "Annotations" / name / f"{frame}.png", labels)
    (root / "held.txt").write_text("b\n")
    return root


VIDEOS = Source(kind="videos", images="JPEGImages", masks="Annotations")
FRAMES = Source(kind="frames", images="JPEGImages")
TOY = Training(
    sources=[VIDEOS],
    architecture="stcnn-tiny",
    phase="joint",
    size=(48, 64),
    batch=2,
    frames=5,
    max_gap=1,
    objects=1,
    steps=2,
    learning_rate=1e-3,
    freeze_batch_norm=False,
    settings=SMALL,
)


def test_the_parts_follow_each_other_and_the_discriminator_goes_along(data, tmp_path):
    first = train(replace(TOY, phase="adversarial", sources=[FRAMES]), data, tmp_path / "1")
    stills = replace(TOY, phase="spatial", frames=1, initial=str(first))
    second = train(stills, data, tmp_path / "2")
    third = train(replace(TOY, initial=str(second), freeze_batch_norm=True), data, tmp_path / "3")
    states = [load_stcnn(path)[0].state_dict() for path in (first, second, third)]
    names = states[0].keys()
    assert any(name.startswith("critic.") for name in names)
    assert all(s.keys() == names for s in states)

    def same(i, j, part):
        return all(torch.equal(states[i][n], states[j][n]) for n in names if n.startswith(part))

    assert [same(0, 1, part) for part in ("temporal.", "spatial.", "critic.")] == [True, False, True]
    assert [same(1, 2, part) for part in ("temporal.", "spatial.", "critic.")] == [False, False, False]
    statistics = [n for n in names if "running_mean" in n]
    assert all(torch.equal(states[1][n], states[2][n]) for n in statistics)


@pytest.mark.parametrize("phase", ["joint", "together"])
def test_a_resumed_part_ends_with_the_same_weights(data, tmp_path, phase, monkeypatch):
    def forgetful(kind):
        """A discriminator with dropout, as Inception-v3 has it."""
        net = stcnn.small_discriminator()
        net.register_forward_pre_hook(lambda _, given: (torch.nn.functional.dropout(given[0]),))
        return net

    monkeypatch.setattr("vosbench_baselines.stcnn.train.discriminator", forgetful)
    config = replace(TOY, phase=phase, steps=2, checkpoint_every=1, settings=SMALL | {"rotation": 30.0})
    whole = train(config, data, tmp_path / "whole")
    train(replace(config, steps=1), data, tmp_path / "parts")
    parts = train(config, data, tmp_path / "parts", resume=True)
    one, two = (load_stcnn(path)[0].state_dict() for path in (whole, parts))
    assert all(torch.equal(one[key], two[key]) for key in one)


def test_mistakes_in_the_settings_are_named(data):
    for config, message in (
        (replace(TOY, phase="jont"), "phase"),
        (replace(TOY, settings={"discriminater": "small"}), "discriminater"),
    ):
        with pytest.raises(UsageError, match=message):
            STCNNLearner(tiny(), config)
    with pytest.raises(InputError, match="no pictures"):
        train(replace(TOY, sources=[Source(kind="frames", images="nowhere")]), data, data / "o")


def test_a_mask_turns_with_its_picture():
    labels = torch.zeros(2, 40, 60)
    labels[:, 10:30, 20:40] = 1
    clip = labels[:, None, None].repeat(1, 2, 3, 1, 1)
    pictures, masks = turned(clip, labels, 30.0, 5)
    assert not torch.equal(masks, labels)
    assert ((pictures[:, 0, 0] > 0.5) != (masks > 0.5)).float().mean() < 0.02
    assert turned(clip, labels, 0.0, 5)[0] is clip


def test_the_configurations_that_come_along_are_read():
    for size in ("stcnn", "stcnn-tiny"):
        parts = [read_config(path, Training) for path in sorted((CONFIGS / size).glob("*.toml"))]
        assert [part.phase for part in parts] == ["adversarial", "spatial", "joint"]
        assert {part.architecture for part in parts} == {size}
        assert [part.frames for part in parts] == [5, 1, 5]
        for part in parts:
            Settings(**part.settings)
    for name in ("stcnn-tables", "stcnn-tables-tiny"):
        config = read_config(CONFIGS / f"{name}.toml", table_runs.Tables)
        paper = table_runs.plan(config)
        stages = [table_runs.training(config, paper, stage) for stage in paper.stages]
        assert {stage.phase for stage in stages} == {"adversarial", "spatial", "joint", "together"}
        for stage in stages:
            Settings(**stage.settings)


def test_one_command_runs_the_papers_tables(data, tmp_path, monkeypatch):
    """All stages and rows, with a step each and two iterations online at most."""
    rows = [
        changed(row, options=dict(row.options) | {"iterations": min(2, row.options.get("iterations", 1))})
        for row in papers.STCNN.rows
    ]
    monkeypatch.setitem(table_runs.PAPERS, "stcnn", papers.Paper(papers.STCNN.stages, tuple(rows)))
    config = data / "tables.toml"
    toy = 'size = [48, 64]\nbatch = 1\nobjects = 1\nsteps = 1\nsettings = { discriminator = "small" }'
    folders = 'images = "JPEGImages"\nmasks = "Annotations"'
    config.write_text(
        'paper = "stcnn"\narchitecture = "stcnn-tiny"\n\n[video_frames]\nkind = "frames"\nimages = "JPEGImages"\n\n'
        f'[[stills]]\nkind = "stills"\n{folders}\n\n[[videos]]\nkind = "videos"\n{folders}\n\n'
        f'[holdout]\nkind = "videos"\n{folders}\nsequences = "held.txt"\n\n[pretraining]\n{toy}\n\n[main]\n{toy}\n'
    )
    result = CliRunner().invoke(table_runs.main, [str(config), "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    found = list(csv.DictReader(result.output.splitlines()))
    assert [row["table"] for row in found] == ["3"] * 4 + ["4"] * 6 + ["5"] * 3 + ["ours"] * 3
    assert [row["published"] for row in found][:4] == ["0.812", "0.822", "0.832", "0.838"]
    assert found[-1]["published"] == ""


def test_the_holdout_of_a_network_is_asked_with_its_ways(data):
    folder = video_folder(replace(VIDEOS, sequences="held.txt"), data)
    model = STCNNModel(tiny().eval(), "stcnn-tiny", iterations=1)
    assert 0 <= holdout_j([model], folder) <= 1
