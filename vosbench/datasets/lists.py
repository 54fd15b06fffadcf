"""Lists of sequence names, and the error for a root that is not laid out as expected."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.names import composed, is_system
from vosbench.masks.nearest import few, nearest
from vosbench.text import NotText, lines, read_text
from vosbench.types import MaskSource

#: A line of the lists of DAVIS-2016, "/JPEGImages/480p/bear/00000.jpg /Annotations/480p/bear/00000.png".
_PICTURE = re.compile(r"(/.+?\.\w+)(?:\s+[/01].*)?")


def read_list(path: Path) -> tuple[str, ...]:
    """The sequence names in a split file: one a line, or the folder of each picture as DAVIS shipped it in 2016.

    A line is a name, spaces included. Blank lines, lines that begin with "#" and a "/" at the end do not count; the
    encoding is that of :mod:`vosbench.text`. Names are in Unicode's composed form (NFC), each once.

    Raises:
        InputError: no such file, another encoding, no name in it, or a name that is no path inside a folder.
    """
    names = [unicodedata.normalize("NFC", _name(line)) for line in read_lines(path, "a list of sequences")]
    require_inside(path, names)
    return tuple(dict.fromkeys(names))


def read_lines(path: Path, what: str) -> list[str]:
    """The lines of a list that has at least one. Raises InputError, which says ``what`` the file should be."""
    try:
        found = lines(read_text(path))
    except FileNotFoundError as error:
        raise not_found(path.parent, [path.name], what) from error
    except (OSError, NotText) as error:
        why = error.strerror if isinstance(error, OSError) else error
        problem = Problem(code="layout", message=f"not readable as {what} ({why})", where=str(path), fix="correct it")
        raise InputError([problem]) from error
    if not found:
        problem = Problem(code="layout", message="it holds no name", where=str(path), fix="write one name a line")
        raise InputError([problem])
    return found


def _name(line: str) -> str:
    """The name of a sequence in a line."""
    if line.startswith("/") and (picture := _PICTURE.fullmatch(line)):
        return PurePosixPath(picture[1]).parent.name
    return line.rstrip("/").removeprefix("./")


def require_inside(path: Path, names: Iterable[str]) -> None:
    """Raise InputError for names in a file that, as paths, lead out of the folder they are meant for."""
    if bad := [name for name in names if not _is_inside(name)]:
        message = f"it lists {bad[0][:80]!r}, which cannot name a folder or file"
        raise InputError([Problem(code="unsafe-name", message=message, where=str(path), fix="fetch the file again")])


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return name.isprintable() and "\\" not in name and all(p not in ("", ".", "..") and len(p) < 128 for p in parts)


def folder_of(parent: Path, name: str) -> Path | None:
    """The folder of a sequence in another one, however the accents of its name are written there; None without one."""
    forms = dict.fromkeys([name, *(unicodedata.normalize(form, name) for form in ("NFC", "NFD") if not name.isascii())])
    return next((parent / form for form in forms if (parent / form).is_dir()), None)


def subfolders(folder: Path) -> list[str]:
    """Names of the folders in a folder, in Unicode's composed form; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return [composed(entry.name) for entry in entries if not is_system(entry.name) and entry.is_dir()]
    except OSError:
        return []


def list_file(split: str, root: Path) -> Path:
    """The file of a list given by path: from here, or from the dataset's root."""
    return root / split if not Path(split).is_file() and (root / split).is_file() else Path(split)


def split_file(split: str, known: Mapping[str, Path], root: Path) -> Path:
    """The file of a split, which is a name the dataset knows or a path to a list of sequences. Raises UsageError."""
    if split in known:
        return known[split]
    if split.endswith(".txt"):
        return list_file(split, root)
    have = f"it has {', '.join(known)}" if known else "it has none"
    raise UsageError(
        f"{root} has no split called {split!r}: {have}", fix="name one of them, or give a .txt of sequences"
    )


def not_found(root: Path, looked_for: Sequence[str], what: str, *, other: Path | None = None) -> InputError:
    """The error for a dataset that lacks files, one problem for each path looked for that is not there.

    ``other`` is a folder near the root that has them.
    """
    absent = [pattern for pattern in looked_for if not is_there(root, pattern)] or looked_for
    fix = "point --data at the folder that holds these, or fetch what is missing"
    if other:
        fix = root_advice(root, other)
    problems = [
        Problem(code="layout", message=f"not found: {what}{_instead(root, path)}", where=str(root / path), fix=fix)
        for path in absent
    ]
    return InputError(problems, summary=f"{root} is not laid out as expected")


def root_advice(root: Path, other: Path) -> str:
    """The next step where the folder above a root, or one in it, is laid out as expected."""
    which = "in it" if other.parent == root else "above it"
    return f"the folder {which} is the root of the dataset: --data {other}"


def no_truth(root: Path, names: Iterable[str], masks: MaskSource) -> InputError:
    """The error for listed sequences without masks in the ground truth."""
    have, problems = masks.sequences(), []
    for name in names:
        near = nearest(name, have)
        fix = f"correct the list: it seems to mean {near}" if near else "fetch it, or take it off the list"
        message = "not found: the ground truth of this sequence"
        problems.append(Problem(code="layout", message=message, where=masks.where(name), fix=fix, sequence=name))
    return InputError(problems, summary=f"{root} lacks the ground truth of listed sequences")


def is_there(root: Path, pattern: str) -> bool:
    """Is there anything under a root that a pattern such as ``<split>/meta.json`` or ``Annotations/480p/`` means?"""
    try:
        return next(root.glob(re.sub("<[^>]*>", "*", pattern).rstrip("/")), None) is not None
    except (OSError, ValueError):
        return False


def _instead(root: Path, pattern: str) -> str:
    """What there is in the place of a path: the first folder of it that exists, and what that holds."""
    parts = PurePosixPath(pattern).parts
    folder = root
    for part in parts:
        if "<" in part or "*" in part or not (folder / part).is_dir():
            break
        folder = folder / part
    else:
        return ""
    try:
        names = sorted(p.name + "/" * p.is_dir() for p in folder.iterdir() if not p.name.startswith("."))
    except OSError:
        return ""
    near = nearest(part, [name.rstrip("/") for name in names])
    shown = f"{near} is there" if near else f"it holds {few(names)}" if names else "it is empty"
    return f"; in {folder}, {shown}" if near or folder != root else f"; {shown}"
