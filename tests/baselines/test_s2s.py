"""Sequence to sequence: the equations, the variants, online learning, and the door. No weights needed."""

import copy
import functools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from safetensors.torch import save_file  # noqa: E402
from vosbench_baselines.data.clips import UNLABELLED  # noqa: E402
from vosbench_baselines.s2s import cost  # noqa: E402
from vosbench_baselines.s2s.door import S2SModel, s2s, s2s_ol  # noqa: E402
from vosbench_baselines.s2s.losses import clip_loss  # noqa: E402
from vosbench_baselines.s2s.network import S2S, Online, architecture  # noqa: E402
from vosbench_baselines.s2s.online import fine_tuned, random_affine  # noqa: E402
from vosbench_baselines.s2s.train import FAMILY, truth_of  # noqa: E402
from vosbench_baselines.weights import checkpoints  # noqa: E402

from tests.baselines.recurrent_clips import SIZE, batch, disks, follow, held, j, pictures  # noqa: E402
from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.models.interface import SoftMasks, VideoInfo  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

VARIANTS = ("s2s-nano", "s2s-nano-mask-state", "s2s-nano-previous-mask", "s2s-nano-fc1x1-nearest")


def network(name="s2s-nano", seed=0):
    torch.manual_seed(seed)
    return S2S(architecture(name)).eval()


def on_meta(name):
    with torch.device("meta"):
        return S2S(architecture(name))


def count(*modules):
    return sum(p.numel() for module in modules for p in module.parameters())


# -- sizes


def test_parameter_counts_of_the_full_network():
    full = on_meta("s2s")
    vgg, fc6, head = 14_714_688, 4096 * (512 * 49 + 1), 512 * (4096 + 1)
    assert count(full.encoder, full.encoded) == vgg + fc6 + head  # 119.6 million
    assert count(full.initializer, full.h0, full.c0) == vgg + 64 * 9 + fc6 + 2 * head  # 121.7
    assert count(full.lstm) == 2048 * (1024 * 9 + 1)  # 18.9
    assert count(full.decoder) == 10_959_425  # 11.0
    assert count(full) == 271_087_873
    assert count(on_meta("s2s-fc1x1")) == 69_761_281


def test_shapes_on_the_way_are_the_papers():
    full = on_meta("s2s")
    image, mask = torch.empty(1, 3, 256, 448, device="meta"), torch.empty(1, 1, 256, 448, device="meta")
    state = full.initialise(image, mask)
    assert state.h.shape == state.c.shape == full.encode(image).shape == (1, 512, 8, 14)
    logits, after = full.step(full.encode(image), state)
    assert logits.shape == (1, 1, 256, 448)
    assert after.h.shape == (1, 512, 8, 14)
    assert [up.weight.shape[1:] for up in full.decoder.ups] == [(c, 5, 5) for c in (512, 256, 128, 64, 64)]


def test_variants_have_the_parts_they_should():
    names = {name: {key.partition(".")[0] for key in on_meta(name).state_dict()} for name in VARIANTS}
    parts = {"encoder", "encoded", "initializer", "c0", "h0", "lstm", "decoder"}
    assert names["s2s-nano"] == names["s2s-nano-fc1x1-nearest"] == parts
    assert names["s2s-nano-mask-state"] == parts - {"initializer", "c0", "h0"}
    assert names["s2s-nano-previous-mask"] == parts - {"initializer"}
    assert on_meta("s2s-previous-mask").encoder.vgg.features[0].weight.shape == (64, 4, 3, 3)


def test_unknown_architectures_are_refused():
    with pytest.raises(UsageError, match="no architecture 's2s-xl'"):
        architecture("s2s-xl")


def test_weights_start_as_the_paper_says():
    fresh = network()
    hidden = fresh.size.hidden
    assert fresh.lstm.Gates.bias[hidden : 2 * hidden].eq(1).all()
    assert fresh.decoder.last.bias.eq(0).all()
    limit = (6 / (fresh.h0.in_channels + fresh.h0.out_channels)) ** 0.5  # Xavier, uniform
    assert 0.95 * limit < fresh.h0.weight.abs().max() <= limit


def test_costs_are_those_of_the_page():
    """Counted arithmetic; a lost sharing between objects shows here."""
    page = (Path(__file__).parents[2] / "docs/baselines/s2s.md").read_text(encoding="utf-8")
    assert cost.table() in page
    assert {"s2s", "s2s-ol"} == cost.costs().keys()


# -- the equations


def test_states_go_through_relu_and_the_output_gate():
    model = network()
    images, labels = batch([0])
    state = model.initialise(images[:, 0], (labels[:, :1] == 1).float())
    _, after = model.step(model.encode(images[:, 1]), state)
    assert all((part >= 0).all() for part in (*state, *after))
    assert (after.h <= after.c).all()
    assert after.h[after.c == 0].eq(0).all()


@pytest.mark.parametrize("name", VARIANTS)
def test_the_clip_is_the_recurrence_step_by_step(name):
    model = network(name).requires_grad_(False)
    images, labels = batch([0, 1], frames=4)
    first = (labels[:, :1] == 1).float()
    whole = model(images, first)
    state, previous = model.initialise(images[:, 0], first), first
    for t in range(1, 4):
        encoded = model.encode(images[:, t], previous if model.size.previous_mask else None)
        logits, state = model.step(encoded, state)
        previous = torch.sigmoid(logits)
        torch.testing.assert_close(whole[:, t - 1 : t], logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", VARIANTS)
def test_the_last_frame_teaches_the_first_one(name):
    model = network(name)
    images, labels = batch([0], frames=4)
    images.requires_grad_()
    truth = truth_of(labels)
    clip_loss(model(images, truth[:, :1])[:, -1:], truth[:, -1:]).backward()
    assert model.lstm.Gates.weight.grad.abs().sum() > 0
    if name != "s2s-nano-mask-state":  # there the first picture is not looked at
        assert images.grad[:, 0].abs().sum() > 0
        assert model.h0.weight.grad.abs().sum() > 0
    assert all(images.grad[:, t].abs().sum() > 0 for t in (1, 2, 3))


def test_teacher_forcing_shows_the_truth_where_there_is_one():
    model = network("s2s-nano-previous-mask").requires_grad_(False)
    images, labels = batch([0], frames=4)
    labels[:, 2] = UNLABELLED
    truth = truth_of(labels)
    forced, free = model(images, truth[:, :1], truth), model(images, truth[:, :1])
    torch.testing.assert_close(forced[:, 0], free[:, 0])
    assert not torch.allclose(forced[:, 1], free[:, 1])
    # Frame 3 is shown what was predicted on frame 2, which has no truth.
    state = model.initialise(images[:, 0], truth[:, :1])
    for t, shown in ((1, truth[:, :1]), (2, truth[:, 1:2]), (3, torch.sigmoid(forced[:, 1:2]))):
        logits, state = model.step(model.encode(images[:, t], shown), state)
    torch.testing.assert_close(forced[:, 2:], logits, rtol=1e-4, atol=1e-5)


# -- the loss


def test_the_loss_is_binary_cross_entropy_of_annotated_frames():
    p = torch.tensor([0.5, 0.25, 0.9]).reshape(1, 3, 1, 1)
    truth = torch.tensor([1.0, 0.0, -1.0]).reshape(1, 3, 1, 1)
    logits = torch.logit(p).requires_grad_()
    loss = clip_loss(logits, truth)
    assert loss.item() == pytest.approx((np.log(2) - np.log(0.75)) / 2, abs=1e-6)
    loss.backward()
    assert logits.grad[0, 2].item() == 0
    assert clip_loss(logits, torch.full_like(truth, -1)).item() == 0


# -- learning


STEPS = 150


@functools.cache
def parent(seed):
    """A network that has seen one bright disk on one dark ground, moved about, and nothing else. Do not change it."""
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed)
    images, labels = disks(3, frames=4)
    model = S2S(architecture("s2s-nano")).train()
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(STEPS):
        drawn = torch.randint(4, (4,), generator=rng)
        pairs = [random_affine(images[drawn], labels[drawn] == 1, Online(), rng) for _ in range(2)]
        clips, truth = (torch.stack(parts, dim=1) for parts in zip(*pairs, strict=True))
        learn(model, optimiser, clips, truth, balance=1 - step / STEPS)
    return model.eval()


@pytest.fixture(scope="module")
def trained():
    return parent(0)


def learn(model, optimiser, images, truth, balance=0.0):
    logits = model(images, truth[:, :1])
    optimiser.zero_grad()
    clip_loss(logits, truth[:, 1:], balance=balance).backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return torch.sigmoid(logits.detach())


@pytest.mark.parametrize("name", VARIANTS[:3])
def test_a_short_clip_is_learnt_by_heart(name):
    torch.manual_seed(0)
    model = S2S(architecture(name)).train()
    images, labels = batch([3], frames=2)
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(70):
        found = learn(model, optimiser, images, truth_of(labels))
    assert j(found[0, 0], labels[0, 1]) > 0.95


def mean_j(model, images, labels, **how):
    answers = follow(model, images, {0: {1: labels[0].numpy() == 1}}, **how)
    return np.mean([j(answers[t][1], labels[t] == 1) for t in range(1, len(images))])


def test_online_learning_raises_j_where_the_object_looks_different_now(caplog):
    """On average; on a seed where it fails, the log says so and nothing is lost."""
    images, labels = disks(3, frames=4)
    dark = torch.where(labels[:, None] == 1, 0.05, images)
    gains = []
    for seed in range(3):
        model = S2SModel(copy.deepcopy(parent(seed)), "s2s-nano")
        assert mean_j(model, images, labels) > 0.5, "the parent knows the disk as it was"
        plain = mean_j(model, dark, labels)
        online = S2SModel(copy.deepcopy(parent(seed)), "s2s-nano", online=True)
        online.online = replace(online.online, learning_rate=3e-3)
        caplog.clear()
        gains.append(mean_j(online, dark, labels, lessons=True) - plain)
        assert gains[-1] > 0.2 or ("online learning failed" in caplog.text and gains[-1] == 0)
        assert mean_j(online, dark, labels) == plain  # the weights are the old ones for the next video
    assert np.mean(gains) > 0.3


def test_the_balanced_loss_weighs_object_and_background_alike():
    logits = torch.zeros(1, 1, 4, 4, requires_grad=True)
    truth = torch.zeros(1, 1, 4, 4)
    truth[..., 0, 0] = 1
    pull = {}
    for balance in (0.0, 0.5, 1.0):
        (found,) = torch.autograd.grad(clip_loss(logits, truth, balance=balance), logits)
        pull[balance] = (-found[truth == 1].sum().item(), found[truth == 0].sum().item())
    assert pull[0.0] == pytest.approx((0.5 / 16, 0.5 * 15 / 16))
    assert pull[1.0] == pytest.approx((0.25, 0.25))
    assert pull[0.5] == pytest.approx(tuple(np.mean([pull[0.0], pull[1.0]], axis=0)))
    absent = torch.zeros(1, 1, 4, 4)
    assert clip_loss(logits, absent, balance=1.0).item() == pytest.approx(np.log(2) / 2)


def test_online_learning_leaves_the_lstm_and_the_original_alone():
    model = network()
    images, labels = disks(0)
    before = copy.deepcopy(model.state_dict())
    copied, _ = fine_tuned(model, [(images[0], labels[0] == 1)], Online(steps=2, learning_rate=1e-2))
    changed = {key.partition(".")[0] for key, t in copied.state_dict().items() if not torch.equal(t, before[key])}
    assert changed == {"encoder", "encoded", "initializer", "c0", "h0", "decoder"}
    assert all(torch.equal(t, before[key]) for key, t in model.state_dict().items())


def test_a_mask_follows_its_picture_through_the_affine_map():
    images, labels = batch(range(8), frames=1)
    rng = torch.Generator().manual_seed(0)
    pictures, masks = random_affine(images[:, 0], labels[:, 0] == 1, Online(), rng)
    inside = pictures.mean(1) > 0.5
    assert (inside != (masks > 0)).float().mean() < 0.05
    assert (masks.sum((1, 2)) - (labels[:, 0] == 1).sum((1, 2))).abs().min() > 0


# -- the door


@pytest.mark.parametrize("name", VARIANTS)
def test_the_door_keeps_the_contract(name):
    check_model(S2SModel(network(name), name))


def test_the_door_keeps_the_contract_while_learning_online():
    size = architecture("s2s-nano")
    model = S2SModel(S2S(replace(size, online=replace(size.online, steps=2))), "s2s-nano", online=True)
    assert model.spec.adapts
    check_model(model)


def test_a_session_is_the_clip_of_the_training(trained):
    images, labels = disks(1, frames=5)
    images = (images * 255).round() / 255
    expected = torch.sigmoid(trained(images[None], truth_of(labels)[None, :1])).detach()
    answers = follow(S2SModel(trained, "s2s-nano"), images, {0: {1: labels[0].numpy() == 1}})
    for t in range(1, 5):
        np.testing.assert_allclose(answers[t][1], expected[0, t - 1], atol=1e-4)


def test_two_objects_are_each_what_they_are_alone_and_a_late_one_begins_where_it_is_given(trained):
    images, labels = disks(2, frames=5, objects=2)
    one, two = (labels.numpy() == 1), (labels.numpy() == 2)
    model = S2SModel(trained, "s2s-nano")
    both = follow(model, images, {0: {5: one[0]}, 2: {3: two[2]}})
    first, second = follow(model, images, {0: {5: one[0]}}), follow(model, images[2:], {0: {3: two[2]}})
    assert [sorted(found) for found in both] == [[], [5], [5], [3, 5], [3, 5]]
    for t in (1, 2, 3, 4):
        np.testing.assert_allclose(both[t][5], first[t][5], atol=1e-5)
    for t in (3, 4):
        np.testing.assert_allclose(both[t][3], second[t - 2][3], atol=1e-5)


def test_a_long_sequence_needs_no_more_memory_than_a_short_one(trained):
    images, labels = disks(0)
    frames = pictures(images)
    session = S2SModel(trained, "s2s-nano").open(VideoInfo(name="v", frames=200, height=SIZE[0], width=SIZE[1]))
    masks = SoftMasks(ids=(1,), probabilities=(labels[:1] == 1).float().numpy())
    bytes_held = []
    for t in range(200):
        if t:
            masks = session.predict(t, frames[t % 3])
        session.commit(t, frames[t % 3], masks, given=set() if t else {1})
        bytes_held.append(held(session))
    assert len(set(bytes_held[2:])) == 1
    assert np.isfinite(masks.probabilities).all()


# -- weights


def test_weights_come_back_bit_for_bit_and_know_their_name(tmp_path):
    model, path = network("s2s-nano-mask-state"), tmp_path / "w.safetensors"
    checkpoints.save(model, "s2s", "s2s-nano-mask-state", path)
    again, name, _ = FAMILY.load(path, None)
    assert name == "s2s-nano-mask-state"
    assert all(torch.equal(t, model.state_dict()[key]) for key, t in again.state_dict().items())
    assert s2s(weights=path, device="cpu").spec.weights == checkpoints.sha256(path)
    assert s2s_ol(weights=path, device="cpu").spec.name == "s2s-nano-mask-state-ol"
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(InputError, match="does not say which network"):
        FAMILY.load(path, None)
    with pytest.raises(UsageError, match="s2s ships without weights"):
        s2s(weights=None, device="cpu")


def test_an_imagenet_trunk_starts_both_encoders():
    model = network("s2s-nano").requires_grad_(False)
    state = {
        key: torch.full_like(t[:, :3] if t.ndim == 4 else t, 2) for key, t in model.encoder.vgg.state_dict().items()
    }
    FAMILY.start(model, state)
    assert all(trunk.vgg.features[0].weight[:, :3].eq(2).all() for trunk in (model.encoder, model.initializer))
    assert model.initializer.vgg.features[0].weight[:, 3].ne(2).all()
