"""The layout of ReVOS: expressions as in MeViS, in files that all splits share.

::

    mask_dict.json                        {<annotation>: [encoding or null, one a frame]}
    mask_dict_foreground.json             {<video>: {"masks_rle": [encodings of all its objects, one entry a frame]}}
    meta_expressions_<split>_.json        videos, their frames, and expressions with the annotations they mean

``type_id`` of an expression is 0 where it refers to objects and 1 where it takes reasoning to find them. The reference
averages no others; they are left out. Sequences and predictions are those of :mod:`vosbench.datasets.mevis`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import numpy as np

from vosbench.datasets.mevis import Expression, Expressions, MeViS, Video, read_json
from vosbench.errors import InputError, Problem
from vosbench.masks.run_lengths import RunLengths, decode
from vosbench.types import MaskSource

FOREGROUND = "mask_dict_foreground.json"
_MASKS = "mask_dict.json"
_TYPES = {0: "referring", 1: "reasoning"}


class _Foreground(msgspec.Struct, frozen=True):
    masks_rle: tuple[RunLengths | tuple[RunLengths | None, ...] | None, ...]


@dataclass(frozen=True)
class ReVOS(MeViS):
    """A ReVOS root, the folder that holds ``mask_dict.json``."""

    def looked_for(self) -> tuple[str, ...]:
        """What must exist under the root for it to be this layout."""
        return ("meta_expressions_<split>_.json", _MASKS, FOREGROUND)

    def splits(self) -> tuple[str, ...]:
        """Names of the splits whose expressions are there."""
        if not (self.root / _MASKS).is_file() or not (self.root / FOREGROUND).is_file():
            return ()
        metas = sorted(self.root.glob("meta_expressions_*_.json"))
        return tuple(p.name.removeprefix("meta_expressions_").removesuffix("_.json") for p in metas)

    def masks(self, split: str) -> MaskSource:
        """The ground truth of a split."""
        folder = self._resolve(split)[0]
        return _WithForeground(self.root / _MASKS, self._meta(folder), self.root / FOREGROUND)

    def _files(self, split: str) -> tuple[Path, Path]:
        return self.root / f"meta_expressions_{split}_.json", self.root / _MASKS

    def _group(self, expression: Expression) -> str | None:
        return None if expression.type_id is None else _TYPES.get(expression.type_id)

    def _meta(self, folder: str) -> Mapping[str, Video]:
        videos = super()._meta(folder)
        return {name: Video(expressions=_averaged(v), frames=v.frames) for name, v in videos.items()}


def _averaged(video: Video) -> dict[str, Expression]:
    """The expressions of a video that the reference averages."""
    return {key: expression for key, expression in video.expressions.items() if expression.type_id in _TYPES}


@dataclass(frozen=True)
class _WithForeground(Expressions):
    """The masks of expressions, beside those of all objects of their videos."""

    all_objects: Path

    def subset(self, *sequences: str) -> "_WithForeground":
        part = super().subset(*sequences)
        assert isinstance(part, _WithForeground)
        part.__dict__["_foreground"] = {
            name: self._foreground[name] for name in part.videos if name in self._foreground
        }
        return part

    def foreground_area(self, sequence: str, frame: str) -> int:
        """Pixels of all the objects of the video on a frame. Raises InputError."""
        name = sequence.partition("/")[0]
        try:
            encoded = self._foreground[name].masks_rle[self.videos[name].frames.index(frame)]
            masks = encoded if isinstance(encoded, tuple) else (encoded,)
            return int(np.any([decode(mask) for mask in masks if mask], axis=0).sum())
        except (KeyError, ValueError, IndexError) as error:
            message, fix = f"no usable foreground ({error})", "fetch the file again"
            where = f"{self.all_objects}#{name}/{frame}"
            raise InputError([Problem(code="unreadable-mask", message=message, where=where, fix=fix)]) from error

    @cached_property
    def _foreground(self) -> dict[str, _Foreground]:
        return read_json(self.all_objects, dict[str, _Foreground])
