"""The pictures of a sequence: one lister for all that asks for them.

Files with the endings ``.jpg``, ``.jpeg`` and ``.png``, in any case, are pictures; hidden files (``._00000.jpg``, which
macOS writes) and all others are not.
"""

from pathlib import Path

from vosbench.errors import InputError, Problem
from vosbench.masks.order import in_time_order

SUFFIXES = frozenset({".jpg", ".jpeg", ".png"})


def is_picture(path: Path) -> bool:
    """Is this the name of a picture?

    >>> [is_picture(Path(name)) for name in ("00000.JPG", "._00000.jpg", "notes.txt")]
    [True, False, False]
    """
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def pictures(folder: Path | None) -> dict[str, Path]:
    """The pictures in a folder by frame (stem), in the order of time; none if there is no such folder.

    Raises:
        InputError: two pictures of one frame, or a folder that cannot be listed.
    """
    if folder is None or not folder.is_dir():
        return {}
    try:
        paths = list(folder.iterdir())
    except OSError as error:
        fix = "check the folder and access to it"
        raise InputError([_problem("unreadable-folder", f"cannot list it ({error.strerror})", folder, fix)]) from error
    found: dict[str, Path] = {}
    problems = []
    for path in sorted(path for path in paths if is_picture(path)):
        if (other := found.setdefault(path.stem, path)) is not path:
            message = f"{other.name} is a picture of the same frame"
            problems.append(_problem("duplicate-image", message, path, "leave one of the two"))
    if problems:
        raise InputError(problems)
    return {stem: found[stem] for stem in in_time_order(found)}


def _problem(code: str, message: str, path: Path, fix: str) -> Problem:
    return Problem(code=code, message=message, where=str(path), fix=fix)
