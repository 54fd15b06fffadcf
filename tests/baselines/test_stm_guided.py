"""STM-XS: a query guided by the previous mask along the optical flow, and the weights that ship."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.flow import Flow  # noqa: E402
from vosbench_baselines.guide import carried, look_up  # noqa: E402
from vosbench_baselines.shipped import shipped_weights  # noqa: E402
from vosbench_baselines.stm import ARCHITECTURES, STM  # noqa: E402
from vosbench_baselines.stm_model import STMModel  # noqa: E402
from vosbench_baselines.training.config import Source  # noqa: E402
from vosbench_baselines.training.folders import video_folder  # noqa: E402
from vosbench_baselines.training.holdout import holdout_j  # noqa: E402
from vosbench_baselines.training.unroll import one_hot, region_loss, unroll  # noqa: E402
from vosbench_baselines.weights import sha256  # noqa: E402

from vosbench.adapters import SoftMasks, VideoInfo, load_model  # noqa: E402
from vosbench.prediction.merge import soft_aggregation  # noqa: E402
from vosbench.testing import check_model  # noqa: E402

TINY = replace(ARCHITECTURES["stm-nano"], guided=True)
HEIGHT, WIDTH = 64, 96


def tiny(seed=0):
    torch.manual_seed(seed)
    return STM(TINY).eval().requires_grad_(False)


def world(shift, seed=0):
    """A textured disk that has moved ``shift`` pixels to the right over a textured ground: picture, mask."""
    rng = np.random.default_rng(seed)
    ground, cloth = (rng.integers(0, 256, (HEIGHT // 4, WIDTH // 4, 3)).repeat(4, 0).repeat(4, 1) for _ in range(2))
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    disk = (y - 32) ** 2 + (x - 40 - shift) ** 2 < 14**2
    picture = np.where(disk[..., None], np.roll(cloth, shift, axis=1) // 2 + 120, ground // 2)
    return picture.astype(np.uint8), disk.astype(np.uint8)


def begin(network):
    """A session that was given the disk."""
    session = STMModel(network, "tiny").open(VideoInfo(name="v", frames=9, height=64, width=96))
    image, labels = world(0)
    session.commit(0, image, SoftMasks(ids=(7,), probabilities=labels[None].astype(np.float32)), given={7})
    return session


# -- the guide


def test_a_mask_is_looked_up_where_the_displacement_says():
    mask = torch.rand(1, 2, 6, 8)
    still, right = torch.zeros(1, 2, 6, 8), torch.zeros(1, 2, 6, 8)
    right[:, 0] = -3  # each pixel was three columns to the left
    torch.testing.assert_close(carried(mask, still), mask)
    moved = carried(mask, right)
    torch.testing.assert_close(moved[..., 3:], mask[..., :-3])
    assert (moved[..., :3] == 0).all()


def test_flow_carries_the_disk():
    (before, labels), (now, expected) = world(0), world(3)
    pictures = [torch.from_numpy(p).permute(2, 0, 1)[None].float() / 255 for p in (now, before)]
    found = carried(torch.from_numpy(labels)[None, None].float(), look_up(Flow(), *pictures))[0, 0] > 0.5
    assert (found.numpy() & expected).sum() / (found.numpy() | expected).sum() > 0.8


def test_untrained_the_answer_is_the_carried_mask():
    guide = (torch.rand(1, 2, 32, 48) > 0.5).float()
    network = tiny()
    keys, values = network.memorise(torch.rand(1, 3, 32, 48), torch.rand(1, 2, 32, 48))
    found = network.segment(torch.rand(1, 3, 32, 48), keys, values, carried=guide)
    assert torch.equal(found > 0.5, guide > 0.5)
    assert found.max() < 1


def test_a_guided_session_frame_by_frame_is_the_clip_of_the_training():
    torch.manual_seed(3)
    network = tiny()
    torch.nn.init.normal_(network.Decoder.pred2.weight, std=0.1)
    torch.nn.init.normal_(network.Decoder.gate.weight, std=0.1)
    frames = [world(4 * t) for t in range(3)]
    clip = torch.from_numpy(np.stack([image for image, _ in frames])).permute(0, 3, 1, 2)[None].float() / 255
    labels = torch.from_numpy(np.stack([labels for _, labels in frames]))[None]
    logits = unroll(network, clip, labels, 1, inferred=True)
    session = begin(network)
    for t in (1, 2):
        found = session.predict(t, frames[t][0])
        expected = torch.softmax(logits[t - 1], 1)[0, 1:].numpy()
        np.testing.assert_allclose(soft_aggregation(found.probabilities)[1:], expected, atol=2e-5)
        # The clip memorises every frame; so that the session does too, each is called given.
        session.commit(t, frames[t][0], SoftMasks(ids=(7,), probabilities=expected), given={7})


# -- the loss, the door


def test_region_loss_by_hand():
    labels = torch.zeros(1, 2, 4, 5, dtype=torch.uint8)
    labels[:, 0, :2], labels[:, 1, :2] = 1, 1  # ten pixels
    half = 20 * (one_hot(labels[:, 1], 1) - 0.5)
    half[..., 1, :] = -10  # five of them found
    logits = torch.cat([torch.zeros_like(half), half], dim=1)
    assert region_loss([logits], labels).item() == pytest.approx(1 - 6 / 11, abs=1e-3)


def test_the_door():
    check_model(STMModel(tiny(), "tiny"))


# -- what ships


def test_the_shipped_weights_load():
    model = load_model("stm-xs")
    assert model.spec.weights == sha256(shipped_weights("stm-xs"))
    assert model.spec.resolution.of(480, 854) == (240, 427)


@pytest.mark.realdata
def test_it_beats_optical_flow_on_a_held_out_sequence(realdata, tmp_path):
    """A training sequence that was kept out of training, all of it: over its first dozen frames flow is ahead."""
    (tmp_path / "names.txt").write_text("hike\n")
    images, masks = (str(realdata / "davis2016_train_256x448" / kind) for kind in ("JPEGImages", "Annotations"))
    names = str(tmp_path / "names.txt")
    folder = video_folder(Source(kind="videos", images=images, masks=masks, sequences=names, binary=True), tmp_path)
    found, flow = (holdout_j([load_model(name)], folder) for name in ("stm-xs", "optical-flow"))
    assert found > flow + 0.2
