"""Frames per second of the baselines beside what the arithmetic alone would allow.

    python -m pip install ./baselines
    python benchmarks/models.py --device cuda
    python benchmarks/models.py stm-nano osvos-tiny --video 64x96 --frames 3 --modes eager amp

Networks with random weights, through the door: predict and commit of every frame but the first, a video at a time.
Pictures are in memory; reading, resizing, merging and writing are not in it, nor is online learning. Sizes are that at
which the model sees the video, and the video's own, padded. Modes: ``eager`` single precision, ``amp`` bfloat16 by
autocast, ``compiled`` that under torch.compile with CUDA graphs; a pass over the video before the timed one warms up.

The floor is the larger of FLOP / peak and bytes / bandwidth. FLOP are those of the frame in the middle, counted as it
runs; bytes are inputs, weights and outputs of its convolutions and matrix products in bfloat16, all else taken to be
fused. The defaults, 790 TFLOP/s and 4.3 TB/s, were measured on an NVIDIA H200.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import FlopCounterMode, flop_registry
from vosbench_baselines.training.families import family

from vosbench.models.interface import SoftMasks, VideoInfo, VOSModel

NAMES = ("stm", "s2s", "rvos-mask-st", "stcnn", "osvos", "masktrack", "osmn", "onavos", "segflow")
NAMES += ("stm-s", "stm-xs", "masktrack-lite")
#: What a family's door calls on every frame.
PARTS = {
    "masktrack-lite": ("forward",),
    "oneshot": ("forward",),
    "rvos": ("encoder", "frame"),
    "s2s": ("encode", "step"),
    "stcnn": ("temporal", "spatial"),
    "stm": ("memorise", "segment"),
    "stm-xs": ("memorise", "forward"),
}
MODES = ("eager", "amp", "compiled")
MULTIPLE = 32  # sides are padded to it
Size = tuple[int, int]


class Traffic(TorchDispatchMode):
    """Counts the numbers that convolutions and matrix products read and write."""

    numbers = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        with self:  # in inference mode a convolution comes as one of the names it has
            out = func.decompose(*args, **kwargs)
        if out is not NotImplemented:
            return out
        out = func(*args, **kwargs)
        if func.overloadpacket in flop_registry:
            self.numbers += sum(x.numel() for x in tree_leaves((args, kwargs, out)) if isinstance(x, torch.Tensor))
        return out


def compiled(network: torch.nn.Module, parts: tuple[str, ...]) -> None:
    """Compile what the door calls. Results are copied: a CUDA graph writes the next ones over them."""

    def copying(call: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *args, **options: tree_map_only(torch.Tensor, torch.clone, call(*args, **options))

    for part in parts:
        call = getattr(network, part, None)
        if call is not None:  # STCNN may lack a branch
            network.__dict__[part] = copying(torch.compile(call, mode="reduce-overhead"))


@contextmanager
def precision(device: str, *, half: bool) -> Iterator[None]:
    """Autocast or not, whatever the door would do on the device."""
    ours = torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half)
    with ours, mock.patch.object(torch, "autocast", return_value=nullcontext()):
        yield


def padded(size: Size) -> Size:
    height, width = (-(-side // MULTIPLE) * MULTIPLE for side in size)
    return height, width


def run(
    model: VOSModel, size: Size, objects: int, frames: int, count: AbstractContextManager[Any] | None = None
) -> float:
    """Seconds of all frames but the first; the one in the middle runs under ``count``."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (min(frames + 1, 8), *size, 3), np.uint8)
    session: Any = model.open(VideoInfo(name="noise", frames=frames + 1, height=size[0], width=size[1]))
    ids = tuple(range(1, objects + 1))
    maps = np.zeros((objects, *size), np.float32)
    for k in range(objects):  # bands
        maps[k, size[0] // 4 : 3 * size[0] // 4, k * size[1] // objects : (2 * k + 1) * size[1] // (2 * objects)] = 1
    masks = SoftMasks(ids=ids, probabilities=maps)
    session.commit(0, images[0], masks, given=set(ids))
    start = time.perf_counter()
    for t in range(1, frames + 1):
        image = images[t % len(images)]
        with count if count and t == (frames + 1) // 2 else nullcontext():
            session.predict(t, image)
            session.commit(t, image, masks, given=set())
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - start


def floor_ms(model: VOSModel, size: Size, objects: int, frames: int, tflops: float, bandwidth: float) -> float:
    """See above."""
    flop, traffic = FlopCounterMode(display=False), Traffic()

    @contextmanager
    def both() -> Iterator[None]:
        with flop, traffic:
            yield

    run(model, size, objects, frames, both())
    return max(flop.get_total_flops() / tflops / 1e9, 2 * traffic.numbers / bandwidth / 1e9)


def rows(name: str, args: argparse.Namespace) -> Iterator[str]:
    """One line for each mode, size and number of objects."""
    kind = family(name)
    network = kind.network(name)
    model = kind.door(network, name, device=args.device, **kind.while_training)
    sizes = dict.fromkeys((padded(model.spec.resolution.of(*args.video)), padded(args.video)))
    cases = [(size, n) for size in sizes for n in args.objects or ((1, 3, 5) if name.startswith("stm") else (1,))]
    with precision(args.device, half=False):
        floors = {case: floor_ms(model, *case, args.frames, args.tflops, args.bandwidth) for case in cases}
    for mode in sorted(args.modes, key=MODES.index):  # what is compiled stays so
        if mode == "compiled":
            compiled(network, PARTS[kind.name])
        for (size, objects), floor in floors.items():
            with precision(args.device, half=mode != "eager"):
                run(model, size, objects, args.frames)
                ms = 1000 * run(model, size, objects, args.frames) / args.frames
            cells = (name, f"{size[0]}×{size[1]}", objects, mode, f"{1000 / ms:.1f}", f"{ms:.2f}", f"{floor:.2g}")
            yield f"| {' | '.join(map(str, cells))} | {ms / floor:,.1f} |"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="MODEL")
    parser.add_argument("--device", default="cpu")
    parser.add_argument(
        "--video", default=(480, 854), type=lambda text: tuple(map(int, text.split("x"))), metavar="HxW"
    )
    parser.add_argument("--frames", type=int, default=50)
    parser.add_argument("--objects", type=int, nargs="*", help="1, 3 and 5 for Space-Time Memory, else 1")
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--tflops", type=float, default=790)
    parser.add_argument("--bandwidth", type=float, default=4.3, help="TB/s")
    args = parser.parse_args(argv)
    print("| model | size | objects | mode | frames/s | ms a frame | floor, ms | times the floor |")
    print("| :-- | :-- | --: | :-- | --: | --: | --: | --: |")
    for name in args.names:
        for row in rows(name, args):
            print(row, flush=True)


if __name__ == "__main__":
    main()
