"""Weights that authors of the one-shot methods released: names and layouts, written out from the structure."""

import pytest

torch = pytest.importorskip("torch", reason="the baselines need torch")

from vosbench_baselines.oneshot import masktrack, onavos, osmn, osvos, segflow  # noqa: E402
from vosbench_baselines.oneshot.methods import method  # noqa: E402
from vosbench_baselines.oneshot.weights import load  # noqa: E402

from vosbench.errors import InputError  # noqa: E402


def randomised(shapes, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return {name: torch.rand(shape, generator=rng) for name, shape in shapes.items()}


def consumed(network, theirs, released):
    """Our state, filled from theirs; all of it."""
    ours = {n: t for n, t in network.state_dict().items() if not n.endswith("num_batches_tracked")}
    found = released(theirs)
    assert found.keys() == ours.keys()
    assert {n: t.shape for n, t in found.items()} == {n: t.shape for n, t in ours.items()}
    return found


def test_the_names_of_osvos_authors():
    w, shapes = 4, {}
    channels = [3, w, w, 2 * w, 2 * w, *[4 * w] * 3, *[8 * w] * 6]
    places = ["0.0", "0.2", "1.1", "1.3", "2.1", "2.3", "2.5", "3.1", "3.3", "3.5", "4.1", "4.3", "4.5"]
    for place, a, b in zip(places, channels[:-1], channels[1:], strict=True):
        shapes |= {f"stages.{place}.weight": (b, a, 3, 3), f"stages.{place}.bias": (b,)}
    for i, c in enumerate((2 * w, 4 * w, 8 * w, 8 * w)):
        shapes |= {f"side_prep.{i}.weight": (16, c, 3, 3), f"side_prep.{i}.bias": (16,)}
        shapes |= {f"score_dsn.{i}.weight": (1, 16, 1, 1), f"score_dsn.{i}.bias": (1,)}
        k = 2 ** (i + 2)
        shapes |= {f"upscale.{i}.weight": (16, 16, k, k), f"upscale_.{i}.weight": (1, 1, k, k)}
    shapes |= {"fuse.weight": (1, 64, 1, 1), "fuse.bias": (1,)}
    assert len(shapes) == 52
    theirs = randomised(shapes)
    found = consumed(osvos.OSVOS(osvos.Architecture(width=w)), theirs, osvos.released)
    assert found["trunk.features.10.weight"] is theirs["stages.2.1.weight"]
    assert found["trunk.features.28.bias"] is theirs["stages.4.5.bias"]


def test_the_names_of_omkar13s_masktrack():
    network = masktrack.MaskTrack(masktrack.Architecture(trunk="resnet101", width=2, norm=True))
    norm = ("weight", "bias", "running_mean", "running_var")
    names = ["conv1.weight", *(f"bn1.{n}" for n in norm)]
    for layer, depth in ((1, 3), (2, 4), (3, 23), (4, 3)):
        for i in range(depth):
            for k in (1, 2, 3):
                names += [f"layer{layer}.{i}.conv{k}.weight", *(f"layer{layer}.{i}.bn{k}.{n}" for n in norm)]
        names += [f"layer{layer}.0.downsample.0.weight", *(f"layer{layer}.0.downsample.1.{n}" for n in norm)]
    names += [f"layer5.conv2d_list.{i}.{x}" for i in range(4) for x in ("weight", "bias")]
    ours = network.state_dict()
    shapes = {}
    for name in names:
        place = name.replace("layer5.conv2d_list", "aspp.branches")
        shapes[f"Scale.{name}"] = ours[place if place != name else f"trunk.{name}"].shape
    theirs = randomised(shapes)
    found = consumed(network, theirs, masktrack.released)
    assert found["aspp.branches.3.bias"] is theirs["Scale.layer5.conv2d_list.3.bias"]


def test_the_variables_of_osmns_authors():
    w, h, shapes = 4, 8, {}
    network = osmn.OSMN(osmn.Architecture(width=w, guide=64, hidden=h))
    rows = ((w, 2), (2 * w, 2), (4 * w, 3), (8 * w, 3), (8 * w, 3))
    for scope in ("modulator", "seg"):
        before = 3
        for stage, (out, depth) in enumerate(rows, start=1):
            for i in range(1, depth + 1):
                layer = f"osmn/{scope}/conv{stage}/conv{stage}_{i}"
                shapes |= {f"{layer}/weights": (3, 3, before, out), f"{layer}/biases": (out,)}
                before = out
    for layer, k, a, b in (("fc6", 2, 8 * w, h), ("fc7", 1, h, h), ("fc8", 1, h, 60 * w)):
        shapes |= {f"osmn/modulator/{layer}/weights": (k, k, a, b), f"osmn/modulator/{layer}/biases": (b,)}
    for stage, c in ((3, 12 * w), (4, 24 * w), (5, 24 * w)):
        layer = f"osmn/modulator_sp/conv{stage}"
        shapes |= {f"{layer}/weights": (1, 1, 1, c)}
        shapes |= {f"{layer}/BatchNorm/{n}": (c,) for n in ("gamma", "beta", "moving_mean", "moving_variance")}
    for name, c in (("conv2_2_16", 2 * w), ("conv3_3_16", 4 * w), ("conv4_3_16", 8 * w), ("conv5_3_16", 8 * w)):
        shapes |= {f"osmn/seg/{name}/weights": (3, 3, c, 16), f"osmn/seg/{name}/biases": (16,)}
    shapes |= {"osmn/seg/upscore-fuse/weights": (1, 1, 64, 1), "osmn/seg/upscore-fuse/biases": (1,)}
    shapes |= {f"osmn/seg/score-multi{s}-up/weights": (2**s, 2**s, 16, 16) for s in (2, 3, 4, 5)}
    theirs = randomised(shapes)
    found = osmn.released(theirs)
    assert torch.equal(found["trunk.features.5.weight"][1, 2], theirs["osmn/seg/conv2/conv2_1/weights"][:, :, 2, 1])
    assert torch.equal(found["modulator.fc6.weight"][1, 2], theirs["osmn/modulator/fc6/weights"][:, :, 2, 1])
    upscale = {n: t for n, t in network.state_dict().items() if n.startswith("upscale")}
    consumed(network, theirs, lambda variables: osmn.released(variables) | upscale)


def test_the_variables_of_onavos_authors():
    network = onavos.OnAVOS(onavos.Architecture(width=2))
    norms = ("gamma", "beta", "mean_ema", "var_ema")
    shapes = {"conv0/W": (3, 3, 3, 2), "conv1/W": (3, 3, 128, 16), "conv1/b": (16,), "output/W": (3, 3, 16, 2)}
    shapes |= {"output/b": (2,)} | {f"conv1/bn/{n}": (128,) for n in norms}
    units = [(4, 4)] * 3 + [(8, 8)] * 3 + [(16, 16)] * 6 + [(16, 32)] * 3 + [(16, 32, 64), (32, 64, 128)]
    before = 2
    for i, widths in enumerate(units):
        if widths[-1] != before:
            shapes[f"res{i}/W0"] = (1, 1, before, widths[-1])
        for j, width in enumerate(widths, start=1):
            k = 3 if len(widths) == 2 or j == 2 else 1
            shapes[f"res{i}/W{j}"] = (k, k, before, width)
            shapes |= {f"res{i}/bn{j if j > 1 else 0}/{n}": (before,) for n in norms}
            before = width
    theirs = randomised(shapes)
    found = consumed(network, theirs, onavos.released)
    assert torch.equal(found["units.15.W2.weight"][3, 1], theirs["res15/W2"][:, :, 1, 3])
    assert found["units.4.bn2.running_var"] is theirs["res4/bn2/var_ema"]


def test_the_blobs_of_segflows_authors():
    network = segflow.SegFlow(segflow.Architecture(width=2, flow=2))
    ours = network.state_dict()
    blobs, count = {}, torch.tensor([4.0])

    def layer(theirs, place, kinds=("weight", "bias")):
        for i, kind in enumerate(kinds):
            blobs[f"{theirs}.{i}"] = torch.rand(ours[f"{place}.{kind}"].shape)

    def normalised_convolution(suffix, conv, norm, name="res"):
        layer(name + suffix, conv, ("weight",))
        layer("bn" + suffix, norm, ("running_mean", "running_var"))
        blobs[f"bn{suffix}.2"] = count
        layer("scale" + suffix, norm)

    layer("conv1", "trunk.conv1", ("weight",))
    layer("bn_conv1", "trunk.bn1", ("running_mean", "running_var"))
    blobs["bn_conv1.2"] = count
    layer("scale_conv1", "trunk.bn1")
    for stage, depth in ((2, 3), (3, 4), (4, 23), (5, 3)):
        for i in range(depth):
            block = "abc"[i] if depth == 3 else ("a" if i == 0 else f"b{i}")
            place = f"trunk.layer{stage - 1}.{i}"
            for k, letter in enumerate("abc", start=1):
                normalised_convolution(f"{stage}{block}_branch2{letter}", f"{place}.conv{k}", f"{place}.bn{k}")
            if i == 0:
                down = f"{place}.downsample"
                normalised_convolution(f"{stage}{block}_branch1", f"{down}.0", f"{down}.1")
    for name in ("conv2", "conv3", "conv3_1", "conv4", "conv4_1", "conv5", "conv5_1", "conv6", "conv6_1"):
        layer(name, f"flownet.{name}")
    layer("conv1_flowS", "flownet.conv1")
    for i, (a, b) in enumerate(((6, 5), (5, 4), (4, 3), (3, 2))):
        layer(f"deconv{b}", f"flownet.deconv.{i}")
        layer(f"upsample_flow{a}to{b}", f"flownet.upsample_flow.{i}")
    for i in range(5):
        layer(f"Convolution{i + 1}", f"flownet.predict_flow.{i}")
    for i, stage in enumerate((5, 4, 3)):
        layer(f"score_res{stage}_con", f"segmentation.score.{i}")
        layer(f"score_res{stage}_con_flow", f"flow.score.{i}")
    fixed = ("scale_res4", "scale_res3", "upscore2", "upscore_res4", "upscore8", "upscore8_flow", "Convolution6")
    blobs |= {f"{name}.0": torch.ones(1) for name in fixed}
    up = {n: t for n, t in ours.items() if ".up." in n}
    found = consumed(network, blobs, lambda b: segflow.released(b) | up)
    torch.testing.assert_close(found["trunk.layer3.7.bn2.running_var"], blobs["bn4b7_branch2b.1"] / 4)


def test_released_weights_load_under_the_methods_name(tmp_path):
    """The full network of OSVOS, written as its authors wrote it."""
    with torch.device("meta"):
        network = method("osvos").build()
    ours = {n: torch.full(t.shape, 0.5) for n, t in network.state_dict().items()}
    back = {f"trunk.features.{i}": place for place, i in osvos._STAGES.items()}
    theirs = {}
    for name, tensor in ours.items():
        place, _, kind = name.rpartition(".")
        theirs[f"module.{back.get(place, place)}.{kind}"] = tensor
    torch.save(theirs, tmp_path / "parent_epoch-239.pth")
    found, name, _ = load(tmp_path / "parent_epoch-239.pth", "osvos")
    assert name == "osvos"
    assert all((t == 0.5).all() for t in found.state_dict().values())
    with pytest.raises(InputError, match="does not say whose weights"):
        load(tmp_path / "parent_epoch-239.pth")
    with pytest.raises(InputError, match="is missing"):
        load(tmp_path / "parent_epoch-239.pth", "onavos-tiny")
