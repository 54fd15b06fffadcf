"""Space-Time Memory networks: the layers against their obvious twins, the memory, and the door. No weights needed."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

import torch.nn.functional as F  # noqa: E402
from vosbench_baselines.data.targets import one_hot  # noqa: E402
from vosbench_baselines.layers.aggregation import aggregated_logits, soft_aggregation  # noqa: E402
from vosbench_baselines.layers.memory import MemoryBank  # noqa: E402
from vosbench_baselines.stm import cost  # noqa: E402
from vosbench_baselines.stm.door import STMModel, stm_s  # noqa: E402
from vosbench_baselines.stm.losses import unroll  # noqa: E402
from vosbench_baselines.stm.network import STM, architecture, read_memory  # noqa: E402

from tests.unit.fake_videos import make_videos, square  # noqa: E402
from vosbench.errors import UsageError  # noqa: E402
from vosbench.models.interface import Session, SoftMasks, VideoInfo  # noqa: E402
from vosbench.models.merge import soft_aggregation as in_numpy  # noqa: E402
from vosbench.models.predict import predict  # noqa: E402


def network(name="stm-nano", seed=0):
    torch.manual_seed(seed)
    return STM(architecture(name)).eval().requires_grad_(False)


def on_meta(name):
    with torch.device("meta"):
        return STM(architecture(name))


# -- sizes and names


@pytest.mark.parametrize(("name", "parameters"), [("stm", 38_925_570), ("stm-s", 5_314_402)])
def test_parameter_counts(name, parameters):
    assert sum(p.numel() for p in on_meta(name).parameters()) == parameters


def released_names():
    """The names in the authors' checkpoint, written out from its structure."""
    norm = ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    names = [f"Encoder_M.{conv}.weight" for conv in ("conv1_m", "conv1_o")]
    for encoder in ("Encoder_M", "Encoder_Q"):
        names += [f"{encoder}.{x}" for x in ("mean", "std", "conv1.weight", *(f"bn1.{n}" for n in norm))]
        for res, depth in (("res2", 3), ("res3", 4), ("res4", 6)):
            for i in range(depth):
                for k in (1, 2, 3):
                    names += [f"{encoder}.{res}.{i}.conv{k}.weight", *(f"{encoder}.{res}.{i}.bn{k}.{n}" for n in norm)]
            names += [f"{encoder}.{res}.0.downsample.0.weight"]
            names += [f"{encoder}.{res}.0.downsample.1.{n}" for n in norm]
    layers = [f"KV_{q}_r4.{kv}" for q in "MQ" for kv in ("Key", "Value")]
    layers += ["Decoder.convFM", "Decoder.ResMM.conv1", "Decoder.ResMM.conv2", "Decoder.pred2"]
    for refine in ("RF3", "RF2"):
        layers += [f"Decoder.{refine}.convFS"]
        layers += [f"Decoder.{refine}.{res}.conv{k}" for res in ("ResFS", "ResMM") for k in (1, 2)]
    return {*names, *(f"{layer}.{x}" for layer in layers for x in ("weight", "bias"))}


def test_parameter_names_are_the_released_ones():
    assert set(on_meta("stm").state_dict()) == released_names()
    assert len(released_names()) == 558


def test_refine50_adds_a_stage_and_keeps_every_name():
    names = set(on_meta("stm-refine50").state_dict())
    assert names > set(on_meta("stm").state_dict())
    assert {name.split(".")[1] for name in names - released_names()} == {"top"}


def test_costs_are_those_of_the_page():
    """Counted arithmetic; a lost sharing between objects shows here."""
    page = (Path(__file__).parents[2] / "docs/baselines.md").read_text(encoding="utf-8")
    assert cost.table() in page


def test_unknown_architectures_are_refused():
    with pytest.raises(UsageError, match="no architecture 'stm-xl'"):
        architecture("stm-xl")


# -- reading the memory


def naive_read(query_key, keys, values):
    """Eqs. 1 and 2, one cell at a time."""
    m, channels, h, w = query_key.shape
    out = torch.zeros(m, values.shape[2], h, w, dtype=query_key.dtype)
    for o in range(m):
        for y in range(h):
            for x in range(w):
                f = torch.stack([torch.exp(query_key[o, :, y, x] @ k / channels**0.5) for k in keys[o]])
                out[o, :, y, x] = sum(f[j] * values[o, j] for j in range(len(f))) / f.sum()
    return out


@pytest.fixture
def memory():
    rng = torch.Generator().manual_seed(0)
    return tuple(torch.randn(shape, generator=rng) for shape in ((2, 4, 3, 5), (2, 30, 4), (2, 30, 6)))


def test_reading_is_the_papers_equation(memory):
    torch.testing.assert_close(read_memory(*memory), naive_read(*memory), rtol=1e-5, atol=1e-6)


def test_reading_ignores_order_and_repetition_of_memories(memory):
    query_key, keys, values = memory
    expected = read_memory(*memory)
    order = torch.randperm(30, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(read_memory(query_key, keys[:, order], values[:, order]), expected)
    torch.testing.assert_close(read_memory(query_key, keys.repeat(1, 2, 1), values.repeat(1, 2, 1)), expected)


def test_unusable_cells_might_as_well_not_exist(memory):
    query_key, keys, values = memory
    usable = torch.ones(2, 30, dtype=torch.bool)
    usable[:, 10:] = False
    torch.testing.assert_close(
        read_memory(query_key, keys, values, usable), read_memory(query_key, keys[:, :10], values[:, :10])
    )


def test_sharp_keys_read_the_nearest_cell(memory):
    query_key, keys, values = memory
    read = read_memory(1e4 * query_key, keys, values)
    nearest = torch.einsum("mchw,mlc->mhwl", query_key, keys).argmax(-1)
    for o in range(2):
        torch.testing.assert_close(read[o], values[o][nearest[o]].permute(2, 0, 1))


def test_the_gradient_of_reading_is_right():
    rng = torch.Generator().manual_seed(0)
    shapes = ((1, 2, 2, 2), (1, 5, 2), (1, 5, 3))
    inputs = tuple(torch.randn(s, generator=rng, dtype=torch.float64, requires_grad=True) for s in shapes)
    assert torch.autograd.gradcheck(read_memory, inputs)


# -- soft aggregation


def test_soft_aggregation_is_the_runners():
    p = torch.rand(1, 3, 8, 9, generator=torch.Generator().manual_seed(0))
    p[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    np.testing.assert_allclose(soft_aggregation(p)[0].numpy(), in_numpy(p[0].numpy()), atol=1e-6)


def test_soft_aggregation_has_finite_gradients_at_certainty():
    p = torch.tensor([0.0, 1.0, 0.5, 1.0, 0.0, 1.0]).reshape(1, 2, 1, 3).requires_grad_()
    aggregated_logits(p).square().sum().backward()
    assert torch.isfinite(p.grad).all()


def test_soft_aggregation_is_single_precision_even_in_half():
    p = torch.full((1, 1, 1, 1), 0.999)
    with torch.autocast("cpu", torch.bfloat16):
        assert soft_aggregation(p).dtype == torch.float32
    assert soft_aggregation(p)[0, 1].item() == pytest.approx(0.999**2 / (0.999**2 + 0.001**2), abs=1e-6)


# -- what is shared between objects


def randomised(model):
    """Batch norm statistics that do something."""
    rng = torch.Generator().manual_seed(3)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2, generator=rng)
            module.running_var.uniform_(0.5, 1.5, generator=rng)
    return model


@pytest.fixture(scope="module")
def nano():
    return randomised(network())


def naive_decoder(decoder, read, query_value, query):
    """Per object, on concatenated features, as the paper draws it."""
    x = decoder.ResMM(decoder.convFM(torch.cat([read, query_value], dim=1)))
    for refine, skip in ((decoder.RF3, query.at8), (decoder.RF2, query.at4)):
        up = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = refine.ResMM(refine.ResFS(refine.convFS(skip)) + up)
    return F.interpolate(decoder.pred2(torch.relu(x)), scale_factor=4, mode="bilinear", align_corners=False)


def test_shared_decoder_is_the_per_object_decoder(nano):
    query = nano.Encoder_Q(torch.rand(2, 3, 48, 64))
    query_value = nano.KV_Q_r4(query.at16)[1]
    read = torch.randn(6, 32, 3, 4)
    logits = nano.Decoder(read, query_value, query)
    for m in range(6):
        b = m // 3
        alone = type(query)(*(features[b : b + 1] for features in query))
        expected = naive_decoder(nano.Decoder, read[m : m + 1], query_value[b : b + 1], alone)
        torch.testing.assert_close(logits[m : m + 1], expected, rtol=1e-4, atol=1e-5)


def test_memory_sees_each_object_and_the_union_of_the_others(nano):
    images, masks = torch.rand(1, 3, 32, 48), torch.rand(1, 3, 32, 48)
    keys, values = nano.memorise(images, masks)
    encoder = nano.Encoder_M
    for i in range(3):
        others = masks[:, [j for j in range(3) if j != i]].sum(1, keepdim=True).clamp(0, 1)
        x = encoder.rgb(images) + encoder.conv1_m(masks[:, i : i + 1]) + encoder.conv1_o(others)
        key, value = nano.KV_M_r4(encoder.deepen(x).at16)
        torch.testing.assert_close(keys[i], key[0].flatten(1).T, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(values[i], value[0].flatten(1).T, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["stm-nano", "stm-nano-refine50"])
@pytest.mark.parametrize(("height", "width"), [(16, 16), (48, 80), (112, 16)])
@pytest.mark.parametrize("objects", [1, 3])
def test_probabilities_of_every_size_and_number_of_objects(name, height, width, objects):
    model = network(name)
    images = torch.rand(1, 3, height, width)
    keys, values = model.memorise(images, torch.rand(1, objects, height, width))
    p = model.segment(images, keys, values)
    assert p.shape == (1, objects, height, width)
    assert torch.isfinite(p).all()
    assert ((p >= 0) & (p <= 1)).all()


# -- the memory of a video


def written(frame, rows, keep, cells=2):
    value = torch.full((rows, cells, 3), float(frame))
    return frame, value, value.clone(), torch.tensor(keep)


def test_the_bank_keeps_what_it_should_and_overwrites_the_rest():
    bank = MemoryBank()
    for frame in range(12):
        bank.write(*written(frame, 1, [frame % 5 == 0]))
        assert bank.frames == sorted({*range(0, frame + 1, 5), frame})
        keys, values, usable = bank.cells()
        assert keys[0, ::2, 0].tolist() == bank.frames
        assert values.shape == keys.shape == (1, 2 * len(bank.frames), 3)
        assert usable is None


def test_an_object_sees_nothing_from_before_its_first_frame():
    bank = MemoryBank()
    bank.write(*written(0, 1, [True]))
    bank.write(*written(1, 1, [False]))
    bank.write(*written(2, 2, [False, True]))
    assert bank.frames == [0, 2]
    assert bank.cells()[2][:, ::2].tolist() == [[True, True], [False, True]]
    bank.write(*written(3, 2, [False, False]))
    assert bank.frames == [0, 2, 3]
    assert bank.cells()[2][:, ::2].tolist() == [[True, False, True], [False, True, True]]


def test_a_session_remembers_on_schedule(nano):
    session = STMModel(nano, "stm-nano").open(VideoInfo(name="v", frames=13, height=16, width=16))
    assert isinstance(session, Session)
    image = np.zeros((16, 16, 3), np.uint8)
    image.flags.writeable = False  # as decoded pictures are
    masks = SoftMasks(ids=(4,), probabilities=np.full((1, 16, 16), 0.5, np.float32))
    for t in range(13):
        if t:
            assert session.bank.frames == sorted({*range(0, t, 5), t - 1})
            assert session.predict(t, image).ids == (4,)
        session.commit(t, image, masks, given={4} if t == 0 else set())


def test_a_session_frame_by_frame_is_the_clip_of_the_training(nano):
    rng = torch.Generator().manual_seed(5)
    images = torch.randint(0, 256, (3, 32, 48, 3), generator=rng, dtype=torch.uint8)
    labels = torch.zeros(1, 3, 32, 48, dtype=torch.uint8)
    labels[:, 0, 4:20, 4:20], labels[:, 0, 10:30, 24:40] = 1, 2
    clip = images.permute(0, 3, 1, 2)[None].float() / 255
    logits = unroll(nano, clip, labels, 2, inferred=True)

    session = STMModel(nano, "stm-nano").open(VideoInfo(name="v", frames=3, height=32, width=48))
    soft = one_hot(labels[:, 0], 2)[0].numpy()
    # The clip memorises every frame; so that the session does too, each is called given.
    session.commit(0, images[0].numpy(), SoftMasks(ids=(1, 2), probabilities=soft), given={1, 2})
    for t in (1, 2):
        found = session.predict(t, images[t].numpy())
        expected = torch.softmax(logits[t - 1], 1)[0, 1:].numpy()
        np.testing.assert_allclose(in_numpy(found.probabilities)[1:], expected, atol=2e-5)
        session.commit(t, images[t].numpy(), SoftMasks(ids=(1, 2), probabilities=expected), given={1, 2})


def test_permuting_ids_permutes_the_answer(nano):
    image = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    first, second = np.zeros((32, 32), np.float32), np.zeros((32, 32), np.float32)
    first[:10], second[20:] = 1, 1
    answers = []
    for ids, maps in (((3, 8), (first, second)), ((8, 3), (second, first))):
        session = STMModel(nano, "stm-nano").open(VideoInfo(name="v", frames=2, height=32, width=32))
        session.commit(0, image, SoftMasks(ids=ids, probabilities=np.stack(maps)), given={3, 8})
        found = session.predict(1, image[:, ::-1])
        answers.append(dict(zip(found.ids, found.probabilities, strict=True)))
    for identity in (3, 8):
        np.testing.assert_allclose(answers[0][identity], answers[1][identity], atol=1e-6)


def test_a_late_object_leaves_earlier_frames_bit_identical(tmp_path, nano):
    early = [square(37, 53, 4, 2 + 2 * t, side=14) for t in range(7)]
    late = [np.maximum(m, square(37, 53, 20, 30, side=12, label=2)) if t >= 3 else m for t, m in enumerate(early)]
    without = make_videos(tmp_path / "w/data", names=("v",), frames=7, size=(37, 53), maps={"v": early})
    both = make_videos(tmp_path / "w/data2", names=("v",), frames=7, size=(37, 53), maps={"v": early})
    both.truth.maps["v"] = {f"{t:05}": m for t, m in enumerate(late)}
    for name, videos in (("one", without), ("two", both)):
        predict(videos, split="val", models=[STMModel(nano, "stm-nano")], out=tmp_path / name)
    for t in range(3):
        assert (tmp_path / f"one/v/{t:05}.png").read_bytes() == (tmp_path / f"two/v/{t:05}.png").read_bytes()
    assert (tmp_path / "one/v/00003.png").read_bytes() != (tmp_path / "two/v/00003.png").read_bytes()


def test_weights_are_asked_for():
    with pytest.raises(UsageError, match="stm-s ships without weights"):
        stm_s(weights=None, device="cpu")
