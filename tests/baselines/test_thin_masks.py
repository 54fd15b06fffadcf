"""First masks from which a square of the network shows little or nothing: learning ends, and says what it did."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.learning.online import Schedule  # noqa: E402
from vosbench_baselines.masktrack_lite.door import MaskTrackLiteModel  # noqa: E402
from vosbench_baselines.masktrack_lite.network import MaskTrackLite  # noqa: E402
from vosbench_baselines.stm_xs.door import STMXSModel  # noqa: E402
from vosbench_baselines.stm_xs.network import STMXS  # noqa: E402

from vosbench.models.interface import SoftMasks, VideoInfo  # noqa: E402

SIZE = (240, 427)


def drawn(name):
    mask = np.zeros(SIZE, np.float32)
    if name == "a line":
        mask[120, 20:400] = 1
    elif name == "two specks":
        mask[10, 10] = mask[230, 410] = 1
    elif name == "dust":
        mask[np.random.default_rng(0).random(SIZE) < 0.001] = 1
    elif name == "a corner":
        mask[0, 0] = 1
    elif name == "a pixel":
        mask[120, 200] = 1
    return mask


@pytest.mark.parametrize("kind", [(MaskTrackLiteModel, MaskTrackLite), (STMXSModel, STMXS)], ids=["lite", "xs"])
@pytest.mark.parametrize("name", ["a line", "two specks", "dust", "a corner", "a pixel", "nothing"])
def test_learning_ends(name, kind, caplog):
    model, network = kind
    torch.manual_seed(0)
    session = model(network(), "tiny", schedule=Schedule(steps=1)).open(
        VideoInfo(name="bear", frames=2, height=SIZE[0], width=SIZE[1])
    )
    image = np.random.default_rng(1).integers(0, 256, (*SIZE, 3), np.uint8)
    soft = SoftMasks(ids=(3,), probabilities=drawn(name)[None])
    session.commit(0, image, soft, given={3})
    session.adapt(0, image, soft, given={3})
    assert session.predict(1, image).probabilities.shape == (1, *SIZE)
    if name in ("two specks", "dust", "nothing"):  # too little is left of them in a square of the network
        (said,) = caplog.messages
        assert said.startswith("bear, frame 0, object 3: not learnt online: ")


@pytest.mark.parametrize("kind", [(MaskTrackLiteModel, MaskTrackLite), (STMXSModel, STMXS)], ids=["lite", "xs"])
def test_attempts_are_bounded_where_dreams_never_show_the_object(kind, caplog, monkeypatch):
    from vosbench_baselines.squares import samples

    seen = []

    def out_of_sight(rng, parts):
        seen.append(1)
        pair = dream(rng, parts)
        return pair._replace(labels=0 * pair.labels)

    dream = samples.lucid_pair
    monkeypatch.setattr(samples, "lucid_pair", out_of_sight)
    monkeypatch.setattr(samples, "ATTEMPTS", 3)
    model, network = kind
    torch.manual_seed(0)
    session = model(network(), "tiny", schedule=Schedule(steps=5)).open(
        VideoInfo(name="bear", frames=2, height=64, width=64)
    )
    mask = np.zeros((64, 64), np.float32)
    mask[20:40, 20:40] = 1
    image = np.random.default_rng(1).integers(0, 256, (64, 64, 3), np.uint8)
    soft = SoftMasks(ids=(3,), probabilities=mask[None])
    session.commit(0, image, soft, given={3})
    session.adapt(0, image, soft, given={3})
    assert len(seen) == 3
    assert "out of sight in 3 pairs of dreamt frames" in caplog.text
