"""The script that times the models starts, and counts what the cost tables count."""

import importlib.util
from contextlib import nullcontext
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.stm import cost  # noqa: E402
from vosbench_baselines.training.families import family  # noqa: E402


@pytest.fixture(scope="module")
def script():
    path = Path(__file__).parents[2] / "benchmarks/models.py"
    spec = importlib.util.spec_from_file_location("models", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_family_runs_in_every_mode(script, capsys, monkeypatch):
    """Compiling takes a minute; what is tested is that each part of the network that a door calls goes through it."""
    compiled = []
    monkeypatch.setattr(torch, "compile", lambda call, mode: (compiled.append(call), call)[1])
    names = ("stm-nano", "s2s-nano", "rvos-nano-mask-st", "stcnn-tiny", "osvos-tiny", "masktrack-lite")
    script.main([*names, "--video", "64x96", "--frames", "1"])
    lines = [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()[2:]]
    assert {(line[0], line[3]) for line in lines} == {(name, mode) for name in names for mode in script.MODES}
    assert {line[2] for line in lines if line[0] == "stm-nano"} == {"1", "3", "5"}
    assert all(float(line[4]) > 0 and float(line[6]) > 0 for line in lines)
    assert len(compiled) == 2 + 2 + 2 + 2 + 1 + 1


def test_papers_models_have_parts_to_compile(script):
    for name in script.NAMES:
        kind = family(name)
        with torch.device("meta"):
            network = kind.network(name)
        assert all(hasattr(network, part) for part in script.PARTS[kind.name])


def test_the_floor_is_counted_arithmetic_or_traffic(script):
    kind = family("stm-nano")
    model = kind.door(kind.network("stm-nano"), "stm-nano", device="cpu")
    with torch.device("meta"):
        gflop = sum(cost.gflop(kind.network("stm-nano"), 1, 1))
    with script.precision("cpu", half=False):
        by_flop = script.floor_ms(model, (480, 864), 1, 1, tflops=0.5, bandwidth=1e6)
        assert by_flop == pytest.approx(gflop / 0.5, rel=1e-6)
        assert script.floor_ms(model, (480, 864), 1, 1, tflops=1e6, bandwidth=1e-3) > by_flop


def test_traffic_is_inputs_weights_and_outputs(script):
    traffic = script.Traffic()
    with traffic:
        torch.relu(torch.nn.functional.conv2d(torch.zeros(1, 2, 5, 5), torch.zeros(3, 2, 3, 3)))
    assert traffic.numbers == 2 * 25 + 3 * 2 * 9 + 3 * 9


def test_precision_is_the_scripts_not_the_doors(script):
    a = torch.ones(2, 2)
    for half, dtype in ((False, torch.float32), (True, torch.bfloat16)):
        with script.precision("cpu", half=half), torch.autocast("cpu", torch.bfloat16, enabled=not half):
            assert (a @ a).dtype == dtype
    assert torch.autocast is not nullcontext
