"""Deviations from reference tools on real masks (see ``deviations.py``, which prints them).

The folder holds eight sequences of DAVIS-2016 with the masks that OSVOS and RVOS predicted for them:
``davis2016/Annotations/480p`` and ``predictions/{osvos_semisupervised,rvos_unsupervised}``.
"""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import vosbench
from vosbench.measures import contour_f, jaccard


def half_grey(data: Path) -> str:
    ours = vosbench.score(data / "predictions/osvos_semisupervised", benchmark="davis2016", data=data / "davis2016")
    theirs = [jaccard(gt=gt > 0, pred=pred > 128) for gt, pred in _osvos(data)]
    return (
        f"J {ours.value('J'):.3f} of OSVOS, whose labels are 1 to 3, on eight sequences here against "
        f"{np.mean(theirs):.3f} with that threshold; none for 0 and 255."
    )


def grey_values(data: Path) -> str:
    images = [Image.open(path) for path in sorted((data / "predictions/osvos_semisupervised").glob("*/*.png"))]
    different = sum(int(((np.asarray(i) > 0) != (np.asarray(i.convert("L")) > 0)).sum()) for i in images)
    return f"none: {different} pixels differ in {len(images)} palette masks of OSVOS."


def whole_radius(data: Path) -> str:
    found = []
    for gt, pred in _osvos(data, every=10):
        gt, pred, largest = gt > 0, pred > 0, 0.008 * np.hypot(*gt.shape)
        capped = np.ceil(0.1 * np.sqrt(gt.sum())) >= largest
        ours = contour_f(gt=gt, pred=pred)
        found.append((ours, contour_f(gt=gt, pred=pred, tolerance=largest) if capped else ours))
    ours, theirs = np.mean(found, axis=0)
    return f"F {ours:.4f} here against {theirs:.4f} on every tenth frame of OSVOS on eight sequences of DAVIS-2016."


def one_of_several(data: Path) -> str:
    j = {}
    for name in ("segtrack-v2", "segtrack-v2-best"):
        run = vosbench.score(
            data / "predictions/rvos_unsupervised", gt=data / "davis2016/Annotations/480p", protocol=name
        )
        j[name] = run.value("J")
    ours, theirs = j.values()
    return (
        f"J {ours:.3f} here against {theirs:.3f} there for the proposals of RVOS on eight sequences of DAVIS-2016; "
        "none for one mask a frame."
    )


def other_size(data: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted((data / "predictions/osvos_semisupervised").glob("*/*.png")):
            (Path(folder) / path.parent.name).mkdir(exist_ok=True)
            half = Image.open(path).resize((427, 240), Image.Resampling.NEAREST)
            half.save(Path(folder) / path.parent.name / path.name)
        truth = {"gt": data / "davis2016/Annotations/480p", "protocol": "yto-sequence"}
        small = vosbench.score(folder, **truth, resize="nearest").value("J")
        whole = vosbench.score(data / "predictions/osvos_semisupervised", **truth).value("J")
    return (
        f"none for predictions of the right size; J {small:.3f} against {whole:.3f} for OSVOS halved and brought back."
    )


def _osvos(data: Path, every: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Truth and prediction, frame by frame; the first frame of a sequence is given and left out."""
    truth = data / "davis2016/Annotations/480p"
    for folder in sorted((data / "predictions/osvos_semisupervised").iterdir()):
        for path in sorted(folder.glob("*.png"))[1:-1][::every]:
            yield np.asarray(Image.open(truth / folder.name / path.name)), np.asarray(Image.open(path))


#: Each takes the folder and returns a sentence.
REAL: tuple[Callable[[Path], str], ...] = (half_grey, grey_values, whole_radius, one_of_several, other_size)
