"""Training on several processes: two of them on the CPU, against one process with the whole batch."""

import csv
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.learning import ranks  # noqa: E402
from vosbench_baselines.training.loop import _begin, train  # noqa: E402

from tests.baselines.train_together import LITE, STCNN, STM  # noqa: E402

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not torch.distributed.is_available(), reason="torch without torch.distributed")


def started(*command, **environment):
    """A process that imports what this one does."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "baselines")])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **environment}
    return subprocess.Popen(
        [sys.executable, *command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """The folder in which two ranks have trained everything."""
    out = tmp_path_factory.mktemp("together")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    script = str(ROOT / "tests/baselines/train_together.py")
    both = [started(script, str(out), str(out), RANK=str(r), LOCAL_RANK=str(r), **where) for r in range(2)]
    try:
        errors = [process.communicate(timeout=240)[1] for process in both]
    finally:
        for process in both:
            process.kill()
    assert [process.returncode for process in both] == [0, 0], "\n".join(errors)
    return out


def state(folder):
    return torch.load(folder / "last.pt", weights_only=True)["model"]


def strayed(found, expected, begun):
    """How far parameters ended from where they should, in lengths of the way they had to go."""
    names = [name for name, tensor in begun.items() if tensor.is_floating_point()]
    apart, way = (
        torch.cat([(state[name] - other[name]).double().ravel() for name in names]).norm()
        for state, other in ((found, expected), (expected, begun))
    )
    assert way > 0
    return float(apart / way)


def log(folder):
    return list(csv.DictReader((folder / "log.csv").read_text().splitlines()))


def told(folder):
    return [json.loads((folder / f"told-{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.parametrize(("name", "config", "tolerance"), [("stm", STM, 1e-5), ("stcnn", STCNN, 1e-3)])
def test_two_ranks_take_the_steps_of_one(together, tmp_path, name, config, tolerance):
    """But for the order in which gradients are added: 6e-8 of each, found 2e-7 of the way by SGD after four steps.

    Adam, which STCNN's rivals have, divides by the gradient's size and makes more of rounding where that is small.
    """
    train(config, tmp_path, tmp_path)
    begun = _begin(config, tmp_path, "cpu").model.state_dict()
    assert strayed(state(together / name), state(tmp_path), begun) < tolerance
    one, two = log(tmp_path), log(together / name)
    assert [row["step"] for row in one] == [row["step"] for row in two]
    if name == "stm":  # the loss that STCNN reports is one of several
        assert [float(row["loss"]) for row in two] == pytest.approx([float(row["loss"]) for row in one], abs=1e-4)


def test_ranks_resume_to_the_same_weights(together):
    whole, parts = state(together / "stm"), state(together / "parts")
    assert all(torch.equal(whole[name], parts[name]) for name in whole)


def test_ranks_draw_different_places_and_samples(together, tmp_path):
    assert [rank["share"] for rank in told(together)] == [[0, 1], [2, 3]]
    train(LITE, tmp_path, tmp_path)  # other samples of the same clips: another step, not another run
    assert not torch.equal(state(tmp_path)["head.weight"], state(together / "lite")["head.weight"])


def test_gradients_that_some_ranks_lack_are_zero_there(together):
    assert [rank["gradients"] for rank in told(together)] == [[[1.5, 3.0], [2.0, 0.0], None]] * 2


def test_a_batch_that_cannot_be_shared_is_refused(together):
    assert [rank["uneven"] for rank in told(together)] == ["a batch of 3 clips cannot be shared among 2 processes"] * 2


def test_ranks_that_find_other_checkpoints_all_say_so(together):
    assert all("not every process finds the same" in rank["strayed"] for rank in told(together))


def test_all_ranks_stop_when_the_first_ones_budget_is_spent(together):
    steps = [row["step"] for row in log(together / "budget")]
    assert steps
    assert 0 < int(steps[-1]) < 10
    assert all("budget/weights.safetensors" in rank["files"] for rank in told(together))


def test_a_process_alone_is_rank_zero_and_seeds_as_ever(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with ranks.joined("cuda:3") as device:
        assert (device, ranks.rank(), ranks.size(), list(ranks.share(3))) == ("cuda:3", 0, 1, [0, 1, 2])
    import numpy as np

    for seed in ([7, 123_456, 1], [7, 123_456]):
        alone = np.random.default_rng(seed).random(4)
        padded = np.random.default_rng([*seed, *[0] * (3 - len(seed)), ranks.rank()]).random(4)
        assert alone.tolist() == padded.tolist()
    assert ranks.own_seed(42) == 42


def test_torchrun_trains(tmp_path):
    config = tmp_path / "toy.toml"
    keys = 'architecture = "stm-nano"\nsteps = 1\nbatch = 2\nsize = [32, 32]\n'
    config.write_text(keys + '[[sources]]\nkind = "procedural"\n')
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    process = started(*launch, "-m", "vosbench_baselines.training.cli", str(config), "--out", str(tmp_path / "run"))
    output, errors = process.communicate(timeout=240)
    assert process.returncode == 0, errors
    assert output.split() == [str(tmp_path / "run/weights.safetensors")]
