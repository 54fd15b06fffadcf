"""MaskTrack-lite: the square and back, colours, the guard, finding objects again, online learning, the door."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="the baselines need torch")

import torch
from torch import nn
from vosbench_baselines.data.config import Source
from vosbench_baselines.data.folders import video_folder
from vosbench_baselines.learning.online import Schedule
from vosbench_baselines.masktrack_lite import cost
from vosbench_baselines.masktrack_lite.door import MaskTrackLiteModel, masktrack_lite, masktrack_lite_offline
from vosbench_baselines.masktrack_lite.network import MaskTrackLite
from vosbench_baselines.squares.network import INPUTS, SIDE, mask_loss
from vosbench_baselines.squares.samples import Dreams, clip_samples
from vosbench_baselines.training.holdout import holdout_j
from vosbench_baselines.video.appearance import Colours
from vosbench_baselines.video.flow import Flow, carry
from vosbench_baselines.video.roi import Square, cut, put_back, square_around
from vosbench_baselines.weights.shipped import shipped_weights

from tests.baselines.discs import BLUE, RED, frame, late_second_object, overlap
from vosbench import synthetic
from vosbench.models.interface import SoftMasks, VideoInfo, load_model
from vosbench.testing import check_model

TINY = (8, 16)


class ByColour(nn.Module):
    """In place of the network: what has the object's colours is the object."""

    def forward(self, x):
        return 12 * (x[:, 4:5] - 0.5)


class Blind(nn.Module):
    """In place of the network: sees nothing anywhere."""

    def forward(self, x):
        return torch.full_like(x[:, :1], -9)


def model(network, **options):
    return MaskTrackLiteModel(network, "masktrack-lite", **options)


def tiny(seed=0):
    torch.manual_seed(seed)
    return MaskTrackLite(TINY)


# -- the square


@pytest.mark.parametrize("square", [Square(60, 50, 80), Square(64, 48, 40), Square(110, 80, 90), Square(64, 48, 400)])
def test_what_is_cut_out_comes_back_in_its_place(square):
    mask = np.zeros((96, 128), np.float32)
    mask[40:60, 50:80] = 1
    back = put_back(cut(mask, square, SIDE), square, mask.shape)
    y, x = np.mgrid[:96, :128] + 0.5
    half = square.side / 2 - 1
    inside = (abs(y - square.y) < half) & (abs(x - square.x) < half)
    assert overlap(back[inside] > 0.5, mask[inside] > 0.5) > (0.99 if square.side <= SIDE else 0.9)
    assert not back[(abs(y - square.y) > half + 2) | (abs(x - square.x) > half + 2)].any()


def test_the_square_surrounds_the_object_whatever_specks_there_are():
    mask = np.zeros((96, 128), np.float32)
    assert square_around(mask, 1.8) is None
    mask[20:60, 30:60] = 1
    mask[90, 120] = 1
    square = square_around(mask, 2.0)
    assert square is not None
    assert (square.x, square.y, square.side) == pytest.approx((45, 40, 80), abs=1.5)


# -- colours and flow


def test_the_posterior_knows_the_objects_colours():
    image, labels = frame((RED, 40, 60, 15))
    posterior = Colours(image, (labels == 1).astype(np.float32)).posterior
    found = posterior(image)
    assert found[labels == 1].mean() > 0.95
    assert found[labels == 0].mean() < 0.05
    assert posterior(np.full((4, 4, 3), BLUE, np.uint8)) == pytest.approx(0.5, abs=0.05)  # never seen: says nothing


@pytest.mark.parametrize("size", [(96, 128), (300, 400)])
def test_masks_are_carried_along_the_flow(size):
    (before, old), (now, new) = (
        frame((RED, size[0] // 2, size[1] // 2 + dx, size[0] // 4), size=size) for dx in (0, 3)
    )
    carried = carry((old == 1).astype(np.float32), Flow().look_up(now, before))
    assert carried.shape == size
    assert overlap(carried > 0.5, new == 1) > overlap(old == 1, new == 1)


def test_flow_of_a_tiny_video_has_its_size():
    image, _ = frame((RED, 8, 10, 4), size=(15, 20))
    assert np.abs(Flow().look_up(image, image)).max() < 0.5
    assert Flow().look_up(image, image).shape == (15, 20, 2)


# -- the network and what it learns from


def test_network_shapes_and_the_rough_mask_is_believed_at_first():
    network = MaskTrackLite().eval()
    with torch.no_grad():
        network.head.weight.zero_()
        network.head.bias.zero_()
        x = torch.rand(2, INPUTS, SIDE, SIDE)
        logits = network(x)
    assert logits.shape == (2, 1, SIDE, SIDE)
    assert torch.equal(logits > 0, x[:, 3:4] > 0.5)
    assert sum(p.numel() for p in network.parameters()) == 497_669


def test_the_loss_of_a_perfect_answer_is_zero_and_of_its_opposite_is_large():
    target = torch.zeros(2, 1, 8, 8)
    target[:, :, 2:5, 3:7] = 1
    perfect = 40 * (target - 0.5)
    assert mask_loss(perfect, target).item() == pytest.approx(0, abs=1e-4)
    assert mask_loss(-perfect, target).item() > 10


def test_samples_of_a_clip_show_one_object_in_every_later_frame():
    frames = [frame((RED, 40, 40 + 3 * t, 12), (BLUE, 60, 90, 9)) for t in range(3)]
    images, labels = (np.stack(arrays) for arrays in zip(*frames, strict=True))
    for seed in range(4):
        samples = clip_samples(np.random.default_rng(seed), images, labels)
        assert len(samples) == 2
        for sample in samples:
            assert sample.inputs.shape == (INPUTS, SIDE, SIDE)
            assert 0 <= sample.inputs.min() <= sample.inputs.max() <= 1
            assert overlap(sample.inputs[4] > 0.5, sample.target > 0.5) > 0.8  # colours tell these objects apart
    assert clip_samples(np.random.default_rng(0), images, np.zeros_like(labels)) == []


def test_dreams_show_the_object_and_now_and_then_no_rough_mask():
    image, labels = frame((RED, 40, 60, 15))
    mask = (labels == 1).astype(np.float32)
    samples = Dreams(image, mask, Colours(image, mask)).draw(np.random.default_rng(0), 30)
    assert all(sample.target.any() for sample in samples)
    assert 0 < sum(not sample.inputs[3].any() for sample in samples) < 10


# -- the door


def begin(network, image, labels, **options):
    """A session that has been given every object of the first frame."""
    session = model(network, **options).open(VideoInfo(name="v", frames=9, height=96, width=128))
    ids = tuple(np.unique(labels[labels > 0]).tolist())
    masks = SoftMasks(ids=ids, probabilities=np.stack([labels == i for i in ids]).astype(np.float32))
    session.commit(0, image, masks, given=frozenset(ids))
    session.adapt(0, image, masks, given=frozenset(ids))
    return session


def test_a_sudden_collapse_is_softened_with_the_carried_mask():
    image, labels = frame((RED, 40, 60, 15))
    found = begin(Blind(), image, labels).predict(1, image).probabilities[0]
    assert found[labels == 1].mean() == pytest.approx(0.5, abs=0.05)
    assert found[labels == 0].mean() < 0.01


def test_a_collapse_to_exactly_nothing_is_softened_too():
    """Half of 0 and 1 is no object; the object is kept for a frame as where the answer is nearly nothing."""

    class Blinder(Blind):
        def forward(self, x):
            return torch.full_like(x[:, :1], -1000)

    image, labels = frame((RED, 40, 60, 15))
    found = begin(Blinder(), image, labels).predict(1, image).probabilities[0]
    assert (found[labels == 1] > 0.5).mean() > 0.8
    assert found[labels == 0].mean() < 0.01


def test_an_object_is_found_again_after_it_was_gone():
    image, labels = frame((RED, 40, 30, 12))
    session = begin(ByColour(), image, labels)
    empty, _ = frame()
    for t in (1, 2, 3, 4):
        soft = session.predict(t, empty)
        assert t == 1 or not (soft.probabilities > 0.5).any(), "nothing there has its colours"
        session.commit(t, empty, SoftMasks(ids=(1,), probabilities=0 * soft.probabilities), given=frozenset())
    elsewhere, there = frame((RED, 60, 100, 13))
    assert overlap(session.predict(5, elsewhere).probabilities[0] > 0.5, there == 1) > 0.9


def test_another_object_is_not_taken_for_the_lost_one():
    image, labels = frame((RED, 40, 30, 12))
    session = begin(ByColour(), image, labels)
    empty, _ = frame()
    session.commit(1, empty, SoftMasks(ids=(1,), probabilities=np.zeros((1, 96, 128), np.float32)), given=frozenset())
    other, _ = frame((BLUE, 60, 100, 13))
    assert not (session.predict(2, other).probabilities > 0.5).any()


def test_online_learning_raises_j():
    path = [(40 + 2 * t, 35 + 5 * t) for t in range(5)]
    frames = [frame((RED, *at, 14)) for at in path]

    def mean_j(steps):
        session = begin(tiny(), *frames[0], schedule=Schedule(steps=steps, learning_rate=1e-2))
        found = []
        for t, (image, labels) in enumerate(frames[1:], start=1):
            soft = session.predict(t, image)
            found.append(overlap(soft.probabilities[0] > 0.5, labels == 1))
            session.commit(t, image, soft, given=frozenset())
        return np.mean(found)

    assert mean_j(50) > 0.8 > mean_j(0) + 0.3


def test_two_objects_one_of_them_late_through_the_runner(tmp_path):
    assert min(late_second_object(model(ByColour()), tmp_path)) > 0.85


def test_costs_are_the_networks_convolutions_twice_and_those_of_the_page():
    def block(inputs, outputs, side):
        return 2 * 9 * (inputs * outputs + outputs * outputs) * side**2

    w = MaskTrackLite().widths
    one = sum(block(i, o, 80 // 2**n) for n, (i, o) in enumerate(zip((20, *w[:-1]), w, strict=True)))
    one += sum(block(w[n] + w[n + 1], w[n], 80 // 2**n) for n in range(4)) + 2 * w[0] * 4 * 80**2
    found = cost.costs()
    assert found["masktrack-lite"] == found["masktrack-lite-offline"]
    assert found["masktrack-lite"].gflop == pytest.approx(2 * one / 1e9)
    assert found["masktrack-lite"].parameters == 497_669
    page = (Path(__file__).parents[2] / "docs/baselines.md").read_text(encoding="utf-8")
    assert cost.count().row() in page


@pytest.mark.parametrize("schedule", [None, Schedule(steps=2)])
def test_the_door(schedule):
    check_model(model(tiny(), schedule=schedule))


# -- what ships


def test_both_models_load_the_shipped_weights():
    path = shipped_weights("masktrack-lite")
    online, offline = (load_model(name) for name in ("masktrack-lite", "masktrack-lite-offline"))
    assert online.spec.weights == offline.spec.weights == masktrack_lite(weights=path, device="cpu").spec.weights
    assert (online.spec.adapts, offline.spec.adapts) == (True, False)
    assert masktrack_lite_offline(weights=None, device="cpu").spec.name == "masktrack-lite-offline"


def test_the_demonstration_shows_the_offline_model(vosbench, tmp_path, monkeypatch):
    small = {"sequences": 1, "frames": 3, "shape": (60, 100), "objects": 1}
    monkeypatch.setattr(synthetic, "make_dataset", partial(synthetic.make_dataset, **small))
    done = vosbench("demo", "--out", tmp_path / "demo")
    assert done.code == 0
    assert (tmp_path / "demo/runs/masktrack-lite-offline/result.json").is_file()


@pytest.mark.realdata
def test_offline_beats_the_copied_first_mask_on_a_held_out_sequence(realdata, tmp_path):
    """The first frames of a training sequence that was kept out of training."""
    for kind in ("JPEGImages", "Annotations"):
        folder = tmp_path / kind / "motorbike"
        folder.mkdir(parents=True)
        for path in sorted((realdata / "davis2016_train_256x448" / kind / "motorbike").iterdir())[:20]:
            shutil.copy(path, folder)
    source = Source(kind="videos", images="JPEGImages", masks="Annotations", binary=True)
    short = video_folder(source, tmp_path)
    offline, copied = (holdout_j([load_model(name)], short) for name in ("masktrack-lite-offline", "copy-first-mask"))
    assert offline > copied + 0.1
