"""Lists of sequence names, and the error for a root that is not laid out as expected."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from vosbench.errors import InputError, Problem, UsageError


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


def not_found(root: Path, looked_for: Sequence[str], what: str) -> InputError:
    """The error for a dataset that lacks files, one problem for each path looked for."""
    fix = "point --data at the folder that holds these, or fetch what is missing"
    return InputError(
        [Problem(code="layout", message=f"not found: {what}", where=str(root / path), fix=fix) for path in looked_for],
        summary=f"{root} is not laid out as expected",
    )
