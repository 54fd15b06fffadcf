"""What scoring leaves, in a form that travels: counts of some frames, joined to those of a sequence. Never an image."""

from collections.abc import Sequence as Several
from dataclasses import dataclass, fields, replace
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from vosbench.measures.catalog import COUNTS
from vosbench.types import ObjectInfo, Sequence

Ints = NDArray[np.int64]

#: Positions in COUNTS of what does not depend on the prediction.
_OF_TRUTH = (COUNTS.index("gt_area"), COUNTS.index("gt_length"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceCounts:
    """What scoring a sequence leaves: counts by row and frame.

    ``objects`` are those scored. A row has the position of its object and the number of its proposal (0: paired by id).
    ``frames`` are positions in ``sequence.frames``; ``counts`` is int64 (counts, rows, frames), in the order of
    ``names``; ``expected`` flags, by (object, frame), what is scored; ``permuted`` is the mean J of each object under
    each label; ``stability``, where it was asked for, is T by (row, frame), with the reason where it is undefined;
    ``absent`` says that nothing at all was predicted for the sequence; ``signs`` is int64 (signs, frames), what the
    masks show beside the counts (:mod:`vosbench.scoring.signs`).
    """

    sequence: Sequence
    objects: tuple[ObjectInfo, ...]
    row_object: Ints
    row_proposal: Ints
    frames: Ints
    counts: Ints
    expected: NDArray[np.bool_]
    filled: NDArray[np.bool_]
    resized: NDArray[np.bool_]
    gt_crc: tuple[int, ...]
    permuted: NDArray[np.float64]
    signs: Ints
    stability: NDArray[np.float64] | None = None
    stability_reason: NDArray[np.object_] | None = None
    names: tuple[str, ...] = COUNTS
    absent: bool = False
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PartCounts:
    """What was counted on some frames of a sequence, before anything is concluded that needs all of them.

    A row is a pair of labels ``gt`` and ``pred``; ``counts`` is (counts, rows, frames), ``overlaps`` (frames, n, n) as
    in :class:`vosbench.scoring.counting.Tally`; ``stability`` and ``reasons`` are (rows, frames), ``unseen`` the
    reasons of a label that does not occur. ``binary`` names the frames whose prediction is 0 and 255. ``signs`` is as
    in :class:`SequenceCounts`.
    """

    gt: Ints
    pred: Ints
    counts: Ints
    overlaps: Ints | None
    stability: NDArray[np.float64] | None
    reasons: Ints | None
    unseen: Ints | None
    filled: NDArray[np.bool_]
    resized: NDArray[np.bool_]
    gt_crc: tuple[int, ...]
    binary: tuple[str, ...]
    signs: Ints

    def padded(self, proposals: int) -> "PartCounts":
        """The counts with an empty proposal for every number up to ``proposals`` that has no rows yet."""
        last = int(self.pred.max(initial=0))
        if proposals <= last or not last:
            return self
        first = np.flatnonzero(self.pred == 1)
        new = np.repeat(first, proposals - last)
        gt, pred = self.gt[new], np.tile(np.arange(last + 1, proposals + 1), len(first))
        empty = self.counts[:, new]
        empty[[k for k in range(len(empty)) if k not in _OF_TRUTH]] = 0
        order = np.lexsort((np.append(self.pred, pred), np.append(self.gt, gt)))

        def extended(values: Any, added: Any) -> Any:
            return None if values is None else np.concatenate([values, added], -2)[..., order, :]

        return replace(
            self,
            gt=np.append(self.gt, gt)[order],
            pred=np.append(self.pred, pred)[order],
            counts=extended(self.counts, empty),
            stability=extended(self.stability, np.full((len(new), empty.shape[-1]), np.nan)),
            reasons=extended(self.reasons, self.unseen[None].repeat(len(new), 0) if self.unseen is not None else None),
        )

    def permuted(self, keep: Ints, watched: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Mean J of each object in ``keep`` (row) under each of their labels (column).

        Objects are averaged over their ``watched`` frames, (objects, frames). Empty, (0, 0), where there is one
        object, or a label too large to be tried.
        """
        if self.overlaps is None or len(keep) < 2 or keep.max() > self.overlaps.shape[1]:
            return np.zeros((0, 0))
        overlap = self.overlaps[:, keep - 1][:, :, keep - 1]
        at = np.searchsorted(self.gt, keep)
        union = self.counts[1, at].T[:, :, None] + self.counts[2, at].T[:, None, :] - overlap
        j = np.where(union > 0, overlap / np.maximum(union, 1), 1.0)
        total: NDArray[np.float64] = np.einsum("tij,it->ij", j, watched)
        total /= np.maximum(watched.sum(1), 1)[:, None]
        return total


def joined(parts: Several[PartCounts]) -> PartCounts:
    """The counts of consecutive parts as if they had been counted together; rows are the labels of all of them."""
    if len(parts) == 1:
        return parts[0]
    keys = [part.gt * 256 + part.pred for part in parts]
    rows = np.unique(np.concatenate(keys))
    at = [np.searchsorted(rows, key) for key in keys]

    def spread(name: str, blank: Any = 0) -> Any:
        """Values by (…, rows, frames) for all rows; where a part has no row, ``blank`` or the part's reasons."""
        tables = []
        for part, here in zip(parts, at, strict=True):
            values = getattr(part, name)
            if values is None:
                return None
            empty = part.unseen if name == "reasons" else blank
            table = np.empty((*values.shape[:-2], len(rows), values.shape[-1]), values.dtype)
            table[...] = empty
            table[..., here, :] = values
            tables.append(table)
        return np.concatenate(tables, -1)

    return PartCounts(
        gt=rows // 256,
        pred=rows % 256,
        counts=spread("counts"),
        overlaps=_overlaps(parts),
        stability=spread("stability", np.nan),
        reasons=spread("reasons"),
        unseen=None if parts[0].unseen is None else np.concatenate([part.unseen for part in parts]),
        filled=np.concatenate([part.filled for part in parts]),
        resized=np.concatenate([part.resized for part in parts]),
        gt_crc=tuple(crc for part in parts for crc in part.gt_crc),
        binary=tuple(name for part in parts for name in part.binary),
        signs=np.concatenate([part.signs for part in parts], axis=1),
    )


def _overlaps(parts: Several[PartCounts]) -> Ints | None:
    tables = [part.overlaps for part in parts if part.overlaps is not None]
    if not tables:
        return None
    n = max(table.shape[1] for table in tables)
    short = [n - table.shape[1] for table in tables]
    return np.concatenate([np.pad(t, ((0, 0), (0, k), (0, k))) for t, k in zip(tables, short, strict=True)])


Rows = SequenceCounts | PartCounts


def encode(results: Several[Rows]) -> bytes:
    """The rows of one task, one entry a prediction, as MessagePack; what the task says is left out."""
    return msgspec.msgpack.encode([_plain(rows) for rows in results], enc_hook=_plain_array)


def decode(data: bytes, sequence: Sequence) -> tuple[Rows, ...]:
    """The rows that :func:`encode` wrote of a task of ``sequence``."""
    return tuple(_rows(values, sequence) for values in msgspec.msgpack.decode(data))


def _plain(rows: Rows) -> dict[str, Any]:
    values = {f.name: getattr(rows, f.name) for f in fields(rows)}
    if isinstance(rows, SequenceCounts):
        del values["sequence"]
        values["objects"] = [info.id for info in rows.objects]
    return values


def _plain_array(array: Any) -> Any:
    if array.dtype == object:
        return {"shape": array.shape, "items": array.ravel().tolist()}
    return {"shape": array.shape, "type": array.dtype.str, "bytes": np.ascontiguousarray(array).data}


def _rows(values: dict[str, Any], sequence: Sequence) -> Rows:
    for name, value in values.items():
        if isinstance(value, dict):
            values[name] = _array(value)
        elif isinstance(value, list):
            values[name] = tuple(value)
    if "objects" not in values:
        return PartCounts(**values)
    known = {info.id: info for info in sequence.objects or ()}
    values["objects"] = tuple(known.get(i, ObjectInfo(id=i)) for i in values["objects"])
    return SequenceCounts(sequence=sequence, **values)


def _array(value: dict[str, Any]) -> NDArray[Any]:
    if "items" in value:
        array = np.empty(len(value["items"]), object)
        array[:] = value["items"]
    else:
        array = np.frombuffer(value["bytes"], value["type"])
    return array.reshape(value["shape"])
