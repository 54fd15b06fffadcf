"""Weights on disk: our files, the authors' layout, and files that are neither."""

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from safetensors.torch import save_file  # noqa: E402
from vosbench_baselines.stm.door import stm_s  # noqa: E402
from vosbench_baselines.stm.network import STM, architecture  # noqa: E402
from vosbench_baselines.stm.weights import load_stm, load_trunk, save_stm  # noqa: E402
from vosbench_baselines.weights.checkpoints import read_state, sha256  # noqa: E402

from vosbench.errors import InputError  # noqa: E402
from vosbench.models.interface import Padding  # noqa: E402


@pytest.fixture(scope="module")
def nano():
    torch.manual_seed(0)
    return STM(architecture("stm-nano"))


def test_full_precision_comes_back_bit_for_bit(tmp_path, nano):
    save_stm(nano, "stm-nano", tmp_path / "w.safetensors", card={"step": "7"})
    again, name, header = load_stm(tmp_path / "w.safetensors")
    assert (name, header["step"]) == ("stm-nano", "7")
    assert not again.training
    for key, tensor in nano.state_dict().items():
        assert torch.equal(again.state_dict()[key], tensor), key


def test_half_precision_comes_back_as_rounded_single(tmp_path, nano):
    save_stm(nano, "stm-nano", tmp_path / "w.safetensors", half=True)
    again, _, _ = load_stm(tmp_path / "w.safetensors", "stm-nano")
    weight = again.state_dict()["Decoder.pred2.weight"]
    assert weight.dtype == torch.float32
    assert torch.equal(weight, nano.state_dict()["Decoder.pred2.weight"].half().float())
    assert (tmp_path / "w.safetensors").stat().st_size < 250_000


def test_a_factory_records_the_hash_of_its_weights(tmp_path):
    torch.manual_seed(0)
    save_stm(STM(architecture("stm-s")), "stm-s", tmp_path / "w.safetensors", half=True)
    model = stm_s(weights=tmp_path / "w.safetensors", device="cpu")
    assert model.spec.weights == sha256(tmp_path / "w.safetensors")
    assert model.spec.padding == Padding(multiple=16, centred=True, fill="black")


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("counters", [True, False])
def test_the_released_layout_is_consumed_to_the_last_key(tmp_path, prefix, counters):
    with torch.device("meta"):
        shapes = STM(architecture("stm")).state_dict()
    rng = torch.Generator().manual_seed(1)
    state = {
        prefix + key: torch.randn(t.shape, generator=rng) if t.is_floating_point() else torch.tensor(5)
        for key, t in shapes.items()
        if counters or not key.endswith("num_batches_tracked")
    }
    torch.save(state, tmp_path / "STM_weights.pth")
    model, name, _ = load_stm(tmp_path / "STM_weights.pth")
    assert name == "stm"
    assert sum(p.numel() for p in model.parameters()) == 38_925_570
    for key, tensor in state.items():
        assert torch.equal(model.state_dict()[key.removeprefix("module.")], tensor)


def test_wrong_files_say_what_is_wrong(tmp_path, nano):
    header = {"architecture": "stm-nano"}
    good, path = nano.state_dict(), tmp_path / "w.safetensors"
    for state, message in (
        ({k: v for k, v in good.items() if k != "KV_M_r4.Key.bias"}, r"KV_M_r4\.Key\.bias is missing"),
        (good | {"unheard.of": torch.zeros(1)}, r"unheard\.of is unexpected"),
        (good | {"Decoder.pred2.bias": torch.zeros(3)}, r"Decoder\.pred2\.bias is \(3,\), not \(2,\)"),
    ):
        save_file(state, path, metadata=header)
        with pytest.raises(InputError, match=message):
            load_stm(path)
    path = tmp_path / "w.pth"
    path.write_bytes(b"nonsense")
    with pytest.raises(InputError, match=r"w\.pth"):
        load_stm(path)
    (tmp_path / "x.safetensors").write_bytes(b"nonsense" * 10)
    with pytest.raises(InputError, match="cannot be read"):
        load_stm(tmp_path / "x.safetensors")
    save_stm(nano, "stm-nano", tmp_path / "n.safetensors")
    with pytest.raises(InputError, match="weights of 'stm-nano', not of 'stm-s'"):
        load_stm(tmp_path / "n.safetensors", "stm-s")


class Evil:
    def __reduce__(self):
        return (print, ("executed",))


def test_pickled_code_is_not_run(tmp_path, capsys):
    torch.save({"a": Evil()}, tmp_path / "evil.pth")
    with pytest.raises(InputError, match="plain state dict"):
        load_stm(tmp_path / "evil.pth")
    assert "executed" not in capsys.readouterr().out


def test_a_torchvision_resnet_initialises_both_encoders():
    model = STM(architecture("stm"))
    ours = model.Encoder_Q.state_dict()
    names = {"res2.": "layer1.", "res3.": "layer2.", "res4.": "layer3."}
    state = {}
    for key, tensor in ours.items():
        prefix = next((old for old in names if key.startswith(old)), "")
        if key not in ("mean", "std"):
            state[names.get(prefix, "") + key.removeprefix(prefix)] = torch.full_like(tensor, 2)
    state |= {"layer4.0.conv1.weight": torch.zeros(512, 1024, 1, 1), "fc.weight": torch.zeros(1000, 2048)}
    for encoder in (model.Encoder_M, model.Encoder_Q):
        assert load_trunk(encoder, state) == ["layer4.0.conv1.weight", "fc.weight"]
        assert (encoder.res4[5].conv3.weight == 2).all()
        assert (encoder.conv1.weight == 2).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([torch.zeros(2)], "holds a list, not a state dict"),
        (torch.zeros(2), "holds a tensor, not a state dict"),
        (3, "holds a int, not a state dict"),
        ({}, "is no state dict: it holds nothing"),
        ({"epoch": 3, "loss": 0.1}, "is no state dict: 'epoch' is a int; 'loss' is a float"),
        ({1: torch.zeros(2)}, "is no state dict: 1 is a tensor"),
        ({"state_dict": [torch.zeros(2)]}, "is no state dict: 'state_dict' is a list"),
    ],
)
def test_a_pickle_of_something_else_is_refused_with_what_it_holds(tmp_path, content, message):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(InputError) as caught:
        read_state(tmp_path / "w.pth")
    (problem,) = caught.value.problems
    assert problem.message == message
    assert problem.where == str(tmp_path / "w.pth")


@pytest.mark.parametrize("key", ["state_dict", "model", "net"])
def test_a_state_dict_beside_other_things_is_found(tmp_path, key):
    torch.save({key: {"module.a": torch.ones(2)}, "epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "w.pth")
    tensors, _ = read_state(tmp_path / "w.pth")
    assert tensors.keys() == {"a"}


def test_a_broken_file_is_told_in_one_line(tmp_path):
    (tmp_path / "w.pth").write_bytes(b"PK\x03\x04 not an archive" * 10)
    with pytest.raises(InputError) as caught:
        read_state(tmp_path / "w.pth")
    assert "\n" not in caught.value.problems[0].message
