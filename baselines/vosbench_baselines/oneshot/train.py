"""The losses that train the one-shot methods before any video is seen: their parents, modulators and branches.

Frame t of a clip is segmented with the true mask of frame t - 1, deformed, as the mask before it, and with frame 0 as
the frame the object was given on. A method takes of these what it takes in testing.
"""

import numpy as np
import torch
from torch import Tensor, nn

from vosbench_baselines.data.clips import UNLABELLED
from vosbench_baselines.data.config import Training
from vosbench_baselines.layers.vgg import VGG16, load_vgg16
from vosbench_baselines.learning import ranks
from vosbench_baselines.learning.family import Family
from vosbench_baselines.oneshot.door import OneShotModel
from vosbench_baselines.oneshot.masktrack import DilatedResNet
from vosbench_baselines.oneshot.methods import method
from vosbench_baselines.oneshot.network import Frame, OneShotNetwork, see_caffe_pixels
from vosbench_baselines.oneshot.online import deformed
from vosbench_baselines.oneshot.segflow import SegmentationTrunk
from vosbench_baselines.oneshot.weights import load


def clip_loss(network: OneShotNetwork, images: Tensor, labels: Tensor, config: Training, step: int) -> Tensor:
    """The mean over frames 1 to T - 1.

    Args:
        images: (B, T, 3, H, W) in [0, 1].
        labels: (B, T, H, W); object 1 is the one to segment, all else is background, 255 does not count.
    """
    torch.manual_seed(ranks.own_seed(config.seed * 1_000_003 + step))  # dropout and jitter, the same in a resumed run
    rng = np.random.default_rng([config.seed, step, 0, ranks.rank()])  # zeros at the end of a seed change nothing
    masks = (labels == 1).float()[:, :, None]
    known = (labels != UNLABELLED).float()[:, :, None]
    images = images.contiguous()  # channels first: PyTorch's dilated convolutions crash on the CPU where they are last
    guide = network.guide(Frame(images[:, 0], masks[:, 0]))
    losses = []
    for t in range(1, images.shape[1]):
        before = [deformed(rng, mask.cpu().numpy().astype(np.uint8)) for mask in masks[:, t - 1, 0]]
        earlier = torch.from_numpy(np.stack(before)).to(masks)[:, None]
        outputs = network.outputs(images[:, t], Frame(images[:, t - 1], earlier), guide)
        outputs = [o.float() for o in outputs]
        losses.append(network.loss(outputs, masks[:, t], known[:, t], progress=min(1.0, step / config.steps)))
    return torch.stack(losses).mean()


def start(network: nn.Module, state: dict[str, Tensor]) -> None:
    """Initialise every trunk that a state dict in torchvision's names fits, for the pixels the network sees."""
    caffe = getattr(getattr(network, "size", None), "pixels", "imagenet") == "caffe"
    for module in network.modules():
        if isinstance(module, VGG16) and "features.0.weight" in state:
            load_vgg16(module, state)
            first: nn.Module = module.features[0]
        elif isinstance(module, DilatedResNet | SegmentationTrunk) and "layer4.0.conv1.weight" in state:
            _load_resnet(module, state)
            first = module.conv1
        else:
            continue
        if caffe:
            assert isinstance(first, nn.Conv2d)
            see_caffe_pixels(first)


@torch.no_grad()
def _load_resnet(trunk: nn.Module, state: dict[str, Tensor]) -> None:
    """torchvision's names are the trunk's; input channels beyond RGB keep what they have."""
    ours = trunk.state_dict()
    for name, tensor in state.items():
        if name in ours:
            place = ours[name][:, :3] if name == "conv1.weight" else ours[name]
            place.copy_(tensor)


#: Trunks by torchvision's names. OnAVOS' ResNet-38 is not among them.
IMAGENET = {
    "masktrack": "vgg16",
    "masktrack-resnet101": "resnet101",
    "osmn": "vgg16",
    "osvos": "vgg16",
    "segflow": "resnet101",
}

FAMILY = Family(
    name="oneshot",
    network=lambda name: method(name).build(),
    load=load,
    door=OneShotModel,
    start=start,
    imagenet=IMAGENET.get,
    loss=clip_loss,
    groups=lambda network: [{**group, "share": group["lr"]} for group in network.groups(1.0, online=False)],
    trunk=lambda network: list(network.trunk.parameters()) if hasattr(network, "trunk") else [],
)
