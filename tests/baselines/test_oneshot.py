"""The networks of the one-shot methods: sizes, layers against their obvious twins, losses, released weights."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402
from vosbench_baselines.layers.upsampling import BilinearUpsampling, centre_crop  # noqa: E402
from vosbench_baselines.layers.vgg import VGG16  # noqa: E402
from vosbench_baselines.oneshot import cost as oneshot_cost  # noqa: E402
from vosbench_baselines.oneshot import masktrack, onavos, osmn, osvos  # noqa: E402
from vosbench_baselines.oneshot.methods import METHODS, method  # noqa: E402
from vosbench_baselines.oneshot.network import Frame, balanced_cross_entropy, normalised, see_caffe_pixels  # noqa: E402
from vosbench_baselines.oneshot.train import start  # noqa: E402

from vosbench.errors import UsageError  # noqa: E402

TINY = [name for name in METHODS if name.endswith("-tiny")]


def on_meta(name):
    with torch.device("meta"):
        return method(name).build()


def small(name, seed=0):
    torch.manual_seed(seed)
    return method(name).build()


def seen(batch=2, height=37, width=53, seed=0):
    """A picture, and a frame before it with a block for a mask."""
    rng = torch.Generator().manual_seed(seed)
    picture, before = torch.rand((2, batch, 3, height, width), generator=rng)
    mask = torch.zeros(batch, 1, height, width)
    mask[..., 8:24, 10:34] = 1
    return picture, Frame(before, mask)


def answers(network, picture, frame):
    return network.outputs(picture, frame, network.guide(frame))


# -- sizes


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("osvos", 14_917_637),
        ("masktrack", 37_800_328),
        ("masktrack-resnet101", 42_650_760),
        ("osmn", 164_922_113),
        ("onavos", 123_955_010),
        ("segflow", 81_196_422),
    ],
)
def test_parameter_counts(name, parameters):
    assert oneshot_cost.parameters(on_meta(name)) == parameters


def test_osvos_holds_what_its_authors_file_holds():
    """15,267,157 numbers under 52 names, the fixed kernels of upsampling among them."""
    state = on_meta("osvos").state_dict()
    assert len(state) == 52
    assert sum(t.numel() for t in state.values()) == 15_267_157


UPSAMPLING = 3.16  # GFLOP of multiplying by zeros, which counts made with dense kernels of upsampling include


@pytest.mark.parametrize(
    ("name", "size", "gflop"),
    [
        ("osvos", (480, 854), 261.7 - UPSAMPLING),
        ("osmn", (480, 854), 77 + 183.7 - UPSAMPLING),
        ("masktrack", (480, 864), 636),
        ("onavos", (480, 864), 1894),
    ],
)
def test_arithmetic_of_a_frame(name, size, gflop):
    """The numbers counted on the authors' own modules, or on skeletons of their layers; to half a percent."""
    assert oneshot_cost.gflop(on_meta(name), size)[0] == pytest.approx(gflop, rel=5e-3)


def test_osmn_sees_the_object_once():
    assert oneshot_cost.gflop(on_meta("osmn"))[1] == pytest.approx(31.0, abs=0.05)


def test_costs_are_those_of_the_page():
    page = (Path(__file__).parents[2] / "docs/baselines/oneshot.md").read_text(encoding="utf-8")
    assert oneshot_cost.table() in page


def test_unknown_methods_are_refused():
    with pytest.raises(UsageError, match="no method 'osvos-huge'"):
        method("osvos-huge")


# -- every network


@pytest.mark.parametrize("name", TINY)
@pytest.mark.parametrize("size", [(37, 53), (64, 96)])
def test_an_answer_has_the_size_of_the_picture(name, size):
    found = answers(small(name).eval(), *seen(2, *size))
    assert found[-1].shape == (2, 1, *size)
    assert all(torch.isfinite(o).all() for o in found)


#: What the loss of a single segmentation does not reach, by method.
UNREACHED = {"segflow-tiny": ("flow.", "flownet.predict_flow.4")}


@pytest.mark.parametrize("name", TINY)
def test_the_gradient_reaches_all_that_is_learnt(name):
    network = small(name).train()
    picture, frame = seen(2, 64, 64)
    target = frame.mask.roll(3, dims=3)
    network.loss(answers(network, picture, frame), target, None, progress=0.5).backward()
    without = [n for n, p in network.named_parameters() if p.grad is None]
    assert [n for n in without if not n.startswith(UNREACHED.get(name, "-"))] == []


@pytest.mark.parametrize("name", TINY)
def test_unknown_pixels_have_no_loss(name):
    network = small(name).eval()
    picture, frame = seen(1, 64, 64)
    outputs = answers(network, picture, frame)
    known = torch.ones_like(frame.mask)
    known[..., 32:, :] = 0
    other = torch.where(known > 0, frame.mask, 1 - frame.mask)
    assert network.loss(outputs, frame.mask, known) == network.loss(outputs, other, known)
    assert network.loss(outputs, frame.mask) != network.loss(outputs, other)


@pytest.mark.parametrize("name", TINY)
def test_a_batch_is_its_items(name):
    """So that the authors' accumulation of gradients and a batch here are the same."""
    network = small(name).eval()
    picture, frame = seen(3, 64, 64)
    whole = network.loss(answers(network, picture, frame), frame.mask)
    alone = []
    for b in range(3):
        item = Frame(frame.picture[b : b + 1], frame.mask[b : b + 1])
        alone.append(network.loss(answers(network, picture[b : b + 1], item), item.mask))
    torch.testing.assert_close(whole, torch.stack(alone).mean(), rtol=1e-4, atol=1e-6)


# -- shared layers


def test_balanced_cross_entropy_is_the_papers_equation():
    rng = torch.Generator().manual_seed(0)
    logits, target = torch.randn((2, 1, 5, 7), generator=rng), (torch.rand((2, 1, 5, 7), generator=rng) > 0.7).float()
    total = 0.0
    for x, y in zip(logits, target, strict=True):
        p = torch.sigmoid(x)
        beta = (y == 0).sum() / y.numel()  # the share of the background
        total += -beta * torch.log(p[y == 1]).sum() - (1 - beta) * torch.log(1 - p[y == 0]).sum()
    torch.testing.assert_close(balanced_cross_entropy(logits, target), total / target.numel())
    assert balanced_cross_entropy(logits, torch.zeros_like(target)) == 0


@pytest.mark.parametrize("factor", [2, 4, 8, 16])
def test_upsampling_is_bilinear_inside(factor):
    x = torch.rand(2, 3, 6, 9, generator=torch.Generator().manual_seed(0))
    found = centre_crop(BilinearUpsampling(3, factor)(x), torch.empty(6 * factor, 9 * factor))
    expected = F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)
    inside = (..., slice(factor, -factor), slice(factor, -factor))
    torch.testing.assert_close(found[inside], expected[inside])


def test_the_middle_is_kept():
    x = torch.arange(7).expand(1, 1, 5, 7)
    assert centre_crop(x, torch.empty(5, 4))[0, 0, 0].tolist() == [1, 2, 3, 4]


def test_a_convolution_learnt_on_torchvisions_pixels_answers_the_same_on_caffes():
    torch.manual_seed(0)
    conv, x = nn.Conv2d(3, 5, 3), torch.rand(1, 3, 9, 9)
    before = conv(normalised(x, "imagenet"))
    see_caffe_pixels(conv)
    torch.testing.assert_close(conv(normalised(x, "caffe")), before, rtol=1e-4, atol=1e-4)


def test_imagenet_weights_start_a_trunk():
    torch.manual_seed(0)
    theirs = VGG16(width=4)
    network = osvos.OSVOS(osvos.Architecture(width=4))
    start(network, theirs.state_dict())
    x = torch.rand(1, 3, 32, 32)
    expected = theirs.groups(normalised(x, "imagenet"))[0]
    found = torch.relu(network.trunk.features[2](torch.relu(network.trunk.features[0](normalised(x, "caffe")))))
    inside = (..., slice(2, -2), slice(2, -2))
    torch.testing.assert_close(found[inside], expected[inside], rtol=1e-3, atol=1e-4)


# -- OSVOS


def test_osvos_learns_each_parameter_once_and_no_scores_on_the_first_frame():
    network = small("osvos-tiny")
    for online in (False, True):
        groups = network.groups(1.0, online=online)
        found = [id(p) for group in groups for p in group["params"]]
        wanted = [n for n, _ in network.named_parameters() if not (online and n.startswith("score_dsn"))]
        assert len(found) == len(set(found)) == len(wanted)
        rates = {id(p): group["lr"] for group in groups for p in group["params"]}
        named = dict(network.named_parameters())
        assert rates[id(named["fuse.bias"])] == pytest.approx(0.02)
        assert rates[id(named["trunk.features.0.weight"])] == 1


def test_side_outputs_fade_out_of_the_parents_loss():
    network = small("osvos-tiny").eval()
    picture, frame = seen()
    outputs = network.outputs(picture, frame, None)
    sides = sum(balanced_cross_entropy(o, frame.mask) for o in outputs[:-1])
    end = network.loss(outputs, frame.mask, progress=1.0)
    torch.testing.assert_close(network.loss(outputs, frame.mask, progress=0.25), end + 0.75 * sides)
    torch.testing.assert_close(outputs[-1], network(picture, frame, None))


# -- MaskTrack


@pytest.mark.parametrize("trunk", ["vgg16", "resnet101"])
def test_without_weights_for_it_the_mask_changes_nothing(trunk):
    torch.manual_seed(0)
    network = masktrack.MaskTrack(masktrack.Architecture(trunk=trunk, width=4, head=8, norm=trunk != "vgg16")).eval()
    picture, frame = seen(1, 40, 40)
    empty = Frame(frame.picture, torch.zeros_like(frame.mask))
    with torch.no_grad():
        assert not torch.equal(network(picture, frame, None), network(picture, empty, None))
        network.first.weight[:, 3:] = 0
        assert torch.equal(network(picture, frame, None), network(picture, empty, None))


def test_masktrack_reads_at_an_eighth():
    network = on_meta("masktrack")
    x = torch.empty(1, 4, 481, 865, device="meta")
    assert network.trunk(x).shape == (1, 512, 61, 109)
    dilated = [m.dilation for m in network.trunk.vgg.features if isinstance(m, nn.Conv2d)]
    assert dilated == [(1, 1)] * 10 + [(2, 2)] * 3


# -- OSMN


def test_osmn_that_modulates_nothing_is_osvos():
    torch.manual_seed(0)
    network = small("osmn-tiny").eval()
    twin = osvos.OSVOS(osvos.ARCHITECTURES["osvos-tiny"]).eval()
    twin.load_state_dict(network.state_dict(), strict=False)
    picture, frame = seen()
    gamma = network.guide(frame)
    assert gamma.shape == (2, 480)
    assert (gamma == 1).all()  # as it begins
    for layer in network.spatial:
        nn.init.zeros_(layer[1].weight)
    torch.testing.assert_close(network(picture, frame, gamma), twin(picture, frame, None))


def test_gamma_and_beta_are_handed_out_in_order():
    """Each convolution of stages 3 to 5 has its own share of gamma: zeros of one layer silence what depends on it."""
    network = small("osmn-tiny").eval()
    assert network.channels == [32, 32, 32, 64, 64, 64, 64, 64, 64]
    picture, _ = seen()
    for layer in network.spatial:
        nn.init.zeros_(layer[1].weight)
    gamma = torch.ones(2, 480)
    gamma[:, -64:] = 0  # the last convolution: only the last side output is without signal
    plain, cut = (found_sides(network, picture, g) for g in (torch.ones(2, 480), gamma))
    assert [torch.equal(a, b) for a, b in zip(plain, cut, strict=True)] == [True, True, True, False]
    gamma = torch.ones(2, 480)
    gamma[:, :32] = 0  # the first one of stage 3
    cut = found_sides(network, picture, gamma)
    assert [torch.equal(a, b) for a, b in zip(plain, cut, strict=True)] == [True, False, False, False]


def found_sides(network, picture, gamma):
    caught = []
    network.fused, fused = lambda sides, _: caught.extend(sides), network.fused
    network.modulated(picture, torch.zeros(2, 1, *picture.shape[-2:]), gamma)
    network.fused = fused
    return caught


def test_the_gaussian_has_the_moments_of_the_mask():
    mask = torch.zeros(2, 1, 60, 90)
    mask[0, 0, 20:41, 10:51] = 1  # rows 20 to 40, columns 10 to 50
    mask[0, 0, 59, 89] = 1  # one stray pixel moves no median
    found = osmn.gaussian(mask)
    assert not found[1].any()
    top = torch.nonzero(found[0, 0] == found[0, 0].max())[0].tolist()
    assert top == [30, 30]
    for axis, deviation in ((0, 1.4826 * 5), (1, 1.4826 * 10)):  # half of the pixels are within 5 rows and 10 columns
        at = [30, 30]
        at[axis] += 7
        assert found[0, 0][tuple(at)].item() == pytest.approx(np.exp(-(7**2) / (2 * deviation**2)), rel=0.05)
    tiny = torch.zeros(1, 1, 60, 90)
    tiny[..., 30, 30] = 1
    assert osmn.gaussian(tiny)[0, 0, 30, 35].item() == pytest.approx(np.exp(-0.5), rel=1e-4)  # at least 5 pixels


def test_the_guide_is_the_object_alone():
    torch.manual_seed(0)
    network = small("osmn-tiny").eval()
    nn.init.normal_(network.modulator.fc8.weight)
    _, frame = seen(1)
    outside = torch.where(frame.mask > 0, frame.picture, torch.rand_like(frame.picture))
    inside = torch.where(frame.mask > 0, torch.rand_like(frame.picture), frame.picture)
    assert torch.equal(network.guide(frame), network.guide(Frame(outside, frame.mask)))
    assert not torch.equal(network.guide(frame), network.guide(Frame(inside, frame.mask)))


# -- OnAVOS


def test_onavos_reads_at_an_eighth():
    assert on_meta("onavos").outputs(torch.empty(1, 3, 480, 854, device="meta"), None, None)[0].shape[2:] == (60, 107)


def test_only_the_hardest_quarter_has_a_loss():
    rng = torch.Generator().manual_seed(0)
    logits, target = torch.randn((2, 1, 4, 6), generator=rng), torch.ones(2, 1, 4, 6)
    each = F.binary_cross_entropy_with_logits(logits, target, reduction="none").flatten(1)
    expected = each.sort(dim=1, descending=True).values[:, :6].mean()
    torch.testing.assert_close(onavos.bootstrapped_cross_entropy(logits, target), expected)
    known = torch.zeros_like(target)
    assert onavos.bootstrapped_cross_entropy(logits, target, known) == 0
    known[..., :2, :2] = 1
    expected = each.view(2, 4, 6)[:, :2, :2].flatten(1).max(dim=1).values.mean()
    torch.testing.assert_close(onavos.bootstrapped_cross_entropy(logits, target, known), expected)


def test_pseudo_labels_are_the_sure_and_the_far():
    how = onavos.Adaptation(distance=100, erosion=11)
    posterior = np.full((480, 640), 0.5, np.float32)
    posterior[100:140, 100:140], posterior[400:440, 500:540] = 0.98, 0.99  # the second block is far away
    last = np.zeros((480, 640), bool)
    last[95:126, 95:126] = True  # eroded: 100 to 120
    positives, negatives = onavos.pseudo_labels(posterior, last, how)
    assert positives[100:140, 100:140].all()
    assert positives.sum() == 40 * 40
    assert not (positives & negatives).any()
    assert negatives[400:440, 500:540].all()
    assert not negatives[110, 120:221].any()
    assert negatives[110, 221:].all()


def test_lengths_of_pseudo_labels_are_for_480_rows():
    how = onavos.Adaptation(distance=100, erosion=2)
    last = np.zeros((48, 64), bool)
    last[20:30, 20:30] = True
    _, negatives = onavos.pseudo_labels(np.zeros((48, 64), np.float32), last, how)
    assert not negatives[25, 29 : 29 + 11].any()
    assert negatives[25, 29 + 11 :].all()


def test_a_lost_object_has_no_pseudo_labels():
    last = np.zeros((480, 640), bool)
    last[100:110, 100:110] = True
    assert onavos.pseudo_labels(np.ones((480, 640), np.float32), last, onavos.Adaptation()) is None


# -- SegFlow


def test_segmentation_and_flow_exchange_what_they_know():
    network = small("segflow-tiny").train()
    picture, frame = seen(2, 64, 64)
    scores, flow = network.both(picture, frame.picture)
    assert scores.shape == flow.shape == (2, 2, 64, 64)
    flow.square().sum().backward()
    assert network.trunk.conv1.weight.grad.abs().sum() > 0
    network.zero_grad()
    network.both(picture, frame.picture)[0].square().sum().backward()
    assert network.flownet.conv1.weight.grad.abs().sum() > 0


def test_on_a_first_frame_segflow_leaves_its_flow_as_it_is():
    network = small("segflow-tiny")
    learnt = {id(p) for group in network.groups(1.0, online=True) for p in group["params"]}
    assert not any(id(p) in learnt for part in (network.flownet, network.flow) for p in part.parameters())
    everything = [p for group in network.groups(1.0, online=False) for p in group["params"]]
    assert len(everything) == len([*network.parameters()])
