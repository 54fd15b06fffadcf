"""What papers compare: the networks they train, how, and the rows of their tables, with the published numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: on which data, with which settings, of which variant of the network, after which other stage.

    ``variant`` is put behind the configured architecture's name, ``training`` over the configured settings.
    """

    sources: tuple[str, ...]
    settings: str = "main"
    variant: str = ""
    after: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the stages whose models are averaged, how they are tested, and with which options of theirs.

    ``published`` is the number in the paper, on its benchmark.
    """

    table: str
    name: str
    stages: tuple[str, ...]
    published: float
    flip: bool = False
    scales: tuple[float, ...] = (1.0,)
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Paper:
    """A plan: stages in the order they are trained, and rows."""

    stages: Mapping[str, Stage]
    rows: tuple[Row, ...]


#: "Space-Time Memory networks with refinements" (YouTube-VOS challenge 2019): what pre-training on frames of videos,
#: the backbone, and flip and multi-scale testing are worth. Overall on YouTube-VOS 2018 validation. Its full-training
#: figure in table 1 is that of the row "flip" in table 3, so tables 1 and 2 are tested with flip here too.
REFINEMENTS = Paper(
    {
        "stills": Stage(("stills",), "pretraining"),
        "pretraining": Stage(("stills", "video_frames"), "pretraining"),
        "main": Stage(("videos",)),
        "full": Stage(("videos",), after="pretraining"),
        "refine50-pretraining": Stage(("stills", "video_frames"), "pretraining", "-refine50"),
        "refine50-full": Stage(("videos",), "main", "-refine50", after="refine50-pretraining"),
    },
    (
        Row("1", "pre-training only, without frames of videos", ("stills",), 0.617, flip=True),
        Row("1", "pre-training only, with frames of videos", ("pretraining",), 0.667, flip=True),
        Row("1", "main training only", ("main",), 0.681, flip=True),
        Row("1", "full training", ("full",), 0.766, flip=True),
        Row("2", "ResNet-50, pre-training only", ("pretraining",), 0.667, flip=True),
        Row("2", "Refine-50 (our reading), pre-training only", ("refine50-pretraining",), 0.708, flip=True),
        Row("3", "full training, plain", ("full",), 0.761),
        Row("3", "full training, flip", ("full",), 0.766, flip=True),
        Row("3", "full training, flip and multi-scale", ("full",), 0.777, flip=True, scales=(0.75, 1.0)),
        Row(
            "4",
            "both backbones averaged, flip and multi-scale",
            ("full", "refine50-full"),
            0.791,
            flip=True,
            scales=(0.75, 1.0),
        ),
    ),
)

PAPERS = {"refinements": REFINEMENTS}
