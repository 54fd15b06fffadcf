"""One network of each family on a GPU: the CPU's answers in full precision, near them in half; and a few steps."""

from contextlib import nullcontext

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.data.config import Source, Training  # noqa: E402
from vosbench_baselines.training.families import family  # noqa: E402
from vosbench_baselines.training.loop import train  # noqa: E402

from vosbench.models.interface import SoftMasks, VideoInfo  # noqa: E402

pytestmark = [
    pytest.mark.cuda,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
]
#: A small member of every family, and what its training takes beyond a size.
NETWORKS = {
    "masktrack-lite": {},
    "masktrack-tiny": {},
    "onavos-tiny": {},
    "osmn-tiny": {},
    "osvos-tiny": {},
    "rvos-nano-mask-st": {"frames": 3},
    "s2s-nano": {"frames": 3},
    "segflow-tiny": {},
    "stcnn-tiny": {"frames": 5, "phase": "joint", "settings": {"discriminator": "small"}},
    "stm-nano": {"frames": 3},
    "stm-xs": {"frames": 3},
}
SIZE, FRAMES = (64, 96), 4


def answers(name, device, finals=None):
    """Probabilities on each frame after the first; ``finals`` are what is committed, else the answers themselves."""
    torch.manual_seed(0)
    kind = family(name)
    network = kind.network(name)
    with torch.no_grad():  # heads that begin at zero would hide everything before them
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(std=0.02)
    session = kind.door(network, name, device=device).open(VideoInfo(name="v", frames=FRAMES, height=64, width=96))
    images = np.random.default_rng(0).integers(0, 256, (FRAMES, *SIZE, 3), np.uint8)
    given = np.zeros((2, *SIZE), np.float32)
    given[0, 8:40, 8:40], given[1, 20:60, 50:90] = 1, 1
    session.commit(0, images[0], SoftMasks(ids=(1, 2), probabilities=given), given={1, 2})
    found = []
    for t in range(1, FRAMES):
        found.append(session.predict(t, images[t]).probabilities)
        final = found[-1] if finals is None else finals[t - 1]
        session.commit(t, images[t], SoftMasks(ids=(1, 2), probabilities=final), given=set())
    return np.stack(found)


def apart(found, expected):
    """How far log odds are from where they should be, in lengths of those: untrained answers differ little from 1/2."""
    a, b = (np.log(p / (1 - p)) for p in (np.clip(p.astype(np.float64), 1e-6, 1 - 1e-6) for p in (found, expected)))
    return np.linalg.norm(a - b) / np.linalg.norm(b)


@pytest.fixture
def full_precision(monkeypatch):
    """Neither bfloat16 nor TF32, which convolutions otherwise use."""
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: nullcontext())
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.mark.parametrize("name", NETWORKS)
def test_full_precision_gives_the_cpus_answers(name, full_precision):
    """Kernels add up in other orders: on the CPU, those of oneDNN and PyTorch's own are up to 2e-6 apart."""
    expected = answers(name, "cpu")
    assert apart(answers(name, "cuda", expected), expected) < 1e-4


@pytest.mark.parametrize("name", NETWORKS)
def test_half_precision_is_near(name):
    """bfloat16 has 8 bits, 0.4 % in every layer: on the CPU its answers are up to 2.3 % away."""
    expected = answers(name, "cpu")
    assert apart(answers(name, "cuda", expected), expected) < 0.05


@pytest.mark.parametrize("name", NETWORKS)
def test_training_moves_finite_weights(name, tmp_path):
    config = Training(
        sources=[Source(kind="procedural")],
        architecture=name,
        size=SIZE,
        batch=2,
        objects=1,
        steps=2,
        max_gap=1,
        learning_rate=1e-3,
        **{"frames": 2} | NETWORKS[name],
    )
    train(config, tmp_path, tmp_path, device="cuda")
    state = torch.load(tmp_path / "last.pt", weights_only=True)["model"]
    assert all(torch.isfinite(tensor).all() for tensor in state.values())
    torch.manual_seed(config.seed)
    begun = family(name).network(name).state_dict()
    assert any(not torch.equal(state[key].cpu(), begun[key]) for key in begun)
