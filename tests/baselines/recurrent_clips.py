"""Clips of textured disks on a textured ground, drawn exactly; and what a session holds."""

import numpy as np
import torch

from vosbench.models.interface import SoftMasks, VideoInfo

SIZE = (64, 96)


def disks(seed, *, frames=3, objects=1, speed=4):
    """One clip: images (T, 3, H, W) in [0, 1] and labels (T, H, W) uint8 of disks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    picture = np.repeat(rng.uniform(0.1, 0.35, (1, *SIZE, 1)), frames, axis=0) * np.array([0.6, 0.8, 1.0])
    labels = np.zeros((frames, *SIZE), np.uint8)
    for label in range(1, objects + 1):
        left = 24 + 48 * (label - 1) if objects > 1 else rng.integers(24, 72)
        top, radius, (dy, dx) = rng.integers(24, 40), rng.integers(11, 16), rng.integers(-speed, speed + 1, 2)
        for t in range(frames):
            inside = (y - top - dy * t) ** 2 + (x - left - dx * t) ** 2 < radius**2
            picture[t][inside] = np.array([0.9, 0.7, 0.5]) * (0.85 + 0.15 * np.sin(x[inside] / 2))[:, None]
            labels[t][inside] = label
    return torch.tensor(picture, dtype=torch.float32).permute(0, 3, 1, 2), torch.tensor(labels)


def batch(seeds, **how):
    """Clips stacked: (B, T, 3, H, W) and (B, T, H, W)."""
    images, labels = zip(*(disks(seed, **how) for seed in seeds), strict=True)
    return torch.stack(images), torch.stack(labels)


def pictures(images):
    """A clip (T, 3, H, W) as the runner gives it: read-only uint8."""
    found = [(frame.permute(1, 2, 0) * 255).round().numpy().astype(np.uint8) for frame in images]
    for frame in found:
        frame.setflags(write=False)
    return found


def follow(model, images, given, *, lessons=False):
    """Probabilities by id on each frame, own feedback; ``given`` is {frame: {id: mask}}."""
    frames = pictures(images)
    session = model.open(VideoInfo(name="v", frames=len(frames), height=SIZE[0], width=SIZE[1]))
    live, answers = False, []
    for t, frame in enumerate(frames):
        soft = session.predict(t, frame) if live else SoftMasks(ids=(), probabilities=np.zeros((0, *SIZE), np.float32))
        answers.append(dict(zip(soft.ids, soft.probabilities, strict=True)))
        final = answers[-1] | {i: np.asarray(m, np.float32) for i, m in given.get(t, {}).items()}
        masks = SoftMasks(ids=tuple(final), probabilities=np.stack([*final.values()]).astype(np.float32))
        session.commit(t, frame, masks, given=set(given.get(t, {})))
        if lessons:
            session.adapt(t, frame, masks, given=set(given.get(t, {})))
        live = True
    return answers


def j(probabilities, truth):
    found, truth = np.asarray(probabilities) > 0.5, np.asarray(truth) > 0
    return (found & truth).sum() / (found | truth).sum()


def held(session):
    """Bytes of all tensors a session holds, directly or in containers."""
    seen, total, queue = set(), 0, [vars(session)]
    while queue:
        item = queue.pop()
        if id(item) in seen or isinstance(item, torch.nn.Module):
            continue
        seen.add(id(item))
        if isinstance(item, torch.Tensor):
            total += item.untyped_storage().nbytes()
        elif isinstance(item, np.ndarray):
            total += item.nbytes
        elif isinstance(item, dict):
            queue += item.values()
        elif isinstance(item, list | tuple):
            queue += item
    return total
