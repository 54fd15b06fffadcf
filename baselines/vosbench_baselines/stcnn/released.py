"""What the STCNN authors' code builds and names differently from their paper.

- The temporal decoder: 1×1 convolutions without normalisation, two skip connections, and steps of a 3×3 convolution,
  batch normalisation and a 4×4 deconvolution, without ReLU.
- From coarse to fine a deconvolution doubles every map and crops its centre, also between maps of equal size: twice the
  map is zoomed by two, away from what it is added to.
- Maps of slightly different size are aligned by cropping or padding, not by resampling.

The checkpoint named in that code, and those of its two pre-training scripts, are read by name. The generator's differs
from the network it was to initialise: ReLUs that the joint script comments out shift the indices of its layers, so that
loading it there fails.
"""

import re

import torch
import torch.nn.functional as F
from torch import nn

#: Names in the authors' joint checkpoint, and ours: they number scales from fine to coarse, we from coarse to fine.
JOINT = (
    (r"pred_encoder\.(.*)", r"temporal.encoder.\1"),
    (r"pred_decoder\.convC_1\.(.*)", r"temporal.decoder.compact.0.\1"),
    (r"pred_decoder\.convC_2\.(.*)", r"temporal.decoder.compact.1.\1"),
    (r"pred_decoder\.convC_3\.(.*)", r"temporal.decoder.compact.2.\1"),
    (r"pred_decoder\.de_layer3\.3\.(.*)", r"temporal.decoder.rgb.\1"),
    (r"pred_decoder\.de_layer1\.(.*)", r"temporal.decoder.expand.0.\1"),
    (r"pred_decoder\.de_layer2\.(.*)", r"temporal.decoder.expand.1.\1"),
    (r"pred_decoder\.de_layer3\.(.*)", r"temporal.decoder.expand.2.\1"),
    (r"seg_encoder\.(.*)", r"spatial.encoder.\1"),
    (r"seg_decoder\.ppm_conv\.(.*)", r"spatial.context.pooled.\1"),
    (r"seg_decoder\.ppm_last_conv\.(.*)", r"spatial.context.join.\1"),
    (r"seg_decoder\.fpn_in\.(\d)\.(.*)", r"spatial.lateral.<2-\1>.\2"),
    (r"seg_decoder\.joint_fpn_out\.(\d)\.0\.(.*)", r"spatial.attention.<2-\1>.join.\2"),
    (r"seg_decoder\.att_out\.(\d)\.rgConv_list\.0\.bn1\.(.*)", r"spatial.attention.<2-\1>.residual.0.\2"),
    (r"seg_decoder\.att_out\.(\d)\.rgConv_list\.0\.conv1\.(.*)", r"spatial.attention.<2-\1>.residual.2.\2"),
    (r"seg_decoder\.att_out\.(\d)\.rgConv_list\.0\.bn2\.(.*)", r"spatial.attention.<2-\1>.residual.3.\2"),
    (r"seg_decoder\.att_out\.(\d)\.rgConv_list\.0\.conv2\.(.*)", r"spatial.attention.<2-\1>.residual.5.\2"),
    (r"seg_decoder\.score_out\.(\d)\.(.*)", r"spatial.score.<3-\1>.\2"),
    (r"seg_decoder\.upscale\.(\d)\.(.*)", r"spatial.zoom.<2-\1>.conv.\2"),
    (r"seg_decoder\.conv_last\.(.*)", r"spatial.fuse.\1"),
)


def our_name(theirs: str) -> str:
    """The name here of a parameter in the joint checkpoint; a name that is not in it stays as it is.

    >>> our_name("seg_decoder.joint_fpn_out.0.0.1.weight")
    'spatial.attention.2.join.1.weight'
    """
    for pattern, replacement in JOINT:
        found = re.fullmatch(pattern, theirs)
        if found:
            return re.sub(r"<(\d)-(\d)>", lambda m: str(int(m[1]) - int(m[2])), found.expand(replacement))
    return theirs


def pretrained_name(theirs: str) -> str:
    """The name in the joint checkpoint of a parameter of a pre-training file; one without a place stays as it is.

    ``NetG_epoch-*.pth`` has no prefix, and ReLUs among the decoder's layers; ``1Seg_Branch_epoch-*.pth`` has prefixes.

    >>> pretrained_name("de_layer1.3.weight"), pretrained_name("decoder.conv_last.1.bias")
    ('pred_decoder.de_layer1.2.weight', 'seg_decoder.conv_last.1.bias')
    """
    if theirs.startswith(("encoder.", "decoder.")):
        return f"seg_{theirs}"
    if theirs.startswith("de_layer"):
        layer, index, rest = theirs.split(".", 2)
        return f"pred_decoder.{layer}.{int(index) - (int(index) > 1)}.{rest}"
    if theirs.startswith("convC_"):
        return f"pred_decoder.{theirs}"
    return f"pred_encoder.{theirs}" if theirs.startswith(("conv1.", "bn1.", "layer")) else theirs


def centred(x: torch.Tensor, size: torch.Size) -> torch.Tensor:
    """Crop or zero-pad the sides of a map to (h, w); an odd pixel is cropped below and right, padded above and left."""
    spare_h, spare_w = size[0] - x.shape[-2], size[1] - x.shape[-1]
    return F.pad(x, (-(-spare_w // 2), spare_w // 2, -(-spare_h // 2), spare_h // 2))


class DoublingDeconvolution(nn.Module):
    """4×4 with stride 2, then the centre: between maps of one size a zoom by two."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(channels, channels, 4, 2, bias=False)

    def forward(self, x: torch.Tensor, size: torch.Size) -> torch.Tensor:
        """(B, channels, h, w) to (B, channels, *size)."""
        return centred(self.conv(x), size)


class ReleasedDecoder(nn.Module):
    """The temporal decoder of the code; see ``TemporalDecoder`` for that of the paper."""

    def __init__(self, trunk: tuple[int, int, int, int], maps: tuple[int, int, int]) -> None:
        super().__init__()
        compacted = (trunk[3] // 2, maps[0], maps[1])
        inputs = (compacted[0], 2 * maps[0], 2 * maps[1])
        self.compact = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(reversed(trunk[1:]), compacted, strict=True))
        self.expand = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ConvTranspose2d(b, b, 4, 2, bias=False))
            for a, b in zip(inputs, maps, strict=True)
        )
        self.rgb = nn.Conv2d(maps[2], 3, 1)

    def forward(self, features: list[torch.Tensor]) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """As the paper's."""
        res2, res3, res4, res5 = features
        at16 = centred(self.expand[0](self.compact[0](res5)), res4.shape[-2:])
        at8 = centred(self.expand[1](torch.cat([at16, self.compact[1](res4)], dim=1)), res3.shape[-2:])
        at4 = centred(self.expand[2](torch.cat([at8, self.compact[2](res3)], dim=1)), res2.shape[-2:])
        return torch.tanh(self.rgb(at4)), [at16, at8, at4]
