"""``python -m vosbench_baselines.training.timing NAME…``: CPU seconds a frame takes on one thread, with random weights.

One object at 480×854, through the door: resizing by the runner, reading and writing of files are not in it. Processor
time, so that other work on the machine does not count. The first frame is not counted.
"""

import sys
import time

import numpy as np
import torch

from vosbench.models.interface import Session, SoftMasks, VideoInfo
from vosbench_baselines.training.families import family


def seconds(architecture: str, frames: int) -> float:
    """The mean of ``frames`` frames after the first."""
    kind = family(architecture)
    model = kind.door(kind.network(architecture), architecture, device="cpu")
    height, width = model.spec.resolution.of(480, 854)
    multiple = model.spec.padding.multiple
    height, width = -(-height // multiple) * multiple, -(-width // multiple) * multiple
    session = model.open(VideoInfo(name="noise", frames=frames + 1, height=height, width=width))
    assert isinstance(session, Session)
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    masks = SoftMasks(ids=(1,), probabilities=np.zeros((1, height, width), np.float32))
    masks.probabilities[:, height // 4 : height // 2, width // 4 : width // 2] = 1
    session.commit(0, image, masks, given={1})
    start = time.process_time()
    for t in range(1, frames + 1):
        masks = session.predict(t, image)
        session.commit(t, image, masks, given=set())
    return (time.process_time() - start) / frames


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:]:
        print(f"{name}: {seconds(name, 3):.2f} s")  # noqa: T201
