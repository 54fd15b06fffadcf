"""The door of the models, and how they register."""

import sys
import textwrap
from itertools import product

import numpy as np
import pytest

from tests.unit.fake_videos import Brightness
from vosbench import plugins
from vosbench.errors import UsageError
from vosbench.models.canvas import canvas
from vosbench.models.interface import (
    ModelSpec,
    Normalisation,
    Padding,
    Resolution,
    Session,
    SoftMasks,
    StepSession,
    VideoInfo,
    available_models,
    load_model,
)
from vosbench.models.propagators import optical_flow


def test_resolution_rules():
    assert Resolution().of(480, 854) == (480, 854)
    assert Resolution(fixed=(256, 448)).of(480, 854) == (256, 448)
    assert Resolution(short_side=240).of(480, 854) == (240, 427)
    assert Resolution(short_side=240).of(854, 480) == (427, 240)


@pytest.mark.parametrize("multiple", [16, 32])
def test_padding_of_every_residue_is_undone_exactly(multiple):
    spec = ModelSpec(name="m", padding=Padding(multiple=multiple))
    maps = np.random.default_rng(0).random((2, 32 + multiple, 64 + multiple), np.float32)
    for rest, other, flip in product(range(multiple), range(multiple), (False, True)):
        height, width = 32 + rest, 64 + other
        surface = canvas(spec, height, width, flip=flip)
        assert surface.padded[0] % multiple == surface.padded[1] % multiple == 0
        spare = surface.padded[0] - height, surface.padded[1] - width
        assert max(spare) < multiple
        assert surface.offset == (spare[0] // 2, spare[1] // 2)
        placed = surface.place(maps[:, :height, :width])
        assert placed.shape == (2, *surface.padded)
        np.testing.assert_array_equal(surface.take(placed), maps[:, :height, :width])
        assert np.count_nonzero(placed) == np.count_nonzero(maps[:, :height, :width])


def test_padding_says_when_it_happens_by_its_colour():
    image = np.full((10, 10, 3), 200, np.uint8)
    black = canvas(ModelSpec(name="m", padding=Padding(multiple=16)), 10, 10).image(image)
    mean = canvas(
        ModelSpec(name="m", padding=Padding(multiple=16, fill="mean", centred=False), normalisation=Normalisation()),
        10,
        10,
    ).image(image)
    assert black[0, 0].tolist() == [0, 0, 0]
    assert black[3, 3].tolist() == [200, 200, 200]
    assert mean[15, 15].tolist() == [124, 116, 104]
    assert mean[0, 0].tolist() == [200, 200, 200]


def test_flip_of_flip_is_the_picture():
    image = np.random.default_rng(1).integers(0, 256, (9, 13, 3), np.uint8)
    mirrored = canvas(ModelSpec(name="m"), 9, 13, flip=True)
    np.testing.assert_array_equal(mirrored.image(mirrored.image(image)), image)
    np.testing.assert_array_equal(mirrored.image(image), image[:, ::-1])


def test_scale_acts_on_the_models_own_resolution():
    surface = canvas(ModelSpec(name="m", resolution=Resolution(fixed=(100, 200))), 480, 854, scale=0.75)
    assert surface.scaled == (75, 150)
    maps = np.ones((1, 75, 150), np.float32)
    assert surface.to_native(maps).shape == (1, 480, 854)
    assert surface.given(np.ones((480, 854), bool)).shape == (75, 150)


def test_given_masks_stay_hard_when_scaled():
    mask = np.zeros((40, 60), bool)
    mask[7:21, 11:40] = True
    scaled = canvas(ModelSpec(name="m"), 40, 60, scale=0.6).given(mask)
    assert set(np.unique(scaled).tolist()) == {0.0, 1.0}


def test_sessions_are_told_apart_by_their_calls():
    video = VideoInfo(name="v", frames=1, height=4, width=4)
    assert isinstance(Brightness().open(video), Session)
    assert isinstance(optical_flow(weights=None, device="cpu").open(video), StepSession)
    assert not isinstance(Brightness().open(video), StepSession)


def test_a_propagation_model_answers_for_every_object_it_was_given():
    session = optical_flow(weights=None, device="cpu").open(VideoInfo(name="v", frames=2, height=32, width=32))
    image = np.random.default_rng(0).integers(0, 255, (32, 32, 3), np.uint8)
    mask = np.zeros((1, 32, 32), np.float32)
    mask[0, 5:15, 5:15] = 1
    first = session.step(0, image, SoftMasks(ids=(7,), probabilities=mask))
    second = session.step(1, image, None)
    np.testing.assert_array_equal(first.probabilities, mask)
    assert second.ids == (7,)
    np.testing.assert_array_equal(second.probabilities, mask)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a distribution with the given entry points, or several."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, points, code=""):
        info = tmp_path / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        lines = "\n".join(f"{key} = {value}" for key, value in points.items())
        (info / "entry_points.txt").write_text(f"[vosbench.models]\n{lines}\n")
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(code))

    yield install
    for module in [m for m in sys.modules if m.startswith("vbtest_")]:
        del sys.modules[module]


def test_models_are_listed_without_importing_them(package):
    package("vbtest_a", {"zebra": "vbtest_a:model", "yak": "vbtest_a:model"}, code="raise SystemExit('imported')")
    found = {plugin.name: plugin for plugin in available_models()}
    assert {"zebra", "yak"} <= set(found)
    assert (found["zebra"].package, found["zebra"].version) == ("vbtest_a", "1.0")


def test_a_model_is_loaded_with_its_weights_and_device(package, tmp_path):
    package("vbtest_b", {"pair": "vbtest_b:pair"}, code="def pair(*, weights, device):\n    return weights, device")
    weights = tmp_path / "w.safetensors"
    weights.touch()
    assert load_model("pair", weights=weights, device="cuda:1") == (weights, "cuda:1")
    with pytest.raises(UsageError, match="no weights file"):
        load_model("pair", weights=tmp_path / "absent")


def test_two_packages_may_not_claim_one_name(package):
    package("vbtest_c", {"clash": "vbtest_c:one"})
    package("vbtest_d", {"clash": "vbtest_d:two"})
    with pytest.raises(UsageError, match=r"both vbtest_c .* and vbtest_d .* register 'clash'"):
        available_models()


def test_unknown_and_broken_models_say_what_to_do(package):
    package("vbtest_e", {"space-time": "vbtest_e:model", "broken": "vbtest_absent:model"})
    with pytest.raises(UsageError, match="did you mean 'space-time'"):
        load_model("spacetime")
    with pytest.raises(UsageError, match=r"of vbtest_e 1\.0 does not load"):
        load_model("broken")
    with pytest.raises(UsageError, match="there are:"):
        plugins.load("vosbench.models", "qqq")
