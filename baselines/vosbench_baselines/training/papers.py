"""What papers compare: the networks they train, how, and the rows of their tables, with the published numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: on which data, with which settings, of which variant of the network, after which other stage.

    ``variant`` is put behind the configured architecture's name, ``training`` over the configured settings;
    ``fraction`` is how much of the data's sequences it gets.
    """

    sources: tuple[str, ...]
    settings: str = "main"
    variant: str = ""
    after: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    fraction: float = 1.0


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

#: "YouTube-VOS: Sequence-to-Sequence Video Object Segmentation" (ECCV 2018). J mean on the seen categories of its own
#: test split. Tables 2 (its own rows) and 4, and the numbers of the text of the ablation study.
S2S = Paper(
    {
        "full": Stage(("videos",)),
        "three-quarters": Stage(("videos",), fraction=0.75),
        "half": Stage(("videos",), fraction=0.5),
        "quarter": Stage(("videos",), fraction=0.25),
        "mask-state": Stage(("videos",), variant="-mask-state"),
        "previous-mask": Stage(("videos",), variant="-previous-mask"),
    },
    (
        Row("2", "without online learning", ("full",), 0.609),
        Row("2", "with online learning", ("full",), 0.669, options={"online": True}),
        Row("4", "25 % of the data", ("quarter",), 0.467),
        Row("4", "50 % of the data", ("half",), 0.515),
        Row("4", "75 % of the data", ("three-quarters",), 0.568),
        Row("4", "100 % of the data", ("full",), 0.609),
        Row("text", "the mask as initial state", ("mask-state",), 0.451),
        Row("text", "the previous mask into the encoder", ("previous-mask",), 0.594),
    ),
)

#: "RVOS: End-to-End Recurrent Network for Video Object Segmentation" (CVPR 2019). J on the seen categories of
#: YouTube-VOS 2018 validation. Tables 1 (one-shot) and 5 (zero-shot, slots assigned on the first frame). All but "ST+"
#: learn with the true masks of the previous frame.
ALWAYS_TRUTH = {"truth_steps": 10**9}
RVOS = Paper(
    {
        "mask-s": Stage(("videos",), variant="-mask-s", training=ALWAYS_TRUTH),
        "mask-t": Stage(("videos",), variant="-mask-t", training=ALWAYS_TRUTH),
        "mask-st": Stage(("videos",), variant="-mask-st", training=ALWAYS_TRUTH),
        "mask-st-plus": Stage(("videos",), variant="-mask-st", after="mask-st", training={"truth_steps": 0}),
        "s": Stage(("videos",), variant="-s"),
        "t": Stage(("videos",), variant="-t"),
        "st": Stage(("videos",), variant="-st"),
    },
    (
        Row("1", "RVOS-Mask-S", ("mask-s",), 0.547),
        Row("1", "RVOS-Mask-T", ("mask-t",), 0.599),
        Row("1", "RVOS-Mask-ST", ("mask-st",), 0.608),
        Row("1", "RVOS-Mask-ST+", ("mask-st-plus",), 0.631),
        Row("5", "RVOS-S", ("s",), 0.408),
        Row("5", "RVOS-T", ("t",), 0.371),
        Row("5", "RVOS-ST", ("st",), 0.447),
    ),
)

PAPERS = {"refinements": REFINEMENTS, "rvos": RVOS, "s2s": S2S}
