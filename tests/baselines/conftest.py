"""One thread: the models of these tests are too small to share, and several wait for each other on a busy machine."""

import contextlib

with contextlib.suppress(ImportError):  # each module skips itself without torch, and says why
    import torch

    torch.set_num_threads(1)
