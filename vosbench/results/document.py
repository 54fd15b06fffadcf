"""The content of ``result.json`` as types: every key, its type, and nothing else.

A document is immutable. Who needs another one makes it: ``msgspec.structs.replace(document, notes=("…",))``. Unknown
keys are refused, so that a misspelt key is an error. There is no NaN: an undefined number is null.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from vosbench.protocols.spec import ProtocolSpec

SCHEMA: Final = "vosbench.result/2"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of everything in a document: immutable, by keyword, unknown keys refused."""


class Cell(Part, frozen=True, kw_only=True):
    """One number of the summary, a fraction; None where no object has one. ``n`` objects were averaged."""

    group: str
    measure: str
    statistic: str
    value: float | None
    n: int


class Truth(Part, frozen=True, kw_only=True):
    """The ground truth that was scored against: its SHA-256 (hexadecimal) and its size.

    ``unlabelled`` are the sequences without an object, with the number of frames that were read of each.
    ``described`` is the SHA-256 of what the dataset says of each object (:data:`vosbench.results.tables.KEYS`).
    """

    fingerprint: str
    sequences: int
    objects: int
    frames: int
    unlabelled: Mapping[str, int] = {}
    described: str = ""


class Predictions(Part, frozen=True, kw_only=True):
    """What was scored: its name as given, and the SHA-256 (hexadecimal) of the counts it led to."""

    name: str
    fingerprint: str


class Origin(Part, frozen=True, kw_only=True):
    """Where a run came from: the query, with absolute paths. None: not said.

    It helps to find the masks again. It says nothing about the numbers: two runs may be equal and differ in it, and no
    fingerprint covers it.
    """

    benchmark: str | None = None
    protocol: str | None = None
    data: str | None = None
    gt: str | None = None
    split: str | None = None
    predictions: str | None = None
    options: Mapping[str, str] = {}


class ResultDocument(Part, frozen=True, kw_only=True):
    """The content of ``result.json``.

    Attributes:
        signature: the rules behind the run in one line.
        signatures: measure → the rules behind its numbers: only the knobs that this measure uses.
        protocol: the whole protocol, so that the result can be read without vosbench.
        overrides: departures from the protocol that took effect.
        filled, resized: sequence → frames whose mask was missing, or of another size.
        summary, predicting_nothing: the numbers, and those that empty masks would get.
        best_permutation_J: mean J if the labels of each sequence could be renamed; None where that makes no sense.
        attributes: sequence → attributes that the dataset gives it.
        environment: versions and platform that made the result.
        origin: where data and predictions were.
        seal: in the file, the SHA-256 of the rest (:meth:`content_seal`); empty in memory.
    """

    schema: str = SCHEMA
    status: Literal["complete"] = "complete"
    signature: str
    signatures: Mapping[str, str]
    benchmark: str
    split: str
    protocol: ProtocolSpec
    overrides: Mapping[str, str]
    dataset: Truth
    predictions: Predictions
    filled: Mapping[str, int]
    resized: Mapping[str, int]
    summary: tuple[Cell, ...]
    predicting_nothing: tuple[Cell, ...]
    best_permutation_J: float | None
    notes: tuple[str, ...]
    environment: Mapping[str, str]
    attributes: Mapping[str, tuple[str, ...]] = {}
    origin: Origin | None = None
    seal: str = ""

    def to_json(self) -> str:
        """The content of ``result.json`` with its seal: sorted keys, floats in full, one final newline."""
        plain = msgspec.to_builtins(self) | {"seal": self.content_seal()}
        return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"

    def content_seal(self) -> str:
        """SHA-256 (hexadecimal) of the document but for the names of folders: ``origin``, ``predictions.name``."""
        plain = msgspec.to_builtins(self)
        del plain["origin"], plain["seal"], plain["predictions"]["name"]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
