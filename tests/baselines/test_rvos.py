"""RVOS: both recurrences, the loss, one-shot and zero-shot sessions, released weights. No weights needed."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.data.targets import one_hot  # noqa: E402
from vosbench_baselines.rvos import cost  # noqa: E402
from vosbench_baselines.rvos.door import RVOSModel, assigned, painted, rvos  # noqa: E402
from vosbench_baselines.rvos.losses import clip_loss, match, soft_iou_cost  # noqa: E402
from vosbench_baselines.rvos.network import RVOS, architecture, pyramid  # noqa: E402
from vosbench_baselines.rvos.train import FAMILY  # noqa: E402
from vosbench_baselines.rvos.weights import load_rvos  # noqa: E402
from vosbench_baselines.training.papers import PAPERS  # noqa: E402
from vosbench_baselines.weights import checkpoints  # noqa: E402

from tests.baselines.recurrent_clips import SIZE, batch, disks, follow, held, j, pictures  # noqa: E402
from vosbench.errors import InputError, UsageError  # noqa: E402
from vosbench.models.interface import SoftMasks, VideoInfo  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

ONE_SHOT = ("rvos-nano-mask-s", "rvos-nano-mask-t", "rvos-nano-mask-st")
ZERO_SHOT = ("rvos-nano-s", "rvos-nano-t", "rvos-nano-st")
CLASSIFIER = 2048 * 1000 + 1000  # in the released encoder, unused


def network(name="rvos-nano-mask-st", seed=0):
    """With batch norm statistics and weights that do something."""
    torch.manual_seed(seed)
    model = RVOS(architecture(name)).eval().requires_grad_(False)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.2)
            module.running_var.uniform_(0.5, 1.5)
        if isinstance(module, torch.nn.Conv2d) and module.bias is not None:
            module.weight.mul_(3)
    return model


def on_meta(name):
    with torch.device("meta"):
        return RVOS(architecture(name))


def count(module):
    return sum(p.numel() for p in module.parameters())


def truth_of(labels, objects):
    return one_hot(labels.flatten(0, 1), objects).unflatten(0, labels.shape[:2])


# -- sizes and names


def test_parameter_counts_are_the_released_ones():
    full = on_meta("rvos-mask-st")
    assert count(full.decoder) == 2_940_433
    assert count(full.encoder) + CLASSIFIER == 48_457_800
    assert count(full) + CLASSIFIER == 51_398_233
    gates = {name: [cell.Gates.weight.shape[:2] for cell in on_meta(name).decoder.clstm_list] for name in FULL}
    assert gates["rvos-mask-st"] == [(512, 385), (256, 385), (128, 193), (64, 97)]
    assert gates["rvos-st"] == [(512, 384), (256, 384), (128, 192), (64, 96)]


FULL = ("rvos-mask-st", "rvos-st")


def test_levels_are_those_of_the_paper():
    full = on_meta("rvos-mask-st")
    features = full.encoder(torch.empty(1, 3, 256, 448, device="meta"))
    assert [f.shape[1:] for f in features] == [(128, 8, 14), (128, 16, 28), (64, 32, 56), (32, 64, 112)]
    masks = torch.empty(1, 2, 256, 448, device="meta")
    logits, hidden = full.frame(features, 2, masks, None, (256, 448))
    assert logits.shape == (1, 2, 256, 448)
    assert [h.shape[1:] for h in hidden] == [(2, 128, 8, 14), (2, 64, 16, 28), (2, 32, 32, 56), (2, 16, 64, 112)]
    assert [m.shape[2:] for m in pyramid(torch.empty(1, 1, 240, 427), 4)] == [(8, 14), (15, 27), (30, 54), (60, 107)]


@pytest.mark.parametrize("name", ["rvos", "rvos-mask", "rvos-xl-st", "rvos-st-official", "rvos-mask-ts"])
def test_unknown_architectures_are_refused(name):
    with pytest.raises(UsageError, match=f"no architecture '{name}'"):
        architecture(name)


def test_costs_are_those_of_the_page():
    """Counted arithmetic; a lost sharing between objects shows here."""
    page = (Path(__file__).parents[2] / "docs/baselines/rvos.md").read_text(encoding="utf-8")
    assert cost.table() in page


# -- the recurrences


def unrolled(model, images, masks, objects):
    """Frame by frame, object by object, one encoder call a frame."""
    previous, hidden, found = masks, None, []
    for t in range(images.shape[1]):
        features = model.encoder(images[:, t])
        spatial, logits, states = None, [], []
        for i in range(objects):
            temporal = [h[i] for h in hidden] if hidden and model.size.temporal else None
            mask = None if previous is None else previous[:, i : i + 1]
            out, spatial_now = model.decoder(features, mask, spatial if model.size.spatial else None, temporal)
            spatial = spatial_now
            out = torch.nn.functional.interpolate(out, images.shape[-2:], mode="bilinear", align_corners=True)
            logits.append(out)
            states.append([h for h, _ in spatial])
        hidden = list(zip(*states, strict=True))
        found.append(torch.cat(logits, 1))
        if previous is not None and t >= 1:
            previous = torch.sigmoid(found[-1])
    return torch.stack(found, 1)


@pytest.mark.parametrize("name", [*ONE_SHOT, *ZERO_SHOT])
def test_the_clip_is_the_recurrence_step_by_step(name):
    model = network(name)
    images, labels = batch([0, 1], frames=4, objects=2)
    masks = truth_of(labels, 2) if model.size.masks else None
    whole = model(images, 2, masks)
    expected = unrolled(model, images, None if masks is None else masks[:, 0], 2)
    torch.testing.assert_close(whole, expected, rtol=1e-4, atol=1e-5)


def influence(name, *, of_object=None, of_frame=None):
    """How much the last frame's map of object 1 changes with another object's mask, or with the first picture."""
    model = network(name)
    images, labels = batch([0], frames=3, objects=2)
    masks = truth_of(labels, 2)
    before = model(images, 2, masks, inferred=False)
    if of_object is not None:
        masks = masks.clone()
        masks[:, 1:2, of_object] = 0  # shown to frame 2
    if of_frame is not None:
        images = images.clone()
        images[:, of_frame] = images[:, of_frame].flip(-1)
    after = model(images, 2, masks, inferred=False)
    return (after - before)[0, 2].abs().amax((1, 2)).tolist()


def test_spatial_recurrence_sees_earlier_objects_and_only_those():
    for name, sees in (("rvos-nano-mask-s", True), ("rvos-nano-mask-st", True), ("rvos-nano-mask-t", False)):
        first, second = influence(name, of_object=0)
        assert first > 1e-3
        assert (second > 1e-3) == sees
        assert (second == 0) != sees
        first, second = influence(name, of_object=1)
        assert first == 0
        assert second > 1e-3


def test_temporal_recurrence_remembers_the_whole_clip():
    for name, remembers in (("rvos-nano-mask-t", True), ("rvos-nano-mask-st", True), ("rvos-nano-mask-s", False)):
        assert all((change > 1e-4) == remembers for change in influence(name, of_frame=0))


def test_the_released_code_keeps_the_spatial_state_on_the_first_frame_of_t():
    images, labels = batch([0], frames=2, objects=2)
    masks = truth_of(labels, 2)
    changed = {}
    for name in ("rvos-nano-mask-t", "rvos-nano-mask-t-official"):
        model, others = network(name), masks.clone()
        others[:, 0, 0] = 0
        changed[name] = (model(images, 2, others) - model(images, 2, masks))[0, 0, 1].abs().max().item()
    assert changed["rvos-nano-mask-t"] == 0
    assert changed["rvos-nano-mask-t-official"] > 1e-3


@pytest.mark.parametrize("name", ZERO_SHOT)
def test_more_slots_change_nothing_for_the_first(name):
    model = network(name)
    images, _ = batch([0])
    torch.testing.assert_close(model(images, 5)[:, :, :2], model(images, 2), rtol=1e-4, atol=1e-5)


def test_inferred_masks_carry_no_gradient_but_the_state_does():
    images, labels = batch([0], frames=4, objects=1)
    for name, reaches in (("rvos-nano-mask-st", True), ("rvos-nano-mask-s", False)):
        picture = images.clone().requires_grad_()
        network(name)(picture, 1, truth_of(labels, 1))[:, 3].sum().backward()
        assert (picture.grad[:, 2].abs().sum() > 0) == reaches
        assert picture.grad[:, 3].abs().sum() > 0


# -- the loss


def test_soft_iou_by_hand():
    p, y = torch.tensor([[0.5, 0.5], [0.0, 1.0]]), torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    assert soft_iou_cost(p, y).item() == pytest.approx(1 - 1.5 / 2.5, abs=1e-6)
    p = torch.rand(2, 3, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: soft_iou_cost(x, (p.detach() > 0.5).double()), p)


def planted(order, slots=4):
    """Two clips of two frames: truth of three objects, and logits of ``slots`` that show them in the given order."""
    truth = torch.zeros(2, 2, 3, 6, 9)
    for i in range(3):
        truth[..., i, 1:5, 3 * i : 3 * i + 2 + (i == 1)] = 1
    logits = torch.full((2, 2, slots, 6, 9), -4.0)
    for i, slot in enumerate(order):
        logits[:, :, slot] = 8 * truth[:, :, i] - 4
    return logits, truth


def test_matching_finds_the_planted_order():
    logits, truth = planted((2, 0, 3))
    slots = match(torch.sigmoid(logits[:, 0]), truth[:, 0], torch.ones(2, 3, dtype=torch.bool))
    assert slots.tolist() == [[2, 0, 3], [2, 0, 3]]


def test_the_matched_loss_does_not_know_the_order_of_objects_or_of_slots():
    valid = torch.tensor([[True, True, True], [True, False, True]])
    logits, truth = planted((2, 0, 3))
    logits += torch.randn(logits.shape, generator=torch.Generator().manual_seed(0))
    loss = clip_loss(logits, truth, valid, matched=False)
    for order in ([1, 2, 0], [2, 1, 0]):
        again = clip_loss(logits, truth[:, :, order], valid[:, order], matched=False)
        torch.testing.assert_close(again, loss)
    torch.testing.assert_close(clip_loss(logits[:, :, [3, 1, 0, 2]], truth, valid, matched=False), loss)
    assert loss < clip_loss(logits[:, :, :3], truth, valid, matched=True)


def test_slots_keep_their_object_and_the_others_cost_nothing():
    logits, truth = planted((0, 1, 2))
    logits[:, 1, :3] = logits[:, 1, [1, 0, 2]]  # on the second frame two slots swap: that is an error
    valid = torch.tensor([[True, True, False]] * 2)
    logits.requires_grad_()
    loss = clip_loss(logits, truth, valid, matched=False)
    frames = [soft_iou_cost(torch.sigmoid(logits[:, t, :2]), truth[:, t, :2]).mean() for t in range(2)]
    torch.testing.assert_close(loss, frames[0] + frames[1])
    loss.backward()
    assert logits.grad[:, :, :2].abs().sum() > 0
    assert logits.grad[:, :, 3].abs().sum() == 0


# -- learning


@pytest.mark.parametrize(("name", "objects"), [("rvos-nano-mask-st", 2), ("rvos-nano-st", 1)])
def test_a_short_clip_is_learnt_by_heart(name, objects):
    torch.manual_seed(0)
    model = RVOS(architecture(name)).train()
    images, labels = batch([3], frames=2, objects=objects)
    truth, valid = truth_of(labels, objects), torch.ones(1, objects, dtype=torch.bool)
    masks = truth if model.size.masks else None
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        logits = model(images, objects if model.size.masks else model.size.slots, masks)
        optimiser.zero_grad()
        clip_loss(logits, truth, valid, matched=model.size.masks).backward()
        optimiser.step()
    found = torch.sigmoid(logits.detach())
    which = [*range(objects)] if model.size.masks else match(found[:, 0], truth[:, 0], valid)[0].tolist()
    assert min(j(found[0, t, which[i]], truth[0, t, i]) for t in range(2) for i in range(objects)) > 0.9


# -- the door


@pytest.mark.parametrize("name", [*ONE_SHOT, *ZERO_SHOT, "rvos-nano-mask-t-official"])
def test_the_door_keeps_the_contract(name):
    model = RVOSModel(network(name), name)
    assert ("unsupervised" in model.spec.tasks) == (name in ZERO_SHOT)
    check_model(model)


def test_the_door_keeps_the_contract_when_painting():
    check_model(RVOSModel(network(), "rvos-nano-mask-st", painted=True))


def test_a_one_shot_session_is_the_clip_of_the_training():
    model = network()
    images, labels = disks(1, frames=5, objects=2)
    images = (images * 255).round() / 255
    masks = truth_of(labels[None], 2)
    expected = torch.sigmoid(model(images[None], 2, masks))[0]
    given = {0: {4: masks[0, 0, 0].numpy(), 9: masks[0, 0, 1].numpy()}}
    answers = follow(RVOSModel(model, "rvos-nano-mask-st"), images, given)
    for t in range(1, 5):
        np.testing.assert_allclose(answers[t][4], expected[t, 0], atol=1e-4)
        np.testing.assert_allclose(answers[t][9], expected[t, 1], atol=1e-4)


@pytest.mark.parametrize("name", ONE_SHOT)
def test_a_late_object_is_the_last_one_and_leaves_the_others_alone(name):
    images, labels = disks(2, frames=5, objects=2)
    one, two = labels.numpy() == 1, labels.numpy() == 2
    model = RVOSModel(network(name), name)
    both = follow(model, images, {0: {5: one[0]}, 2: {3: two[2] & ~one[2]}})
    alone = follow(model, images, {0: {5: one[0]}})
    assert [sorted(found) for found in both] == [[], [5], [5], [3, 5], [3, 5]]
    for t in range(1, 5):
        np.testing.assert_allclose(both[t][5], alone[t][5], atol=1e-5)


def test_painting_puts_the_best_first_frame_on_top_and_remembers_what_lies_below():
    found = np.array([[[0.9, 0.9, 0.2]], [[0.6, 0.2, 0.8]], [[0.7, 0.1, 0.6]]], np.float32)
    expected = [[[0.5, 0.9, 0.2]], [[0.6, 0.2, 0.8]], [[0.5, 0.1, 0.5]]]
    assert painted(found, [0.5, 0.9, 0.1]).tolist() == np.array(expected, np.float32).tolist()
    images, labels = disks(2, frames=4, objects=2)
    given = {0: {1: labels[0] == 1, 2: labels[0] == 2}}
    network_ = network()
    plain, over = (follow(RVOSModel(network_, "x", painted=how), images, given) for how in (False, True))
    for t in (1, 2, 3):
        top = {i: (plain[t][i] > 0.5) & (over[t][i] > 0.5) for i in (1, 2)}
        assert not (top[1] & top[2]).any()
        for i in (1, 2):  # as if nothing had been painted over on the frame before
            np.testing.assert_allclose(over[t][i], np.where(over[t][i] == 0.5, 0.5, plain[t][i]), atol=1e-5)


def test_one_encoder_pass_serves_all_objects(monkeypatch):
    model = RVOSModel(network(), "rvos-nano-mask-st")
    images, labels = disks(2, frames=5, objects=2)
    calls = []
    model.network.encoder.register_forward_hook(lambda *_: calls.append(1))
    follow(model, images, {0: {1: labels[0] == 1, 2: labels[0] == 2}})
    assert len(calls) == 5


@pytest.mark.parametrize("name", ["rvos-nano-mask-st", "rvos-nano-st"])
def test_a_long_sequence_needs_no_more_memory_than_a_short_one(name):
    images, labels = disks(0)
    frames = pictures(images)
    session = RVOSModel(network(name), name).open(VideoInfo(name="v", frames=200, height=SIZE[0], width=SIZE[1]))
    masks = SoftMasks(ids=(1,), probabilities=(labels[:1] == 1).float().numpy())
    bytes_held = []
    for t in range(200):
        if t:
            masks = session.predict(t, frames[t % 3])
        session.commit(t, frames[t % 3], masks, given=set() if t else {1})
        bytes_held.append(held(session))
    assert len(set(bytes_held[2:])) == 1


def test_a_slot_is_chosen_on_the_first_frame_and_kept():
    model = network("rvos-nano-st")
    images, _ = disks(0, frames=4)
    images = (images * 255).round() / 255
    maps = torch.sigmoid(model(images[None], 3))[0].numpy()
    levels = [np.median(slot) for slot in maps[0]]
    given = maps[0, 1] > 0.5 if (maps[0, 1] > 0.5).mean() > 0.02 else maps[0, 1] > levels[1]
    expected = assigned(maps[0] > 0.5, given[None], [7], taken=set())[7]
    answers = follow(RVOSModel(model, "rvos-nano-st"), images, {0: {7: given}})
    for t in range(1, 4):
        np.testing.assert_allclose(answers[t][7], maps[t, expected], atol=1e-4)


def test_slots_are_assigned_by_overlap_and_no_slot_twice():
    found = np.zeros((3, 4, 6), bool)
    found[0, :, :2], found[1, :, 2:4], found[2, :, 4:] = True, True, True
    truth = found[[2, 0]]
    assert assigned(found, truth, [5, 9], taken=set()) == {5: 2, 9: 0}
    assert assigned(found, truth[:1], [8], taken={2, 0}) == {8: 1}
    many = assigned(found, found[[0, 1, 2, 0]], [1, 2, 3, 4], taken=set())
    assert [many[2], many[3]] == [1, 2]
    assert {many[1], many[4]} == {0, None}
    assert assigned(found, truth[:1], [8], taken={0, 1, 2}) == {8: None}


# -- weights


def released(tmp_path, name, prefix=""):
    """A folder as the authors released: names and shapes of the released files, one number a tensor."""
    state = on_meta(name).state_dict()
    shapes = {key: t.shape for key, t in state.items()}
    shapes |= {"encoder.base.fc.weight": (1000, 2048), "encoder.base.fc.bias": (1000,)}
    shapes |= {"decoder.fc_stop.weight": (1, 240), "decoder.fc_stop.bias": (1,)}
    values = {key: torch.tensor(float(i)).expand(shape) for i, (key, shape) in enumerate(shapes.items())}
    for part in ("encoder", "decoder"):
        of_part = {key: t for key, t in values.items() if key.startswith(part)}
        torch.save({prefix + key.removeprefix(f"{part}."): t for key, t in of_part.items()}, tmp_path / f"{part}.pt")
    (tmp_path / "args.pkl").write_bytes(b"never read")
    return {key: t for key, t in values.items() if key in state}


@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("name", FULL)
def test_the_released_layout_is_consumed_to_the_last_key(tmp_path, name, prefix):
    values = released(tmp_path, name, prefix)
    model, found, _ = load_rvos(tmp_path)
    assert found == name
    assert all(torch.equal(t.float(), values[key]) for key, t in model.state_dict().items())
    assert rvos(weights=tmp_path, device="cpu").spec.weights.count("+") == 1


def test_released_names_are_written_as_they_were():
    names = set(on_meta("rvos-mask-st").state_dict())
    assert {n.partition(".")[2] for n in names if n.startswith("decoder")} == {
        "conv_out.weight", "conv_out.bias", *(f"clstm_list.{k}.Gates.{x}" for k in range(4) for x in ("weight", "bias"))
    }  # fmt: skip
    heads = {f"sk{k}.{x}" for k in (2, 3, 4, 5) for x in ("weight", "bias")}
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    heads |= {f"bn{k}.{x}" for k in (2, 3, 4, 5) for x in norm}
    assert {n.removeprefix("encoder.") for n in names if n.startswith(("encoder.sk", "encoder.bn"))} == heads
    trunk = {n.removeprefix("encoder.base.") for n in names if n.startswith("encoder.base.")}
    assert len(trunk) == 104 * 6 == 624
    assert "layer3.22.conv3.weight" in trunk


def test_wrong_weights_say_what_is_wrong(tmp_path):
    with pytest.raises(InputError, match=r"encoder\.pt"):
        load_rvos(tmp_path)
    released(tmp_path, "rvos-st")
    with pytest.raises(InputError, match="weights of 'rvos-st', not of 'rvos-mask-st'"):
        load_rvos(tmp_path, "rvos-mask-st")
    with pytest.raises(UsageError, match="rvos ships without weights"):
        rvos(weights=None, device="cpu")


def test_our_own_weights_come_back_bit_for_bit(tmp_path):
    model, path = network(), tmp_path / "w.safetensors"
    checkpoints.save(model, "rvos", "rvos-nano-mask-st", path)
    again, name, _ = FAMILY.load(path, None)
    assert name == "rvos-nano-mask-st"
    assert all(torch.equal(t, model.state_dict()[key]) for key, t in again.state_dict().items())


def released_folder(folder):
    """``encoder.pt`` and ``decoder.pt`` of the full network, as its authors released them."""
    with torch.device("meta"):
        shapes = RVOS(architecture("rvos-mask-st")).state_dict()
    folder.mkdir(parents=True)
    for part in ("encoder", "decoder"):
        state = {
            name.removeprefix(f"{part}."): torch.zeros(t.shape, dtype=t.dtype)
            for name, t in shapes.items()
            if name.startswith(f"{part}.")
        }
        torch.save(state, folder / f"{part}.pt")
    return folder


def test_the_archive_is_read_as_it_is_downloaded(tmp_path):
    folder = released_folder(tmp_path / "one-shot-model-youtubevos")
    path = tmp_path / "weights.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("encoder", "decoder"):
            archive.write(folder / f"{part}.pt", f"{folder.name}/{part}.pt")
        archive.writestr(f"{folder.name}/args.pkl", b"never read")
    zipped, name, _ = FAMILY.load(path, None)
    assert name == FAMILY.load(folder, None)[1] == "rvos-mask-st"
    assert not any(tensor.any() for tensor in zipped.state_dict().values())


@pytest.mark.parametrize("names", [(), ("a/encoder.pt", "b/encoder.pt")])
def test_an_archive_of_something_else_is_refused(tmp_path, names):
    with zipfile.ZipFile(tmp_path / "w.zip", "w") as archive:
        for name in names:
            archive.writestr(name, b"")
    with pytest.raises(InputError, match=f"it holds {len(names)} files named encoder.pt, not one"):
        FAMILY.load(tmp_path / "w.zip", None)
    (tmp_path / "w.zip").write_bytes(b"no archive")
    with pytest.raises(InputError, match="cannot be read"):
        FAMILY.load(tmp_path / "w.zip", None)


def test_the_row_t_without_masks_tells_its_slots_apart():
    """As the paper describes it every slot has the same answer; so the table has the released code's."""
    (variant,) = {stage.variant for name, stage in PAPERS["rvos"].stages.items() if name == "t"}
    images, _ = batch([0], frames=2)
    apart = {}
    for suffix in ("-t", variant):
        answers = network("rvos-nano" + suffix)(images, 3)
        apart[suffix] = (answers[:, :, 0] - answers[:, :, 1]).abs().amax(dim=(0, 2, 3))
    assert variant == "-t-official"
    assert apart["-t"].tolist() == [0, 0]
    assert (apart[variant] > 0).all()


def test_an_imagenet_trunk_starts_the_encoder_and_has_its_own_learning_rate():
    model = network()
    state = {key: torch.full_like(t, 2) for key, t in model.encoder.base.state_dict().items()}
    FAMILY.start(model, state | {"fc.weight": torch.zeros(1000, 2048)})
    assert model.encoder.base.layer4[0].conv1.weight.eq(2).all()
    assert {id(p) for p in FAMILY.trunk(model)} == {id(p) for p in model.encoder.base.parameters()}
