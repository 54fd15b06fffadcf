"""What papers compare: the networks they train, how, and the rows of their tables, with the published numbers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Stage:
    """One training: on which data, with which settings, of which variant of the network, after which other stage.

    ``variant`` is put behind the configured architecture's name, ``training`` over the configured settings;
    ``fraction`` is how much of the data's sequences it gets. ``family`` takes the place of the first word of the
    architecture's name, where families are compared.
    """

    sources: tuple[str, ...]
    settings: str = "main"
    variant: str = ""
    after: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    fraction: float = 1.0
    family: str = ""

    def architecture(self, configured: str) -> str:
        """The name of its network.

        >>> Stage(("videos",), variant="-mask-state").architecture("s2s-tiny")
        's2s-tiny-mask-state'
        >>> Stage(("videos",), family="osvos").architecture("s2s-tiny")
        'osvos-tiny'
        """
        first, dash, size = configured.partition("-")
        return (self.family or first) + dash + size + self.variant


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: the stages whose models are averaged, how they are tested, and with which options of theirs.

    ``published`` is the number in the paper, on its benchmark; None for a comparison that the paper does not print.
    """

    table: str
    name: str
    stages: tuple[str, ...]
    published: float | None
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

_METHODS = {"SegFlow": 0.404, "OSVOS": 0.591, "MaskTrack": 0.569, "OSMN": 0.549, "OnAVOS": 0.557}

#: What the same paper compares its model with, re-trained on the same data (its table 2, seen categories): the rows of
#: one table are methods. The paper trains all with the settings of its own model.
ONE_SHOT = Paper(
    {name.lower(): Stage(("stills", "videos"), family=name.lower()) for name in _METHODS},
    tuple(Row("2", name, (name.lower(),), published) for name, published in _METHODS.items()),
)

#: "RVOS: End-to-End Recurrent Network for Video Object Segmentation" (CVPR 2019). J on the seen categories of
#: YouTube-VOS 2018 validation. Tables 1 (one-shot) and 5 (zero-shot, slots assigned on the first frame). All but "ST+"
#: learn with the true masks of the previous frame. RVOS-T without masks is the released code's: what the paper
#: describes gives every slot the same answer, as nothing tells the slots apart.
ALWAYS_TRUTH = {"truth_steps": 10**9}
RVOS = Paper(
    {
        "mask-s": Stage(("videos",), variant="-mask-s", training=ALWAYS_TRUTH),
        "mask-t": Stage(("videos",), variant="-mask-t", training=ALWAYS_TRUTH),
        "mask-st": Stage(("videos",), variant="-mask-st", training=ALWAYS_TRUTH),
        "mask-st-plus": Stage(("videos",), variant="-mask-st", after="mask-st", training={"truth_steps": 0}),
        "s": Stage(("videos",), variant="-s"),
        "t": Stage(("videos",), variant="-t-official"),
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


def _stcnn_stages() -> dict[str, Stage]:
    """The parts of a training one after the other, for the whole network and for what the rows leave out."""
    clips, stills = {"frames": 5, "max_gap": 1}, {"frames": 1, "phase": "spatial"}
    stages: dict[str, Stage] = {}
    for chain, variant in (("", ""), ("plain-", "-plain")):
        adversarial = clips | {"phase": "adversarial"}
        stages[f"{chain}temporal"] = Stage(("video_frames",), "pretraining", variant, training=adversarial)
        stages[f"{chain}spatial"] = Stage(("stills",), "pretraining", variant, f"{chain}temporal", stills)
        stages[f"{chain}joint"] = Stage(("videos",), "main", variant, f"{chain}spatial", clips | {"phase": "joint"})
    alone = "-spatial-plain"
    stages["alone-spatial"] = Stage(("stills",), "pretraining", alone, training=stills)
    stages["alone-joint"] = Stage(("videos",), "main", alone, "alone-spatial", clips | {"phase": "joint"})
    stages["unpredicting-spatial"] = Stage(("stills",), "pretraining", training=stills)
    joint = clips | {"phase": "joint"}
    stages["unpredicting-joint"] = Stage(("videos",), "main", after="unpredicting-spatial", training=joint)
    stages["together"] = Stage(("videos",), "main", after="spatial", training=clips | {"phase": "together"})
    return stages


#: What the authors' code of STCNN does otherwise when a video is segmented; see ``stcnn.online.Ways``.
RELEASED_WAYS = dict.fromkeys(("final_loss", "still_dreams", "current_frame", "frame_statistics", "gate"), True)

#: STCNN (CVPR 2019): its components (Table 3), iterations of online training (Table 4), phases of training (Table 5);
#: mean J on DAVIS-2016 validation. The last rows, which the paper argues for and does not print, are ours.
STCNN = Paper(
    _stcnn_stages(),
    (
        Row("3", "spatial branch alone", ("alone-joint",), 0.812, options={"lucid": False}),
        Row("3", "with the temporal branch", ("plain-joint",), 0.822, options={"lucid": False}),
        Row("3", "with attention modules", ("joint",), 0.832, options={"lucid": False}),
        Row("3", "with lucid dreams", ("joint",), 0.838),
        *(
            Row("4", f"{n} iterations online", ("joint",), j, options={"iterations": n})
            for n, j in ((100, 0.830), (200, 0.834), (300, 0.836), (400, 0.838), (500, 0.838), (600, 0.838))
        ),
        Row("5", "offline training alone", ("joint",), 0.742, options={"iterations": 0}),
        Row("5", "online training alone", ("spatial",), 0.786),
        Row("5", "both", ("joint",), 0.838),
        Row("ours", "no adversarial pre-training", ("unpredicting-joint",), None),
        Row("ours", "branches trained at once, not in turns", ("together",), None),
        Row("ours", "ways of the authors' code", ("joint",), None, options=RELEASED_WAYS),
    ),
)

PAPERS = {"oneshot": ONE_SHOT, "refinements": REFINEMENTS, "rvos": RVOS, "s2s": S2S, "stcnn": STCNN}
