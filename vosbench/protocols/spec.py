"""A protocol as data: the closed list of rules that turn masks into a number, and where its benchmark lives.

One TOML file a published protocol, frozen, unknown keys refused. There is no inheritance and no code in it: a rule is
the name of a verb in :mod:`vosbench.protocols.rules`.
"""

from typing import Annotated, Any, Literal

import msgspec

FrameRule = Literal["all", "drop-first", "drop-first-last", "listed-inner", "first-appearance"]
ObjectRule = Literal["merged", "first-frame", "first-frame-max", "any-frame", "listed"]
VoidRule = Literal["object", "background", "ignore"]


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of a protocol. Two runs are comparable only if all of these agree."""

    frames: FrameRule
    objects: ObjectRule
    void: VoidRule = "object"
    pairing: Literal["id", "hungarian"] = "id"
    max_proposals: Annotated[int, msgspec.Meta(ge=1, le=255)] = 20
    extra_ids: Literal["error", "ignore"] = "error"
    measures: tuple[str, ...] = ("J", "F")
    tolerance: Annotated[float, msgspec.Meta(gt=0)] = 0.008
    stability: Literal["stable", "all"] = "all"
    statistics: tuple[Literal["mean", "recall", "decay"], ...] = ("mean", "recall", "decay")
    groups: tuple[str, ...] = ()
    headline: tuple[str, ...] = ("J&F",)


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the benchmark's data comes from and how it is laid out.

    ``submission`` is what stands before ``<sequence>/<frame>.png`` in the archive its server takes ("" for nothing);
    None if there is no server.
    """

    layout: Literal["davis", "youtube-vos", "folder"]
    annotations: str = "Annotations"
    lists: str = ""
    split: str = ""
    ground_truth: Literal["public", "hidden"] = "public"
    submission: str | None = None
    home: str = ""
    licence: str = ""


class ProtocolSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published protocol: its rules, in data and in words."""

    name: str
    version: int
    title: str
    task: Literal["semi-supervised", "unsupervised", "any"]
    reference: str
    deviations: tuple[str, ...] = ()
    open_points: tuple[str, ...] = ()
    rules: Rules
    data: Data | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain containers, as embedded in results."""
        return dict(msgspec.to_builtins(self))
