"""The online learning loop: it learns, on a copy, the same for the same seed."""

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from torch import nn  # noqa: E402
from vosbench_baselines.learning.online import Schedule, learn_online, repeatable  # noqa: E402
from vosbench_baselines.learning.outcome import kept  # noqa: E402


def line(rng):
    """Points of y = 2 x + 1."""
    x = torch.from_numpy(rng.uniform(-1, 1, (16, 1))).float()
    return x, 2 * x + 1


def squares(network, batch):
    x, y = batch
    return ((network(x) - y) ** 2).mean()


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Linear(1, 1).eval().requires_grad_(False)


def test_it_learns_on_a_copy(network):
    before = network.weight.clone()
    learnt, losses = learn_online(network, line, squares, Schedule(steps=200, learning_rate=0.1), seed=0)
    assert learnt.weight.item() == pytest.approx(2, abs=0.05)
    assert learnt.bias.item() == pytest.approx(1, abs=0.05)
    assert len(losses) == 200
    assert losses[-1] < 0.01 * losses[0]
    assert torch.equal(network.weight, before)
    assert not learnt.training
    assert not learnt.weight.requires_grad


def test_a_seed_determines_every_bit(network):
    def weight(seed):
        return learn_online(network, line, squares, Schedule(steps=5), seed=seed)[0].weight

    assert torch.equal(weight(1), weight(1))
    assert not torch.equal(weight(1), weight(2))


def test_the_rate_rises_then_falls(network):
    """One parameter under a constant gradient: Adam moves it by the rate."""

    def constant(network, batch):
        return network.weight.sum() + 0 * network.bias.sum()

    weights = [
        learn_online(network, line, constant, Schedule(steps=n, learning_rate=1.0, clip_gradient=1e9), seed=0)[0].weight
        for n in (0, 1, 20)
    ]
    assert (weights[0] - weights[1]).item() == pytest.approx(0.1, abs=1e-4)
    assert 0.4 * 20 < (weights[0] - weights[2]).item() < 0.6 * 20


def test_it_learns_where_gradients_are_off(network):
    with torch.inference_mode():
        learnt, _ = learn_online(network, line, squares, Schedule(steps=5), seed=0)
    assert not torch.equal(learnt.weight, network.weight)


def test_no_steps_change_nothing(network):
    learnt, losses = learn_online(network, line, squares, Schedule(steps=0), seed=0)
    assert losses == []
    assert torch.equal(learnt.weight, network.weight)


def test_with_momentum_it_descends_at_a_constant_rate(network):
    def once(network, batch):
        return network.weight.sum()  # a gradient of 1

    how = Schedule(steps=3, learning_rate=0.1, momentum=0.5)
    learnt, _ = learn_online(network, line, once, how, seed=0)
    steps = 1 + (1 + 0.5) + (1 + 0.5 + 0.25)
    assert learnt.weight.item() == pytest.approx(network.weight.item() - 0.1 * steps)


@pytest.mark.parametrize("frozen", [True, False])
def test_statistics_of_batch_normalisation_can_stay(frozen):
    network = nn.Sequential(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1))
    how = Schedule(steps=2, freeze_batch_norm=frozen)
    learnt, _ = learn_online(
        network,
        lambda rng: torch.from_numpy(rng.normal(5, 1, (1, 1, 4, 4))).float(),
        lambda n, x: n(x).sum(),
        how,
        seed=0,
    )
    assert torch.equal(learnt[1].running_mean, network[1].running_mean) == frozen


def flags():
    cudnn = torch.backends.cudnn
    return cudnn.enabled, cudnn.deterministic, cudnn.benchmark, cudnn.allow_tf32


def test_cudnn_is_in_use_while_learning_and_as_before_afterwards(network):
    before, seen = flags(), []

    def looking(network, batch):
        seen.append(flags())
        return squares(network, batch)

    learn_online(network, line, looking, Schedule(steps=2), seed=0)
    assert seen == [(True, True, False, before[3])] * 2
    assert flags() == before


@pytest.mark.parametrize("tf32", [True, False])
def test_tf32_stays_as_it_is_set(tf32, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", tf32)
    with repeatable():
        assert flags() == (True, True, False, tf32)


@pytest.mark.parametrize(
    ("losses", "before", "after", "learnt"),
    [
        ([0.7, 0.1], 0.2, 0.9, True),
        ([0.7, 0.1], 0.95, 0.85, True),
        ([0.7, 0.6], 0.35, 0.0, False),
        ([0.7, 0.7], 0.0, 0.0, False),
        ([0.7, 0.1], 0.9, 0.4, False),
        ([0.7, float("nan")], 0.2, 0.9, False),
        ([0.7, float("inf")], 0.2, 0.9, False),
    ],
)
def test_what_learning_broke_is_not_kept_and_a_line_says_so(losses, before, after, learnt, caplog):
    j = {"old": before, "new": after}
    assert kept("old", "new", losses, j.get, "bear, frame 3, object 2") == ("new" if learnt else "old")
    assert ("bear, frame 3, object 2: online learning failed" in caplog.text) is not learnt


def test_without_steps_nobody_is_asked():
    assert kept("old", "new", [], None, "") == "new"
