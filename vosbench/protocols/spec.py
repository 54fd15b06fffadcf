"""A protocol as data: the closed list of rules that turn masks into a number, and where its benchmark lives.

One TOML file a published protocol, frozen, unknown keys refused. There is no inheritance and no code in it: a rule is
the name of a verb in :mod:`vosbench.protocols.rules`.
"""

from typing import Annotated, Any, Literal

import msgspec

FrameRule = Literal[
    "all",
    "present",
    "drop-first",
    "drop-first-last",
    "listed",
    "listed-inner",
    "after-first-listed",
    "first-appearance",
    "listed-first-appearance",
]
ObjectRule = Literal["merged", "first-frame", "first-frame-max", "any-frame", "listed"]
VoidRule = Literal["object", "background", "ignore"]
Statistic = Literal["mean", "recall", "decay", "tr", "V", "disappear", "reappear"]


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The knobs of a protocol. Two runs are comparable only if all of these agree."""

    frames: FrameRule
    objects: ObjectRule
    void: VoidRule = "object"
    foreground: Literal["labels", "salient"] = "labels"
    pairing: Literal["id", "hungarian", "hungarian-padded", "best-by-frame"] = "id"
    max_proposals: Annotated[int, msgspec.Meta(ge=1, le=255)] = 20
    extra_ids: Literal["error", "ignore"] = "error"
    absent: Literal["empty", "zero"] = "empty"
    both_empty: Literal["one", "zero"] = "one"
    unscored: Literal["error", "leave-out", "zero"] = "error"
    unreached: Literal["leave-out", "zero"] = "leave-out"
    measures: tuple[str, ...] = ("J", "F")
    tolerance: Annotated[float, msgspec.Meta(gt=0)] = 0.008
    stability: Literal["stable", "all"] = "all"
    statistics: tuple[Statistic, ...] = ("mean", "recall", "decay")
    groups: tuple[str, ...] = ()
    averaging: Literal["object", "sequence", "category", "frame"] = "object"
    headline: tuple[str, ...] = ("J&F",)


class Size(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How large a split is said to be, and by whom; a number that is not known is left out."""

    source: str
    sequences: int | None = None
    objects: int | None = None
    frames: int | None = None


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where hidden ground truth is scored: an address, its state in words, and the day that this was looked up.

    ``state`` says "not verified" of what could not be found out.
    """

    url: str
    state: str
    checked: str

    def __str__(self) -> str:
        return f"{self.url} ({self.state}; looked up on {self.checked})"


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the benchmark's data comes from and how it is laid out.

    ``layout`` names a layout (``vosbench list layouts``); ``annotations`` and ``lists`` are its folders where it leaves
    them open. ``ground_truth`` speaks of ``split``; ``hidden`` names further splits whose annotations are kept back.
    Data of a benchmark with ``detect = false`` is found only by the benchmark's name, because others look the same.
    ``licence`` says "(not verified)" where it was taken from hearsay rather than from the benchmark's own pages.
    ``submission`` is the prefix of ``<sequence>/<frame>.png`` in the archive that its server takes ("" for nothing);
    None if there is no server. ``server`` says where it is; every benchmark with hidden ground truth has one.
    """

    layout: str
    annotations: str = "Annotations"
    lists: str = ""
    split: str = ""
    ground_truth: Literal["public", "hidden"] = "public"
    hidden: tuple[str, ...] = ()
    detect: bool = True
    sizes: dict[str, Size] = {}
    submission: str | None = None
    server: Server | None = None
    home: str = ""
    licence: str = ""


class ProtocolSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A published protocol: its rules, in data and in words.

    A deviation may end in a sentence that begins with "Effect:" and says what it does to a score.
    """

    name: str
    version: int
    title: str
    task: Literal["semi-supervised", "unsupervised", "referring", "any"]
    reference: str
    deviations: tuple[str, ...] = ()
    open_points: tuple[str, ...] = ()
    rules: Rules
    data: Data | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain containers, as embedded in results."""
        return dict(msgspec.to_builtins(self))
