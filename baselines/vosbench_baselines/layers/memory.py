"""What a session remembers of a video, memory cells of chosen frames, per object; and how it is read."""

import torch
import torch.nn.functional as F


def read_memory(
    query_key: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, usable: torch.Tensor | None = None
) -> torch.Tensor:
    """The memory half of eq. 1: scaled dot-product attention of query cells over memory cells.

    Args:
        query_key: (M, C_k, h, w).
        keys, values: (M, L, C_k) and (M, L, C_v), the L = T · h · w cells of all memory frames.
        usable: bool (M, L), cells an object may read; at least one each. None: all.

    Returns:
        (M, C_v, h, w).
    """
    cells = query_key.flatten(2).transpose(1, 2)  # (M, h·w, C_k)
    mask = None if usable is None else usable[:, None, :]
    read = F.scaled_dot_product_attention(cells, keys.to(cells.dtype), values.to(cells.dtype), attn_mask=mask)
    out: torch.Tensor = read.transpose(1, 2).unflatten(2, query_key.shape[-2:])
    return out


class MemoryBank:
    """Cells of kept frames and of the latest one, in one growing buffer.

    The latest frame's slot is overwritten by the next frame unless the frame was to be kept; it may be kept for some
    objects only (those whose first frame it is). ``frames`` lists the frames held, in slot order.
    """

    def __init__(self) -> None:
        self.frames: list[int] = []
        self._keys = self._values = torch.empty(0)
        self._usable = torch.empty(0, dtype=torch.bool)
        self._kept = torch.empty(0, dtype=torch.bool)

    def write(self, frame: int, keys: torch.Tensor, values: torch.Tensor, keep: torch.Tensor) -> None:
        """Put a frame in.

        Args:
            frame: its index, for the record.
            keys, values: (N, h · w, C_k) and (N, h · w, C_v); rows past the known objects are new ones, who see nothing
                of earlier frames.
            keep: bool (N,), the objects for which the frame stays after the next one has come.
        """
        if not self.frames:
            self._keys, self._values = keys.new_empty(0, 0, *keys.shape[1:]), values.new_empty(0, 0, *values.shape[1:])
            self._usable = keep.new_zeros(0, 0)
        elif self._kept.any():
            self._usable[:, len(self.frames) - 1] &= self._kept
        else:
            self.frames.pop()
        slot = len(self.frames)
        self._reserve(len(keys), slot + 1)
        self._keys[:, slot], self._values[:, slot], self._usable[:, slot] = keys, values, True
        self.frames.append(frame)
        self._kept = keep

    def cells(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
        """Keys (N, L, C_k), values (N, L, C_v) and which are usable, bool (N, L), None if all."""
        used = len(self.frames)
        usable = self._usable[:, :used]
        mask = None if usable.all() else usable.repeat_interleave(self._keys.shape[2], dim=1)
        return self._keys[:, :used].flatten(1, 2), self._values[:, :used].flatten(1, 2), mask

    def _reserve(self, objects: int, slots: int) -> None:
        known, capacity = self._usable.shape
        if objects <= known and slots <= capacity:
            return
        capacity = max(capacity, 4) if slots <= max(capacity, 4) else 2 * capacity
        self._keys = _grown(self._keys, objects, capacity)
        self._values = _grown(self._values, objects, capacity)
        self._usable = _grown(self._usable, objects, capacity)


def _grown(buffer: torch.Tensor, objects: int, slots: int) -> torch.Tensor:
    out = buffer.new_zeros(objects, slots, *buffer.shape[2:])
    out[: buffer.shape[0], : buffer.shape[1]] = buffer
    return out
