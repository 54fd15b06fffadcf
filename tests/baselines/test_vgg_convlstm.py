"""The trunk and the cell of the recurrent models."""

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

import torch.nn.functional as F  # noqa: E402
from vosbench_baselines.layers.convlstm import ConvLSTMCell  # noqa: E402
from vosbench_baselines.layers.vgg import VGG16, load_vgg16  # noqa: E402


def torchvision_state(*, fill=2.0):
    """Names and shapes of torchvision's vgg16, written out."""
    convolutions = [0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28]
    channels = [3, 64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    shapes = {}
    for index, before, after in zip(convolutions, channels, channels[1:], strict=False):
        shapes |= {f"features.{index}.weight": (after, before, 3, 3), f"features.{index}.bias": (after,)}
    for index, before, after in ((0, 25088, 4096), (3, 4096, 4096), (6, 4096, 1000)):
        shapes |= {f"classifier.{index}.weight": (after, before), f"classifier.{index}.bias": (after,)}
    return {name: torch.full((1,), fill).expand(shape) for name, shape in shapes.items()}


def test_parameter_names_and_counts_are_torchvisions():
    with torch.device("meta"):
        trunk = VGG16()
    state = torchvision_state()
    assert {n: t.shape for n, t in trunk.state_dict().items()} == {
        n: t.shape for n, t in state.items() if n.startswith("features")
    }
    assert sum(p.numel() for p in trunk.parameters()) == 14_714_688
    with torch.device("meta"):
        assert [f.shape for f in trunk.groups(torch.empty(1, 3, 64, 96))] == [
            (1, 64, 64, 96), (1, 128, 32, 48), (1, 256, 16, 24), (1, 512, 8, 12), (1, 512, 4, 6)
        ]  # fmt: skip


@pytest.mark.parametrize(("fc6", "channels", "unused"), [("none", 3, 6), ("1x1", 3, 6), ("1x1", 4, 6)])
def test_torchvision_weights_fill_the_trunk(fc6, channels, unused):
    trunk = VGG16(channels, fc6=fc6).requires_grad_(False)
    mask = trunk.features[0].weight[:, 3:].clone()
    assert len(load_vgg16(trunk, torchvision_state())) == unused
    assert all((t[:, :3] == 2).all() for n, t in trunk.state_dict().items() if n.endswith("0.weight") and "fea" in n)
    assert torch.equal(trunk.features[0].weight[:, 3:], mask)
    assert (trunk.features[28].weight == 2).all()


def test_the_fully_connected_layer_is_the_convolution_at_its_centre():
    """On a map of 7×7 the middle cell of the convolution is what the linear layer gives."""
    torch.manual_seed(0)
    trunk = VGG16(width=2, fc6="7x7").requires_grad_(False)
    linear = torch.nn.Linear(16 * 7 * 7, 128)
    state = {"classifier.0.weight": linear.weight.data, "classifier.0.bias": linear.bias.data}
    assert load_vgg16(trunk, state) == []
    x = torch.rand(1, 16, 7, 7)
    torch.testing.assert_close(trunk.fc6(x)[:, :, 3, 3], linear(x.flatten(1)))


def test_norms_follow_torchvisions_vgg16_bn():
    trunk = VGG16(width=2, norm=True)
    assert [n for n in trunk.state_dict() if n.endswith("running_mean")][-1] == "features.41.running_mean"
    assert trunk(torch.rand(2, 3, 64, 96)).shape == (2, 16, 2, 3)


def naive_step(cell, x, h, c, activation):
    """The equations, gate by gate, over the concatenation."""
    gates = F.conv2d(torch.cat([x, h], 1), cell.Gates.weight, cell.Gates.bias, padding=1)
    n = cell.hidden
    i, f, o = (torch.sigmoid(gates[:, k * n : (k + 1) * n]) for k in range(3))
    c = f * c + i * activation(gates[:, 3 * n :])
    return o * activation(c), c


@pytest.mark.parametrize(("name", "activation"), [("tanh", torch.tanh), ("relu", torch.relu)])
@pytest.mark.parametrize("remembered", [4, 8])
def test_the_cell_is_its_equations(name, activation, remembered):
    torch.manual_seed(0)
    cell = ConvLSTMCell(3, 4, remembered=remembered, activation=name)
    x, h, c = torch.randn(2, 3, 5, 6), torch.randn(2, remembered, 5, 6), torch.rand(2, 4, 5, 6)
    for ours, expected in zip(cell(x, h, c), naive_step(cell, x, h, c, activation), strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=1e-6)


def test_the_forget_gate_starts_open():
    cell = ConvLSTMCell(3, 4, forget_bias=1.0)
    assert cell.Gates.bias.tolist() == [0.0] * 4 + [1.0] * 4 + [0.0] * 8
    assert sum(p.numel() for p in ConvLSTMCell(512, 512).parameters()) == 18_876_416


def test_the_gradient_of_the_cell_is_right():
    torch.manual_seed(0)
    cell = ConvLSTMCell(2, 2).double()
    inputs = tuple(torch.randn(1, 2, 3, 3, dtype=torch.float64, requires_grad=True) for _ in range(3))
    assert torch.autograd.gradcheck(cell, inputs)


def test_the_state_stays_single_precision_under_autocast():
    cell = ConvLSTMCell(2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        h, c = cell(*(torch.rand(1, 2, 3, 3) for _ in range(3)))
    assert h.dtype == c.dtype == torch.float32
