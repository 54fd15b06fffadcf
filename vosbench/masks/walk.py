"""The files of a folder at any depth, in one pass: masks by folder, and the names of all others."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from vosbench.errors import InputError
from vosbench.masks.listing import MAX_MEMBERS, MAX_OTHERS, refused
from vosbench.masks.names import Found, is_system, split_path

#: A tree with a folder below more others than this is refused.
MAX_DEPTH = 32

_Id = tuple[int, int]


def walk(root: Path, levels: int | None = None) -> tuple[Found, list[str]]:
    """The masks by folder, and the paths of other files, below ``root``; keys are paths below it.

    Args:
        root: the folder.
        levels: folders further below are not looked into; by default all are.

    Hidden files and folders do not count, nor do those that systems write. Links are followed, but not into a folder
    that is being walked already.

    Raises:
        InputError: a folder that cannot be listed, more than ``MAX_MEMBERS`` files, or folders deeper than
            ``MAX_DEPTH``.
    """
    found: Found = {}
    others: list[str] = []
    count = 0
    todo: list[tuple[str, tuple[_Id, ...]]] = [("", (_identity(root.stat()),))]
    while todo:
        folder, chain = todo.pop()
        entries = list(_entries(root, folder))
        if (count := count + len(entries)) > MAX_MEMBERS:
            raise refused(
                "too-many-files", f"it holds more than {MAX_MEMBERS} files", str(root), "give the masks alone"
            )
        if len(chain) - 1 > MAX_DEPTH:
            raise refused("too-deep", f"it has folders more than {MAX_DEPTH} deep", f"{root}/{folder}", "remove them")
        prefix = f"{folder}/" if folder else ""
        for entry in entries:
            name = entry.name
            if name[-4:].lower() == ".png":
                _note(found, folder, name, prefix)
            elif (levels is None or len(chain) <= levels) and (below := _folder(entry, chain)):
                todo.append((f"{prefix}{name}", (*chain, below)))
            elif len(others) < MAX_OTHERS and "." in name:
                others.append(f"{prefix}{name}")
    return found, sorted(others)


def _note(found: Found, folder: str, name: str, prefix: str) -> None:
    """Add a mask. A name with backslashes is a path that was unpacked as one file."""
    if "\\" in name:
        place = split_path(f"{prefix}{name}")
        if place is not None:
            found.setdefault(place[0], []).append((place[1][:-4], f"{prefix}{name}"))
        return
    found.setdefault(folder, []).append((name[:-4], f"{prefix}{name}"))


def _entries(root: Path, folder: str) -> Iterator["os.DirEntry[str]"]:
    """The entries of a folder that no system wrote, sorted by name. Raises InputError."""
    path = f"{root}{os.sep}{folder}" if folder else str(root)
    try:
        with os.scandir(path) as entries:  # strings, not Path objects: folders hold thousands of frames
            yield from [entry for entry in entries if not is_system(entry.name)]
    except OSError as error:
        raise unlistable(path, error) from error


def unlistable(path: str, error: OSError) -> InputError:
    """The error for a folder whose entries cannot be read."""
    where = str(error.filename or path)
    return refused("unreadable-folder", f"cannot list it ({error.strerror})", where, "check access")


def _folder(entry: "os.DirEntry[str]", chain: tuple[_Id, ...]) -> _Id | None:
    """What identifies a folder; None where an entry is none, or is one of those that hold it."""
    try:
        if entry.is_symlink():
            state = entry.stat()
            identity = _identity(state) if stat.S_ISDIR(state.st_mode) else None
        else:
            identity = (chain[-1][0], entry.inode()) if entry.is_dir() else None
    except OSError:  # a link that leads nowhere
        return None
    return None if identity in chain else identity


def _identity(state: os.stat_result) -> _Id:
    return state.st_dev, state.st_ino
