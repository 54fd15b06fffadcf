"""The card: one result of one method on one split, as a strict JSON document.

Numbers are decimal strings, so that 0.150 stays 0.150 and a published table can be printed again to the digit. An
unknown key is an error everywhere: a misspelt flag must not pass for an unknown one.
"""

from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

from vosbench.measures.catalog import COMPOSITES, MEASURES
from vosbench.measures.cells import STATISTICS, cell_name

SCHEMA: Final = "vosbench.card/1"
PUBLISHED: Final = "published, protocol as in the paper"

Number = Annotated[str, msgspec.Meta(pattern=r"^-?\d+(\.\d+)?$", max_length=32)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=400)]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Link = Annotated[str, msgspec.Meta(pattern=r"^https://[^\s\"'<>]+$", max_length=400)]
Fingerprint = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+:[0-9a-f]{16,128}$")]
Year = Annotated[int, msgspec.Meta(ge=1980, le=2100)]
Task = Literal["semi-supervised", "unsupervised", "pre-processing"]


class Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything read from a file: immutable, by keyword, no unknown keys."""


class Value(Strict, frozen=True, kw_only=True):
    """One number: which cell it is, its decimals as printed, and its unit."""

    measure: Text
    statistic: Text
    group: Text
    value: Number
    unit: Literal["percent", "fraction"]

    def __post_init__(self) -> None:
        if self.measure not in MEASURES and self.measure not in COMPOSITES:
            raise ValueError(f"there is no measure {self.measure!r}: {', '.join([*MEASURES, *COMPOSITES])}")
        if self.statistic not in STATISTICS:
            raise ValueError(f"there is no statistic {self.statistic!r}: {', '.join(STATISTICS)}")

    @property
    def cell(self) -> str:
        """Name of the cell, such as ``"J mean seen"``."""
        return cell_name(self.measure, self.statistic, self.group)

    @property
    def percent(self) -> Decimal:
        """The number in percent, exactly."""
        return Decimal(self.value).scaleb(0 if self.unit == "percent" else 2)


class Flags(Strict, frozen=True, kw_only=True):
    """What the method makes use of; null: the source does not say."""

    online_learning: bool | None = None
    post_processing: bool | None = None
    optical_flow: bool | None = None
    rnn: bool | None = None


class Runtime(Strict, frozen=True, kw_only=True):
    """Time a frame, on which GPU, and where that is written; ``quoted``: the source repeats another paper's number."""

    value: Number
    unit: Literal["s/frame", "ms/frame"]
    gpu: Text | None = None
    quoted: bool | None = None
    where: Text | None = None

    @property
    def seconds(self) -> Decimal:
        """Seconds a frame, exactly."""
        return Decimal(self.value).scaleb(0 if self.unit == "s/frame" else -3)


class Source(Strict, frozen=True, kw_only=True):
    """Where a published number stands: paper, table, row (from 1) and the label printed there."""

    paper: Slug
    table: Slug
    row: Annotated[int, msgspec.Meta(ge=1)]
    label: Text


class Measurement(Strict, frozen=True, kw_only=True):
    """What a measured card was made from: fingerprints of result, ground truth and predictions, and how much data.

    ``signatures`` maps a measure to the rules behind its numbers. ``complete`` is false where the data has not the
    published size of the benchmark's split, or nobody published it; ``size`` says how they differ. Such a card is shown
    without a rank.
    """

    fingerprint: Fingerprint
    dataset: Text
    predictions: Text
    sequences: int
    objects: int
    frames: int
    complete: bool
    size: str = ""
    signatures: dict[Text, Text] = {}


class About(Strict, frozen=True, kw_only=True):
    """What only the submitter knows about a method: the part of a card that is written by hand (``card.toml``)."""

    method: Text
    variant: Text | None = None
    paper: Text | None = None
    year: Year | None = None
    code: Link | None = None
    task: Task | None = None
    flags: Flags = Flags()
    runtimes: tuple[Runtime, ...] = ()
    note: Text | None = None

    @property
    def name(self) -> str:
        """Method and variant, as shown in tables."""
        return f"{self.method} ({self.variant})" if self.variant else self.method


class Card(About, frozen=True, kw_only=True):
    """One result. ``sequences`` maps a sequence to its cells (fractions; null where undefined).

    ``over_time`` is mean J at equally spaced points from the first to the last evaluated frame; ``components`` are the
    parts an ablation switches on and off.
    """

    schema: Literal["vosbench.card/1"] = SCHEMA
    kind: Literal["published", "measured"]
    benchmark: Slug
    split: Slug
    protocol: Text
    values: tuple[Value, ...] = ()
    sequences: dict[Text, dict[Text, Number | None]] = {}
    over_time: tuple[Number, ...] = ()
    components: dict[Text, bool] = {}
    source: Source | None = None
    result: Measurement | None = None

    def __post_init__(self) -> None:
        published = self.kind == "published"
        if published != (self.protocol == PUBLISHED):
            raise ValueError(f"a published card has the protocol {PUBLISHED!r}, a measured one its signature")
        if published != (self.source is not None) or published == (self.result is not None):
            raise ValueError("a published card has a source and no result, a measured one a result and no source")
        if not self.values:
            raise ValueError("a card needs at least one value")
        cells = [v.cell for v in self.values]
        if repeated := sorted({c for c in cells if cells.count(c) > 1}):
            raise ValueError(f"cells given twice: {', '.join(repeated)}")

    def find(self, cell: str) -> Value | None:
        """The value of a cell such as ``"J mean all"``, None where the card has none."""
        return next((v for v in self.values if v.cell == cell), None)


def decode(text: bytes) -> Card:
    """Read a card. Raises msgspec.ValidationError (with the path of the key) or msgspec.DecodeError."""
    return msgspec.json.decode(text, type=Card)


def encode(card: Card) -> bytes:
    """Write a card the one way there is: sorted keys, two spaces, final newline."""
    return msgspec.json.format(msgspec.json.encode(card, order="sorted"), indent=2) + b"\n"
