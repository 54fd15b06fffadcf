"""Which dataset lies at a root, by the layout a protocol expects."""

from pathlib import Path

from vosbench.datasets.davis import Davis
from vosbench.datasets.folder import Folder
from vosbench.datasets.lists import not_found
from vosbench.datasets.youtube_vos import YouTubeVOS
from vosbench.protocols.spec import Data

Layout = Davis | YouTubeVOS | Folder

#: Layouts by name, with the sentence ``vosbench list`` shows.
LAYOUTS = {
    "davis": "ImageSets/<year>/<split>.txt and Annotations/480p/<sequence>/<frame>.png",
    "youtube-vos": "<split>/meta.json and <split>/Annotations/<video>/<frame>.png",
    "folder": "<sequence>/<frame>.png",
}


def layout_of(data: Data, root: Path) -> Layout:
    """The layout a protocol's data section asks for, at ``root``; nothing is read yet."""
    match data.layout:
        case "davis":
            return Davis(root, data.annotations, data.lists)
        case "youtube-vos":
            return YouTubeVOS(root)
        case "folder":
            return Folder(root)


def open_dataset(data: Data, root: Path) -> Layout:
    """The dataset at ``root`` in the layout of ``data``. Raises InputError naming what was looked for."""
    layout = layout_of(data, root)
    if not layout.found():
        raise not_found(root, list(layout.looked_for()), f"the {data.layout} layout")
    return layout
