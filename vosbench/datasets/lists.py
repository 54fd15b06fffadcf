"""Lists of sequence names, and the error for a root that is not laid out as expected."""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from vosbench.errors import InputError, Problem, UsageError
from vosbench.masks.nearest import few, nearest
from vosbench.types import MaskSource


def read_list(path: Path) -> tuple[str, ...]:
    """The sequence names in a split file: one a line, or the folder of each image path as DAVIS shipped it in 2016."""
    try:
        lines = [line.split()[0] for line in path.read_text().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise not_found(path.parent, [path.name], "a readable list of sequences") from error
    names = [PurePosixPath(line).parent.name if line.startswith("/") else line for line in lines]
    if not names:
        raise not_found(path.parent, [path.name], "a list with at least one sequence name")
    require_inside(path, names)
    return tuple(dict.fromkeys(names))


def require_inside(path: Path, names: Iterable[str]) -> None:
    """Raise InputError for names in a file that, as paths, lead out of the folder they are meant for."""
    if bad := [name for name in names if not _is_inside(name)]:
        message = f"it lists {bad[0][:80]!r}, which cannot name a folder or file"
        raise InputError([Problem(code="unsafe-name", message=message, where=str(path), fix="fetch the file again")])


def _is_inside(name: str) -> bool:
    parts = name.split("/")
    return name.isprintable() and "\\" not in name and all(p not in ("", ".", "..") and len(p) < 128 for p in parts)


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
