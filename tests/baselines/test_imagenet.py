"""``initial = "imagenet"``, with a torchvision that has the right names and shapes and nothing to download."""

import sys
import types
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.data.config import Training, read_config  # noqa: E402
from vosbench_baselines.layers.resnet import Bottleneck  # noqa: E402
from vosbench_baselines.layers.vgg import GROUPS  # noqa: E402
from vosbench_baselines.training.families import family  # noqa: E402
from vosbench_baselines.training.imagenet import imagenet_state  # noqa: E402
from vosbench_baselines.training.loop import initialised  # noqa: E402
from vosbench_baselines.training.tables import Tables, plan, training  # noqa: E402

from vosbench.errors import UsageError  # noqa: E402

CONFIGS = Path(__file__).parents[2] / "baselines/configs"
VALUE = 0.125


def vgg16():
    """Names and shapes of torchvision's, but for the last two layers."""
    shapes, layer, before = {"classifier.0.weight": (4096, 25088), "classifier.0.bias": (4096,)}, 0, 3
    for group in GROUPS:
        for units in group:
            shapes |= {f"features.{layer}.weight": (64 * units, before, 3, 3), f"features.{layer}.bias": (64 * units,)}
            layer, before = layer + 2, 64 * units
        layer += 1
    return shapes


def resnet(*depths):
    """Names and shapes of torchvision's."""
    shapes, before = {"conv1.weight": (64, 3, 7, 7), "fc.weight": (1000, 2048), "fc.bias": (1000,)}, 64
    shapes |= {f"bn1.{name}": (64,) for name in ("weight", "bias", "running_mean", "running_var")}
    for stage, depth in enumerate(depths):
        for i in range(depth):
            with torch.device("meta"):
                block = Bottleneck(before, 64 * 2**stage, 2 if stage and i == 0 else 1)
            state = block.state_dict().items()
            shapes |= {f"layer{stage + 1}.{i}.{name}": tuple(t.shape) for name, t in state if t.ndim}
            before = 256 * 2**stage
    return shapes


LAYOUTS = {"vgg16": vgg16(), "resnet50": resnet(3, 4, 6, 3), "resnet101": resnet(3, 4, 23, 3)}


@pytest.fixture
def torchvision(monkeypatch):
    """What is asked of it, as (network, weights, arguments)."""
    asked = []

    def weights(name, which):
        def get_state_dict(**how):
            asked.append((name, which, how))
            return {key: torch.tensor(VALUE).expand(shape) for key, shape in LAYOUTS[name].items()}  # of no size

        return SimpleNamespace(get_state_dict=get_state_dict)

    class Weights:
        def __init__(self, name):
            self.name = name

        def __getitem__(self, which):
            return weights(self.name, which)

    package, models = ModuleType("torchvision"), ModuleType("torchvision.models")
    models.get_model_weights, package.models = Weights, models
    monkeypatch.setitem(sys.modules, "torchvision", package)
    monkeypatch.setitem(sys.modules, "torchvision.models", models)
    return asked


def filled(state, kernels):
    """How many numbers of kernels of those sides are ``VALUE``."""
    return sum(int((t == VALUE).sum()) for t in state.values() if t.ndim == 4 and t.shape[-1] in kernels)


def numbers(layout, kernels, *, without=()):
    shapes = {key: shape for key, shape in layout.items() if len(shape) == 4 and not key.startswith(without)}
    return sum(torch.Size(shape).numel() for shape in shapes.values() if shape[-1] in kernels)


@pytest.mark.parametrize(
    ("name", "trunk", "trunks", "without"),
    [
        ("stm", "resnet50", 2, ("layer4",)),
        ("stm-refine50", "resnet50", 2, ()),
        ("rvos-mask-st", "resnet101", 1, ()),
        ("s2s-fc1x1", "vgg16", 2, ()),
        ("osvos", "vgg16", 1, ()),
        ("masktrack", "vgg16", 1, ()),
        ("masktrack-resnet101", "resnet101", 1, ()),
        ("osmn", "vgg16", 2, ()),
        ("segflow", "resnet101", 1, ()),
        ("stcnn", "resnet101", 2, ()),
    ],
)
def test_every_kernel_of_the_trunk_finds_its_place(torchvision, name, trunk, trunks, without):
    """But for the first convolution, which sees more channels, or other pixels, in some."""
    kind = family(name)
    assert kind.imagenet(name) == trunk
    with torch.device("meta"):
        model = kind.network(name)
    model.to_empty(device="cpu")
    kind.start(model, imagenet_state(trunk, name))
    first = ("conv1.", "features.0.")
    kernels = (1, 3)
    assert filled(model.state_dict(), kernels) >= trunks * numbers(LAYOUTS[trunk], kernels, without=(*without, *first))
    assert [(network, which) for network, which, _ in torchvision] == [(trunk, "IMAGENET1K_V1")]
    assert torchvision[0][2]["check_hash"]


def test_a_configuration_that_says_imagenet_starts_there(torchvision):
    model = initialised(Training(sources=[], architecture="stm", initial="imagenet"), Path())
    assert (model.Encoder_Q.conv1.weight == VALUE).all()
    assert (model.Encoder_M.bn1.running_var == VALUE).all()
    assert model.Encoder_M.conv1_m.weight.ne(VALUE).any()


def test_configurations_that_come_along_ask_for_a_trunk_there_is():
    wanted = [read_config(path, Training) for path in sorted(CONFIGS.rglob("*.toml")) if "sources" in path.read_text()]
    for path in [*sorted(CONFIGS.glob("*tables*.toml")), CONFIGS / "refinements.toml"]:
        tables = read_config(path, Tables)
        wanted += [training(tables, plan(tables), stage) for stage in plan(tables).stages]
    asking = [config.architecture for config in wanted if config.initial == "imagenet"]
    assert {"stm", "rvos-mask-st", "s2s", "osvos", "masktrack", "osmn", "segflow", "stcnn"} <= set(asking)
    assert all(family(name).imagenet(name) in LAYOUTS for name in asking)


def test_without_torchvision_both_ways_out_are_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(UsageError, match="not installed") as caught:
        initialised(Training(sources=[], architecture="osvos", initial="imagenet"), Path())
    assert "pip install torchvision" in caught.value.fix
    assert ".pth" in caught.value.fix


def test_small_networks_have_no_such_trunk():
    for name in ("stm-nano", "stm-s", "s2s-tiny", "rvos-tiny-mask-st", "stcnn-tiny", "osvos-tiny", "masktrack-lite"):
        with pytest.raises(UsageError, match="no trunk that ImageNet weights fit"):
            initialised(Training(sources=[], architecture=name, initial="imagenet"), Path())


def test_a_download_that_fails_is_told(torchvision, monkeypatch):
    def fails(self, which):
        def get_state_dict(**how):
            raise OSError("no route to host")

        return SimpleNamespace(get_state_dict=get_state_dict)

    monkeypatch.setattr(sys.modules["torchvision.models"].get_model_weights, "__getitem__", fails)
    with pytest.raises(UsageError, match="cannot fetch vgg16: no route to host"):
        imagenet_state("vgg16", "osvos")


def test_a_torchvision_of_another_pytorch_is_told(monkeypatch):
    """It raises RuntimeError ("operator torchvision::nms does not exist") where it is imported."""

    class Broken(types.ModuleType):
        def __getattr__(self, name):
            raise RuntimeError("operator torchvision::nms does not exist")

    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.models", Broken("torchvision.models"))
    with pytest.raises(UsageError, match="cannot be imported: operator torchvision::nms does not exist") as caught:
        imagenet_state("vgg16", "osvos")
    assert "belongs to this PyTorch" in caught.value.fix
