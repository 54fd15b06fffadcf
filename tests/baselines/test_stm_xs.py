"""STM-XS: what a memory adds to a square around the object, what it learns from, the door, the weights that ship."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from torch.nn.functional import avg_pool2d  # noqa: E402
from vosbench_baselines.data.config import Source  # noqa: E402
from vosbench_baselines.data.folders import video_folder  # noqa: E402
from vosbench_baselines.learning.online import Schedule, learn_online  # noqa: E402
from vosbench_baselines.squares.network import INPUTS, SIDE  # noqa: E402
from vosbench_baselines.squares.samples import Dreams  # noqa: E402
from vosbench_baselines.stm_xs.door import EVERY, STMXSModel, loss, stm_xs, stm_xs_offline  # noqa: E402
from vosbench_baselines.stm_xs.network import CELL, STMXS, VALUE  # noqa: E402
from vosbench_baselines.stm_xs.samples import Batch, batch, clip_samples, dreamt  # noqa: E402
from vosbench_baselines.training.holdout import holdout_j  # noqa: E402
from vosbench_baselines.video.appearance import Colours  # noqa: E402
from vosbench_baselines.weights.shipped import shipped_weights  # noqa: E402

from tests.baselines.discs import late_second_object, overlap  # noqa: E402
from vosbench.models.interface import SoftMasks, VideoInfo, load_model  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

HEIGHT, WIDTH = 64, 96
NEVER = frozenset()


def untrained(seed=0):
    torch.manual_seed(seed)
    return STMXS().eval().requires_grad_(False)


def world(shift, seed=0):
    """A textured disk that has moved ``shift`` pixels to the right over a textured ground: picture, mask."""
    rng = np.random.default_rng(seed)
    ground, cloth = (rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3)).repeat(4, 0).repeat(4, 1) for _ in range(2))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disk = (y - 32) ** 2 + (x - 40 - shift) ** 2 < 14**2
    picture = np.where(disk[..., None], np.roll(cloth, shift, axis=1) // 2 + 120, ground // 2)
    return picture.astype(np.uint8), disk.astype(np.uint8)


def masks(mask, identity=7):
    return SoftMasks(ids=(identity,), probabilities=mask[None].astype(np.float32))


def begin(network, **options):
    """A session that was given the disk as object 7."""
    session = STMXSModel(network, "tiny", **options).open(VideoInfo(name="v", frames=9, height=HEIGHT, width=WIDTH))
    image, mask = world(0)
    session.commit(0, image, masks(mask), given={7})
    session.adapt(0, image, masks(mask), given={7})
    return session


# -- the network


def test_shapes_and_size():
    network = untrained()
    keys, values = network.memorise(torch.rand(3, 3, 64, 64), torch.rand(3, 1, 64, 64))
    assert keys.shape == values.shape == (3, 64, VALUE)
    one = [cells.flatten(0, 1)[None].expand(2, -1, -1) for cells in (keys, values)]
    assert network(torch.rand(2, INPUTS, 64, 64), *one).shape == (2, 1, 64, 64)
    assert sum(p.numel() for p in network.parameters()) == 667_413


def test_before_anything_is_learnt_what_looks_alike_is_found_in_memory():
    """The read mask of a frame that is its own memory is the mask, cell by cell, but for the edges."""
    network, (image, mask) = untrained(), world(0)
    picture = torch.from_numpy(image).permute(2, 0, 1)[None] / 255
    disk = torch.from_numpy(mask)[None, None].float()
    network.scale.mul_(3)  # as sharp as training makes it
    keys, values = network.memorise(picture, disk)
    key = network._keys(picture)[0].flatten(2).transpose(1, 2)
    weights = torch.softmax(key @ keys.transpose(1, 2) / 32**0.5, dim=2)
    shares = avg_pool2d(disk, CELL).flatten()
    assert (weights @ values)[0, :, 0] == pytest.approx(shares.numpy(), abs=0.1)


def test_the_order_of_memories_means_nothing():
    network = untrained()
    keys, values = network.memorise(torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64))
    x = torch.rand(1, INPUTS, 64, 64)
    there, back = (
        network(x, *(cells[order].flatten(0, 1)[None] for cells in (keys, values))) for order in ([0, 1], [1, 0])
    )
    torch.testing.assert_close(there, back)


# -- what it learns from


def test_samples_of_a_clip_remember_the_first_frame_and_the_one_before():
    frames = [world(3 * t) for t in range(3)]
    images, labels = (np.stack(arrays) for arrays in zip(*frames, strict=True))
    found = clip_samples(np.random.default_rng(0), images, labels)
    assert len(found) == 2
    for one in found:
        assert one.memories.shape == (2, 4, SIDE, SIDE)
        assert 0 <= one.memories.min() <= one.memories.max() <= 1
        assert all(memory[3].any() for memory in one.memories)
        assert one.sample.target.any()
    assert clip_samples(np.random.default_rng(0), images, 0 * labels) == []


def test_dreams_remember_the_annotated_frame():
    image, mask = world(0)
    soft = mask.astype(np.float32)
    dreams = Dreams(image, soft, Colours(image, soft))
    found = dreamt(np.random.default_rng(0), dreams, 3)
    assert len(found) == 3
    shares = [float((one.memories[0, 3] > 0.5).mean()) for one in found]
    assert max(shares) < 2.5 * min(shares), "the same mask, in squares of nearly one size"


def test_it_learns_to_read_its_memory():
    """The rough mask is blank and colours say nothing: only memory tells which of two patches is the object."""
    rng = np.random.default_rng(0)
    drawn = _patches(rng, 6)
    network = STMXS()
    torch.manual_seed(0)
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(40):
        value = loss(network, _patches(rng, 6))
        optimiser.zero_grad()
        value.backward()
        optimiser.step()
    network.eval()
    with torch.no_grad():
        keys, values = network.memorise(drawn.memories[:, 0, :3], drawn.memories[:, 0, 3:])
        found = network(drawn.inputs, keys, values) > 0
    assert overlap(found.numpy(), drawn.targets.numpy() > 0.5) > 0.8


def _patches(rng, count):
    """Squares of two patches, red and blue, at random; memory marks one of them."""
    inputs, memories, targets = np.full((count, INPUTS, 64, 64), 0.5), np.full((count, 2, 4, 64, 64), 0.5), []
    for one in range(count):
        colours, chosen = [(1, 0, 0), (0, 0, 1)], int(rng.integers(2))
        for picture, target in [(inputs[one], True), *((memory, False) for memory in memories[one])]:
            mask = np.zeros((64, 64))
            for which, side in enumerate(rng.permutation(2)):
                where = np.s_[16:48, 32 * side + 4 : 32 * side + 28]
                picture[:3][(slice(None), *where)] = np.array(colours[which])[:, None, None]
                if which == chosen:
                    mask[where] = 1
            if target:
                targets.append(mask[None])
            picture[3] = 0 if target else mask
    arrays = inputs, memories, np.stack(targets)
    return Batch(*(torch.from_numpy(array.astype(np.float32)) for array in arrays))


# -- the door


def test_the_memory_schedule():
    """The given frame and every fifth stay, the latest is replaced, a frame without the object is not memorised."""
    session = begin(untrained())
    bank = session.tracks[7].expert.bank
    for t in range(1, 2 * EVERY + 2):
        image, mask = world(t)
        session.commit(t, image, masks(mask * (t != EVERY + 2)), given=NEVER)
        expected = [0, *range(EVERY, t + 1, EVERY)]
        latest = t - 1 if t == EVERY + 2 else t
        assert bank.frames == expected + [latest] * (latest not in expected)


def test_online_learning_leaves_the_network_of_others_alone_and_memorises_anew():
    network = untrained()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    learnt, plain = (begin(network, schedule=schedule) for schedule in (Schedule(steps=2, learning_rate=1e-2), None))
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())
    (ours, _, _), (theirs, _, _) = (session.tracks[7].expert.bank.cells() for session in (learnt, plain))
    assert ours.shape == theirs.shape
    assert not torch.equal(ours, theirs)


def test_a_mask_that_drifted_is_brought_back():
    """By the shipped network, without online learning: the mask of frame 1 is far beside the object."""
    session = load_model("stm-xs-offline").open(VideoInfo(name="v", frames=9, height=HEIGHT, width=WIDTH))
    image, mask = world(0)
    session.commit(0, image, masks(mask), given={7})
    image, mask = world(3)
    session.commit(1, image, masks(np.roll(mask, 9, axis=1)), given=NEVER)
    image, mask = world(6)
    assert overlap(np.roll(mask, 9, axis=1), mask) < 0.5
    assert overlap(session.predict(2, image).probabilities[0] > 0.5, mask == 1) > 0.8


def test_online_learning_lowers_the_loss():
    image, mask = world(0)
    dreams = Dreams(image, mask.astype(np.float32), Colours(image, mask.astype(np.float32)))
    schedule = Schedule(steps=10, learning_rate=1e-2)
    device = torch.device("cpu")
    _, losses = learn_online(untrained(), lambda rng: batch(dreamt(rng, dreams, 2), device), loss, schedule, seed=0)
    assert np.mean(losses[-3:]) < 0.7 * np.mean(losses[:3])


def test_the_door():
    check_model(STMXSModel(untrained(), "tiny", schedule=Schedule(steps=1)))


def test_two_objects_one_of_them_late_through_the_runner(tmp_path):
    assert min(late_second_object(load_model("stm-xs-offline"), tmp_path)) > 0.85


def test_a_given_mask_that_is_empty_is_no_error():
    session = STMXSModel(untrained(), "tiny", schedule=Schedule(steps=1)).open(
        VideoInfo(name="v", frames=2, height=HEIGHT, width=WIDTH)
    )
    image, mask = world(0)
    session.commit(0, image, masks(0 * mask), given={7})
    session.adapt(0, image, masks(0 * mask), given={7})
    assert not session.predict(1, image).probabilities.any()


def test_a_batch_is_of_the_samples_in_order():
    image, mask = world(0)
    dreams = Dreams(image, mask.astype(np.float32), Colours(image, mask.astype(np.float32)))
    drawn = dreamt(np.random.default_rng(0), dreams, 2)
    put = batch(drawn, torch.device("cpu"))
    for i, one in enumerate(drawn):
        assert (put.inputs[i].numpy() == one.sample.inputs).all()
        assert (put.memories[i].numpy() == one.memories).all()
        assert (put.targets[i, 0].numpy() == one.sample.target).all()


# -- what ships


def test_both_models_load_the_shipped_weights():
    path = shipped_weights("stm-xs")
    online, offline = (load_model(name) for name in ("stm-xs", "stm-xs-offline"))
    assert online.spec.weights == offline.spec.weights == stm_xs(weights=path, device="cpu").spec.weights
    assert (online.spec.adapts, offline.spec.adapts) == (True, False)
    assert stm_xs_offline(weights=None, device="cpu").spec.name == "stm-xs-offline"


@pytest.mark.realdata
def test_it_beats_optical_flow_on_a_held_out_sequence(realdata, tmp_path):
    """A training sequence that was kept out of training, all of it: over its first dozen frames flow is ahead."""
    (tmp_path / "names.txt").write_text("hike\n")
    images, pictures = (str(realdata / "davis2016_train_256x448" / kind) for kind in ("JPEGImages", "Annotations"))
    names = str(tmp_path / "names.txt")
    folder = video_folder(Source(kind="videos", images=images, masks=pictures, sequences=names, binary=True), tmp_path)
    found, flow = (holdout_j([load_model(name)], folder) for name in ("stm-xs-offline", "optical-flow"))
    assert found > flow + 0.2
