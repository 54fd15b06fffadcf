"""The clips of a configuration: its sources in their shares, and the curriculum of gaps. Knows nothing of torch."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vosbench_baselines.data.clips import Clip, ClipSource, Frames, Shape, Stills, Videos, choose_objects
from vosbench_baselines.data.config import Source, Training
from vosbench_baselines.data.folders import picture_folders, still_pairs, video_folder
from vosbench_baselines.data.procedural import Procedural

ATTEMPTS = 20


@dataclass(frozen=True)
class Mixture:
    """Draws the clip of any step and place in the batch."""

    config: Training
    sources: list[ClipSource]

    def clip(self, step: int, item: int) -> Clip:
        """Determined by the seed, the step and the item; drawn again while its first frame shows no object."""
        config = self.config
        rng = np.random.default_rng([config.seed, step, item])
        unlabelled = config.unlabelled_after is not None and step >= config.unlabelled_after
        shape = Shape(frames(config, step), config.size, config.objects, unlabelled)
        shares = np.array([source.share for source in config.sources])
        for _ in range(ATTEMPTS):
            source = self.sources[rng.choice(len(self.sources), p=shares / shares.sum())]
            clip = choose_objects(rng, source.draw(rng, shape, max_gap(config, step)), shape.objects)
            if clip.labels[0].any():
                break
        return clip


def mixture(config: Training, base: Path) -> Mixture:
    """Open the sources of a configuration. Raises InputError for one that holds nothing."""
    return Mixture(config, [_open(source, base) for source in config.sources])


def frames(config: Training, step: int) -> int:
    """How many frames the clips of a batch have."""
    if config.most_frames <= config.frames:
        return config.frames
    return int(np.random.default_rng([config.seed, step]).integers(config.frames, config.most_frames + 1))


def max_gap(config: Training, step: int) -> int:
    """The curriculum: from neighbouring frames at first to ``config.max_gap`` after ``config.gap_steps`` steps."""
    if config.gap_steps <= 0:
        return config.max_gap
    return 1 + round((config.max_gap - 1) * min(1.0, step / config.gap_steps))


def _open(source: Source, base: Path) -> ClipSource:
    if source.kind == "stills":
        return Stills(still_pairs(source, base), source.binary)
    if source.kind == "videos":
        return Videos(video_folder(source, base))
    if source.kind == "frames":
        return Frames(picture_folders(source, base))
    return Procedural()
