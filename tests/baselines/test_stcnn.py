"""STCNN: the layers against what the paper and its code say, the released names, and the door. No weights needed."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.layers.inception import InceptionV3  # noqa: E402
from vosbench_baselines.stcnn import cost as stcnn_cost  # noqa: E402
from vosbench_baselines.stcnn.door import STCNNModel, stcnn, stcnn_released  # noqa: E402
from vosbench_baselines.stcnn.losses import initialise_trunks  # noqa: E402
from vosbench_baselines.stcnn.network import STCNN, PyramidPooling, architecture  # noqa: E402
from vosbench_baselines.stcnn.online import ways  # noqa: E402
from vosbench_baselines.stcnn.released import centred, our_name, pretrained_name  # noqa: E402
from vosbench_baselines.stcnn.train import network  # noqa: E402
from vosbench_baselines.stcnn.weights import load_stcnn, start  # noqa: E402
from vosbench_baselines.weights.checkpoints import save  # noqa: E402

from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.models.interface import SoftMasks, VideoInfo  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

PAGE = Path(__file__).parents[2] / "docs/baselines/stcnn.md"


def tiny(name="stcnn-tiny", seed=0):
    torch.manual_seed(seed)
    return network(name).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def model():
    return tiny()


# -- sizes


def test_the_released_network_has_the_authors_parameters():
    released = stcnn_cost.on_meta("stcnn-released")
    assert stcnn_cost.parameters(released) == 129_662_792
    encoders = released.temporal.encoder, released.spatial.encoder
    assert [stcnn_cost.parameters(e) for e in encoders] == [42_528_384, 42_500_160]
    assert stcnn_cost.parameters(released.temporal.decoder) == 15_438_211
    with torch.device("meta"):
        assert stcnn_cost.parameters(InceptionV3(2)) == 21_789_666
        # torchvision's has 27,161,264 with an auxiliary classifier of 3,326,696
        assert stcnn_cost.parameters(InceptionV3(1000)) == 27_161_264 - 3_326_696


def test_the_arithmetic_of_the_released_network():
    temporal, spatial = stcnn_cost.gflop(stcnn_cost.on_meta("stcnn-released"))
    assert temporal == pytest.approx(158.6, abs=0.05)
    assert spatial == pytest.approx(1135.4, abs=0.05)


def test_costs_are_those_of_the_page():
    assert stcnn_cost.table() in PAGE.read_text(encoding="utf-8")


def test_the_ablations_leave_parameters_out():
    counts = [stcnn_cost.parameters(stcnn_cost.on_meta(f"stcnn{off}")) for off in ("", "-plain", "-spatial-plain")]
    assert counts == sorted(counts, reverse=True)
    assert stcnn_cost.on_meta("stcnn-spatial").temporal is None
    with pytest.raises(UsageError, match="no architecture 'stcnn-xl'"):
        architecture("stcnn-xl")


# -- layers


@pytest.mark.parametrize("name", ["stcnn-tiny", "stcnn-tiny-plain", "stcnn-tiny-spatial", "stcnn-tiny-released"])
@pytest.mark.parametrize("size", [(32, 32), (49, 70), (97, 131)])
def test_five_predictions_of_every_size(name, size):
    model = released_tiny() if name.endswith("released") else tiny(name)
    logits, frame = model(torch.rand(2, 4, 3, *size), torch.rand(2, 3, *size))
    assert [tuple(scale.shape) for scale in logits] == [(2, 1, *size)] * 5
    assert all(torch.isfinite(scale).all() for scale in logits)
    if model.temporal is not None:
        assert frame.shape == (2, 3, -(-size[0] // 4), -(-size[1] // 4))
        assert frame.abs().max() <= 1


def released_tiny():
    from dataclasses import replace

    torch.manual_seed(0)
    return STCNN(replace(architecture("stcnn-tiny"), released=True)).eval().requires_grad_(False)


def test_temporal_maps_are_at_a_sixteenth_an_eighth_and_a_quarter(model):
    maps = model.temporal(torch.rand(1, 4, 3, 96, 160))[1]
    assert [tuple(m.shape[1:]) for m in maps] == [(32, 6, 10), (24, 12, 20), (16, 24, 40)]


def test_spatial_features_stay_at_an_eighth(model):
    features = model.spatial.encoder(torch.rand(1, 3, 96, 160))
    assert [tuple(f.shape[-2:]) for f in features] == [(24, 40), (12, 20), (12, 20), (12, 20)]


def test_dilated_blocks_reach_as_far_as_strided_ones():
    encoder = stcnn_cost.on_meta("stcnn").spatial.encoder
    assert [block.conv2.dilation[0] for block in encoder.layer4] == [2, 4, 2]
    assert {block.conv2.dilation[0] for block in encoder.layer3} == {2}
    assert {block.conv2.stride for layer in (encoder.layer2, encoder.layer3) for block in layer} == {(1, 1)}
    assert encoder.layer2[0].conv1.stride == (2, 2)


def test_where_the_coarser_prediction_is_nothing_attention_does_nothing(model):
    module = model.spatial.attention[0]
    x, temporal = torch.rand(1, 24, 6, 8), torch.rand(1, 32, 6, 8)
    plain = module.join(torch.cat([x, temporal], dim=1))
    assert torch.equal(module(x, temporal, torch.zeros(1, 1, 6, 8)), plain)
    half = torch.zeros(1, 1, 6, 8)
    half[..., 4:] = 1
    masked = module(x, temporal, half)
    assert torch.equal(masked[..., :4], plain[..., :4])
    assert not torch.equal(masked[..., 4:], plain[..., 4:])


def test_without_attention_the_branch_is_the_plain_one():
    """The plain network is the whole one with its masks at 0: the same weights give the same answer."""
    whole, plain = tiny(), tiny("stcnn-tiny-plain")
    kept = {k: v for k, v in whole.state_dict().items() if ".residual." not in k}
    plain.load_state_dict(kept)
    for module in whole.spatial.attention:
        module.residual[-1].weight.zero_()
        module.residual[-1].bias.zero_()
    previous, images = torch.rand(1, 4, 3, 48, 64), torch.rand(1, 3, 48, 64)
    for a, b in zip(whole(previous, images)[0], plain(previous, images)[0], strict=True):
        assert torch.equal(a, b)


def test_no_temporal_maps_are_maps_of_zeros(model):
    images = torch.rand(1, 3, 64, 96)
    zeros = [torch.zeros(1, c, 64 // s, 96 // s) for c, s in ((32, 16), (24, 8), (16, 4))]
    assert torch.equal(model.spatial(images)[-1], model.spatial(images, zeros)[-1])


def test_pyramid_pooling_takes_maps_smaller_than_its_bins():
    pooling = PyramidPooling(8, 4, 6, upsample_first=False).eval()
    assert pooling(torch.rand(1, 8, 2, 3)).shape == (1, 6, 2, 3)
    constant = torch.ones(1, 8, 5, 7)
    first = PyramidPooling(8, 4, 6, upsample_first=True).eval()
    first.load_state_dict(pooling.state_dict())
    torch.testing.assert_close(pooling(constant), first(constant))


def test_cropping_and_padding_keep_the_centre():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert centred(x, torch.Size((2, 2)))[0, 0].tolist() == [[5, 6], [9, 10]]
    assert centred(x, torch.Size((3, 4)))[0, 0, :, 0].tolist() == [0, 4, 8]
    assert centred(x, torch.Size((5, 4)))[0, 0, :, 0].tolist() == [0, 0, 4, 8, 12]


# -- gradients


def test_segmentation_teaches_both_branches():
    model = network("stcnn-tiny")
    model.spatial.eval()
    logits, _ = model(torch.rand(1, 4, 3, 64, 96), torch.rand(1, 3, 64, 96))
    sum(scale.square().mean() for scale in logits).backward()
    for name, parameter in model.named_parameters():
        silent = name.startswith("temporal.decoder.rgb") or parameter.ndim == 1
        assert silent or parameter.grad.abs().sum() > 0, name


# -- names


def released_names():
    """The names in the authors' joint checkpoint, written out from its structure."""
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = []
    for encoder in ("pred_encoder", "seg_encoder"):
        names += [f"{encoder}.{x}" for x in ("conv1.weight", *(f"bn1.{n}" for n in norm))]
        for layer, depth in zip((1, 2, 3, 4), (3, 4, 23, 3), strict=True):
            stem = f"{encoder}.layer{layer}"
            for i in range(depth):
                for k in (1, 2, 3):
                    names += [f"{stem}.{i}.conv{k}.weight", *(f"{stem}.{i}.bn{k}.{n}" for n in norm)]
            names += [f"{stem}.0.downsample.0.weight", *(f"{stem}.0.downsample.1.{n}" for n in norm)]
    for k in (1, 2, 3):
        names += [f"pred_decoder.convC_{k}.{x}" for x in ("weight", "bias")]
        names += [f"pred_decoder.de_layer{k}.{x}" for x in ("0.weight", "0.bias", "2.weight")]
        names += [f"pred_decoder.de_layer{k}.1.{n}" for n in norm]
    names += [f"pred_decoder.de_layer3.3.{x}" for x in ("weight", "bias")]
    blocks = [f"ppm_conv.{i}" for i in range(4)] + ["ppm_last_conv"] + [f"fpn_in.{i}" for i in range(3)]
    blocks += [f"joint_fpn_out.{i}.0" for i in range(3)] + [f"score_out.{i}.0" for i in range(4)] + ["conv_last.0"]
    for block in blocks:
        names += [f"seg_decoder.{block}.0.weight", *(f"seg_decoder.{block}.1.{n}" for n in norm)]
    names += [
        f"seg_decoder.{x}.{y}" for x in (*(f"score_out.{i}.1" for i in range(4)), "conv_last.1") for y in norm[:2]
    ]
    for i in range(3):
        stem = f"seg_decoder.att_out.{i}.rgConv_list.0"
        names += [f"seg_decoder.upscale.{i}.weight", *(f"{stem}.bn{k}.{n}" for k in (1, 2) for n in norm)]
        names += [f"{stem}.conv{k}.{x}" for k in (1, 2) for x in ("weight", "bias")]
    return names


def test_the_released_layout_has_a_place_for_every_name():
    names = released_names()
    assert len(names) == len(set(names)) == 1431
    assert {our_name(name) for name in names} == set(stcnn_cost.on_meta("stcnn-released").state_dict())


@pytest.fixture(scope="module")
def released_file(tmp_path_factory):
    """A random number for each tensor of the authors' layout; repeated by stride, so that the file is small."""
    shapes, rng = stcnn_cost.on_meta("stcnn-released").state_dict(), torch.Generator().manual_seed(0)
    state = {}
    for name in released_names():
        t = shapes[our_name(name)]
        state[name] = torch.rand((), generator=rng).expand(t.shape) if t.is_floating_point() else torch.tensor(3)
    path = tmp_path_factory.mktemp("released") / "STCNN_frame_4_epoch-9.pth"
    torch.save(state, path)
    return path, state


def test_the_released_layout_is_consumed_to_the_last_key(released_file):
    path, state = released_file
    model, name, _ = load_stcnn(path)
    assert name == "stcnn-released"
    ours = model.state_dict()
    assert all(torch.equal(ours[our_name(key)], t) for key, t in state.items() if t.is_floating_point())
    door = stcnn_released(weights=path, device="cpu")
    assert door.spec.adapts
    assert door.ways.iterations == 600
    with pytest.raises(InputError, match="weights of 'stcnn-released', not of 'stcnn'"):
        stcnn(weights=path, device="cpu")


def test_the_authors_pretraining_files_find_their_layers():
    """The generator's decoder has ReLUs that the joint one has not: its indices are shifted."""
    released = stcnn_cost.on_meta("stcnn-released")
    theirs = [n.removeprefix("pred_encoder.").removeprefix("pred_decoder.") for n in released_names() if "pred_" in n]
    shifted = [n.replace(".3.", ".4.") if n.startswith("de_layer3.3") else n for n in theirs]
    shifted = [n.replace(".2.weight", ".3.weight") if n.startswith("de_layer") else n for n in shifted]
    assert {our_name(pretrained_name(n)) for n in shifted} == {
        f"temporal.{name}" for name in released.temporal.state_dict()
    }
    toy = released_tiny()
    value = torch.full_like(toy.temporal.decoder.expand[0][2].weight, 7)
    assert start(toy, {"de_layer1.3.weight": value, "decoder.fpn_out.0.0.0.weight": value}) == [
        "decoder.fpn_out.0.0.0.weight"
    ]
    assert (toy.temporal.decoder.expand[0][2].weight == 7).all()


def test_a_resnet_starts_both_trunks_and_is_repeated_for_each_frame():
    model = tiny()
    state = {k: torch.rand_like(v) for k, v in model.spatial.encoder.state_dict().items() if v.is_floating_point()}
    assert initialise_trunks(model, state | {"fc.weight": torch.zeros(1)}) == ["fc.weight"]
    assert torch.equal(model.temporal.encoder.conv1.weight, state["conv1.weight"].repeat(1, 4, 1, 1))
    assert torch.equal(model.spatial.encoder.conv1.weight, state["conv1.weight"])
    assert torch.equal(model.temporal.encoder.layer4[0].conv2.weight, state["layer4.0.conv2.weight"])


def test_our_files_come_back_bit_for_bit(tmp_path, model):
    save(model, "stcnn", "stcnn-tiny", tmp_path / "w.safetensors", card={"step": "3"})
    again, name, header = load_stcnn(tmp_path / "w.safetensors", "stcnn-tiny")
    assert (name, header["step"]) == ("stcnn-tiny", "3")
    assert all(torch.equal(again.state_dict()[k], v) for k, v in model.state_dict().items())
    save(model, "stcnn", "stcnn-xl", tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="no architecture 'stcnn-xl'"):
        load_stcnn(tmp_path / "w.safetensors")


# -- the door


@pytest.mark.parametrize("changes", [{}, {"iterations": 0, "gate": True, "current_frame": True}])
def test_the_adapter_keeps_the_contract(changes):
    check_model(STCNNModel(tiny(), "stcnn-tiny", **{"iterations": 1} | changes))


def test_weights_are_asked_for():
    with pytest.raises(UsageError, match="stcnn ships without weights"):
        stcnn(weights=None, device="cpu")


def session_of(model, **changes):
    return STCNNModel(model, "stcnn-tiny", **{"iterations": 0} | changes).open(
        VideoInfo(name="v", frames=300, height=32, width=48)
    )


def picture(value):
    return np.full((32, 48, 3), value, np.uint8)


def one(mask=None):
    return SoftMasks(ids=(1,), probabilities=np.zeros((1, 32, 48), np.float32) if mask is None else mask[None])


class Recorder(torch.nn.Module):
    """A temporal branch that says what it was shown."""

    def __init__(self, inner):
        super().__init__()
        self.inner, self.seen = inner, []

    def forward(self, previous):
        self.seen.append([round(255 * float(frame.mean())) for frame in previous[0]])
        return self.inner(previous)


@pytest.mark.parametrize(
    ("current_frame", "seen"),
    [
        (False, [[10, 10, 10, 10], [10, 10, 10, 11], [10, 10, 11, 12], [10, 11, 12, 13], [11, 12, 13, 14]]),
        (True, [[10, 10, 10, 11], [10, 10, 11, 12], [10, 11, 12, 13], [10, 11, 12, 13], [11, 12, 13, 14]]),
    ],
)
def test_the_first_frame_stands_for_those_before_it(current_frame, seen):
    network = tiny()
    network.temporal = Recorder(network.temporal)
    session = session_of(network, current_frame=current_frame)
    for t in range(6):
        if t:
            session.predict(t, picture(10 + t))
        session.commit(t, picture(10 + t), one(), given={1} if t == 0 else set())
    assert network.temporal.seen == seen


def test_what_a_session_holds_does_not_grow(model):
    session = session_of(model, gate=True)
    held = []
    for t in range(200):
        if t:
            session.predict(t, picture(t))
        session.commit(t, picture(t), one(), given={1} if t == 0 else set())
        held.append((len(session.recent), len(session.branches), len(session.before), len(session.scenes)))
    assert set(held[4:]) == {(4, 1, 1, 0)}


def test_the_gate_opens_again_when_the_object_is_lost(model):
    session = session_of(model, gate=True)
    there = np.zeros((400, 400), np.float32)
    there[195:205, 195:205] = 1
    from vosbench_baselines.stcnn.door import _reach

    near = _reach(there)
    assert near[200, 200 + 44] == 1
    assert near[200, 200 + 50] == near[0, 0] == 0
    assert _reach(np.zeros((20, 20), np.float32)).all()
    session.commit(0, picture(9), one(np.ones((32, 48), np.float32)), given={1})
    assert session.predict(1, picture(9)).probabilities.max() > 0


def test_objects_share_nothing_but_the_temporal_maps(model):
    """What is learnt for one object does not depend on another, nor on the order of their ids."""
    rng = np.random.default_rng(0)
    image, after = (rng.integers(0, 255, (32, 48, 3)).astype(np.uint8) for _ in range(2))
    left, right = np.zeros((2, 32, 48), np.float32)
    left[5:20, 4:16], right[10:28, 28:44] = 1, 1
    answers = []
    for ids, maps in (((3, 8), (left, right)), ((8, 3), (right, left)), ((3,), (left,))):
        session = session_of(model, iterations=3)
        masks = SoftMasks(ids=ids, probabilities=np.stack(maps))
        session.commit(0, image, masks, given=set(ids))
        session.adapt(0, image, masks, given=set(ids))
        found = session.predict(1, after)
        answers.append(dict(zip(found.ids, found.probabilities, strict=True)))
    assert np.array_equal(answers[0][3], answers[2][3])
    assert np.array_equal(answers[0][3], answers[1][3])
    assert np.array_equal(answers[0][8], answers[1][8])
    assert not np.array_equal(answers[0][3], answers[0][8])


def test_a_frames_own_statistics_are_a_way_of_the_code(model):
    frames = torch.rand(1, 4, 3, 64, 96)
    expected = model.temporal(frames)[1][0]
    door = STCNNModel(tiny(), "stcnn-tiny", frame_statistics=True)
    assert not torch.allclose(door.network.temporal(frames)[1][0], expected)
    released = ways("stcnn-released")
    assert released.gate and released.frame_statistics and released.still_dreams and released.final_loss  # noqa: PT018
    assert not ways("stcnn").gate
    assert ways("stcnn").iterations == 400
