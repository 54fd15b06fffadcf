"""The layouts by name, and which dataset lies at a root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from vosbench import plugins
from vosbench.datasets.annotations import Annotations
from vosbench.datasets.davis import Davis
from vosbench.datasets.folder import Folder
from vosbench.datasets.lists import not_found
from vosbench.datasets.long_rvos import LongRVOS
from vosbench.datasets.lvos import Lvos
from vosbench.datasets.mevis import MeViS
from vosbench.datasets.mose import Mose
from vosbench.datasets.revos import ReVOS
from vosbench.datasets.sav import SaV
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.errors import UsageError, VosbenchError
from vosbench.protocols.spec import Data
from vosbench.types import Dataset

#: The entry point group of layouts from other packages: name → a function of (root, data) that returns a Dataset.
GROUP = "vosbench.layouts"

_LOOKED_AT = 100  # folders inside a root


@dataclass(frozen=True, slots=True, kw_only=True)
class LayoutVerb:
    """A layout: the files it consists of, and how to open it."""

    files: str
    open: Callable[[Path, Data], Dataset]


LAYOUTS: Mapping[str, LayoutVerb] = {
    "davis": LayoutVerb(
        files="ImageSets/<lists>/<split>.txt and <annotations>/480p/<sequence>/<frame>.png",
        open=lambda root, data: Davis(root, data.annotations, data.lists),
    ),
    "youtube-vos": LayoutVerb(
        files="<split>/meta.json and <split>/Annotations/<video>/<frame>.png", open=lambda root, _: YouTubeVOS(root)
    ),
    "annotations": LayoutVerb(
        files="<annotations>/<sequence>/<frame>.png and, for splits, ImageSets/<split>.txt",
        open=lambda root, data: Annotations(root, data.annotations, data.lists),
    ),
    "annotations-nested": LayoutVerb(
        files="<annotations>/<group>/<sequence>/<frame>.png and, for splits, ImageSets/<split>.txt",
        open=lambda root, data: Annotations(root, data.annotations, data.lists, nested=True),
    ),
    "sav": LayoutVerb(
        files="sav_<split>/Annotations_6fps/<video>/<object>/<frame>.png and sav_<split>/sav_<split>.txt",
        open=lambda root, _: SaV(root),
    ),
    "object-tree": LayoutVerb(
        files="<annotations>/<video>/<object>/<frame>.png and, for the names of the videos, video_id.txt",
        open=lambda root, data: SaV(root, data.annotations),
    ),
    "mose": LayoutVerb(
        files="<split>/meta.json and <split>/Annotations/<video>/<frame>.png", open=lambda root, _: Mose(root)
    ),
    "lvos": LayoutVerb(
        files="<split>/<split>_meta.json, unseen_videos.txt and <split>/Annotations/<video>/<frame>.png",
        open=lambda root, _: Lvos(root),
    ),
    "mevis": LayoutVerb(
        files="<split>/meta_expressions.json and <split>/mask_dict.json", open=lambda root, _: MeViS(root)
    ),
    "mevis-v2": LayoutVerb(
        files="<split>/meta_expressions_v2.json and <split>/mask_dict.json",
        open=lambda root, _: MeViS(root, "meta_expressions_v2.json"),
    ),
    "revos": LayoutVerb(
        files="meta_expressions_<split>_.json, mask_dict.json and mask_dict_foreground.json",
        open=lambda root, _: ReVOS(root),
    ),
    "long-rvos": LayoutVerb(
        files="<split>/meta_expressions.json and <split>/Annotations/<video>/<object>/<frame>.png",
        open=lambda root, _: LongRVOS(root),
    ),
    "folder": LayoutVerb(
        files="<sequence>/<frame>.png, or instances in JSON as YouTube-VIS and OVIS write them",
        open=lambda root, _: Folder(root),
    ),
}


def files_of(data: Data) -> str:
    """The files that make up a dataset, as a pattern for people."""
    if data.layout not in LAYOUTS:
        return f"layout {data.layout}, of another package"
    lists = f"{data.lists}/" if data.lists else ""
    return LAYOUTS[data.layout].files.replace("<annotations>", data.annotations).replace("<lists>/", lists)


def layout_of(data: Data, root: Path) -> Dataset:
    """The layout a protocol's data section asks for, at ``root``; nothing is read yet.

    Raises:
        UsageError: no such layout, here or in an installed package.
    """
    if data.layout in LAYOUTS:
        return LAYOUTS[data.layout].open(root, data)
    others = plugins.registered(GROUP)
    if data.layout not in others:
        known = ", ".join([*LAYOUTS, *others])
        raise UsageError(f"there is no layout called {data.layout!r}", fix=f"use one of {known}")
    dataset: Dataset = plugins.load(GROUP, data.layout)(root, data)
    return dataset


def open_dataset(data: Data, root: Path) -> Dataset:
    """The dataset at ``root`` in the layout of ``data``. Raises InputError naming what was looked for."""
    layout = layout_of(data, root)
    if not layout.found():
        looked_for, other = list(layout.looked_for()), root_near(data, root)
        raise not_found(root, looked_for, f"the {data.layout} layout", other=other)
    return layout


def root_near(data: Data, root: Path) -> Path | None:
    """The folder one level up or down that has the layout of ``data``, if there is just one; None for any folder."""
    if data.layout == "folder":
        return None
    above = root.parent if root.name and root != Path("..") else root.absolute().parent
    try:
        inside = [p for p in sorted(root.iterdir()) if p.is_dir() and not p.name.startswith(".")][:_LOOKED_AT]
        found = [place for place in (above, *inside) if layout_of(data, place).found()]
    except (OSError, VosbenchError):
        return None
    return found[0] if len(found) == 1 else None
